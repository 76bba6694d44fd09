"""What each person shows, and since when: in a file an expression is known before its frame leaves."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

FORGET_S = 60.0
"""Whoever was not read for this long is no longer remembered."""


class Shown(NamedTuple):
    """What is shown of a person: when it was last read, the smoothed probabilities, and the expression."""

    read_s: float
    probabilities: tuple[float, ...]
    expression: str


class ShownOverTime:
    """The newest that was read of each person, and before it what frames that wait have still to show."""

    def __init__(self) -> None:
        self._people: dict[int, deque[Shown]] = {}

    def add(self, track_id: int, shown: Shown) -> None:
        """Take in what is read now; times rise."""
        self._people = {i: past for i, past in self._people.items() if shown.read_s - past[-1].read_s <= FORGET_S}
        self._people.setdefault(track_id, deque()).append(shown)

    def last(self, track_id: int) -> Shown | None:
        past = self._people.get(track_id)
        return past[-1] if past else None

    def until(self, time_s: float) -> dict[int, Shown]:
        """What each person shows at a time; before the first reading, what that will give.

        What came before is forgotten: the next time that is asked for is no earlier.
        """
        for past in self._people.values():
            while len(past) > 1 and past[1].read_s <= time_s:
                past.popleft()
        return {track_id: past[0] for track_id, past in self._people.items()}
