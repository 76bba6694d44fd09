"""Many weak looks at a stream of frames, fused over time into the faces that are truly there.

Each frame's detections, by several detectors with low thresholds, are merged; what lies in one place from frame to
frame is one face. A face counts only when enough speaks for it, so that a pattern in the background that one
detector takes for a face now and then is not held against anybody. Between two sightings the face is assumed there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from emojimask.types import Box

BRIDGE_S = 0.5
"""The longest gap between two sightings in which a face is assumed to be still there; the next frame is no gap."""
ENOUGH = 2.0
"""What must speak for a face: the sum over its sightings of their scores, each frame counting at most 1."""
CLEAR = 0.5
"""The score that at least one sighting must have ..."""
CLEAR_ALONE = 0.8
"""... and where no second look could be had: in a picture, or where frames are farther apart than ``BRIDGE_S``."""
DENSE = 0.35
"""What must speak for it on the mean over the frames between the first and the last sighting ..."""
DENSE_BRIEF = 0.6
"""... where less than ``LONG`` speaks for it in all: the folds of a sleeve look like a face for a few frames."""
LONG = 6.0
REACH = 0.7
"""How far a face moves from one frame to the next, in its own sizes, and the logarithm of how much it grows ..."""
QUICK_S = 0.1
"""... the former in frames no farther apart than this, and in proportion where they are."""
AGREED = 0.95
"""What several kinds of eye together must say for a single frame to count: a face may show in no other."""


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


class _Merged(NamedTuple):
    box: Box
    score: float
    eyes: frozenset[str]


_Chain = dict[int, _Merged]
"""What may be one face over time: what was seen of it, by the frame's index, in order."""


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
        still = [c for c in live if _last(c) == index - 1 or time_s - times[_last(c)] <= BRIDGE_S]
        ended += [chain for chain in live if chain not in still]
        live = still
        free = list(live)
        for merged in _merge(sightings):
            chain, distance = _nearest(merged.box, free, index, times)
            if chain is None or distance > 1:
                live.append({index: merged})
            else:
                free.remove(chain)
                chain[index] = merged
    faces = sorted((face for chain in ended + live for face in _faces(chain, times)), key=lambda face: next(iter(face)))
    return [
        FacePath(number, _filled(face, times), frozenset().union(*(merged.eyes for merged in face.values())))
        for number, face in enumerate(faces, 1)
    ]


def _last(chain: _Chain) -> int:
    return next(reversed(chain))


def _nearest(box: Box, chains: Sequence[_Chain], index: int, times: Sequence[float]) -> tuple[_Chain | None, float]:
    """The chain that ``box``, seen in frame ``index``, most probably goes on with, and how far it is from that."""

    def distance(chain: _Chain) -> float:
        last = _last(chain)
        return _distance(chain[last].box, box, (times[index] - times[last]) / (index - last))

    nearest: tuple[_Chain | None, float] = (None, np.inf)
    return min(((chain, distance(chain)) for chain in chains), key=lambda pair: pair[1], default=nearest)


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


def _distance(a: Box, b: Box, frame_s: float) -> float:
    """At most 1 for boxes that one face may have from one sighting to the next, in frames ``frame_s`` seconds apart.

    That does not grow with the frames between them: where the face was not seen, it is assumed on the way.
    """
    size = (a.width + a.height + b.width + b.height) / 4
    moved = float(np.hypot(*np.subtract(a.center, b.center))) / max(size, 1e-6)
    grown = abs(float(np.log((a.area + 1) / (b.area + 1)))) / 2
    return max(moved / (REACH * max(1.0, frame_s / QUICK_S)), grown / REACH)


def _faces(chain: _Chain, times: Sequence[float]) -> Iterator[_Chain]:
    """The chain, if it is a face; else what of it is one, with what was seen just before and after."""
    for part in _believed(chain, times, (DENSE, DENSE_BRIEF)):
        since_s, until_s = times[next(iter(part))] - BRIDGE_S, times[_last(part)] + BRIDGE_S
        yield {index: merged for index, merged in chain.items() if since_s <= times[index] <= until_s}


def _believed(chain: _Chain, times: Sequence[float], floors: Sequence[float]) -> Iterator[_Chain]:
    """Doubtful sightings before or after must not talk away a face that was surely seen: so parts count, too."""
    if _is_face(chain, times):
        yield chain
    elif floors:
        for part in _densest(chain, floors[0]):
            yield from _believed(part, times, floors[1:])


def _densest(chain: _Chain, floor: float) -> Iterator[_Chain]:
    """Kadane's stretch, in which the scores exceed ``floor`` a frame by most in all; then those beside it."""
    start = next(iter(chain))
    excess = np.full(_last(chain) - start + 1, -floor)
    excess[[index - start for index in chain]] += [merged.score for merged in chain.values()]
    rest = [(0, len(excess))]
    while rest:
        first, end = rest.pop()
        total = np.append(0.0, excess[first:end].cumsum())
        gain = total - np.minimum.accumulate(total)
        till = int(gain.argmax())
        if gain[till] > 0:
            since, till = first + int(total[:till].argmin()), first + till
            yield {index: merged for index, merged in chain.items() if since <= index - start < till}
            rest += [(first, since), (till, end)]


def _is_face(chain: _Chain, times: Sequence[float]) -> bool:
    support = sum(merged.score for merged in chain.values())
    frames = _last(chain) - next(iter(chain)) + 1
    if support < (DENSE if support >= LONG else DENSE_BRIEF) * frames:
        return False
    if any(merged.score >= AGREED and len(_kinds(merged)) > 1 for merged in chain.values()):
        return True
    if any(merged.score >= CLEAR_ALONE and _stands_alone(index, times) for index, merged in chain.items()):
        return True
    return support >= ENOUGH and max(merged.score for merged in chain.values()) >= CLEAR


def _kinds(merged: _Merged) -> set[str]:
    """Of the eyes: "haar frontal" and "haar profile" err alike."""
    return {eye.split()[0] for eye in merged.eyes}


def _stands_alone(index: int, times: Sequence[float]) -> bool:
    """Is no other frame near enough in time for a second look at the same?"""
    near = [times[i] for i in (index - 1, index + 1) if 0 <= i < len(times)]
    return len(times) < 3 or all(abs(time_s - times[index]) > BRIDGE_S for time_s in near)


def _filled(chain: _Chain, times: Sequence[float]) -> dict[int, Place]:
    """Every frame from the first sighting to the last; between two of them the box moves evenly in time."""
    seen = list(chain)
    known_s = [times[i] for i in seen]
    sides = np.array([(m.box.x, m.box.y, m.box.width, m.box.height) for m in chain.values()])
    places = {}
    for index in range(seen[0], seen[-1] + 1):
        if index in chain:
            places[index] = Place(chain[index].box, True)
        else:
            between = (float(np.interp(times[index], known_s, sides[:, k])) for k in range(4))
            places[index] = Place(Box(*between), False)
    return places
