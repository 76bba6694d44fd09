"""Which container and codec the suffix of a video stands for."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from emojimask.errors import UsageError


class Format(NamedTuple):
    """``container``, ``codec`` and ``options``, of the codec: by FFmpeg's names."""

    container: str
    codec: str
    options: dict[str, str]


# Each thread encodes a picture of its own: a fifth quicker than PyAV's several to a picture, and slightly smaller.
_H264 = {"preset": "veryfast", "crf": "20", "x264-params": "sliced-threads=0"}
_VP9 = {"deadline": "realtime", "cpu-used": "6", "crf": "28", "b": "0", "row-mt": "1", "lag-in-frames": "0"}
_QUANTISER_3 = {"flags": "+qscale", "global_quality": "354"}  # of 31; the unit is 1/118
_FORMATS = {
    ".mp4": Format("mp4", "libx264", _H264),
    ".m4v": Format("mp4", "libx264", _H264),
    ".mov": Format("mov", "libx264", _H264),
    ".3gp": Format("3gp", "libx264", _H264),
    ".mkv": Format("matroska", "libx264", _H264),
    ".avi": Format("avi", "mpeg4", _QUANTISER_3),
    ".webm": Format("webm", "libvpx-vp9", _VP9),
    ".mpg": Format("mpeg", "mpeg2video", _QUANTISER_3),
    ".mpeg": Format("mpeg", "mpeg2video", _QUANTISER_3),
    ".wmv": Format("asf", "wmv2", _QUANTISER_3),
    ".asf": Format("asf", "wmv2", _QUANTISER_3),
    ".gif": Format("gif", "gif", {}),
}
WRITTEN_VIDEOS = frozenset(_FORMATS)
"""Of the videos that can be written."""
_UNKNOWN_FPS = Fraction(25)
_MAX_FPS = 1000
_MPEG_RATES = [Fraction(24000, 1001), *map(Fraction, (24, 25)), Fraction(30000, 1001), *map(Fraction, (30, 50, 60))]
_MPEG_TOLERANCE = 0.01


def format_of(path: Path) -> Format:
    """Raises UsageError where the suffix is not known."""
    suffix = path.suffix.lower()
    if suffix not in _FORMATS:
        raise UsageError(f"{path}: no video format is known for '{suffix}'; use one of {', '.join(_FORMATS)}")
    return _FORMATS[suffix]


def rate_of(fps: float, path: Path) -> Fraction:
    """Frames a second as the encoder of ``path`` wants it; 25 where ``fps`` says nothing.

    Raises:
        UsageError: the codec knows a few rates only, and this is none of them.
    """
    rate = Fraction(fps).limit_denominator(1001) if 0 < fps <= _MAX_FPS else _UNKNOWN_FPS
    if format_of(path).codec != "mpeg2video":
        return rate
    known = min(_MPEG_RATES, key=lambda known: abs(known - rate))
    if abs(known / rate - 1) > _MPEG_TOLERANCE:  # players would count on the wrong rate, and lose the sound
        raise UsageError(
            f"{path}: MPEG video has 24, 25, 30, 50 or 60 frames a second, not {fps:.6g}; "
            "choose another suffix, such as .mp4"
        )
    return known
