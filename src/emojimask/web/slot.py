"""A place for one thing: who puts never waits, who takes gets the newest."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class Slot(Generic[T]):
    """Holds the newest of what was put; what nobody took in time is dropped. For one event loop.

    Attributes:
        dropped: how many were overwritten before they were taken.
    """

    def __init__(self) -> None:
        self._newest: T | None = None
        self._filled = asyncio.Event()
        self.dropped = 0

    def put(self, thing: T) -> None:
        self.dropped += self._filled.is_set()
        self._newest = thing
        self._filled.set()

    async def take(self) -> T:
        await self._filled.wait()
        self._filled.clear()
        newest, self._newest = self._newest, None
        assert newest is not None, "filled only by put()"
        return newest
