"""Containers of video and sound: how they are opened for reading, and how far their times can be trusted."""

from __future__ import annotations

from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

SEEKABLE = ("mov", "matroska")
"""Containers with an index of exact times, by FFmpeg's names; others are searched by guessing."""
DISORDER_S = 1.0
"""By how much times may fall; more, and the clock has begun anew: recordings one behind the other."""


def open_container(path: Path) -> InputContainer:
    """A file of any container that FFmpeg knows. Raises av.FFmpegError, OSError."""
    # "file:" keeps a colon in a name from being taken for a protocol; the list keeps playlists off the network.
    return av.open(f"file:{path}", options={"protocol_whitelist": "file"}, metadata_errors="replace")


def videos_in(container: InputContainer) -> list[VideoStream]:
    """All but cover pictures, in order."""
    return [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
