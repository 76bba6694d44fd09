"""Whether a frame of a file must be looked at: the calmer the faces, and all beside them, the more seldom."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emojimask.faces.comparison import moved
from emojimask.geometry.cells import cells_under_any
from emojimask.policy.between import BRIEF_S, is_straight
from emojimask.policy.frames import GRID, Pending

STIRRED = 4.0
"""Gray levels by which a cell changes when something stirs there."""


class Pace:
    """One per stream.

    Args:
        most_s: the longest time from look to look while all faces are calm; a tenth of a second at most where anything
            stirs beside them.
    """

    def __init__(self, most_s: float) -> None:
        self._most_s = most_s
        self._last: Pending | None = None
        self._speed = float(np.inf)  # of the fastest landmark, in its face's sizes a second
        self._beside = np.ones(GRID, np.bool_)

    def looked(self, now: Pending) -> None:
        """Take in what the latest look said."""
        self._speed = _speed(self._last, now) if self._last is not None else float(np.inf)
        self._last, self._beside = now, _beside(now)

    def can_wait(self, now: Pending, following: Pending) -> bool:
        """Whether nothing happens, and the frame that follows is early enough to look."""
        look, step_s = self._last, following.frame.time_s - now.frame.time_s
        if look is None or look.scene != now.scene or step_s <= 0:
            return False
        apart_s = following.frame.time_s - look.frame.time_s
        stirs = bool((np.abs(now.cells - look.cells) > STIRRED)[self._beside].any())
        most_s = min(self._most_s, BRIEF_S) if stirs else self._most_s
        return apart_s <= most_s + 1e-6 and is_straight(self._speed * apart_s, apart_s)


def _speed(last: Pending, now: Pending) -> float:
    """Infinite unless both looks saw the same faces, and no search failed."""
    ids = last.tracks.keys() | now.tracks
    step_s = now.frame.time_s - last.frame.time_s
    if now.failed or step_s <= 0 or not all(last.sees(i) and now.sees(i) for i in ids):
        return float(np.inf)
    return max((moved(last.tracks[i].face.landmarks, now.tracks[i].face) for i in ids), default=0.0) / step_s


def _beside(look: Pending) -> NDArray[np.bool_]:
    """Which cells no face that is known, its hair and its neck, can have stirred."""
    near = (track.face.box.scaled(2.0) for track in look.tracks.values())
    return ~cells_under_any(near, GRID, *look.frame.picture.shape[:2])
