"""A video's packets in a file of their own, each at its frame's time, and the original's sound between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Self, cast

import av
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from emojimask.errors import SinkError
from emojimask.files.atomic import AtomicFile
from emojimask.sinks.video.check import fault_in
from emojimask.sinks.video.copied import CopiedStreams
from emojimask.sinks.video.formats import format_of, rate_of
from emojimask.sinks.video.original import repeats_of, stay_of_last
from emojimask.types import StreamInfo

_MP4 = {"movflags": "+faststart", "movie_timescale": "90000"}  # index first; the unit in which a stream starts late
_CONTAINER_OPTIONS = {
    "mp4": _MP4,
    "mov": _MP4,
    "3gp": _MP4,
    "avi": {"avoid_negative_ts": "disabled"},  # sound from before 0 must not push the pictures back by one
}
_UNKNOWN_TICK = Fraction(1, 90000)
_LIVE_RATE = Fraction(60)
"""Frames a second of an AVI of a camera's pictures, at the least: it counts frames, and those come as they come."""
_ROOM_TO_END = 64_000_000
"""Bytes of a disk that are left for a recording's end: its index, of some twenty bytes a frame, and the report's."""
_FRAMES_BETWEEN_LOOKS = 30  # at the room on the disk
_MPEG_PACK = 2048
"""Bytes of a pack of MPEG, in which only the first frame has a time: a frame that fills one keeps its own."""


