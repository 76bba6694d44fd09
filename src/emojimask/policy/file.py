"""Files: frames wait in a window until what follows them is known, and are then decided on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

import numpy as np

from emojimask.faces.comparison import covers, moved
from emojimask.policy.between import between, is_straight
from emojimask.policy.frames import Pending, cells_of, is_cut
from emojimask.policy.glimpses import Glimpses, everything
from emojimask.policy.pace import Pace
from emojimask.policy.window import Window
from emojimask.stages import Glimpse
from emojimask.types import Face, Frame, Track, TrackState

LEAD_S = 0.5
"""A face is covered for this long before it was first seen."""
CUT_S = 0.2
"""No mask is held for longer than this over a cut to another scene."""

Decided = tuple[Frame, list[Track] | None]
"""A frame and the tracks to cover in it; None: shield the whole frame."""


class Look(NamedTuple):
    """A frame to look at for faces, and the part of it that may show what no later frame shows."""

    frame: Frame
    glimpse: Glimpse | None


@dataclass(frozen=True, slots=True)
class _Sighting:
    time_s: float
    scene: int
    track: Track


class FilePolicy:
    """A window of frames that wait until what follows is known. One per stream.

    Whether a frame must be looked at is decided when the next one is there: a face that is gone by then can be found
    here only.

    Args:
        on_lost: "shield" and "hold" cover what was seen before or after; "pass" covers only what is seen.
        hold_s: how long a face is held that is not seen again within the window.
        window_s: how far ahead is looked.
        look_again: searches an earlier frame for a face, from its pose in a later one.
        note: told of every error of ``look_again``; the frame that was searched is shielded.
        look_every_s: while all faces are in sight, frames between two looks no farther apart are filled in.
    """

    def __init__(
        self,
        on_lost: str,
        hold_s: float,
        window_s: float,
        look_again: Callable[[Frame, Track], Face | None],
        note: Callable[[Exception], None],
        look_every_s: float = 0.0,
    ) -> None:
        self._on_lost, self._hold_s = on_lost, hold_s
        self._memory_s = max(hold_s, window_s)
        self._look_again, self._note = look_again, note
        self._look_every_s = look_every_s
        self._window = Window(window_s)
        self._following: Pending | None = None  # the newest frame; the window ends before it
        self._before: dict[int, _Sighting] = {}
        self._pace = Pace(look_every_s)
        self._glimpses = Glimpses()

    def announce(self, frame: Frame) -> Look | None:
        """Take in the next frame. Returns the one before it, if that must be looked at, for :meth:`see`."""
        now, cells = self._following, cells_of(frame.picture)
        if now is None:
            self._following = Pending(frame, 0, True, *cells)
            return None
        cut = is_cut(now.cells, cells[0])
        following = self._following = Pending(frame, now.scene + cut, cut, *cells)
        self._window.append(now)
        glimpse = self._glimpses.in_frame(now, following)
        can_wait = glimpse is None and self._pace.can_wait(now, following)
        return None if can_wait else Look(now.frame, glimpse)

    def last(self) -> Look | None:
        """The stream ends: the last frame, which must be looked at; None where no frame came."""
        if self._following is None:
            return None
        now, self._following = self._following, None
        self._window.append(now)
        return Look(now.frame, everything(now.frame, alone=now.begins))

    def see(self, look: Look, tracks: Sequence[Track], failed: bool = False) -> None:
        """Take in what the tracker said of the frame that was to be looked at."""
        now, *earlier = reversed(self._window)
        now.tracks, now.failed, now.looked = {track.id: track for track in tracks}, failed, True
        if failed:  # nor does anybody know now who came and went since the look before
            for pending in takewhile(lambda pending: not pending.looked, earlier):
                pending.failed = True
        self._pace.looked(now)
        self._glimpses.looked(now, look.glimpse)
        for track in tracks:
            if track.state is TrackState.TRACKED:
                self._trace_back(track, now.scene, earlier)

    def ready(self) -> Iterator[Decided]:
        """Frames whose future is known: however short the window, at least up to the next look."""
        while self._window.is_full and any(pending.looked for pending in self._window):
            yield self._leave()

    def flush(self) -> Iterator[Decided]:
        """All that still waits, in order: the stream has ended."""
        while self._window:
            yield self._leave()

    @property
    def reach_s(self) -> float:
        """For how long who is found late is traced back, as far as that can be told by now."""
        return self._window.reach_s

    @property
    def step_s(self) -> float:
        """From frame to frame, in the mean over those that wait; 0 where that cannot be told."""
        return self._window.step_s

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
            if face is None or any(covers(box, face.box) for box in others):
                return
            track = Track(track.id, face)
            pending.tracks[track.id] = track

    def _found(self, pending: Pending, track: Track) -> Face | None:
        """The face in a frame where it was not looked for, or not seen; None where it is not."""
        try:
            return self._look_again(pending.frame, track)
        except Exception as error:
            pending.failed = True
            self._note(error)
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
            i: s
            for i, s in self._before.items()
            if self._on_lost == "hold" or frame.time_s - s.time_s <= self._memory_s
        }
        return frame, None if pending.failed else covered

    def _cover(self, pending: Pending, track_id: int) -> Track | None:
        """The track to cover in a frame: seen, filled in or held; None: the person is not here."""
        if pending.sees(track_id):
            return pending.tracks[track_id]
        before, after = self._before.get(track_id), self._next_sighting(track_id)
        filled = None if pending.looked else self._filled(pending, before, after)
        if filled is not None or self._on_lost == "pass":
            return filled
        return self._held(pending, track_id, before, after)

    def _filled(self, pending: Pending, *around: _Sighting | None) -> Track | None:
        """A face in a frame where nobody looked, from where it was before, after, or both; None if it is not there."""
        now = pending.frame.time_s
        near = [s for s in around if s and s.scene == pending.scene and abs(s.time_s - now) < self._look_every_s]
        if not near:
            return None
        first, last = near[0], near[-1]
        share = (now - first.time_s) / max(last.time_s - first.time_s, 1e-6)
        filled = Track(first.track.id, between(first.track.face, last.track.face, share), looked=False)
        way = moved(first.track.face.landmarks, last.track.face)
        if first is not last and is_straight(way, last.time_s - first.time_s):
            return filled
        # Where it leapt, as a person's tile does in a video call, it is where it was or already where it will be.
        guesses = [filled] if first is last else [filled, first.track, last.track]
        faces = (self._found(pending, guess) for guess in guesses)
        found = next((face for face in faces if face is not None), None)
        return Track(filled.id, found) if found is not None else None

    def _held(self, pending: Pending, track_id: int, before: _Sighting | None, after: _Sighting | None) -> Track | None:
        """A face that is not seen, where it was, where it will be, or on the way; None: for too long."""
        now = pending.frame.time_s
        since = now - before.time_s if before else np.inf
        until = after.time_s - now if after else np.inf
        unseen_s = min(since, until)
        if before and before.scene != pending.scene and since > CUT_S:
            before = None
        if after and after.scene != pending.scene and until > CUT_S:
            after = None
        if before and after and before.scene != after.scene:  # nobody is on the way from one scene to the next
            seen, unseen_s = (before, since) if before.scene == pending.scene else (after, until)
            face = seen.track.face
        elif before and after:
            face = between(before.track.face, after.track.face, since / max(since + until, 1e-6))
        elif before and (since <= self._hold_s or self._on_lost == "hold"):
            face = pending.tracks.get(track_id, before.track).face  # as predicted, if it is
        elif after and until <= LEAD_S:
            face = after.track.face
        else:
            return None
        return Track(track_id, face, TrackState.HELD, float(unseen_s))

    def _next_sighting(self, track_id: int) -> _Sighting | None:
        for later in self._window:
            if later.sees(track_id):
                return _Sighting(later.frame.time_s, later.scene, later.tracks[track_id])
        return None
