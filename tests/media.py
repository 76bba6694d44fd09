"""Small media files that tests make for themselves."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import ImageCms

from emojimask.stages import Sink
from emojimask.types import Image, MaskedFrame, StreamInfo

COLOURS = [(0, 0, 255), (0, 255, 0), (255, 0, 0), (255, 255, 255), (0, 0, 0), (40, 120, 200), (200, 120, 40)]
_SOUND_RATE = 48000


def bars(width: int = 140, height: int = 64) -> Image:
    """Upright bars of seven colours, BGR."""
    columns = np.arange(width) * len(COLOURS) // width
    return np.broadcast_to(np.array(COLOURS, np.uint8)[columns], (height, width, 3)).copy()


def quarters(width: int = 96, height: int = 64) -> Image:
    """Red, green / blue, black: tells every turn and mirror from every other."""
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2] = (0, 0, 255)
    image[: height // 2, width // 2 :] = (0, 255, 0)
    image[height // 2 :, : width // 2] = (255, 0, 0)
    return image


def profile(**primaries: tuple[float, float, float]) -> bytes:
    """sRGB's with other primaries."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for number in range(int.from_bytes(data[128:132])):
        name, start, _ = struct.unpack_from(">4sII", data, 132 + 12 * number)
        if name.decode() in primaries:
            struct.pack_into(">3i", data, start + 8, *(round(part * 65536) for part in primaries[name.decode()]))
    return bytes(data)


ADOBE_RGB = profile(
    rXYZ=(0.60974, 0.31111, 0.01947), gXYZ=(0.20528, 0.62567, 0.06087), bXYZ=(0.14919, 0.06322, 0.74457)
)


def write_video(
    path: Path,
    *,
    frames: int = 25,
    image: Image | None = None,
    codec: str = "libx264",
    rate: int = 25,
    ticks: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    sound: str | None = None,
    sound_rate: int = _SOUND_RATE,
    sound_options: dict[str, str] | None = None,
    language: str = "fra",
    subtitle: str | None = None,
    turn: tuple[int, bool, bool] | None = None,
    metadata: dict[str, str] | None = None,
    matrix: str = "ITU601",
    colour_range: str = "MPEG",
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    aspect: Fraction | None = None,
) -> Path:
    """A video of ``image`` with a white mark that moves one pixel a frame.

    ``ticks``: time stamps in ``time_base``; by default 0, 1, 2 ... in 1/rate. ``sound``: a codec for a tone.
    ``turn``: degrees against the clock, mirrored, flipped, as a display matrix.
    """
    image = bars() if image is None else image
    height, width = image.shape[:2]
    time_base = time_base or Fraction(1, rate)
    ticks = range(frames) if ticks is None else ticks
    with av.open(str(path), "w", container_options=container_options or {}) as output:
        output.metadata.update(metadata or {})
        stream = output.add_stream(codec, rate, options=options or {}, time_base=time_base)
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuv420p"
        stream.codec_context.colorspace = {"ITU709": 1, "ITU601": 6}[matrix]
        stream.codec_context.color_range = {"MPEG": 1, "JPEG": 2}[colour_range]
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if turn:
            stream.set_display_rotation(*turn)
        tone = output.add_stream(sound, sound_rate, sound_options) if sound else None
        text = output.add_mux_stream(subtitle, time_base=Fraction(1, 1000)) if subtitle else None
        if tone:
            tone.metadata["language"] = language
            tone.layout = "mono" if sound_rate < _SOUND_RATE else "stereo"
        if text:
            for number in range(2):
                line = b"a line of text" if subtitle != "mov_text" else b"\x00\x0ea line of text"
                packet = av.Packet(line)
                packet.stream, packet.time_base = text, Fraction(1, 1000)
                packet.pts = packet.dts = number * 400
                packet.duration = 300
                output.mux(packet)
        for index, tick in enumerate(ticks):
            marked = image.copy()
            marked[:4, index % max(1, width - 4) :][:, :4] = 255
            picture = av.VideoFrame.from_ndarray(marked, format="bgr24").reformat(
                format="yuv420p", dst_colorspace=matrix, dst_color_range=colour_range
            )
            picture.pts, picture.time_base = tick, time_base
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
        if tone:
            _write_tone(output, tone, float(max(ticks, default=0) * time_base) + 0.2)
    return path


