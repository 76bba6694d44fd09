"""Where rooms are kept: in this process, or in Redis where several processes share them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Protocol

from emojimask.web.board.room import Member, Room

Event = dict[str, Any]
"""Something that happened in a room, told to every process. Any of the keys: ``changed`` (members as dicts), ``gone``
(ids), ``received`` (messages taken since the last event), ``lower`` (ids), ``room`` (as a dict), ``row`` (of the
timeline), ``closed`` (why). The store adds ``total``, all messages taken so far. The code "" with ``resync``: events
may have been missed, so what is known must be compared with the store; ``restarted``: it may have lost everything."""

OnEvent = Callable[[str, Event], None]


class StoreGoneError(Exception):
    """The store cannot be reached just now."""


class RoomsFullError(Exception):
    """No more rooms can be opened."""


class RoomStore(Protocol):
    """Rooms, their members and timelines, until they are closed or expire. All raise StoreGoneError."""

    async def start(self, home: str, on_event: OnEvent) -> None:
        """Begin to tell of events; ``home`` names this process."""
        ...

    async def stop(self) -> None: ...

    async def add_room(self, room: Room) -> None:
        """Raises RoomsFullError."""
        ...

    async def room(self, code: str) -> Room | None: ...

    async def remove_room(self, code: str, why: str) -> None:
        """Forget everything about it, and tell."""
        ...

    async def add_member(self, code: str, member: Member) -> bool:
        """False where the room is full. Does not tell."""
        ...

    async def member(self, code: str, member_id: str) -> Member | None: ...

    async def members(self, code: str) -> list[Member]: ...

    async def rows(self, code: str) -> list[list[Any]]:
        """The timeline: seconds since the room opened, then how many showed each expression, or None for each."""
        ...

    async def received(self, code: str) -> int:
        """How many messages of members were taken so far."""
        ...

    async def publish(self, code: str, event: Event) -> None:
        """Keep what the event says, and tell every process; but of who has gone no change, for it comes late."""
        ...

    async def restore(self, room: Room, members: list[Member], rows: list[list[Any]], received: int) -> None:
        """Put a room back that the store has lost; nothing where it is still there."""
        ...

    async def claim(self, task: str, for_s: float) -> bool:
        """True for one process only, once in ``for_s`` seconds: it does ``task`` for all."""
        ...

    async def alive(self, homes: Iterable[str]) -> set[str]:
        """Which of these processes still run."""
        ...


class MemoryStore:
    """Rooms of one process; gone with it.

    Args:
        room_s: the longest life of a room, seconds.
    """

    def __init__(self, max_rooms: int, max_members: int, room_s: float) -> None:
        self._max_rooms, self._max_members, self._room_s = max_rooms, max_members, room_s
        self._rooms: dict[str, Room] = {}
        self._members: dict[str, dict[str, Member]] = {}
        self._gone: dict[str, set[str]] = {}
        self._rows: dict[str, list[list[Any]]] = {}
        self._received: dict[str, int] = {}

    async def start(self, home: str, on_event: OnEvent) -> None:
        self._home, self._on_event = home, on_event

    async def stop(self) -> None:
        """Nothing to let go."""

    async def add_room(self, room: Room) -> None:
        if len(self._rooms) >= self._max_rooms:
            raise RoomsFullError
        self._rooms[room.code] = room
        self._members[room.code], self._rows[room.code], self._received[room.code] = {}, [], 0
        self._gone[room.code] = set()
        # The hub lets go of a room where nobody is connected, so nobody else would end it.
        asyncio.get_running_loop().call_later(self._room_s, self._forget, room.code, "the room's time is over")

    async def room(self, code: str) -> Room | None:
        return self._rooms.get(code)

    async def remove_room(self, code: str, why: str) -> None:
        self._forget(code, why)

    def _forget(self, code: str, why: str) -> None:
        if self._rooms.pop(code, None) is not None:
            del self._members[code], self._gone[code], self._rows[code], self._received[code]
            self._on_event(code, {"closed": why})

    async def add_member(self, code: str, member: Member) -> bool:
        members = self._members.get(code)
        if members is None or len(members) >= self._max_members:
            return False
        members[member.id] = member
        return True

    async def member(self, code: str, member_id: str) -> Member | None:
        found = self._members.get(code, {}).get(member_id)
        return found and replace(found)

    async def members(self, code: str) -> list[Member]:
        return [replace(member) for member in self._members.get(code, {}).values()]

    async def rows(self, code: str) -> list[list[Any]]:
        return list(self._rows.get(code, []))

    async def received(self, code: str) -> int:
        return self._received.get(code, 0)

    async def publish(self, code: str, event: Event) -> None:
        if code not in self._rooms:
            return
        members, gone = self._members[code], self._gone[code]
        changed = [fields for fields in event.get("changed", ()) if fields["id"] not in gone]
        members.update({fields["id"]: Member(**fields) for fields in changed})
        for member_id in event.get("gone", ()):
            members.pop(member_id, None)
            gone.add(member_id)
        self._received[code] += event.get("received", 0)
        if "room" in event:
            self._rooms[code] = Room(**event["room"])
        if "row" in event:
            self._rows[code].append(event["row"])
        self._on_event(code, {**event, "changed": changed, "total": self._received[code]})

    async def restore(self, room: Room, members: list[Member], rows: list[list[Any]], received: int) -> None:
        """Memory loses nothing."""

    async def claim(self, task: str, for_s: float) -> bool:  # noqa: ARG002  (one process has every task)
        return True

    async def alive(self, homes: Iterable[str]) -> set[str]:
        return {self._home} & set(homes)
