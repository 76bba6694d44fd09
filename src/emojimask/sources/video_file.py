"""Videos from files: any container and codec that the installed FFmpeg libraries read, animated GIF included."""

from __future__ import annotations

import gc
import math
import os
from collections.abc import Generator, Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import av
import numpy as np
from av.container import InputContainer
from av.sidedata.sidedata import Type as SideDataType
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream
from numpy.typing import NDArray

from emojimask.containers import DISORDER_S, SEEKABLE, open_container, videos_in
from emojimask.errors import NoVideoError, SourceError
from emojimask.pixels import YuvImage, is_hdr
from emojimask.sources.hdr import PlainColors
from emojimask.types import Frame, Picture, StreamInfo

_AnyImage = np.ndarray[Any, Any]
_BT709, _UNSPECIFIED, _BT470BG, _SMPTE170M = 1, 2, 5, 6  # FFmpeg's numbers of colour spaces
_MATRICES = {_BT709, _UNSPECIFIED, _BT470BG, _SMPTE170M}  # the last two are BT.601
_Axes = tuple[int, int, int, int]
_UPRIGHT: _Axes = 1, 0, 0, 1
_MISSING_END_S = 0.5  # by how much a Matroska file may end before the length in its header, which counts the sound too
_REPAIR = "to mask what is left of it, repair it first: ffmpeg -i INPUT -c copy REPAIRED"


