"""How every person of a stream moves: measured, relative to their rest, filtered; and what they wear, eased."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from emojimask.geometry.one_euro import OneEuroFilter, share
from emojimask.measures.calibration import RestingFace, relative
from emojimask.measures.gaze import find_gaze
from emojimask.measures.geometry import FIELDS, POSE, raw_measures
from emojimask.measures.head_model import LAYOUTS, Floats
from emojimask.types import EXPRESSIONS, Frame, Measures, Track, TrackState

FORGET_S = 10.0
"""A person not seen for this long is forgotten."""
BLEND_HZ = 2.5
"""Two low-passes of this frequency, one after the other, go from one expression to the next in about 0.25 s."""
REST_HZ = 0.4
"""A face that is not seen comes to rest with this frequency; its pose stays."""

GAZE_EVERY_S = 0.06
"""The gaze is looked for this often: eyes rest several times as long on anything."""

_AT_REST = np.array([1.0, 1.0] + [0.0] * (FIELDS - 2))
_GAZE = slice(2, 4)
_ROLL = FIELDS - 1
# For the One Euro filter: eyes, gaze, brows, their angles, mouth (open, width, corners, round), cheeks, pose (degrees).
_FILTER_REST_HZ = np.array([4, 4, 4, 4, 3, 3, 2.5, 2.5, 5, 3, 3, 2.5, 2, 2.5, 2.5, 2.5])
_FILTER_PER_SPEED_HZ = np.array([4, 4, 4, 4, 4, 4, 4, 4, 6, 4, 4, 4, 4, 0.15, 0.15, 0.15])


class MeasuredMotion:
    """Measures and blends of all persons of one stream. Deterministic in the frames' times."""

    def __init__(self) -> None:
        self._people: dict[int, _Person] = {}

    def update(
        self, frame: Frame, track: Track, probabilities: Sequence[float], expression: str
    ) -> tuple[Measures | None, tuple[float, ...]]:
        """How ``track`` moves now, and how much of each expression it wears; see :class:`MaskedFace`.

        A held face keeps its last measures and comes to rest. No measures: the face was never outlined by more than
        six landmarks.
        """
        self._forget(frame.time_s)
        person = self._people.get(track.id)
        if person is None:
            person = self._people[track.id] = _Person(frame.time_s)
        measures = person.move(frame, track, probabilities)
        blend = person.wear(expression, frame.time_s)
        person.time_s = frame.time_s
        return measures, blend

    def _forget(self, time_s: float) -> None:
        for known in [i for i, person in self._people.items() if time_s - person.time_s > FORGET_S]:
            del self._people[known]


@dataclass(slots=True)
class _Person:
    """What is remembered of one person between frames."""

    time_s: float
    rest: RestingFace | None = None
    gaze: Floats = field(default_factory=lambda: np.zeros(2))
    gazed_s: float = -np.inf
    values: Floats = field(default_factory=lambda: _AT_REST)
    trust: float = 1.0  # how much a measure counts: less when the face has just been found again
    filter: OneEuroFilter = field(default_factory=lambda: OneEuroFilter(_FILTER_REST_HZ, _FILTER_PER_SPEED_HZ))
    blend: Floats | None = None  # (2, 8): after the first low-pass, and after both

    def move(self, frame: Frame, track: Track, probabilities: Sequence[float]) -> Measures | None:
        raw = raw_measures(track.face.landmarks) if track.state is TrackState.TRACKED else None
        step = frame.time_s - self.time_s
        if raw is not None:
            measured = self._measure(raw, frame, track, probabilities)
            measured[_ROLL] += 360 * round((self.values[_ROLL] - measured[_ROLL]) / 360)  # on over upside down
            self.trust += float(share(BLEND_HZ, step)) * (1 - self.trust)
            values = self.values + self.trust * (measured - self.values)
        elif self.rest is None:
            return None
        else:
            self.trust = 0.0
            values = self.values + share(REST_HZ, step) * (_AT_REST - self.values)
            values[POSE] = self.values[POSE]
        self.values = self.filter.update(values, frame.time_s)
        out = self.values.copy()
        out[_ROLL] = (out[_ROLL] + 180) % 360 - 180
        return Measures(*out.tolist())

    def _measure(self, raw: Floats, frame: Frame, track: Track, probabilities: Sequence[float]) -> Floats:
        landmarks = track.face.landmarks
        if self.rest is None:
            self.rest = RestingFace(np.array(LAYOUTS[len(landmarks)].rest))
            self.gaze = self.rest.usual[_GAZE]
        if frame.time_s - self.gazed_s >= GAZE_EVERY_S:
            self.gazed_s = frame.time_s
            found = find_gaze(frame.picture, landmarks)
            self.gaze = self.gaze if found is None else found
        raw[_GAZE] = self.gaze
        neutral = probabilities[EXPRESSIONS.index("neutral")] if probabilities else 1.0
        return relative(raw, self.rest.update(raw, frame.time_s, neutral))

    def wear(self, expression: str, time_s: float) -> tuple[float, ...]:
        """The eight weights on their way to ``expression`` alone; at once where nothing was worn before."""
        shown = np.zeros(len(EXPRESSIONS))
        shown[EXPRESSIONS.index(expression)] = 1.0
        if self.blend is None:
            self.blend = np.stack([shown, shown])
        taken = share(BLEND_HZ, time_s - self.time_s)
        first = self.blend[0] + taken * (shown - self.blend[0])
        self.blend = np.stack([first, self.blend[1] + taken * (first - self.blend[1])])
        return tuple(self.blend[1].tolist())
