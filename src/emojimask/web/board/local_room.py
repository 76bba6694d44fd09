"""A room as one process sees it: everybody in it, and the lines of those who are connected here."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

from emojimask.web.board.room import Member, Room, shares
from emojimask.web.board.store import Event
from emojimask.web.slot import Outbox

REPLACED, REMOVED, CLOSED = 4001, 4003, 4004
"""WebSocket close codes: joined again elsewhere, removed by the host, the room is closed."""


class HostLine:
    """What a host has not been told yet: of every member the newest only, so a slow host never lags behind.

    ``anew``: events may have been missed, so it must be told everything. ``closed``: why the line ends.
    """

    def __init__(self) -> None:
        self.members: dict[str, Member] = {}
        self.gone: set[str] = set()
        self.rows: list[list[Any]] = []
        self.room_changed = self.anew = False
        self.closed: str | None = None
        self.woken = asyncio.Event()

    def take(self, local: LocalRoom) -> dict[str, object]:
        """The message for the host; the line is empty after it."""
        update = local.everything() if self.anew else self._news(local)
        self.members, self.gone, self.rows, self.room_changed, self.anew = {}, set(), [], False, False
        return update

    def _news(self, local: LocalRoom) -> dict[str, object]:
        update: dict[str, object] = {
            "type": "delta",
            "members": [member.shown() for member in self.members.values()],
            "gone": list(self.gone),
            "rows": self.rows,
            **local.sums(),
        }
        if self.room_changed:
            update["room"] = local.room.public()
        return update


@dataclass(slots=True, eq=False)
class MemberLine:
    """A member's connection here. ``closed``: code and reason with which it must end."""

    outbox: Outbox = field(default_factory=Outbox)
    closed: asyncio.Future[tuple[int, str]] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def close(self, code: int, reason: str) -> None:
        if not self.closed.done():
            self.closed.set_result((code, reason))


@dataclass(slots=True, eq=False)
class LocalRoom:
    """All that this process knows of a room.

    Attributes:
        home: names this process.
        members: everybody, by id; those with a line here are newest here.
        dirty, gone, received: what happened here and is not published yet.
        away_since: by id, seconds of the event loop's clock.
    """

    room: Room
    home: str
    members: dict[str, Member] = field(default_factory=dict)
    lines: dict[str, MemberLine] = field(default_factory=dict)
    hosts: set[HostLine] = field(default_factory=set)
    rows: list[list[Any]] = field(default_factory=list)
    total: int = 0
    dirty: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    received: int = 0
    last_slot: int = 0
    away_since: dict[str, float] = field(default_factory=dict)
    _opened_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._opened_s = self._now_s() - (time.time() - self.room.opened_s)

    @property
    def age_s(self) -> float:
        """By the event loop's clock, for the machine's may be set during a lesson."""
        return self._now_s() - self._opened_s

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()

    @property
    def idle(self) -> bool:
        return not (self.lines or self.hosts or self.dirty or self.gone or self.received)

    def sums(self) -> dict[str, object]:
        return {
            "shares": shares(self.members.values()),
            "sharing": sum(member.sharing and bool(member.home) for member in self.members.values()),
            "total": self.total,
        }

    def everything(self) -> dict[str, object]:
        """The first message for a host."""
        return {
            "type": "room",
            "room": self.room.public(),
            "opened_s": self.room.opened_s,
            "members": [member.shown() for member in self.members.values()],
            "rows": self.rows,
            **self.sums(),
        }

    def take_changes(self) -> Event | None:
        """What to publish; afterwards nothing is left to."""
        if not (self.dirty or self.gone or self.received):
            return None
        event: Event = {
            "changed": [m.as_dict() for m in self.members.values() if m.id in self.dirty],  # as the seats stand
            "gone": list(self.gone),
            "received": self.received,
        }
        self.dirty, self.gone, self.received = set(), set(), 0
        return event

    def put_back(self, event: Event) -> None:
        """It could not be published; what came since wins."""
        self.dirty |= {fields["id"] for fields in event["changed"]}
        self.gone |= set(event["gone"])
        self.received += event["received"]

    def attach(self, member: Member) -> MemberLine:
        """The member is connected here from now on; an older connection ends."""
        if member.id in self.lines:
            self.lines[member.id].close(REPLACED, "joined again elsewhere")
        line = self.lines[member.id] = MemberLine()
        member.home = self.home
        self.members[member.id] = member
        self.away_since.pop(member.id, None)
        self.dirty.add(member.id)
        return line

    def detach(self, member: Member, line: MemberLine, *, leaves: bool) -> None:
        """The connection has ended: the member is away for a while, or has left for good."""
        if self.lines.get(member.id) is not line:
            return
        del self.lines[member.id]
        if leaves:
            self.members.pop(member.id, None)
            self.dirty.discard(member.id)
            self.gone.add(member.id)
        elif member.id in self.members:
            member.go_away()
            self.dirty.add(member.id)

    def apply(self, event: Event) -> None:
        """Take in an event of any process, this one's own included."""
        self.total = event.get("total", self.total)
        for fields in event.get("changed", ()):
            self._take_in(Member(**fields))
        for member_id in event.get("lower", ()):
            self._lower(member_id)
        for member_id in event.get("gone", ()):
            self._take_out(member_id)
        if "room" in event:
            self.room = Room(**event["room"])
            note = json.dumps({"type": "room", "room": self.room.public()})
            for line in self.lines.values():
                line.outbox.put(note)
        if "row" in event:
            self.rows.append(event["row"])
        for line in self.lines.values() if "closed" in event else ():
            line.close(CLOSED, event["closed"])
        for host in self.hosts:
            host.rows += [event["row"]] if "row" in event else []
            host.room_changed |= "room" in event
            host.closed = event.get("closed", host.closed)
            host.woken.set()

    def _take_in(self, member: Member) -> None:
        line = self.lines.get(member.id)
        if line is None and member.home == self.home:
            return  # it took its time through the store: who was here then has gone since, and that is told next
        if line is not None and member.home not in (self.home, ""):
            line.close(REPLACED, "joined again elsewhere")
            del self.lines[member.id]
            line = None
        if line is None:
            self.members[member.id] = member
        for host in self.hosts:
            host.members[member.id] = self.members[member.id]
            host.gone.discard(member.id)

    def _take_out(self, member_id: str) -> None:
        self.members.pop(member_id, None)
        self.dirty.discard(member_id)
        self.away_since.pop(member_id, None)
        line = self.lines.pop(member_id, None)
        if line is not None:
            line.close(REMOVED, "the lecturer has removed you from the room")
        for host in self.hosts:
            host.members.pop(member_id, None)
            host.gone.add(member_id)

    def _lower(self, member_id: str) -> None:
        line, member = self.lines.get(member_id), self.members.get(member_id)
        if member is None or (line is None and member.home):
            return  # who is connected elsewhere is told there
        member.hold_hand(False)
        self.dirty.add(member_id)
        if line is not None:
            line.outbox.put('{"type": "hand", "up": false}')
