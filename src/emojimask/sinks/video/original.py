"""How the original file shows its pictures: what an output takes over of that."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
from av.container import InputContainer
from PIL import Image as Pillow

from emojimask.errors import SinkError
from emojimask.media.containers import open_container, videos_in
from emojimask.media.pixels import is_hdr
from emojimask.sinks.video.interlacing import first_field
from emojimask.types import StreamInfo

BT709 = 1
"""FFmpeg's number of these primaries, this transfer function and this matrix."""
_UNSAID = (0, 2)  # FFmpeg's numbers where a file does not say


class Display(NamedTuple):
    """How the original's pixels are to be shown.

    Attributes:
        aspect: width to height of a pixel, upright.
        first_field: TOP or BOTTOM of an interlaced video (:mod:`emojimask.sinks.video.interlacing`).
        primaries, transfer: which red, green and blue are meant, and how bright: FFmpeg's numbers; BT.709's where the
            original does not say, or is HDR.
    """

    aspect: Fraction = Fraction(1)
    first_field: str | None = None
    primaries: int = BT709
    transfer: int = BT709


def display_of(info: StreamInfo) -> Display:
    """Square pixels in BT.709's colours where there is no file."""
    if info.path is None:
        return Display()
    with open_original(info.path) as original:
        stream = next(iter(videos_in(original)), None)
        if stream is None:
            return Display()
        aspect = stream.sample_aspect_ratio or Fraction(1)
        first = first_field(stream)
        if (stream.width, stream.height) == (info.height, info.width) != (info.width, info.height):
            aspect, first = 1 / aspect, None  # lines have become columns
        context = stream.codec_context
        if is_hdr(context.color_trc):  # its frames come in plain colours
            return Display(aspect, first)
        colors = (BT709 if n in _UNSAID else n for n in (context.color_primaries, context.color_trc))
        return Display(aspect, first, *colors)


def stay_of_last(info: StreamInfo, time_s: float) -> float | None:
    """For how many seconds the original shows its picture of ``time_s``, the last; None where that is not known."""
    if info.path is None:
        return None
    # It may be gone by now, or be damaged.
    with suppress(SinkError, av.FFmpegError), open_original(info.path) as original:
        stream = next(iter(videos_in(original)), None)
        if stream is None or not stream.time_base:
            return None
        tick = round((time_s + info.ahead_s) / stream.time_base)
        with suppress(av.FFmpegError):  # what cannot be searched is read from its beginning
            original.seek(tick, stream=stream)
        for packet in original.demux(stream):
            if packet.pts == tick and packet.duration:
                return float(packet.duration * stream.time_base)
    return None


def repeats_of(info: StreamInfo) -> int:
    """How often the original plays once more, as GIFs say it: 0 for ever, as does all that is no GIF, -1 never."""
    if info.path is None:
        return 0
    try:
        with Pillow.open(info.path, formats=["GIF"]) as gif:
            return int(gif.info.get("loop", -1))
    except (OSError, SyntaxError, ValueError):  # no GIF
        return 0


def open_original(path: Path) -> InputContainer:
    """Raises SinkError."""
    try:
        return open_container(path)
    except (av.FFmpegError, OSError) as error:
        raise SinkError(
            f"{path}: cannot be opened for its sound ({error.strerror}); leave it out with --no-audio"
        ) from error
