"""Long videos in stretches that are masked side by side, and look as if they had been masked in one go.

Each stretch is begun early: the tracker, the smoother and the policy see what comes before it and what comes after it,
for as long as they remember and look ahead; what they make of that is thrown away. Persons are told apart by numbers
that each stretch counts for itself; the frames that two stretches have in common tell which numbers are the same.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self

from emojimask.emojis.cast import differs_by_person
from emojimask.errors import StopRequested
from emojimask.settings import MaskSettings
from emojimask.sources.cuts import FrameTimes
from emojimask.stages import Sink
from emojimask.types import Box, MaskedFrame, StreamInfo

MEMORY_S = 10.0
"""What the pipeline remembers of the past, beside a mask that it holds."""
SHARED_S = 1.0
"""Of what two stretches have in common, this much tells their persons' numbers."""

Places = list[tuple[float, dict[int, Box]]]
"""Of some frames: the time in seconds, and where each person is."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Part of a video, in seconds: decoded from ``warm_s`` (a key frame) to ``tail_s``, written from ``start_s`` (a
    key frame) to ``end_s``, left out, which is ``frames`` frames."""

    number: int
    warm_s: float
    start_s: float
    end_s: float
    tail_s: float
    frames: int


def can_be_cut(settings: MaskSettings) -> bool:
    """A mask that is held for ever may stem from any time before; sets that differ go by numbers from the beginning."""
    return settings.on_lost != "hold" and not differs_by_person(settings.emojis)


def plan_stretches(times: FrameTimes, settings: MaskSettings, length_s: float) -> list[Stretch]:
    """Stretches of about ``length_s`` that begin at key frames; fewer than two where the video is not to be cut."""
    if not times.frames or times.keys[:1] != times.frames[:1]:
        return []
    memory_s = max(MEMORY_S, settings.hold_s + settings.lookahead_s)
    starts = [times.frames[0]]
    for key in times.keys:
        if key - starts[-1] >= length_s and times.frames[-1] - key >= length_s / 2:
            starts.append(key)
    bounds = [*starts, math.inf]
    stretches = []
    for number, (start, end) in enumerate(pairwise(bounds)):
        warm = times.keys[max(0, bisect_right(times.keys, start - memory_s) - 1)]
        frames = bisect_left(times.frames, end) - bisect_left(times.frames, start)
        stretches.append(Stretch(number, warm, start, end, end + settings.lookahead_s + 1.0, frames))
    return stretches


class StretchSink:
    """Passes the frames of a stretch on to ``sinks``, counted from 0, and ends the run behind the last.

    Attributes:
        lead: where the persons were shortly before the stretch.
        trail: where they were at its end.
        count: frames passed on.
    """

    def __init__(self, stretch: Stretch, sinks: Sequence[Sink]) -> None:
        self._stretch = stretch
        self._sinks = sinks
        self._open_sinks = ExitStack()
        self.lead: Places = []
        self.trail: Places = []
        self.count = 0

    def open(self, info: StreamInfo) -> None:
        for sink in self._sinks:
            sink.open(info)

    def write(self, frame: MaskedFrame) -> None:
        if frame.time_s >= self._stretch.end_s:
            raise StopRequested
        if frame.time_s < self._stretch.start_s:
            if frame.time_s >= self._stretch.start_s - SHARED_S:
                self.lead.append(_places(frame))
            return
        if frame.time_s >= self._stretch.end_s - SHARED_S:
            self.trail.append(_places(frame))
        for sink in self._sinks:
            sink.write(replace(frame, index=self.count))
        self.count += 1

    def __enter__(self) -> Self:
        for sink in self._sinks:
            self._open_sinks.enter_context(sink)
        return self

    def __exit__(self, *error: Any) -> None:
        self._open_sinks.__exit__(*error)  # as in any run: the last is completed first


def _places(frame: MaskedFrame) -> tuple[float, dict[int, Box]]:
    return frame.time_s, {face.track.id: face.track.face.box for face in frame.faces}


def same_people(before: Places, after: Places) -> dict[int, int]:
    """Which number of the stretch ``before`` each number of the one ``after`` stands for, by where they are."""
    votes: Counter[tuple[int, int]] = Counter()
    earlier = dict(before)
    for time_s, places in after:
        for new, box in places.items():
            for old, other in earlier.get(time_s, {}).items():
                if box.iou(other) > 0.5:
                    votes[new, old] += 1
    same: dict[int, int] = {}
    for (new, old), _ in votes.most_common():
        if new not in same and old not in same.values():
            same[new] = old
    return same
