"""Which faces are covered in a frame, and when the whole frame is: fail closed, live and in files.

A lost face goes from tracked to held, its mask growing with the time since it was seen, and then:

- live: the whole frame is shielded, as it is before the first face was ever seen;
- files: the future is known. A gap is covered from both sides, and a stretch with no face near it passes. Nor need
  every frame be looked at: while all faces are in sight, those in between are filled in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.pixels import coarse
from emojimask.types import Box, Face, Frame, Picture, Track, TrackState

GRACE_S = 1.0
"""Live: once a hold ran out, the shield stays at least this long, unless the lost face is seen again."""
LEAD_S = 0.5
"""Files: a face is covered for this long before it was first seen."""
CUT_S = 0.2
"""Files: no mask is held for longer than this over a cut to another scene."""
BEND = 0.01
"""Files: where no landmark of a face has moved by a larger share of its size, times the seconds from one look to the
next, the face is simply put between the two; how far it may then be off goes with that product, the way's bend. A
faster face is looked for."""
BRIEF_S = 0.1
"""Files: looks are no farther apart while anything stirs beside the faces, and never need be closer for BEND's sake."""
STIRRED = 4.0
"""Files: gray levels by which one of the cells beside the faces changes when something stirs there."""
MAX_WINDOW_BYTES = 300_000_000
"""Files: the frames kept to look ahead never take more memory than this; the window shortens instead."""

_GRID = 18, 32  # cells, down and across

Decided = tuple[Frame, list[Track] | None]
"""A frame and the tracks to cover in it; None: shield the whole frame."""


class LivePolicy:
    """Decides frame by frame, knowing the past only. One per stream."""

    def __init__(self, on_lost: str, hold_s: float) -> None:
        self._on_lost = on_lost
        self._hold_s = hold_s
        self._ever_seen = False
        self._last_seen: dict[int, tuple[float, Track]] = {}
        self._missing: dict[int, float] = {}

    def decide(self, time_s: float, tracks: Sequence[Track]) -> list[Track] | None:
        """The tracks to cover now; None: shield the whole frame."""
        seen = [track for track in tracks if track.state is TrackState.TRACKED]
        self._ever_seen |= bool(seen)
        if self._on_lost == "pass":
            return seen
        if not self._ever_seen:
            return None
        return self._hold_for_ever(time_s, seen) if self._on_lost == "hold" else self._shield(time_s, tracks, seen)

    def _shield(self, time_s: float, tracks: Sequence[Track], seen: list[Track]) -> list[Track] | None:
        for track in seen:
            self._missing.pop(track.id, None)
            self._last_seen[track.id] = time_s, track
        known = {track.id for track in tracks}
        for track_id, (then, _) in list(self._last_seen.items()):
            if time_s - then > self._hold_s or track_id not in known:
                del self._last_seen[track_id]
                self._missing[track_id] = time_s
        holding = [track for track in tracks if track.id in self._last_seen]
        if seen:
            # Somebody is in sight. Who did not come back by now has left the picture.
            self._missing = {i: since for i, since in self._missing.items() if time_s - since <= GRACE_S}
        return None if self._missing or not holding else holding

    def _hold_for_ever(self, time_s: float, seen: list[Track]) -> list[Track]:
        newcomers = any(track.id not in self._last_seen for track in seen)
        if newcomers:  # a newcomer is taken for the one who was lost
            self._last_seen.clear()
        self._last_seen.update({track.id: (time_s, track) for track in seen})
        return [
            track if then == time_s else replace(track, state=TrackState.HELD, unseen_s=time_s - then)
            for then, track in self._last_seen.values()
        ]


@dataclass(slots=True)
class Pending:
    """A frame in the window.

    Attributes:
        tracks: by id; the tracked ones as seen, the held ones as predicted.
        failed: true where a search for faces failed on this frame.
        scene: counts the cuts before this frame.
        cells: what it shows, coarsely: (18, 32) float32 gray levels.
        looked: false where nobody looked for faces, for they can be filled in.
    """

    frame: Frame
    scene: int
    cells: NDArray[np.float32]
    tracks: dict[int, Track] = field(default_factory=dict)
    failed: bool = False
    looked: bool = False

    def sees(self, track_id: int) -> bool:
        track = self.tracks.get(track_id)
        return track is not None and track.state is TrackState.TRACKED


@dataclass(frozen=True, slots=True)
class _Sighting:
    time_s: float
    scene: int
    track: Track


