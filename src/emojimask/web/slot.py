"""Places for one thing: who puts never waits, who takes gets the newest."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

from starlette.websockets import WebSocket

T = TypeVar("T")
_MAX_NOTES = 8


class Slot(Generic[T]):
    """Holds the newest of what was put; what nobody took in time is dropped. For one event loop."""

    def __init__(self) -> None:
        self._newest: T | None = None
        self._filled = asyncio.Event()

    def put(self, thing: T) -> None:
        self._newest = thing
        self._filled.set()

    async def take(self) -> T:
        await self._filled.wait()
        self._filled.clear()
        newest, self._newest = self._newest, None
        assert newest is not None, "filled only by put()"
        return newest


class Outbox:
    """What goes to a page: of pictures the newest, of notes the last few. For one event loop."""

    def __init__(self) -> None:
        self._picture: bytes | None = None
        self._notes: deque[str] = deque(maxlen=_MAX_NOTES)
        self._filled = asyncio.Event()

    def put(self, thing: bytes | str) -> None:
        if isinstance(thing, bytes):
            self._picture = thing
        else:
            self._notes.append(thing)
        self._filled.set()

    async def send_to(self, socket: WebSocket) -> None:
        """For ever; a page that is slow misses pictures and never falls behind."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._notes:
                await socket.send_text(self._notes.popleft())
            picture, self._picture = self._picture, None
            if picture is not None:
                await socket.send_bytes(picture)
