"""Videos opened for reading: files of this machine and nothing else, and those of their streams that are videos."""

from __future__ import annotations

from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream


def open_container(path: Path) -> InputContainer:
    """A file of any container that FFmpeg knows. Raises av.FFmpegError, OSError."""
    # "file:" keeps a colon in a name from being taken for a protocol; the list keeps playlists off the network.
    return av.open(f"file:{path}", options={"protocol_whitelist": "file"}, metadata_errors="replace")


def videos_in(container: InputContainer) -> list[VideoStream]:
    """All but cover pictures, in order."""
    return [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
