"""Videos from files: any container and codec that the installed FFmpeg libraries read, animated GIF included."""

from __future__ import annotations

import gc
import math
from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Self

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from emojimask.errors import NoVideoError, SourceError
from emojimask.media.containers import DISORDER_S, SEEKABLE, open_container, videos_in
from emojimask.media.pixels import YuvImage
from emojimask.sources.decoded import Pictures
from emojimask.sources.packets import Damage, PacketReader
from emojimask.sources.whole import is_whole_gif
from emojimask.types import Frame, StreamInfo

_REPAIR = "to mask what is left of it, repair it first: ffmpeg -i INPUT -c copy REPAIRED"


class VideoFileSource:
    """The first real video stream of a file, frame by frame, upright, with its own time stamps.

    Every frame is yielded, none is dropped or doubled, whatever its rate. Where the clock of a recording began before
    it, as in MPEG-TS, that is left out in whole seconds. A frame comes in the size that it has in the file; that may
    change on the way. Colours follow the file's tags; untagged video is taken for BT.709 from 720 lines up and for
    BT.601 below, as players do. HDR comes in plain colours; what is transparent is laid over white.

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
            if self._container.format.name == "gif" and not is_whole_gif(self._path):
                raise SourceError(
                    f"{self._path}: a picture in it lacks rows or is damaged; save it anew, or as a video"
                )
            self._stream.codec_context.thread_count = threads
            if span is not None and self._stream.time_base:
                self._container.seek(round(self._start_s / self._stream.time_base), stream=self._stream)
            self._rate = _rate(self._stream)
            self._ahead_s = _ahead_s(self._container, self._stream)
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
        gc.collect()  # see Pictures: one tied frame keeps all the memory that the decoder has for frames

    def __iter__(self) -> Iterator[Frame]:
        if self._first is not None:
            first, self._first = self._first, None
            yield first
        yield from self._frames

    def _decode(self) -> Generator[Frame]:
        count, time_s = 0, 0.0
        packets, damage = PacketReader(self._container, self._stream, self._path), Damage()
        pictures = Pictures(self._stream.codec_context.name)
        for packet in packets:
            if time_s >= self._end_s:
                break
            for raw in damage.decoded(self._stream, packet, begun=count > 0):
                time_s = self._time_s(raw, count, time_s)
                if time_s < self._start_s:  # shown before the key frame that the decoder had to begin with
                    continue
                if time_s >= self._end_s:
                    break
                yield Frame(pictures.picture(raw), count, time_s)
                count += 1
        if damage.packets or packets.broken_off:
            what = "the file breaks off" if packets.broken_off else f"{damage.packets} packets of the video are damaged"
            raise SourceError(f"{self._path}: {what}; {count} frames could be read; {_REPAIR}")
        if packets.others:
            held = f"holds {len(packets.others) + 1} videos, of which the first alone is read"
            raise SourceError(f"{self._path}: {held}; to mask the others, save each in a file of its own")

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