def _write_tone(output: av.container.OutputContainer, stream: av.AudioStream, seconds: float) -> None:
    rate, layout = stream.codec_context.sample_rate, stream.codec_context.layout
    stream.codec_context.open(strict=False)
    size = stream.codec_context.frame_size or 1024
    for start in range(0, int(seconds * rate), size):
        wave = 0.3 * np.sin(2 * np.pi * 440 * (start + np.arange(size)) / rate)
        kind, peak = {"s16": (np.int16, 32767), "s32": (np.int32, 2**31 - 1)}.get(
            stream.format.name[:3], (np.float32, 1)
        )
        samples = np.tile((wave * peak).astype(kind), (layout.nb_channels, 1))
        planar = stream.format.is_planar
        samples = samples if planar else samples.T.reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format=stream.format.name, layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


def write_tone(path: Path, codec: str = "aac", cover: bool = False) -> Path:
    """A file with sound and no video; with a cover picture in it if asked."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, _SOUND_RATE)
        if cover:
            picture = output.add_stream("png", 1)
            picture.width, picture.height, picture.pix_fmt = 32, 32, "rgb24"
            picture.disposition = av.stream.Disposition.attached_pic
            frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            frame.pts, frame.time_base = 0, Fraction(1)
            output.mux(picture.encode(frame))
            output.mux(picture.encode(None))
        _write_tone(output, stream, 0.5)
    return path


def with_unknown_sound(path: Path, known: bool, frames: int = 1) -> Path:
    """As newer telephones record: a second form of the sound, of a kind that is not known."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", 25, {"g": "25"})
        (stream.width, stream.height), stream.pix_fmt = (64, 64), "yuv420p"
        tones = [output.add_stream("aac", 48000) for _ in range(1 + known)]
        for index in range(frames):
            picture = av.VideoFrame(64, 64, "yuv420p")
            picture.pts = index
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
        for tone in tones:
            _write_tone(output, tone, 0.5)
    before, _, after = path.read_bytes().rpartition(b"mp4a")
    path.write_bytes(before + b"xxxx" + after.replace(b"esds", b"xxxx"))
    return path


def packets(path: Path, kind: str) -> list[tuple[Fraction, str]]:
    """Time and fingerprint of every packet of the first ``kind`` stream, in order of time."""
    with av.open(str(path)) as file:
        stream = next(stream for stream in file.streams if stream.type == kind)
        found = [(p.pts * p.time_base, hashlib.sha256(bytes(p)).hexdigest()) for p in file.demux(stream) if p.size]
    return sorted(found)


def times(path: Path) -> list[Fraction]:
    """The time stamps of the video's packets, exactly."""
    return [time for time, _ in packets(path, "video")]


def masked(image: Image, index: int = 0, time_s: float = 0.0) -> MaskedFrame:
    return MaskedFrame(image, index, time_s)


def info(width: int = 140, height: int = 64, fps: float = 25.0, **more: object) -> StreamInfo:
    return StreamInfo("test", width, height, fps, **more)  # type: ignore[arg-type]


def corner_colours(image: Image) -> list[str]:
    """The colours of :func:`quarters` as they lie now: top left, top right, bottom left, bottom right."""
    height, width = image.shape[:2]
    names = []
    for y in (height * 3 // 8, height * 7 // 8):
        for x in (width // 4, width * 3 // 4):
            blue, green, red = image[y, x] > 128
            names.append("R" if red else "G" if green else "B" if blue else "K")
    return names


def feed(sink: Sink, frames: Sequence[MaskedFrame | None]) -> None:
    """Open a sink and write frames; None stands for what no sink takes, and so for a fault on the way."""
    sink.open(info())
    for frame in frames:
        sink.write(frame)  # type: ignore[arg-type]
