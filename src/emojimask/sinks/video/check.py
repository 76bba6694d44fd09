"""A written video against what should be in it, before it takes its name."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from emojimask.media.containers import open_container

_SLACK_S = 0.02  # containers that count in hundredths of a second
_SOUND_SLACK_S = 0.5  # containers that cut sound otherwise


@dataclass(slots=True)
class Sound:
    """What went through one stream of sound; times in seconds, NaN (which is held to nothing) where unknown."""

    packets: int = 0
    size: int = 0
    first_s: float = math.nan
    last_s: float = math.nan

    def add(self, size: int, time_s: float = math.nan) -> None:
        if not self.packets:
            self.first_s = time_s
        self.packets += 1
        self.size += size
        self.last_s = time_s

    @property
    def seconds(self) -> float:
        """From the first packet to the last."""
        return self.last_s - self.first_s

    def matches(self, other: Sound) -> bool:
        """Same packets, or the same bytes cut otherwise; some containers take a header off every packet."""
        return self.packets == other.packets or self.size == other.size


def fault_in(path: Path, frames: int, seconds: float | None, frame_s: float, sounds: list[Sound]) -> str | None:
    """What is wrong with a video that should have ``frames`` frames over ``seconds`` and these streams of sound.

    ``seconds``: from the first frame to the last; None where the container cannot be held to it.

    Reads all packets and decodes none. Raises av.FFmpegError where the file cannot be read at all.
    """
    found = 0
    first_s = last_s = 0.0
    with open_container(path) as container:
        streams = {stream.index: Sound() for stream in container.streams.audio}
        for packet in container.demux():
            if not packet.size:
                continue
            tick = packet.dts if packet.pts is None else packet.pts
            time_s = float((tick or 0) * packet.time_base)
            if packet.stream_index in streams:
                streams[packet.stream_index].add(packet.size, time_s)
            elif packet.stream.type == "video":
                first_s, last_s = (min(first_s, time_s), max(last_s, time_s)) if found else (time_s, time_s)
                found += 1
    if found != frames:
        return f"{found} frames arrived of {frames}"
    if seconds is not None and abs(last_s - first_s - seconds) > frame_s + _SLACK_S:
        return f"it lasts {last_s - first_s:.3f} s instead of {seconds:.3f} s"
    return _fault_of_sound([sound for sound in streams.values() if sound.packets], [s for s in sounds if s.packets])


def _fault_of_sound(heard: list[Sound], sounds: list[Sound]) -> str | None:
    if len(heard) != len(sounds) or not all(a.matches(b) for a, b in zip(heard, sounds, strict=True)):
        told = [", ".join(f"{s.packets} packets" for s in streams) or "none" for streams in (heard, sounds)]
        return f"its sound did not arrive whole: {told[0]} of {told[1]}"
    for a, b in zip(heard, sounds, strict=True):
        if abs(a.seconds - b.seconds) > _SOUND_SLACK_S:
            return f"its sound lasts {a.seconds:.3f} s instead of {b.seconds:.3f} s"
    return None
