"""A video's packets as they lie in its file: whether all came that it promises, and which came to nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from emojimask.media.containers import videos_in

Packet: TypeAlias = "av.Packet[Any]"
_MISSING_END_S = 0.5  # by how much a Matroska file may end before the length in its header, which counts the sound too


class PacketReader:
    """The packets of one stream, then None, at which a decoder gives up the frames it still holds.

    Attributes:
        broken_off: true, after the last packet, where the file ends before its time.
        others: which other video streams of the file had packets.
    """

    def __init__(self, container: InputContainer, stream: VideoStream, path: Path) -> None:
        self._container = container
        self._stream = stream
        self._path = path
        self.broken_off = False
        self.others: set[int] = set()

    def __iter__(self) -> Iterator[Packet | None]:
        others = {s.index for s in videos_in(self._container)} - {self._stream.index}
        end_s = 0.0
        steps: range | None = None  # from the first time at which the decoder needs a packet to past the last
        count = 0
        try:
            for packet in self._container.demux():
                if packet.pts is not None and packet.time_base:
                    end_s = max(end_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))
                if packet.stream_index == self._stream.index:
                    if packet.dts is not None:
                        steps = range(packet.dts if steps is None else steps.start, packet.dts + 1)
                        count += 1
                    if packet.size:
                        yield packet
                elif packet.stream_index in others and packet.size:
                    self.others.add(packet.stream_index)
            self.broken_off = self._ends_early(end_s, steps, count)
        except av.FFmpegError:
            self.broken_off = True
        yield None

    def _ends_early(self, end_s: float, steps: range | None, count: int) -> bool:
        """Whether the file promises more than came: FFmpeg ends many a cut file without a word.

        Args:
            end_s: of all packets that came, sound too.
            steps: the times, in the stream's own unit, that its packets span; None where none came.
            count: how many came of the stream.
        """
        kind, duration = self._container.format.name, self._container.duration
        if "matroska" in kind and duration:
            return end_s + _MISSING_END_S < duration / av.time_base  # counts from 0, however late the file begins
        if steps is None:
            return False
        if kind.startswith("mov"):
            # Its index names every packet, edit lists applied; empty ones do not come. Reading may have begun later.
            named = sum(entry.timestamp >= steps.start and entry.size > 0 for entry in self._stream.index_entries)
            return count < named
        if kind == "avi":
            # Its header counts steps; where the picture stays, as it may at the end, none comes.
            entries = self._stream.index_entries if _has_index(self._path) else None
            return entries[-1].timestamp >= steps.stop if entries else steps.stop < self._stream.frames
        return False


class Damage:
    """How many ``packets`` of a video came to nothing.

    What fails before the first frame counts only where it would be shown after that: a recording may start in
    mid-stream, and nobody can decode what is shown before its first key frame.
    """

    def __init__(self) -> None:
        self.packets = 0
        self._first_pts: int | None = None
        self._failed: list[int] = []  # when packets would be shown that failed before the first frame
        self._any = False

    def decoded(self, stream: VideoStream, packet: Packet | None, *, begun: bool) -> list[VideoFrame]:
        """The frames that ``packet`` completes; ``begun``: frames were made use of before."""
        if packet is not None:
            self.packets += packet.is_corrupt and begun
            if self._first_pts is None and not packet.is_discard:
                self._first_pts = packet.pts
        try:
            frames = stream.decode(packet)
        except av.FFmpegError:
            self.packets += begun
            if not begun and packet is not None and packet.pts is not None:
                self._failed.append(packet.pts)
            return []
        if frames:
            self._begin_with(frames[0], stream)
        return frames

    def _begin_with(self, first: VideoFrame, stream: VideoStream) -> None:
        if first.pts is not None:
            self.packets += sum(pts > first.pts for pts in self._failed)
            # Decoders pass over what they cannot begin with. An MP4 begins with a key frame; recordings need not.
            late = not self._any and self._first_pts is not None and first.pts > self._first_pts
            self.packets += late and stream.container.format.name.startswith("mov")
        self._failed.clear()
        self._any = True


def _has_index(avi: Path) -> bool:
    """Whether the index is there that ends an AVI; not told of those above 1 GB, which are several in one."""
    with suppress(OSError), avi.open("rb") as file:  # it may be gone by now
        length = file.seek(0, os.SEEK_END)
        file.seek(4)
        if 8 + int.from_bytes(file.read(4), "little") < length:
            return False
        file.seek(12)
        while any(head := file.read(8)):
            size = int.from_bytes(head[4:], "little")
            if head[:4] == b"idx1":
                return file.tell() + size <= length
            file.seek(size + size % 2, os.SEEK_CUR)
    return False
