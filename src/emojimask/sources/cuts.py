"""Where a video can be cut into stretches that are decoded independently. Nothing is decoded to find that out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av

from emojimask.media.containers import SEEKABLE, open_container, videos_in


@dataclass(frozen=True, slots=True)
class FrameTimes:
    """When a video's frames are shown, in seconds, rising.

    Attributes:
        frames: every frame.
        keys: those that a decoder can begin with.
    """

    frames: tuple[float, ...]
    keys: tuple[float, ...]


def frame_times(path: Path) -> FrameTimes | None:
    """The times of all frames; None where the file cannot be cut, does not tell them, or cannot be read at all."""
    try:
        with open_container(path) as container:
            streams = videos_in(container)
            if not streams or not container.format.name.startswith(SEEKABLE):
                return None
            frames, keys = [], []
            for packet in container.demux(streams[0]):
                if not packet.size or packet.is_discard:
                    continue
                if packet.pts is None or not packet.time_base or packet.is_corrupt:
                    return None
                frames.append(float(packet.pts * packet.time_base))
                if packet.is_keyframe:
                    keys.append(frames[-1])
    except (av.FFmpegError, OSError):  # who opens it for its pictures says what is wrong
        return None
    return FrameTimes(tuple(sorted(frames)), tuple(sorted(keys)))
