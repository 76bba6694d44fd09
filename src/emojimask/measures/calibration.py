"""What a person's face measures at rest, learned while they are seen; and raw measures made relative to it.

People differ: narrow eyes are not tired eyes, and a low mouth's corner is not a sad one. Before anything is known the
population's values stand. Then each reading counts by how much it looks like rest: near the population's values, seen
from the front, and recognised as neutral where there is recognition. So a person who begins with a smile does not
become a person whose smile is rest; and whatever was learned wrongly is forgotten with the time.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from emojimask.geometry.one_euro import share
from emojimask.measures.geometry import POSE
from emojimask.measures.head_model import Floats

EVERY_S = 0.2
"""A reading is taken up this often ..."""
MEMORY_S = 30.0
"""... and counts for this long."""
PRIOR_S, BROWS_PRIOR_S = 1.0, 0.1
"""The population's values weigh as much as this many seconds of a face at rest. Little for brows: where they rest
differs from one person to another by more than a frown moves them."""
EASE_HZ = 0.6
"""What is known of the rest changes no faster than a low-pass of this frequency lets through."""
FRONTAL = (25.0, 20.0)
"""Readings count less the further the head is turned, degrees of yaw and pitch, and beyond these not at all."""

# In the order of Measures' fields, without the pose.
_SPREAD = np.array([0.09, 0.09, 0.12, 0.12, 0.05, 0.05, 0.02, 0.02, 0.04, 0.08, 0.025, 0.09, 0.035])
"""How far a resting face may differ from the usual one."""
_QUANTILE = np.array([0.6, 0.6, 0.5, 0.5, 0.45, 0.45, 0.5, 0.5, 0.3, 0.45, 0.45, 0.45, 0.4])
"""Where rest is among a person's readings: eyes blink, mouths open, brows rise; few do the opposite."""
_FULL_UP = np.array([0.5, 0.5, 0.35, 0.25, 0.06, 0.06, 0.025, 0.025, 0.28, 0.2, 0.07, 0.18, 0.04])
_FULL_DOWN = np.array([0.42, 0.42, 0.35, 0.25, 0.04, 0.04, 0.025, 0.025, 0.28, 0.12, 0.035, 0.18, 0.04])
"""The change that makes a measure 1, or -1; for the eyes as a share of the resting openness."""
_LOW = np.array([0, 0, -1, -1, -1, -1, -1, -1, 0, -1, -1, 0, 0])
_HIGH = np.array([1.6, 1.6, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1])
_EYES = slice(0, 2)
_PRIOR = np.full(len(_SPREAD), PRIOR_S / EVERY_S)
_PRIOR[4:8] = BROWS_PRIOR_S / EVERY_S
_TELLING = np.array([8, 9, 10, 12])
"""The measures that tell a smile or an open mouth from rest."""


@dataclass(slots=True)
class RestingFace:
    """One person's rest. ``usual``: (13,) the population's."""

    usual: Floats
    values: Floats = field(init=False)
    _readings: deque[tuple[float, Floats, float]] = field(default_factory=deque)
    _target: Floats = field(init=False)
    _time_s: float | None = None

    def __post_init__(self) -> None:
        self.values = self._target = self.usual

    def update(self, raw: Floats, time_s: float, neutral: float = 1.0) -> Floats:
        """(13,) the rest as known now.

        Args:
            raw: (16,) raw measures.
            time_s: of the reading; never falls.
            neutral: how likely it is that the expression is neutral, 0 to 1.
        """
        if not self._readings or time_s - self._readings[-1][0] >= EVERY_S:
            self._readings.append((time_s, raw[: POSE.start], self._weight(raw, neutral)))
            while time_s - self._readings[0][0] > MEMORY_S:
                self._readings.popleft()
            self._target = self._learned()
        eased = 1.0 if self._time_s is None else share(EASE_HZ, time_s - self._time_s)
        self.values = self.values + eased * (self._target - self.values)
        self._time_s = time_s
        return self.values

    def _weight(self, raw: Floats, neutral: float) -> float:
        yaw, pitch, _ = raw[POSE]
        frontal = max(0.0, 1 - abs(yaw) / FRONTAL[0]) * max(0.0, 1 - abs(pitch) / FRONTAL[1])
        unlike = float((((raw[_TELLING] - self.usual[_TELLING]) / _SPREAD[_TELLING]) ** 2).mean())
        return float(min(1.0, 2 * frontal) * np.exp(-unlike / 2) * (0.1 + 0.9 * neutral))

    def _learned(self) -> Floats:
        """Weighted quantiles of the readings, drawn to the population's values while there are few."""
        readings = np.array([reading for _, reading, _ in self._readings])
        weights = np.array([weight for _, _, weight in self._readings])
        total = weights.sum()
        if total <= 1e-6:
            return self.usual
        order = readings.argsort(0)
        passed = weights[order].cumsum(0) >= _QUANTILE * total
        own = np.take_along_axis(readings, np.take_along_axis(order, passed.argmax(0)[None], 0), 0)[0]
        trust = total / (total + _PRIOR)
        return np.asarray(self.usual + trust * np.clip(own - self.usual, -_SPREAD, _SPREAD))


def relative(raw: Floats, rest: Floats) -> Floats:
    """(16,) measures as documented in ``Measures``, of (16,) raw ones and (13,) of the same person at rest."""
    change = raw[: POSE.start] - rest
    change[_EYES] /= rest[_EYES]
    change /= np.where(change > 0, _FULL_UP, _FULL_DOWN)
    change[_EYES] += 1
    measures = np.concatenate([change.clip(_LOW, _HIGH), raw[POSE]])
    return _as_the_turn_lets_see(measures)


_HIDDEN, _BLURRED = (20.0, 45.0), (10.0, 35.0)
"""Degrees of yaw between which the far side of the face is lost from sight, and what is fine is no longer told."""
_PAIRS = np.array([[0, 1], [4, 5], [6, 7]])
_FINE = np.array([4, 5, 6, 7, 10])
"""Brows, their angles and the mouth's corners: they move by less than heads differ from the plain head model, so that
everybody who looked aside seemed to frown."""


def _as_the_turn_lets_see(measures: Floats) -> Floats:
    """Of a turned head the far eye and brow do what the near ones do, and what is fine comes to rest."""
    yaw = float(measures[POSE.start])
    near, far = (_PAIRS[:, 0], _PAIRS[:, 1]) if yaw > 0 else (_PAIRS[:, 1], _PAIRS[:, 0])
    measures[far] += _share(yaw, _HIDDEN) * (measures[near] - measures[far])
    measures[_FINE] *= 1 - _share(yaw, _BLURRED)
    return measures


def _share(yaw: float, between: tuple[float, float]) -> float:
    """How far the head is turned between two angles, 0 to 1."""
    return min(1.0, max(0.0, (abs(yaw) - between[0]) / (between[1] - between[0])))