@dataclass(slots=True)
class FilePolicy:
    """A window of frames that wait until what follows is known. One per stream.

    Args:
        on_lost: "shield" and "hold" cover what was seen before or after; "pass" covers only what is seen.
        hold_s: how long a face is held that is not seen again within the window.
        window_s: how far ahead is looked.
        look_again: searches an earlier frame for a face, from its pose in a later one.
        note: told of every error of ``look_again``; the frame that was searched is shielded.
        look_every_s: while all faces are in sight, frames between two looks no farther apart are filled in.
    """

    on_lost: str
    hold_s: float
    window_s: float
    look_again: Callable[[Frame, Track], Face | None]
    note: Callable[[Exception], None]
    look_every_s: float = 0.0
    _window: deque[Pending] = field(default_factory=deque)
    _before: dict[int, _Sighting] = field(default_factory=dict)
    _latest: Pending | None = None
    _last_look: Pending | None = None
    _speed: float = np.inf  # of the fastest landmark, in its face's sizes a second
    _beside: NDArray[np.bool_] = field(default_factory=lambda: np.ones(_GRID, np.bool_))  # cells beside the faces

    def announce(self, frame: Frame) -> list[Frame]:
        """Take in the next frame. Returns those to look at now, for :meth:`see`, in order; it may itself wait."""
        before, cells = self._latest, _cells(frame.picture)
        is_cut = before is not None and _is_cut(before.cells, cells)
        waiting = self.waiting() if is_cut else []  # nothing that follows a cut tells of what was before
        self._latest = Pending(frame, (before.scene if before else 0) + is_cut, cells)
        self._window.append(self._latest)
        return waiting if self._can_wait() else [*waiting, frame]

    def see(self, frame: Frame, tracks: Sequence[Track], failed: bool = False) -> None:
        """Take in what the tracker said of one of the last frames."""
        latest_first = list(self._window)[::-1]
        now, *earlier = latest_first if latest_first[0].frame is frame else latest_first[1:]
        now.tracks, now.failed, now.looked = {track.id: track for track in tracks}, failed, True
        self._speed = np.inf if failed or self._last_look is None else _speed(self._last_look, now)
        self._last_look = now
        self._beside = _beside(now)
        for track in tracks:
            if track.state is TrackState.TRACKED:
                self._trace_back(track, now.scene, earlier)

    def waiting(self) -> list[Frame]:
        """The last frame, where it waits to be filled in; if nothing follows it must be looked at."""
        return [self._window[-1].frame] if self._window and not self._window[-1].looked else []

    def ready(self) -> Iterator[Decided]:
        """Frames whose future is known: however short the window, at least up to the next look."""
        while len(self._window) > 1 and self._is_full() and any(pending.looked for pending in self._window):
            yield self._leave()

    def flush(self) -> Iterator[Decided]:
        """All that still waits, in order: the stream has ended."""
        while self._window:
            yield self._leave()

    def _is_full(self) -> bool:
        first, last = self._window[0].frame, self._window[-1].frame
        too_large = first.picture.nbytes * len(self._window) > MAX_WINDOW_BYTES
        return last.time_s - first.time_s > self.window_s or too_large

    def _can_wait(self) -> bool:
        """Whether nothing happens, and the frame after the last, if as far again, is early enough to look."""
        look, now = self._last_look, self._window[-1]
        if look is None or look.scene != now.scene or len(self._window) < 2:
            return False
        step_s = now.frame.time_s - self._window[-2].frame.time_s
        apart_s = now.frame.time_s - look.frame.time_s + step_s
        stirred = np.abs(now.cells - look.cells) > STIRRED
        longest_s = min(self.look_every_s, BRIEF_S) if (stirred & self._beside).any() else self.look_every_s
        return step_s > 0 and apart_s <= longest_s + 1e-6 and _is_straight(self._speed * apart_s, apart_s)

    def _trace_back(self, track: Track, scene: int, earlier: Sequence[Pending]) -> None:
        """A face came into sight: follow it back through the frames before, in which it was not seen yet."""
        looked = next((pending for pending in earlier if pending.looked), None)
        if looked is not None and looked.sees(track.id):
            return  # between the two it is filled in
        for pending in earlier:
            if pending.sees(track.id) or pending.scene != scene:
                return
            face = self._found(pending, track)
            others = (other.face.box for i, other in pending.tracks.items() if pending.sees(i))
            if face is None or any(_is_same(face.box, box) for box in others):
                return
            track = Track(track.id, face)
            pending.tracks[track.id] = track

    def _found(self, pending: Pending, track: Track) -> Face | None:
        """The face in a frame where it was not looked for, or not seen; None where it is not."""
        try:
            return self.look_again(pending.frame, track)
        except Exception as error:
            pending.failed = True
            self.note(error)
            return None

    def _leave(self) -> Decided:
        pending = self._window.popleft()
        frame = pending.frame
        known = pending.tracks.keys() | self._before.keys() | {i for later in self._window for i in later.tracks}
        covered = [track for i in sorted(known) if (track := self._cover(pending, i)) is not None]
        for track in covered:
            if track.state is TrackState.TRACKED:
                self._before[track.id] = _Sighting(frame.time_s, pending.scene, track)
        self._before = {
            i: s for i, s in self._before.items() if self.on_lost == "hold" or frame.time_s - s.time_s <= self._memory_s
        }
        return frame, None if pending.failed else covered

    @property
    def _memory_s(self) -> float:
        return max(self.hold_s, self.window_s)

    def _cover(self, pending: Pending, track_id: int) -> Track | None:
        """The track to cover in a frame, seen or filled in; None: the person is not here."""
        if pending.sees(track_id):
            return pending.tracks[track_id]
        now, before, after = pending.frame.time_s, self._before.get(track_id), self._next_sighting(track_id)
        since = now - before.time_s if before else np.inf
        until = after.time_s - now if after else np.inf
        if not pending.looked:
            near = [s for s in (before, after) if s and s.scene == pending.scene and self._is_near(s, now)]
            filled = self._filled(pending, near) if near else None
            if filled is not None:
                return filled
        if self.on_lost == "pass":
            return None
        if before and before.scene != pending.scene and since > CUT_S:
            before = None
        if after and after.scene != pending.scene and until > CUT_S:
            after = None
        unseen_s = float(min(since, until))
        if before and after:
            face = _between(before.track.face, after.track.face, since / (since + until))
        elif before and (since <= self.hold_s or self.on_lost == "hold"):
            predicted = pending.tracks.get(track_id, before.track)
            face = predicted.face
        elif after and until <= LEAD_S:
            face = after.track.face
        else:
            return None
        return Track(track_id, face, TrackState.HELD, unseen_s)

    def _is_near(self, sighting: _Sighting, time_s: float) -> bool:
        return abs(sighting.time_s - time_s) < self.look_every_s

    def _filled(self, pending: Pending, near: Sequence[_Sighting]) -> Track | None:
        """A face in a frame where nobody looked, from where it was before, after, or both; None if it is not there."""
        first, last = near[0], near[-1]
        share = (pending.frame.time_s - first.time_s) / max(last.time_s - first.time_s, 1e-6)
        between = Track(first.track.id, _between(first.track.face, last.track.face, share), looked=False)
        moved = _moved(first.track.face, last.track.face)
        if first is not last and _is_straight(moved, last.time_s - first.time_s):
            return between
        found = self._found(pending, between)
        return Track(between.id, found) if found is not None else None

    def _next_sighting(self, track_id: int) -> _Sighting | None:
        for later in self._window:
            if later.sees(track_id):
                return _Sighting(later.frame.time_s, later.scene, later.tracks[track_id])
        return None


