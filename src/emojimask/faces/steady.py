"""The One Euro filter (:mod:`emojimask.geometry.one_euro`) over all landmarks of a face at once.

Steady when the face is still, quick when it moves. One speed for the whole face, measured in face sizes a second, so
that one setting serves near and far faces alike.
"""

from __future__ import annotations

import cv2
import numpy as np

from emojimask.geometry.one_euro import share
from emojimask.types import Box, Points

MAX_LAG = 0.04
"""How far, in face sizes, a filtered point may lie from where it truly is: a mask that trails uncovers the face."""


class OneEuroFilter:
    """Filters (N, 2) points over time.

    Args:
        rest_hz: cut-off frequency for a face at rest.
        per_speed_hz: how much the cut-off rises for each face size a second of speed.
    """

    def __init__(self, rest_hz: float = 2.0, per_speed_hz: float = 12.0) -> None:
        self._rest_hz = rest_hz
        self._per_speed_hz = per_speed_hz
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
        self._speed += float(share(1.0, step)) * (shift / step / size - self._speed)
        behind *= np.float32(1 - float(share(self._rest_hz + self._per_speed_hz * self._speed, step)))
        farthest = float(np.hypot(behind[:, 0], behind[:, 1]).max())
        behind *= np.float32(min(1.0, MAX_LAG * size / max(farthest, 1e-6)))
        self._time_s, self._value = time_s, points + behind
        return self._value


def extent(points: Points) -> float:
    """The longer side of the box around (N, 2) points."""
    return Box.around(points).side


def middle(points: Points) -> Points:
    """(2,) float32, the mean of (N, 2) points; many times quicker than numpy's along so narrow an array."""
    return np.array(cv2.mean(points[:, None])[:2], np.float32)