class VideoFileSource:
    """The first real video stream of a file, frame by frame, upright, with its own time stamps.

    Every frame is yielded, none is dropped or doubled, whatever its rate. Where the clock of a recording began before
    it, as in MPEG-TS, that is left out in whole seconds. A frame comes in the size that it has in
    the file; that may change on the way. Colours follow the file's tags; untagged video is taken for BT.709 from 720
    lines up and for BT.601 below, as players do. HDR comes in plain colours.

    A packet that cannot be decoded is passed over and the rest is still read; as nothing may be lost silently, the
    iteration then ends with a SourceError in place of a plain end. So it does where there are more video streams, such
    as that of a dash camera's second lens.

    Args:
        path: the file.
        threads: of the decoder; 0: as many as there are cores.
        span: seconds; gives only the frames from the first, the time of a key frame, up to the second, left out.
            Frames then count from 0 at the first.

    Attributes:
        info: ``frame_count`` is the container's own count, else an estimate from length and rate; meant for progress.

    Raises:
        NoVideoError: the file is readable and has no video (a cover picture is none).
        SourceError: the file is missing, empty, unreadable, damaged, of an unknown format, or a picture that is put
            together from tiles.
    """

    def __init__(self, path: Path | str, threads: int = 0, span: tuple[float, float] | None = None) -> None:
        self._path = Path(path)
        self._start_s, self._end_s = span or (-math.inf, math.inf)
        self._container = _open(self._path)
        try:
            self._stream = _video_stream(self._container, self._path)
            self._stream.codec_context.thread_count = threads
            if span is not None and self._stream.time_base:
                self._container.seek(round(self._start_s / self._stream.time_base), stream=self._stream)
            self._rate = _rate(self._stream)
            self._ahead_s = _ahead_s(self._container, self._stream)
            self._axes: dict[int, _Axes] = {}
            self._plain_colors = PlainColors()
            self._frames = self._decode()
            self._first = next(self._frames, None)
            if self._first is None:
                raise NoVideoError(f"{self._path}: has a video stream but not one frame in it")
        except BaseException:
            self._container.close()
            raise
        height, width = self._first.picture.shape[:2]
        self.info = StreamInfo(
            name=str(self._path),
            width=width,
            height=height,
            fps=float(self._rate),
            frame_count=self._estimated_count(),
            time_base=self._stream.time_base,
            ahead_s=self._ahead_s,
            bt709=self._first.picture.bt709 if isinstance(self._first.picture, YuvImage) else None,
            path=self._path,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._frames.close()
        self._container.close()
        gc.collect()  # see _axes_of: one tied frame keeps all the memory that the decoder has for frames

    def __iter__(self) -> Iterator[Frame]:
        if self._first is not None:
            first, self._first = self._first, None
            yield first
        yield from self._frames

    def _decode(self) -> Generator[Frame]:
        count, lost, time_s = 0, 0, 0.0
        first_pts: int | None = None
        failed: list[int] = []  # when packets would be shown that could not be decoded before the first picture came
        reader = _PacketReader(self._container, self._stream, self._path)
        for packet in reader:
            if time_s >= self._end_s:
                break
            if packet is not None and packet.is_corrupt and count:
                lost += 1
            if packet is not None and first_pts is None and not packet.is_discard:
                first_pts = packet.pts
            try:
                decoded = self._stream.decode(packet)
            except av.FFmpegError:
                lost += count > 0
                if not count and packet is not None and packet.pts is not None:
                    failed.append(packet.pts)
                continue
            for raw in decoded:
                time_s = self._time_s(raw, count, time_s)
                lost += not count and self._comes_late(raw, first_pts)
                # A recording may start in mid-stream: nobody can decode what is shown before the first key frame.
                lost += sum(raw.pts is not None and pts > raw.pts for pts in failed)
                failed.clear()
                if time_s < self._start_s:  # shown before the key frame that the decoder had to begin with
                    continue
                if time_s >= self._end_s:
                    break
                plain = self._plain_colors.converted(raw) if is_hdr(raw.color_trc) else raw
                yield Frame(_picture(plain, self._axes_of(raw)), count, time_s)
                count += 1
        if lost or reader.broken_off:
            what = "the file breaks off" if reader.broken_off else f"{lost} packets of the video are damaged"
            raise SourceError(f"{self._path}: {what}; {count} frames could be read; {_REPAIR}")
        if reader.others:
            held = f"holds {len(reader.others) + 1} videos, of which the first alone is read"
            raise SourceError(f"{self._path}: {held}; to mask the others, save each in a file of its own")

    def _comes_late(self, first: VideoFrame, pts: int | None) -> bool:
        """Whether the first picture is not that of the first packet: decoders pass over what they cannot begin with.

        An MP4 begins with a key frame; recordings of streams need not.
        """
        if not self._container.format.name.startswith("mov") or first.pts is None or pts is None:
            return False
        return first.pts > pts

    def _axes_of(self, raw: VideoFrame) -> _Axes:
        """The frame's display axes, read once for each rotation.

        Reading them ties a knot of references around the frame, so that it waits for Python's collector, which seldom
        comes by itself where so few objects are made.
        """
        if raw.rotation not in self._axes:
            self._axes[raw.rotation] = _display_axes(raw)
        return self._axes[raw.rotation]

    def _time_s(self, raw: VideoFrame, index: int, previous_s: float) -> float:
        if raw.pts is None:
            return previous_s + float(1 / self._rate) if index else 0.0
        time_s = float(raw.pts * (raw.time_base or self._stream.time_base or 1 / self._rate) - self._ahead_s)
        if index and time_s < previous_s - DISORDER_S:
            begins = f"its clock jumps back from {previous_s:.3f} s to {time_s:.3f} s"
            raise SourceError(f"{self._path}: {begins}; {index} frames could be read; {_REPAIR}")
        return max(time_s, previous_s) if index else time_s

    def _estimated_count(self) -> int | None:
        if self._stream.frames:
            return self._stream.frames
        if self._stream.duration and self._stream.time_base:
            return round(self._stream.duration * self._stream.time_base * self._rate)
        if self._container.duration:
            return round(Fraction(self._container.duration, av.time_base) * self._rate)
        return None


class _PacketReader:
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

    def __iter__(self) -> Iterator[av.Packet[Any] | None]:
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


def _open(path: Path) -> InputContainer:
    try:
        if path.is_file() and path.stat().st_size == 0:
            raise SourceError(f"{path}: the file is empty")
        return open_container(path)
    except FileNotFoundError:
        raise SourceError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise SourceError(f"{path}: is a folder, not a video") from None
    except PermissionError:
        raise SourceError(f"{path}: may not be read; check its permissions") from None
    except (av.FFmpegError, OSError) as error:
        raise SourceError(f"{path}: cannot be read as a video, it is damaged or none ({error.strerror})") from None


def _video_stream(container: InputContainer, path: Path) -> VideoStream:
    if not len(container.streams):
        raise SourceError(f"{path}: nothing can be read from it, the file is damaged or cut off")
    streams = videos_in(container)
    if not streams:
        raise NoVideoError(f"{path}: there is no video in this file")
    if any(s.disposition & Disposition.dependent for s in streams):  # as telephones write HEIC
        raise SourceError(f"{path}: is a picture in tiles; save it as JPEG first")
    stream = streams[0]
    if stream.codec_context is None:
        raise SourceError(f"{path}: its video codec is not known; convert it first, for example to H.264")
    stream.thread_type = "AUTO"
    return stream


def _rate(stream: VideoStream) -> Fraction:
    return stream.average_rate or stream.guessed_rate or stream.base_rate or Fraction(25)


def _ahead_s(container: InputContainer, stream: VideoStream) -> int:
    """Whole seconds before anything begins; they can be said in every unit of time. Below 0 for what begins before 0.

    What has an index begins late only where that is meant; recordings of streams have a clock that began long before.
    It begins anew every 26 hours, and FFmpeg has what comes shortly before that come before 0, which nobody plays.
    """
    if container.format.name.startswith(SEEKABLE) or container.start_time is None:
        return 0
    whole = container.start_time // av.time_base
    pictures_too = stream.start_time is not None and stream.start_time < 0  # and not the sound alone, by a little
    return whole if whole > 0 or pictures_too else 0


def _picture(raw: VideoFrame, axes: _Axes) -> Picture:
    """The frame's own planes where they are the usual kind, upright and of even size; else BGR, upright."""
    untagged_hd = raw.colorspace == _UNSPECIFIED and raw.height >= 720
    usual = raw.format.name == "yuv420p" and raw.color_range != ColorRange.JPEG and raw.colorspace in _MATRICES
    if usual and axes == _UPRIGHT and not (raw.width % 2 or raw.height % 2):
        y, u, v = (_plane(plane) for plane in raw.planes)
        return YuvImage(y, u, v, bt709=untagged_hd or raw.colorspace == _BT709)
    image = raw.to_ndarray(format="bgr24", src_colorspace="ITU709" if untagged_hd else None)
    return np.ascontiguousarray(_turned(image, *axes), dtype=np.uint8)


def _plane(plane: VideoPlane) -> NDArray[np.uint8]:
    """(H, W) view of a plane, read-only; keeps the decoded frame alive."""
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    rows.flags.writeable = False
    return np.asarray(rows[: plane.height, : plane.width])


def _display_axes(raw: VideoFrame) -> _Axes:
    """The turn that shows a frame upright: (a, b, c, d) that move (x, y) to (ax + cy, bx + dy), by their signs."""
    try:
        side_data: list[Any] = list(raw.side_data)
    except ValueError:  # PyAV refuses all side data over a kind that it does not know, such as EXIF; mirrors are lost
        return {90: (0, -1, 1, 0), 180: (-1, 0, 0, -1), 270: (0, 1, -1, 0)}.get(raw.rotation % 360, (1, 0, 0, 1))
    for data in side_data:
        if data.type == SideDataType.DISPLAYMATRIX:
            a, b, _, c, d, *_ = np.frombuffer(bytes(data), np.int32).tolist()
            return a, b, c, d
    return _UPRIGHT


def _turned(image: _AnyImage, a: int, b: int, c: int, d: int) -> _AnyImage:
    if abs(b) > abs(a):  # x becomes y: a quarter turn
        image, flip_x, flip_y = image.transpose(1, 0, 2), c < 0, b < 0
    else:
        flip_x, flip_y = a < 0, d < 0
    return image[:: -1 if flip_y else 1, :: -1 if flip_x else 1]
