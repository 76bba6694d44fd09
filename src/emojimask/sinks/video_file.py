"""Videos as files, with the sound of the original."""

from __future__ import annotations

import math
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, cast

import av
import cv2
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from emojimask.atomic import AtomicFile
from emojimask.errors import SinkError, UsageError
from emojimask.sinks._check import fault_in
from emojimask.sinks._copied import CopiedStreams
from emojimask.sinks._guard import require_masked
from emojimask.sinks._letterbox import letterbox
from emojimask.sinks._original import display_of, repeats_of, stay_of_last
from emojimask.sinks._pictures import GifPictures, YuvPictures
from emojimask.types import MaskedFrame, StreamInfo


class _Format(NamedTuple):
    container: str
    codec: str
    options: dict[str, str]


# Each thread encodes a picture of its own: a fifth quicker than PyAV's several to a picture, and slightly smaller.
_H264 = {"preset": "veryfast", "crf": "20", "x264-params": "sliced-threads=0"}
_VP9 = {"deadline": "realtime", "cpu-used": "6", "crf": "28", "b": "0", "row-mt": "1", "lag-in-frames": "0"}
_QUANTISER_3 = {"flags": "+qscale", "global_quality": "354"}  # of 31; the unit is 1/118
_FORMATS = {
    ".mp4": _Format("mp4", "libx264", _H264),
    ".m4v": _Format("mp4", "libx264", _H264),
    ".mov": _Format("mov", "libx264", _H264),
    ".3gp": _Format("3gp", "libx264", _H264),
    ".mkv": _Format("matroska", "libx264", _H264),
    ".avi": _Format("avi", "mpeg4", _QUANTISER_3),
    ".webm": _Format("webm", "libvpx-vp9", _VP9),
    ".mpg": _Format("mpeg", "mpeg2video", _QUANTISER_3),
    ".mpeg": _Format("mpeg", "mpeg2video", _QUANTISER_3),
    ".wmv": _Format("asf", "wmv2", _QUANTISER_3),
    ".asf": _Format("asf", "wmv2", _QUANTISER_3),
    ".gif": _Format("gif", "gif", {}),
}
SUFFIXES = frozenset(_FORMATS)
"""Of the videos that can be written."""
_MP4 = {"movflags": "+faststart", "movie_timescale": "90000"}  # index first; the unit in which a stream starts late
_CONTAINER_OPTIONS = {
    "mp4": _MP4,
    "mov": _MP4,
    "3gp": _MP4,
    "avi": {"avoid_negative_ts": "disabled"},  # sound from before 0 must not push the pictures back by one
}
_UNKNOWN_FPS = Fraction(25)
_MAX_FPS = 1000
_MPEG_RATES = [Fraction(24000, 1001), *map(Fraction, (24, 25)), Fraction(30000, 1001), *map(Fraction, (30, 50, 60))]
_MPEG_TOLERANCE = 0.01
_UNKNOWN_TICK = Fraction(1, 90000)