class Muxer:
    """Writes one video's packets, in the order of their frames, wherever they come from.

    Leaving the ``with`` block without an exception completes the file; leaving it with one discards it, as does leaving
    it before :meth:`open`.

    Args:
        path: the output; its suffix stands for the container.
        force: overwrite what is there.
        audio: copy the original's sound and subtitles, where the container has a place for any.

    Raises:
        UsageError: the suffix is not known.
        SinkError: by every method, where the file cannot be written.
    """

    def __init__(self, path: Path | str, force: bool = False, audio: bool = True) -> None:
        self._file = AtomicFile(path, force)
        self._container = format_of(self._file.path).container
        self._audio = audio and self._container != "gif"
        self._output: OutputContainer | None = None
        self._copied: CopiedStreams | None = None
        self._count = 0  # of frames
        self._first_tick = self._last_tick = 0  # of all, in the output's time base
        self._last_s = 0.0  # when the last is shown
        self._waiting: Packet[VideoStream] | None = None  # the last may be shown for longer than the others

    @property
    def left_out(self) -> int:
        """How many of the original's streams of sound are not copied, for their codec is not known."""
        return self._copied.left_out if self._copied is not None else 0

    def open(self, info: StreamInfo, add_video: Callable[[OutputContainer, Fraction], VideoStream]) -> VideoStream:
        """Begin the file; returns its video stream.

        Args:
            info: of the original.
            add_video: makes the stream; is given how long a frame is shown at a constant rate, in seconds.

        Raises:
            UsageError: the output is the input, or cannot carry the sound or the rate.
            OutputExistsError: the output is there, and ``force`` is false.
        """
        part = self._file.open(info.path)
        self._info = info
        rate = rate_of(info.fps, self._file.path)
        self._frame_s = 1 / (max(rate, _LIVE_RATE) if info.live and self._container == "avi" else rate)
        is_gif = self._container == "gif"
        options = {"loop": str(repeats_of(info))} if is_gif else _CONTAINER_OPTIONS.get(self._container, {})
        with self.faults_told(ValueError):  # as PyAV calls a codec that this FFmpeg has not
            self._output = av.open(f"file:{part}", "w", format=self._container, container_options=options)
            self._stream = add_video(self._output, self._frame_s)
            wanted = self._frame_s if self._container == "avi" else info.time_base or _UNKNOWN_TICK
            self._stream.time_base = wanted
            if self._audio and info.path is not None:
                self._copied = CopiedStreams(info.path, self._output, self._file.path, info.ahead_s)
            begin(self._output, self._copied)
            self._time_base = self._stream.time_base or _UNKNOWN_TICK  # the container may have chosen another
            self._tick_s = float(self._time_base)
            self._frame_ticks = round(self._frame_s / self._time_base)
        return self._stream

    def next_tick(self, time_s: float) -> int:
        """When the next frame is shown, later than the one before it; the sound up to there is written."""
        tick = round(time_s / self._tick_s)
        if self._count:
            tick = max(tick, self._last_tick + 1)
        else:
            # An AVI shows its first picture from 0 on.
            self._first_tick = 0 if self._container == "avi" else tick
        self._count, self._last_tick, self._last_s = self._count + 1, tick, time_s
        if self._copied is not None:
            with self.faults_told():
                self._copied.copy_until(time_s)
        return tick

    def mux(self, packet: Packet[VideoStream], tick: int) -> None:
        """Write the packet of the frame that is shown at ``tick``."""
        self._write_waiting()
        if self._container == "mpeg" and packet.size < _MPEG_PACK:
            packet = _filled_up(packet, _MPEG_PACK)
        packet.stream = self._stream
        packet.pts = packet.dts = tick
        packet.duration = self._frame_ticks
        packet.time_base = self._time_base
        self._waiting = packet

    def check_room(self) -> None:
        """To be called after each frame. Raises NoRoomError where a live stream has nearly filled the disk."""
        if self._info.live and self._count % _FRAMES_BETWEEN_LOOKS == 0:
            with self.faults_told():
                self._file.check_room(_ROOM_TO_END)

    @contextmanager
    def faults_told(self, *others: type[Exception]) -> Iterator[None]:
        """What FFmpeg and the system say in the block is raised as SinkError, and ``others`` with it."""
        told: tuple[type[Exception], ...] = (av.FFmpegError, OSError, *others)
        try:
            yield
        except told as error:
            raise self._file.fault(error) from error

    def discard(self) -> None:
        """Leave nothing behind."""
        if self._copied is not None:
            self._copied.close()
        if self._output is not None:
            with suppress(av.FFmpegError, OSError):  # closing writes the end of a file that is thrown away
                self._output.close()
        self._file.discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None or self._output is None:
            self.discard()
            return
        try:
            self._finish(self._output)
        except BaseException:
            self.discard()
            raise
        self._file.complete()

    def _write_waiting(self) -> None:
        if self._waiting is not None and self._output is not None:
            with self.faults_told():
                self._output.mux(self._waiting)

    def _finish(self, output: OutputContainer) -> None:
        if self._waiting is None:
            raise SinkError(f"{self._file.path}: no frame came, so no video was written")
        with self.faults_told():
            stay_s = stay_of_last(self._info, self._last_s)
            if stay_s is not None:
                self._waiting.duration = max(1, round(stay_s / self._time_base))
            self._write_waiting()
            if self._copied is not None:
                self._copied.copy_until(math.inf)
                self._copied.close()
            output.close()
            self._check()

    def _check(self) -> None:
        """Read the written file once more: an encoder, a muxer or a disk may lose something without a word."""
        seconds = float((self._last_tick - self._first_tick) * self._time_base)
        timed = self._container != "gif"  # what reads a GIF slows short frames down, as browsers do
        sounds = self._copied.sounds if self._copied is not None else []
        fault = fault_in(self._file.part, self._count, seconds if timed else None, float(self._frame_s), sounds)
        if fault is not None:
            kept = "nothing was kept; choose another suffix, such as .mkv"
            silent = ", or leave the sound out with --no-audio" if sounds else ""
            raise SinkError(f"{self._file.path}: was not written whole ({fault}); {kept}{silent}")


def begin(output: OutputContainer, copied: CopiedStreams | None) -> None:
    """Write the head of a file that has all of its streams. Raises NoPlaceError where they do not fit into it."""
    try:
        output.start_encoding()
    except (av.ArgumentError, av.InvalidDataError):  # the pictures are right, so it is the sound
        if copied is None:
            raise
        raise copied.refusal() from None


def _filled_up(packet: Packet[VideoStream], size: int) -> Packet[VideoStream]:
    """With zeros after its end, which decoders of MPEG pass over."""
    filled = cast("Packet[VideoStream]", Packet(bytes(packet) + bytes(size - packet.size)))
    filled.is_keyframe = packet.is_keyframe
    return filled
