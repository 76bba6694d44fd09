"""Masked stretches of one video, put together again without encoding anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from types import TracebackType

import av
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from emojimask.containers import open_container
from emojimask.errors import SinkError
from emojimask.sinks.video_file import VideoFileSink, rate_of
from emojimask.types import StreamInfo

SUFFIXES = frozenset({".m4v", ".mkv", ".mov", ".mp4", ".webm"})
"""Of the videos that can be joined."""


def join_videos(
    parts: Sequence[Path], times_s: Sequence[float], info: StreamInfo, output: Path, *, audio: bool = True
) -> int:
    """Write the pictures of ``parts``, one after the other, and the original's sound and subtitles.

    Returns how many of the original's streams of sound are left out, for their codec is not known.

    Args:
        parts: files that :class:`VideoFileSink` has written, all with the suffix of ``output`` and of one size.
        times_s: when each frame is shown, of all parts together.
        info: of the original.
        output: must not exist.
        audio: copy sound and subtitles.

    Raises:
        SinkError: the parts do not fit together, or the file cannot be written.
    """
    with _JoinedVideo(output, audio=audio, template=parts[0]) as joined:
        joined.open(info)
        for packet, time_s in zip_longest(_packets(parts, output), times_s):
            if packet is None or time_s is None:
                raise SinkError(f"{output}: the stretches do not hold the frames of {info.name}, one for one")
            joined.copy(packet, time_s)
    return joined.left_out


class _JoinedVideo(VideoFileSink):
    """Takes packets in place of frames; all else is as it is for a video masked in one piece."""

    def __init__(self, path: Path, audio: bool, template: Path) -> None:
        super().__init__(path, audio=audio)
        self._template = open_container(template)

    def copy(self, packet: Packet[VideoStream], time_s: float) -> None:
        assert self._output is not None, "open() comes before copy()"
        tick = self._next_tick(time_s)
        try:
            if self._copied is not None:
                self._copied.copy_until(time_s)
            packet.stream = self._stream
            self._mux(self._output, packet, tick)
        except (av.FFmpegError, OSError) as error:
            raise self._file.fault(error) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._template.close()
        super().__exit__(kind, error, trace)

    def _add_video(self, output: OutputContainer, info: StreamInfo) -> None:
        self._stream = output.add_stream_from_template(self._template.streams.video[0])
        self._stream.time_base = info.time_base
        self._frame_s = 1 / rate_of(info.fps)

    def _encode(self, output: OutputContainer, picture: VideoFrame | None) -> None:
        """There is no encoder that might still hold a picture."""


def _packets(parts: Sequence[Path], output: Path) -> Iterator[Packet[VideoStream]]:
    head: bytes | None = None
    for part in parts:
        with open_container(part) as container:
            stream = container.streams.video[0]
            found = bytes(stream.codec_context.extradata or b"")
            if head not in (None, found):
                raise SinkError(f"{output}: the stretches are encoded differently and cannot be joined")
            head = found
            yield from (packet for packet in container.demux(stream) if packet.size)
