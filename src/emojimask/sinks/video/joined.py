"""Masked stretches of one video, put together again without encoding anew."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import zip_longest
from pathlib import Path

import av
from av.packet import Packet
from av.video.stream import VideoStream

from emojimask.errors import SinkError
from emojimask.media.containers import open_container
from emojimask.sinks.video.copied import CopiedStreams
from emojimask.sinks.video.formats import format_of
from emojimask.sinks.video.muxer import Muxer, begin
from emojimask.types import StreamInfo

JOINABLE = frozenset({".m4v", ".mkv", ".mov", ".mp4", ".webm"})
"""Of the videos that can be joined."""


def check_fits(original: Path, output: Path) -> None:
    """Raises NoPlaceError where ``output``, by its suffix, has no place for the original's sound or subtitles."""
    with (
        av.open(io.BytesIO(), "w", format=format_of(output).container) as trial,
        closing(CopiedStreams(original, trial, output)) as copied,
    ):
        if len(trial.streams):
            begin(trial, copied)


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
    with open_container(parts[0]) as first, Muxer(output, audio=audio) as muxer:
        muxer.open(info, lambda container, _: container.add_stream_from_template(first.streams.video[0]))
        for packet, time_s in zip_longest(_packets(parts, output), times_s):
            if packet is None or time_s is None:
                raise SinkError(f"{output}: the stretches do not hold the frames of {info.name}, one for one")
            muxer.mux(packet, muxer.next_tick(time_s))
    return muxer.left_out


def _packets(parts: Sequence[Path], output: Path) -> Iterator[Packet[VideoStream]]:
    head: tuple[object, ...] | None = None
    for part in parts:
        with open_container(part) as container:
            stream = container.streams.video[0]
            found = stream.width, stream.height, bytes(stream.codec_context.extradata or b"")  # VP9 has none
            if head not in (None, found):
                raise SinkError(f"{output}: the stretches are encoded differently and cannot be joined")
            head = found
            yield from (packet for packet in container.demux(stream) if packet.size)
