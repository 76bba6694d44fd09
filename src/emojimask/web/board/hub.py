"""The class board of one process: lets people in, gathers what they send, and tells the hosts every quarter second."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from emojimask.types import EXPRESSIONS
from emojimask.web.board.limits import Limits
from emojimask.web.board.local_room import HostLine, LocalRoom, MemberLine
from emojimask.web.board.room import Member, Room, hash_token, is_token, new_code, new_token, shares
from emojimask.web.board.store import Event, RoomStore, StoreGoneError

COALESCE_S = 0.25
_TICK_S = 1.0
_BEAT_S = 10.0
_SIGN_OF_LIFE = '{"type": "alive"}'
_LEAST_ROW_S = 5
_NO_COUNTS = [None] * len(EXPRESSIONS)
_LOOK_FOR_AWAY_S = 5.0

_log = logging.getLogger(__name__)


class Hub:
    """Rooms are loaded from the store when the first person of this process comes, and let go after the last."""

    def __init__(self, store: RoomStore, limits: Limits) -> None:
        self.limits = limits
        self.home = secrets.token_hex(8)
        self._store = store
        self._rooms: dict[str, LocalRoom] = {}
        self._loading: dict[str, asyncio.Lock] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await self._store.start(self.home, self.apply)
        works = (
            (COALESCE_S, self.publish_all),
            (_TICK_S, self._tick),
            (_LOOK_FOR_AWAY_S, self._forget_away),
            (_BEAT_S, self._beat),
        )
        self._tasks = [asyncio.create_task(self._every(seconds, work)) for seconds, work in works]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(StoreGoneError):
            await self.publish_all()
        await self._store.stop()

    # ---- the host

    async def open_room(self, kind: str, interval_s: int) -> tuple[LocalRoom, str]:
        """A new room and its host's token. Raises RoomsFullError, StoreGoneError."""
        token = new_token()
        room = Room(new_code(), kind, interval_s, hash_token(token), time.time())
        await self._store.add_room(room)
        local = self._rooms[room.code] = LocalRoom(room, self.home)
        return local, token

    async def as_host(self, code: str, token: object) -> LocalRoom | None:
        """The room, for whoever has the host's token. Raises StoreGoneError."""
        local = await self._local(code)
        return local if local is not None and is_token(token, local.room.host_hash) else None

    def attach_host(self, local: LocalRoom) -> HostLine:
        """A host looks on from now on, till the line is taken out of ``local.hosts``."""
        self._rooms.setdefault(local.room.code, local)
        line = HostLine()
        local.hosts.add(line)
        return line

    async def change(self, local: LocalRoom, **fields: Any) -> None:
        """Give some of the room's fields another value, at every process."""
        await self._store.publish(local.room.code, {"room": local.room.as_dict() | fields})

    async def lower(self, local: LocalRoom, ids: list[str]) -> None:
        await self._store.publish(local.room.code, {"lower": ids})

    async def remove(self, local: LocalRoom, member_id: str) -> None:
        await self._store.publish(local.room.code, {"gone": [member_id]})

    async def close(self, local: LocalRoom) -> None:
        await self._store.remove_room(local.room.code, "the lecturer has closed the room")

    # ---- members

    async def join(self, code: str, nick: str) -> tuple[LocalRoom, Member, str] | str:
        """A new member with its token, or why not: "no_room", "shut" or "full". Raises StoreGoneError."""
        local = await self._local(code)
        if local is None:
            return "no_room"
        if not local.room.admits:
            return "shut"
        token = new_token()
        member = Member(secrets.token_hex(6), nick, hash_token(token), self.home)
        if not await self._store.add_member(code, member):
            return "full"
        return local, member, token

    async def as_member(self, code: str, member_id: object, token: object) -> tuple[LocalRoom, Member] | None:
        """A member who comes back, for whoever has the member's token. Raises StoreGoneError."""
        local = await self._local(code)
        if local is None or not isinstance(member_id, str):
            return None
        member = local.members.get(member_id) or await self._store.member(code, member_id)
        return (local, member) if member is not None and is_token(token, member.token_hash) else None

    def attach(self, local: LocalRoom, member: Member) -> MemberLine:
        """The member is connected here from now on; an older connection ends."""
        self._rooms.setdefault(local.room.code, local)
        return local.attach(member)

    # ---- what happens, here and elsewhere

    def apply(self, code: str, event: Event) -> None:
        """Take in an event of any process, this one's own included."""
        if "resync" in event:
            self._tasks.append(asyncio.create_task(self._resync(event["restarted"])))
        local = self._rooms.get(code)
        if local is None:
            return
        local.apply(event)
        if "closed" in event:
            del self._rooms[code]

    # ---- what is done every so often

    async def publish_all(self) -> None:
        """Tell the store what happened here since the last time. Raises StoreGoneError; nothing is lost then."""
        changes = [(local, event) for local in self._rooms.values() if (event := local.take_changes()) is not None]
        told = await asyncio.gather(*(self._publish(*change) for change in changes), return_exceptions=True)
        for fault in filter(None, told):  # after all are through: one room's fault must not cut another's short
            raise fault

    async def _publish(self, local: LocalRoom, event: Event) -> None:
        try:
            await self._store.publish(local.room.code, event)
        except StoreGoneError:
            local.put_back(event)
            raise

    async def _tick(self) -> None:
        for code, local in list(self._rooms.items()):
            if local.age_s > self.limits.room_s:
                await self._store.remove_room(code, "the room's time is over")
                continue
            every_s = max(local.room.interval_s, _LEAST_ROW_S)
            slot = int(local.age_s / every_s)
            if slot != local.last_slot:
                local.last_slot = slot
                await self._add_row(local, f"{code}:{slot}", every_s)
            if local.idle:
                del self._rooms[code]

    async def _beat(self) -> None:
        """A sign of life for every page: one that hears nothing for long knows that its connection is dead."""
        for local in self._rooms.values():
            for line in local.lines.values():
                line.outbox.put(_SIGN_OF_LIFE)
            for host in local.hosts:
                host.woken.set()

    async def _add_row(self, local: LocalRoom, task: str, every_s: float) -> None:
        """How the room is now. Where it cannot be told the timeline has one row that says so, and then none."""
        counts = shares(local.members.values())
        is_gap = not local.rows or local.rows[-1][1:] == _NO_COUNTS
        if (counts or not is_gap) and await self._store.claim(task, 2 * every_s):
            await self._store.publish(local.room.code, {"row": [round(local.age_s), *(counts or _NO_COUNTS)]})

    async def _forget_away(self) -> None:
        """Members who have been away for long, and those whose process is gone.

        Nobody is forgotten in a room that is shut: whoever was in could not come back.
        """
        now = asyncio.get_running_loop().time()
        for code, local in list(self._rooms.items()):
            alive = await self._store.alive({member.home for member in local.members.values() if member.home})
            alive.discard(self.home)  # whoever is connected here has a line
            away = [m for m in local.members.values() if m.home not in alive and m.id not in local.lines]
            for member in away:
                if member.home:
                    member.go_away()
                    self.apply(code, {"changed": [member.as_dict()]})
            local.away_since = {m.id: local.away_since.get(m.id, now) for m in away}
            gone = [i for i, since in local.away_since.items() if now - since > self.limits.away_s]
            if gone and local.room.admits:
                await self._store.publish(code, {"gone": gone})

    async def _resync(self, restarted: bool) -> None:
        """The store was out of touch: give back what it lost with a restart, and learn what was missed."""
        for code, local in list(self._rooms.items()):
            with suppress(StoreGoneError):
                if restarted:
                    await self._store.restore(local.room, list(local.members.values()), local.rows, local.total)
                room = await self._store.room(code)
                if room is None:
                    self.apply(code, {"closed": "the room was closed"})
                    continue
                if room != local.room:
                    self.apply(code, {"room": room.as_dict()})
                local.dirty |= set(local.lines)
                await self._load(code, local)
                for host in local.hosts:
                    host.anew = True
                    host.woken.set()

    async def _local(self, code: str) -> LocalRoom | None:
        """The room as this process sees it, loaded where it is new here; None where there is none."""
        if code in self._rooms:
            return self._rooms[code]
        async with self._loading.setdefault(code, asyncio.Lock()):
            try:
                if code in self._rooms:
                    return self._rooms[code]
                room = await self._store.room(code)
                if room is None:
                    return None
                local = self._rooms[code] = LocalRoom(room, self.home)
                await self._load(code, local)
                return local
            finally:
                self._loading.pop(code, None)

    async def _load(self, code: str, local: LocalRoom) -> None:
        rows, total = await self._store.rows(code), await self._store.received(code)
        stored = {member.id: member for member in await self._store.members(code)}
        newer = local.lines.keys() | local.dirty | local.gone  # what happened here, the store may not know yet
        local.members = {i: member for i, member in local.members.items() if i in newer} | {
            i: member for i, member in stored.items() if i not in newer
        }
        local.rows, local.total = rows, max(total, local.total)

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        """Do ``work`` at a steady beat; where the store is gone it is tried again."""
        loop = asyncio.get_running_loop()
        beat = loop.time()
        while True:
            beat = max(beat + seconds, loop.time() - seconds)
            await asyncio.sleep(beat - loop.time())
            try:
                await work()
            except* StoreGoneError:
                pass  # the store tells of it; what could not be published is kept
            except* Exception:
                _log.exception("the class board goes on after a fault")
