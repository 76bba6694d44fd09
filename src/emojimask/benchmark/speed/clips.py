"""What the speed bench masks: a real face, as often as wanted, swaying before a wall; as a video with sound."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import count, takewhile
from pathlib import Path
from typing import Self

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.packet import Packet

from emojimask.benchmark.actors import Actor, portrait_actor
from emojimask.build import open_file
from emojimask.errors import UsageError
from emojimask.types import Frame, Image, StreamInfo

FPS = 30
MOST_FACES = 8
_FACE = 0.28  # a face's height, as a share of the frame's: eight heads have room, in two rows of four
_SOUND_HZ = 48000
_SHIFTS = 128  # places each way


def write_clip(path: Path, width: int, height: int, faces: int, seconds: float, grain: float = 0.0) -> Path:
    """A video of ``faces`` (1 to 8) swaying heads at 30 frames a second, H.264, with a tone as its sound (AAC).

    Args:
        grain: how much every pixel wavers from frame to frame as a camera's do, standard deviation in levels of 255.
            Without it the video is as smooth as a drawing, and its codec has next to nothing to do.
    """
    wavering = _Grain(width, height, grain)
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", FPS, options={"preset": "veryfast", "crf": "20"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        tone = output.add_stream("aac", _SOUND_HZ)
        for index, image in enumerate(crowd(width, height, faces, seconds)):
            picture = av.VideoFrame.from_ndarray(wavering.over(image), format="bgr24")
            picture.pts, picture.time_base = index, Fraction(1, FPS)
            output.mux(video.encode(picture))
            output.mux(tone.encode(_tone(index)))
        output.mux(video.encode(None))
        output.mux(tone.encode(None))
    return path


def crowd(width: int, height: int, faces: int, seconds: float) -> Iterator[Image]:
    """The same, frame by frame. The wall is still but for a camera's grain; every second head is a mirror image."""
    one = portrait_actor().cut_out()
    heads = [one, one.mirrored()]
    shade = np.linspace(150, 95, width)[None, :, None] * np.array([1.0, 0.97, 0.9])
    wall = np.broadcast_to(shade, (height, width, 3)).astype(np.uint8)
    grain = np.random.default_rng(7)
    noise = np.abs(grain.normal(0, 2, (height + 64, width + 64))).astype(np.uint8)
    for index in range(max(1, round(seconds * FPS))):
        image = wall.copy()
        for number in range(faces):
            _draw(image, heads[number % 2], number, faces, index / FPS)
        top, left = grain.integers(0, 64, 2)
        yield np.asarray(cv2.add(image, cv2.merge([noise[top : top + height, left : left + width]] * 3)), np.uint8)


class _Grain:
    """One field of noise, laid over each frame at another place."""

    def __init__(self, width: int, height: int, levels: float) -> None:
        self._generator = np.random.default_rng(11)
        field = self._generator.normal(0, levels, (height + _SHIFTS, width + _SHIFTS, 1))
        self._field = np.repeat(field, 3, axis=2).astype(np.int16)

    def over(self, image: Image) -> Image:
        top, left = self._generator.integers(0, _SHIFTS, 2)
        height, width = image.shape[:2]
        wavering = self._field[top : top + height, left : left + width]
        return np.asarray(cv2.add(image, wavering, dtype=cv2.CV_8U), np.uint8)


