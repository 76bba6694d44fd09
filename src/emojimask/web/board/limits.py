"""How much anybody may ask of the board."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

MAX_MESSAGE_BYTES = 512
MAX_NICK = 24


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps of one server.

    Attributes:
        rooms: open at a time, over all processes.
        members: in one room.
        sockets: open connections of one process.
        room_s: a room's longest life, seconds.
        away_s: a member who is disconnected for so long is forgotten, seconds.
        first_message_s: who connects must say within so many seconds what for.
    """

    rooms: int = 200
    members: int = 500
    sockets: int = 6000
    room_s: float = 6 * 3600
    away_s: float = 60
    first_message_s: float = 5


class Bucket:
    """Lets ``burst`` through at once and ``rate`` a second after that."""

    __slots__ = ("_burst", "_level", "_rate", "_then")

    def __init__(self, burst: float, rate: float, now_s: float) -> None:
        self._burst = self._level = burst
        self._rate = rate
        self._then = now_s

    def take(self, now_s: float) -> bool:
        """True where one more may pass now."""
        self._level = self.level(now_s)
        self._then = now_s
        if self._level < 1:
            return False
        self._level -= 1
        return True

    def level(self, now_s: float) -> float:
        return min(self._burst, self._level + (now_s - self._then) * self._rate)


class Buckets:
    """A bucket for every address that called lately."""

    def __init__(self, burst: float, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst, self._rate, self._clock = burst, rate, clock
        self._by_address: dict[str, Bucket] = {}

    def take(self, address: str) -> bool:
        now = self._clock()
        if address not in self._by_address:
            self._forget_idle(now)
            self._by_address[address] = Bucket(self._burst, self._rate, now)
        return self._by_address[address].take(now)

    def is_empty(self, address: str) -> bool:
        bucket = self._by_address.get(address)
        return bucket is not None and bucket.level(self._clock()) < 1

    def _forget_idle(self, now: float) -> None:
        if len(self._by_address) >= 10_000:
            self._by_address = {a: b for a, b in self._by_address.items() if b.level(now) < self._burst}