def _between(a: Face, b: Face, share: float) -> Face:
    """A face ``share`` (0 to 1) of the way from ``a`` to ``b``."""
    if a.landmarks.shape != b.landmarks.shape:
        return a if share < 0.5 else b
    landmarks = (a.landmarks + np.float32(share) * (b.landmarks - a.landmarks)).astype(np.float32)
    box = Box(*(u + share * (v - u) for u, v in zip(_sides(a.box), _sides(b.box), strict=True)))
    return Face(box, landmarks, min(a.score, b.score))


def _moved(a: Face, b: Face) -> float:
    """How far any landmark moved, in the face's sizes."""
    if a.landmarks.shape != b.landmarks.shape:
        return float(np.inf)
    return float(np.abs(b.landmarks - a.landmarks).max()) / max(a.box.width, a.box.height, 1.0)


def _sides(box: Box) -> tuple[float, float, float, float]:
    return box.x, box.y, box.width, box.height


def _is_same(a: Box, b: Box) -> bool:
    return a.overlap(b) > 0.4


def _speed(last: Pending, now: Pending) -> float:
    """Of the fastest landmark from look to look, in its face's sizes a second; infinite unless both see the same."""
    ids = last.tracks.keys() | now.tracks
    step_s = now.frame.time_s - last.frame.time_s
    if step_s <= 0 or not all(last.sees(i) and now.sees(i) for i in ids):
        return float(np.inf)
    return max((_moved(last.tracks[i].face, now.tracks[i].face) for i in ids), default=0.0) / step_s


def _is_straight(moved: float, seconds: float) -> bool:
    """Whether a face that moved by so many of its sizes in that time can be put anywhere on its way."""
    return moved * max(seconds, BRIEF_S) <= BEND


def _cells(image: Picture) -> NDArray[np.float32]:
    """The picture's coarse structure, (18, 32) float32 gray levels."""
    step = max(1, min(image.shape[:2]) // 72)
    return cv2.resize(coarse(image, step), _GRID[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)


def _beside(look: Pending) -> NDArray[np.bool_]:
    """Which cells no face in sight, its hair and its neck, can have stirred."""
    beside = np.ones(_GRID, np.bool_)
    size = np.array(_GRID) / look.frame.picture.shape[:2]
    for track in look.tracks.values():
        x, y, width, height = _sides(track.face.box.scaled(2.0))
        top, left = (np.array([y, x]) * size).clip(0, _GRID).astype(int)
        bottom, right = np.ceil((np.array([y + height, x + width]) * size).clip(0, _GRID)).astype(int)
        beside[top:bottom, left:right] = False
    return beside


def _is_cut(a: NDArray[np.float32], b: NDArray[np.float32]) -> bool:
    """Two neighbouring frames that have hardly any structure in common. A flash keeps it; a black frame has none."""
    a, b = a - a.mean(), b - b.mean()
    in_a, in_b = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if max(in_a, in_b) <= 1e-3:
        return False
    return float((a * b).sum()) < 0.3 * in_a * in_b or min(in_a, in_b) <= 1e-3