def _draw(image: Image, head: Actor, number: int, faces: int, time_s: float) -> None:
    """The head of person ``number``, in a cell of its own."""
    height, width = image.shape[:2]
    columns, rows = min(faces, 4), math.ceil(faces / 4)
    sway = math.sin(1.9 * time_s + number), math.sin(1.3 * time_s + 2 * number), math.sin(1.1 * time_s + 3 * number)
    center = np.array(
        [
            width * ((number % 4 + 0.5) / columns + 0.015 * sway[0]),
            height * ((number // 4 + 0.5) / rows + 0.015 * sway[1]),
        ]
    )
    picture, outline = head.at(0)
    scale, tilt = _FACE * height / float(np.ptp(outline[:, 1])), 0.12 * sway[2]
    turn = scale * np.array([[math.cos(tilt), -math.sin(tilt)], [math.sin(tilt), math.cos(tilt)]])
    move = np.column_stack([turn, center - turn @ ((outline.min(0) + outline.max(0)) / 2)])
    cv2.warpAffine(picture, move, (width, height), dst=image, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT)


def _tone(index: int) -> av.AudioFrame:
    """The sound of one picture."""
    size = _SOUND_HZ // FPS
    wave = 0.1 * np.sin(2 * np.pi * 440 / _SOUND_HZ * (index * size + np.arange(size)))
    sound = av.AudioFrame.from_ndarray(np.tile(wave.astype(np.float32), (2, 1)), format="fltp", layout="stereo")
    sound.sample_rate, sound.pts, sound.time_base = _SOUND_HZ, index * size, Fraction(1, _SOUND_HZ)
    return sound


def check_video(path: Path) -> StreamInfo:
    """What a video is. Raises SourceError, and UsageError for a picture."""
    with open_file(path) as source:
        if source.info.fps == 0:
            raise UsageError(f"{path}: is a picture; speed is measured on a video")
        return source.info


def write_long(path: Path, target: Path, seconds: float) -> Path:
    """A video's pictures over and over, as one video of so many seconds; they are copied, not encoded anew.

    Args:
        target: is a Matroska file, or NUT or QuickTime for a codec that does not fit there, whatever its suffix.

    Raises:
        SourceError, UsageError: ``path`` is no video, or one that cannot be copied.
    """
    check_video(path)
    with av.open(str(path)) as source:
        video = source.streams.video[0]
        end_tick = round(seconds / float(video.time_base or Fraction(1, 90000)))
        output = _container_for(video, target)
    with output:
        for packet in takewhile(lambda packet: (packet.dts or 0) < end_tick, _over_and_over(path)):
            packet.stream = output.streams.video[0]
            output.mux(packet)
    return target


def _container_for(video: av.VideoStream, target: Path) -> OutputContainer:
    """Open, with a stream of the same kind in it."""
    for container in ("matroska", "nut", "mov"):
        output = av.open(str(target), "w", format=container)
        try:
            output.add_stream_from_template(video)
        except ValueError:  # the codec does not fit in there
            output.close()
        else:
            return output
    raise UsageError(f"{video.container.name}: no container is known to copy {video.codec_context.name} into")


def _over_and_over(path: Path) -> Iterator[Packet[av.VideoStream]]:
    """A video's packets again and again, their times going on.

    When each is decoded is worked out from when it is shown: the packets that B-frames overtake have no such time in
    Matroska.
    """
    packets = [(packet.pts or 0, packet.duration or 0) for packet in _timed(path)]
    if not packets:
        raise UsageError(f"{path}: has no pictures with a time")
    shown = sorted(pts for pts, _ in packets)
    early = max(in_turn - pts for in_turn, (pts, _) in zip(shown, packets, strict=True))
    length = max(pts + max(1, duration) for pts, duration in packets) - shown[0]
    for turn in count():
        shift = turn * length - shown[0]
        for packet, in_turn in zip(_timed(path), shown, strict=True):
            packet.pts, packet.dts = (packet.pts or 0) + shift, in_turn - early + shift
            yield packet


def _timed(path: Path) -> Iterator[Packet[av.VideoStream]]:
    with av.open(str(path)) as source:
        yield from (packet for packet in source.demux(source.streams.video[0]) if packet.pts is not None)


class ForthAndBack:
    """Frames that are in memory, played forth and back, so that nothing jumps; a ``Source`` of any length.

    Args:
        frames: at least one.
        info: of the stream that they are from.
        seconds: how long it goes on, at ``info.fps`` frames a second.
    """

    def __init__(self, frames: list[Frame], info: StreamInfo, seconds: float) -> None:
        self._frames = frames
        self.info = replace(info, path=None, frame_count=max(1, round(seconds * info.fps)))

    def __iter__(self) -> Iterator[Frame]:
        turned = [*self._frames, *self._frames[-2:0:-1]]
        for index in range(self.info.frame_count or 0):
            yield Frame(turned[index % len(turned)].picture, index, index / self.info.fps)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to let go."""


def first_frames(path: Path, most_bytes: int) -> list[Frame]:
    """As many as fit into ``most_bytes``, at least one."""
    frames: list[Frame] = []
    with open_file(path) as source:
        for frame in source:
            frames.append(frame)
            if (len(frames) + 1) * frame.picture.nbytes > most_bytes:
                break
    return frames
