"""One steady expression per person out of many readings. One smoother per stream; all time is in seconds."""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from emojimask.types import EXPRESSIONS

Probabilities = NDArray[np.float32]
"""(8,) float32 in the order of ``EXPRESSIONS``, summing to 1."""

FORGET_S = 10.0
"""A track with no reading for this long is forgotten."""

State = TypeVar("State")


class NoSmoother:
    """Shows every reading as it is."""

    def update(self, track_id: int, time_s: float, probabilities: Probabilities) -> tuple[Probabilities, str]:  # noqa: ARG002
        return _checked(probabilities), EXPRESSIONS[int(probabilities.argmax())]

    def lag_s(self, every_s: float) -> float:
        return every_s / 2  # on average the next reading is so far away


class EmaSmoother:
    """Exponential mean of the probabilities, and a change of expression only when it lasts.

    The mean forgets with a time constant, so that it is the same at any frame rate. Another expression is shown once
    it leads, and has been ahead of the shown one by ``margin`` for ``dwell_s``: while a face goes from one expression
    to another, a third that flits by does not come up. A person's first reading shows at once.
    """

    def __init__(self, tau_s: float = 0.10, margin: float = 0.15, dwell_s: float = 0.10) -> None:
        """
        Args:
            tau_s: seconds after which a reading's weight has fallen to 1/e; above 0.
            margin: lead in probability that another expression needs, 0 to 1.
            dwell_s: seconds for which it must keep the lead; 0 or more.
        """
        self._tau_s, self._margin, self._dwell_s = tau_s, margin, dwell_s
        self._tracks = _Tracks[_Mean]()

    def update(self, track_id: int, time_s: float, probabilities: Probabilities) -> tuple[Probabilities, str]:
        reading = _checked(probabilities).astype(np.float64)
        now = self._tracks.get(track_id, time_s)
        if now is None:
            now = _Mean(reading, int(reading.argmax()), time_s)
        else:
            kept = math.exp(-max(time_s - now.time_s, 0.0) / self._tau_s)
            now.mean = kept * now.mean + (1 - kept) * reading
            now.time_s = max(time_s, now.time_s)
            self._choose(now)
        self._tracks.keep(track_id, time_s, now)
        return now.mean.astype(np.float32), EXPRESSIONS[now.shown]

    def lag_s(self, every_s: float) -> float:
        until_ahead_s = -self._tau_s * math.log((1 - self._margin) / 2)  # of a change from all one to all the other
        readings = math.ceil(until_ahead_s / every_s) + math.ceil(self._dwell_s / every_s - 1e-6)
        return (readings - 0.5) * every_s

    def _choose(self, now: _Mean) -> None:
        ahead = now.mean - now.mean[now.shown] > self._margin
        now.ahead_since = np.where(ahead, np.minimum(now.ahead_since, now.time_s), np.inf)
        leader = int(now.mean.argmax())
        if now.time_s - now.ahead_since[leader] >= self._dwell_s - 1e-6:  # 0.3 - 0.1 is less than 0.2
            now.shown = leader
            now.ahead_since = np.full(len(EXPRESSIONS), np.inf)


class VoteSmoother:
    """The majority of a person's last readings; a tie keeps what is shown. The probabilities are their mean."""

    def __init__(self, window: int = 5) -> None:
        """``window``: how many readings vote; 1 or more."""
        self._window = window
        self._tracks = _Tracks[_Votes]()

    def update(self, track_id: int, time_s: float, probabilities: Probabilities) -> tuple[Probabilities, str]:
        reading = _checked(probabilities)
        now = self._tracks.get(track_id, time_s) or _Votes(deque(maxlen=self._window), int(reading.argmax()))
        now.readings.append(reading)
        first, *others = Counter(int(reading.argmax()) for reading in now.readings).most_common(2)
        if not others or first[1] > others[0][1]:
            now.shown = first[0]
        self._tracks.keep(track_id, time_s, now)
        return np.stack(now.readings).mean(0), EXPRESSIONS[now.shown]

    def lag_s(self, every_s: float) -> float:
        return (self._window // 2 + 0.5) * every_s


@dataclass(slots=True)
class _Mean:
    mean: NDArray[np.float64]
    shown: int
    time_s: float
    ahead_since: NDArray[np.float64] = field(default_factory=lambda: np.full(len(EXPRESSIONS), np.inf))


@dataclass(slots=True)
class _Votes:
    readings: deque[Probabilities]
    shown: int


class _Tracks(Generic[State]):
    """What is remembered of each track, until it has had no reading for :data:`FORGET_S`."""

    def __init__(self) -> None:
        self._states: dict[int, tuple[float, State]] = {}

    def get(self, track_id: int, time_s: float) -> State | None:
        for known, (last_s, _) in list(self._states.items()):
            if time_s - last_s > FORGET_S:
                del self._states[known]
        return self._states[track_id][1] if track_id in self._states else None

    def keep(self, track_id: int, time_s: float, state: State) -> None:
        self._states[track_id] = (time_s, state)


def _checked(probabilities: Probabilities) -> Probabilities:
    if probabilities.shape != (len(EXPRESSIONS),) or not np.isfinite(probabilities).all():
        raise ValueError(f"probabilities: expected {len(EXPRESSIONS)} finite numbers, found {probabilities!r}")
    return probabilities
