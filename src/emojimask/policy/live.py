"""Live: what is covered is decided frame by frame, knowing the past only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from emojimask.types import Track, TrackState

GRACE_S = 1.0
"""Once a hold ran out, the shield stays at least this long, unless the lost face is seen again."""


class LivePolicy:
    """One per stream."""

    def __init__(self, on_lost: str, hold_s: float) -> None:
        self._on_lost = on_lost
        self._hold_s = hold_s
        self._ever_seen = False
        self._last_seen: dict[int, tuple[float, Track]] = {}
        self._missing: dict[int, float] = {}
        self._newcomer_s = -math.inf

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
                self._missing[track_id] = min(time_s, then + self._hold_s)  # frames may be farther apart than that
        holding = [track for track in tracks if track.id in self._last_seen]
        if seen:
            # Somebody is in sight. Who did not come back by now has left the picture.
            self._missing = {i: since for i, since in self._missing.items() if time_s - since <= GRACE_S}
        return None if self._missing or not holding else holding

    def _hold_for_ever(self, time_s: float, seen: list[Track]) -> list[Track]:
        if any(track.id not in self._last_seen for track in seen):
            self._newcomer_s = time_s
        self._last_seen.update({track.id: (time_s, track) for track in seen})
        # A newcomer is taken for whoever was lost before; but that one may only be hidden for a moment.
        self._last_seen = {
            i: (then, track)
            for i, (then, track) in self._last_seen.items()
            if then >= self._newcomer_s or time_s - then <= self._hold_s
        }
        return [
            track if then == time_s else replace(track, state=TrackState.HELD, unseen_s=time_s - then)
            for then, track in self._last_seen.values()
        ]
