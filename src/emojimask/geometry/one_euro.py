"""The One Euro filter: steady at rest, quick in motion.

Casiez, Roussel, Vogel 2012, "1 Euro Filter: A Simple Speed-based Low-pass Filter for Noisy Input in Interactive
Systems". All time is in seconds, so that the same settings hold at any frame rate.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

SPEED_HZ = 1.0
"""Cut-off frequency of the speed that the filter goes by."""


class OneEuroFilter:
    """Filters an array over time, each number by its own speed.

    Args:
        rest_hz: cut-off frequency at rest.
        per_speed_hz: how much the cut-off rises for each unit a second of speed.

        Both may be arrays, one entry for each number filtered.
    """

    def __init__(self, rest_hz: ArrayLike, per_speed_hz: ArrayLike) -> None:
        self._rest_hz = np.asarray(rest_hz, np.float64)
        self._per_speed_hz = np.asarray(per_speed_hz, np.float64)
        self._time_s: float | None = None
        self._value: NDArray[np.float64] = np.zeros(0)
        self._speed: NDArray[np.float64] = np.zeros(0)

    def update(self, value: NDArray[np.float64], time_s: float) -> NDArray[np.float64]:
        """The filtered value. A first one, and one for which time stands still, passes as it is."""
        if self._time_s is None or time_s <= self._time_s:
            self._time_s, self._value, self._speed = time_s, value, np.zeros_like(value)
            return value
        step = time_s - self._time_s
        self._speed = self._speed + share(SPEED_HZ, step) * ((value - self._value) / step - self._speed)
        cutoff = self._rest_hz + self._per_speed_hz * np.abs(self._speed)
        self._time_s, self._value = time_s, self._value + share(cutoff, step) * (value - self._value)
        return self._value


def share(cutoff_hz: NDArray[np.float64] | float, step_s: float) -> NDArray[np.float64]:
    """How much of a new value a first-order low-pass of ``cutoff_hz`` takes on after ``step_s`` seconds, 0 to 1.

    Nothing where time stands still or runs back.
    """
    turn = 2 * math.pi * max(step_s, 0.0) * np.asarray(cutoff_hz)
    return np.asarray(turn / (1 + turn))