class VideoFileSink:
    """A video in the container and codec that the suffix of ``path`` stands for; the original's sound and subtitles.

    H.264 in mp4, m4v, mov, 3gp and mkv, VP9 in webm, MPEG-2 in mpg and mpeg, MPEG-4 in avi, Windows Media Video 8 in
    wmv and asf, and gif. Frames keep the time that they have in the original to the tick, constant rate or not, as far
    as the container can say it: mkv, webm, wmv and asf count milliseconds, gif hundredths of a second, avi whole
    frames, and mpg steps of its few rates. No B-frames.

    Sound and subtitle packets are copied as they are; a gif has none, and repeats as often as the original where that
    is one. Metadata, chapters, data streams, attachments and further pictures of the original are left behind. Where
    width or height is odd, the last column or row is doubled, for the codecs want even sizes. A frame of another size
    than the stream's is letterboxed.

    Args:
        path: the output; the folder that it is in is made where it is missing.
        force: overwrite what is there.
        audio: copy sound and subtitles.
        threads: of the encoder; 0: one for each core.

    Raises:
        UsageError: the suffix is not known, the output is the input, or it cannot carry the sound or the rate. Before
            any work.
        OutputExistsError: the output is there, and ``force`` is false. Before any work.
        SinkError: the file cannot be written.
    """

    def __init__(self, path: Path | str, force: bool = False, audio: bool = True, threads: int = 0) -> None:
        self._file = AtomicFile(path, force)
        suffix = self._file.path.suffix.lower()
        if suffix not in _FORMATS:
            raise UsageError(f"{path}: no video format is known for '{suffix}'; use one of {', '.join(_FORMATS)}")
        self._format = _FORMATS[suffix]
        self._threads = threads
        self._audio = audio and suffix != ".gif"
        self._output: OutputContainer | None = None
        self._copied: CopiedStreams | None = None
        self._count = 0  # of frames
        self._first_tick = self._last_tick = 0  # of all, in the output's time base
        self._ticks: dict[int, int] = {}  # of those that the encoder still holds, by number
        self._last_s = 0.0  # when the last is shown
        self._waiting: Packet[VideoStream] | None = None  # the last may be shown for longer than the others

    @property
    def left_out(self) -> int:
        """How many of the original's streams of sound are not copied, for their codec is not known."""
        return self._copied.left_out if self._copied is not None else 0

    def open(self, info: StreamInfo) -> None:
        part = self._file.open(info.path)
        self._info = info
        self._size = info.width, info.height
        container = self._format.container
        options = {"loop": str(repeats_of(info))} if container == "gif" else _CONTAINER_OPTIONS.get(container, {})
        try:
            self._output = av.open(f"file:{part}", "w", format=container, container_options=options)
            self._add_video(self._output, info)
            if self._audio and info.path is not None:
                self._copied = CopiedStreams(info.path, self._output, self._file.path, info.ahead_s)
            self._start(self._output)
            self._time_base = self._stream.time_base or _UNKNOWN_TICK  # the container may have chosen another
            self._tick_s = float(self._time_base)
            self._frame_ticks = round(self._frame_s / self._time_base)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise self._file.fault(error) from error

    def write(self, frame: MaskedFrame) -> None:
        picture = letterbox(require_masked(frame).picture, *self._size)
        assert self._output is not None, "open() comes before write()"
        encoded = self._pictures.convert(picture)
        number = self._count
        self._ticks[number] = self._next_tick(frame.time_s)
        encoded.pts, encoded.time_base = number, self._frame_s
        try:
            if self._copied is not None:
                self._copied.copy_until(frame.time_s)
            self._encode(self._output, encoded)
        except (av.FFmpegError, OSError) as error:
            raise self._file.fault(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None or self._output is None:
            self._discard()
            return
        try:
            self._finish(self._output)
        except BaseException:
            self._discard()
            raise
        self._file.complete()

    def _start(self, output: OutputContainer) -> None:
        try:
            output.start_encoding()
        except (av.ArgumentError, av.InvalidDataError):  # the pictures are right, so it is the sound
            if self._copied is None:
                raise
            raise self._copied.refusal() from None

    def _add_video(self, output: OutputContainer, info: StreamInfo) -> None:
        rate = _rate(info.fps, self._format, self._file.path)
        stream = cast(VideoStream, output.add_stream(self._format.codec, rate, dict(self._format.options)))
        # The encoder counts frames; each packet is given its frame's own time afterwards. So the rate may vary even
        # with codecs that know fixed rates only. Packets leave in the order of the frames: no B-frames.
        stream.codec_context.time_base = self._frame_s = 1 / rate
        stream.codec_context.max_b_frames = 0
        stream.codec_context.thread_count = self._threads or cv2.getNumberOfCPUs()  # x264 alone takes half as many more
        display = display_of(info)
        stream.codec_context.sample_aspect_ratio = display.aspect
        stream.time_base = self._frame_s if self._format.container == "avi" else info.time_base or _UNKNOWN_TICK
        self._stream = stream
        self._pictures = (
            GifPictures(stream, info.width, info.height)
            if self._format.container == "gif"
            else YuvPictures(stream, info, display)
        )

    def _next_tick(self, time_s: float) -> int:
        """When the next frame is shown: later than the one before it."""
        tick = round(time_s / self._tick_s)
        if self._count:
            tick = max(tick, self._last_tick + 1)
        else:
            # An AVI shows its first picture from 0 on.
            self._first_tick = 0 if self._format.container == "avi" else tick
        self._count, self._last_tick, self._last_s = self._count + 1, tick, time_s
        return tick

    def _encode(self, output: OutputContainer, picture: VideoFrame | None) -> None:
        for packet in self._stream.encode(picture):
            assert packet.pts is not None, "encoders hand on the time of their frames"
            self._ticks = {number: tick for number, tick in self._ticks.items() if number >= packet.pts}
            self._mux(output, packet, self._ticks[packet.pts])

    def _mux(self, output: OutputContainer, packet: Packet[VideoStream], tick: int) -> None:
        packet.pts = packet.dts = tick
        packet.duration = self._frame_ticks
        packet.time_base = self._time_base
        if self._waiting is not None:
            output.mux(self._waiting)
        self._waiting = packet

    def _mux_last(self, output: OutputContainer) -> None:
        assert self._waiting is not None, "there is a last packet where there are frames"
        stay_s = stay_of_last(self._info, self._last_s)
        if stay_s is not None:
            self._waiting.duration = max(1, round(stay_s / self._time_base))
        output.mux(self._waiting)

    def _finish(self, output: OutputContainer) -> None:
        if not self._count:
            raise SinkError(f"{self._file.path}: no frame came, so no video was written")
        try:
            self._encode(output, None)
            self._mux_last(output)
            if self._copied is not None:
                self._copied.copy_until(math.inf)
                self._copied.close()
            output.close()
            self._check()
        except (av.FFmpegError, OSError) as error:
            raise self._file.fault(error) from error

    def _check(self) -> None:
        """Read the written file once more: an encoder, a muxer or a disk may lose something without a word."""
        seconds = float((self._last_tick - self._first_tick) * self._time_base)
        timed = self._format.container != "gif"  # what reads a GIF slows short frames down, as browsers do
        sounds = self._copied.sounds if self._copied is not None else []
        fault = fault_in(self._file.part, self._count, seconds if timed else None, float(self._frame_s), sounds)
        if fault is not None:
            raise SinkError(f"{self._file.path}: was not written whole ({fault}); nothing was kept")

    def _discard(self) -> None:
        if self._copied is not None:
            self._copied.close()
        if self._output is not None:
            with suppress(av.FFmpegError, OSError):  # closing writes the end of a file that is thrown away
                self._output.close()
        self._file.discard()


def rate_of(fps: float) -> Fraction:
    """Frames a second as encoders want it; 25 where ``fps`` says nothing."""
    return Fraction(fps).limit_denominator(1001) if 0 < fps <= _MAX_FPS else _UNKNOWN_FPS


def _rate(fps: float, format_: _Format, target: Path) -> Fraction:
    rate = rate_of(fps)
    if format_.codec != "mpeg2video":
        return rate
    known = min(_MPEG_RATES, key=lambda known: abs(known - rate))
    if abs(known / rate - 1) > _MPEG_TOLERANCE:  # players would count on the wrong rate, and lose the sound
        raise UsageError(
            f"{target}: MPEG video has 24, 25, 30, 50 or 60 frames a second, not {fps:.6g}; "
            "choose another suffix, such as .mp4"
        )
    return known
