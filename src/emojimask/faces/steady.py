"""The One Euro filter (:mod:`emojimask.geometry.one_euro`) over all landmarks of a face at once.

Steady when the face is still, quick when it moves. One speed for the whole face, measured in face sizes a second, so
that one setting serves near and far faces alike.
"""

from __future__ import annotations

import numpy as np

from emojimask.geometry.one_euro import SPEED_HZ, share
from emojimask.geometry.points import extent, middle
from emojimask.types import Points

REST_HZ = 2.0
"""Cut-off frequency for a face at rest ..."""
PER_SPEED_HZ = 12.0
"""... and how much it rises for each face size a second of speed."""
MAX_LAG = 0.04
"""How far, in face sizes, a filtered point may lie from where it truly is: a mask that trails uncovers the face."""


class LandmarkFilter:
    """Filters (N, 2) points over time."""

    def __init__(self) -> None:
        self._time_s: float | None = None
        self._value: Points = np.zeros((0, 2), np.float32)
        self._speed = 0.0

    def update(self, points: Points, time_s: float) -> Points:
        """The filtered points. A first reading, another number of points, or time that stands still passes as it is."""
        if self._time_s is None or self._value.shape != points.shape or time_s <= self._time_s:
            self._time_s, self._value, self._speed = time_s, points, 0.0
            return points
        step = time_s - self._time_s
        size = max(extent(points), 1.0)
        behind = self._value - points
        whole = middle(behind)
        shift = float(np.hypot(*whole)) + float(np.abs(behind - whole).mean())
        self._speed += float(share(SPEED_HZ, step)) * (shift / step / size - self._speed)
        behind *= np.float32(1 - float(share(REST_HZ + PER_SPEED_HZ * self._speed, step)))
        farthest = float(np.hypot(behind[:, 0], behind[:, 1]).max())
        behind *= np.float32(min(1.0, MAX_LAG * size / max(farthest, 1e-6)))
        self._time_s, self._value = time_s, points + behind
        return self._value
