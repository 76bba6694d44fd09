"""Many weak looks at a stream of frames, fused over time into the faces that are truly there.

Each frame's detections, by several detectors with low thresholds, are merged; what lies in one place from frame to
frame is one face. A face counts only when enough speaks for it, so that a pattern in the background that one
detector takes for a face now and then is not held against anybody. Between two sightings the face is assumed there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from emojimask.types import Box

BRIDGE_S = 0.5
"""The longest gap between two sightings in which a face is assumed to be still there."""
ENOUGH = 2.0
"""What must speak for a face: the sum over its sightings of their scores, each frame counting at most 1."""
CLEAR = 0.5
"""The score that at least one sighting must have ..."""
CLEAR_ALONE = 0.8
"""... and in a stream of one or two frames, such as a picture."""
DENSE = 0.35
"""What must speak for it on the mean over the frames between the first and the last sighting ..."""
DENSE_BRIEF = 0.6
"""... where less than ``LONG`` speaks for it in all: the folds of a sleeve look like a face for a few frames."""
LONG = 6.0


class Sighting(NamedTuple):
    """What one detector says of one frame. ``score``: 0 to 1."""

    box: Box
    score: float
    eye: str


class Place(NamedTuple):
    """Where a face is in one frame. ``seen``: false where it is assumed between two sightings."""

    box: Box
    seen: bool


@dataclass(slots=True)
class FacePath:
    """One face over time. ``places``: by the frame's index, without a gap. ``eyes``: which detectors saw it."""

    id: int
    places: dict[int, Place]
    eyes: frozenset[str]


@dataclass(slots=True)
class _Chain:
    """A face in the making: its sightings so far."""

    boxes: dict[int, Box] = field(default_factory=dict)
    scores: list[float] = field(default_factory=list)
    eyes: set[str] = field(default_factory=set)

    def add(self, index: int, sighting: _Merged) -> None:
        self.boxes[index] = sighting.box
        self.scores.append(sighting.score)
        self.eyes |= sighting.eyes

    @property
    def last(self) -> Box:
        return self.boxes[next(reversed(self.boxes))]


class _Merged(NamedTuple):
    box: Box
    score: float
    eyes: frozenset[str]


def fuse(frames: Sequence[tuple[float, Sequence[Sighting]]]) -> list[FacePath]:
    """The faces in a stream.

    Args:
        frames: for each frame its time in seconds and what was seen in it.

    Returns:
        Faces in the order in which they were first seen, with ids from 1.
    """
    times = [time_s for time_s, _ in frames]
    live: list[_Chain] = []
    ended: list[_Chain] = []
    for index, (time_s, sightings) in enumerate(frames):
        still = [chain for chain in live if time_s - times[next(reversed(chain.boxes))] <= BRIDGE_S]
        ended += [chain for chain in live if chain not in still]
        live = still
        free = list(live)
        for merged in _merge(sightings):
            chain = min(free, key=lambda c: _distance(c.last, merged.box), default=None)
            if chain is None or _distance(chain.last, merged.box) > 1:
                chain = _Chain()
                live.append(chain)
            else:
                free.remove(chain)
            chain.add(index, merged)
    faces = sorted((c for c in ended + live if _is_face(c, len(frames))), key=lambda c: next(iter(c.boxes)))
    return [FacePath(number, _filled(chain, times), frozenset(chain.eyes)) for number, chain in enumerate(faces, 1)]


def _merge(sightings: Sequence[Sighting]) -> list[_Merged]:
    """One box for each place: the mean by score; its score is the chance that not every detector errs."""
    groups: list[list[Sighting]] = []
    for sighting in sorted(sightings, key=lambda s: s.score, reverse=True):
        group = next((g for g in groups if _is_one(g[0].box, sighting.box)), None)
        if group is None:
            groups.append([sighting])
        else:
            group.append(sighting)
    return [_Merged(_mean(group), _together(group), frozenset(s.eye for s in group)) for group in groups]


def _is_one(a: Box, b: Box) -> bool:
    return a.iou(b) > 0.3 or a.overlap(b) > 0.7


def _together(group: Sequence[Sighting]) -> float:
    best = {eye: max(s.score for s in group if s.eye == eye) for eye in {s.eye for s in group}}
    return float(1 - np.prod([1 - score for score in best.values()]))


def _mean(group: Sequence[Sighting]) -> Box:
    sides = np.array([(s.box.x, s.box.y, s.box.width, s.box.height) for s in group])
    return Box(*(float(v) for v in np.average(sides, axis=0, weights=[max(s.score, 1e-6) ** 2 for s in group])))


def _distance(a: Box, b: Box) -> float:
    """At most 1 for boxes that one face may have from one sighting to the next."""
    size = (a.width + a.height + b.width + b.height) / 4
    moved = float(np.hypot(*np.subtract(a.center, b.center))) / max(size, 1e-6)
    grown = abs(float(np.log((a.area + 1) / (b.area + 1)))) / 2
    return max(moved / 0.7, grown / 0.7)


def _is_face(chain: _Chain, frames: int) -> bool:
    if frames < 3:
        return max(chain.scores) >= CLEAR_ALONE
    first, last = next(iter(chain.boxes)), next(reversed(chain.boxes))
    support = sum(chain.scores)
    dense = support >= (DENSE if support >= LONG else DENSE_BRIEF) * (last - first + 1)
    return dense and support >= ENOUGH and max(chain.scores) >= CLEAR


def _filled(chain: _Chain, times: Sequence[float]) -> dict[int, Place]:
    """Every frame from the first sighting to the last; between two of them the box moves evenly in time."""
    seen = sorted(chain.boxes)
    known_s = [times[i] for i in seen]
    sides = np.array([(b.x, b.y, b.width, b.height) for b in (chain.boxes[i] for i in seen)])
    places = {}
    for index in range(seen[0], seen[-1] + 1):
        if index in chain.boxes:
            places[index] = Place(chain.boxes[index], True)
        else:
            between = (float(np.interp(times[index], known_s, sides[:, k])) for k in range(4))
            places[index] = Place(Box(*between), False)
    return places
