"""Caps, expiry and rates of the class board, without a network."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from starlette.websockets import WebSocket

from emojimask.types import EXPRESSIONS
from emojimask.web.board.hub import Hub
from emojimask.web.board.limits import Bucket, Buckets, Limits
from emojimask.web.board.local_room import LocalRoom, MemberLine
from emojimask.web.board.room import LEAST_FOR_AGGREGATES, Member, new_code, new_token, plain_code, shares
from emojimask.web.board.sockets import Board
from emojimask.web.board.store import Event, MemoryStore, RoomsFullError, StoreGoneError


def with_hub(limits: Limits, scene: Callable[[Hub], Awaitable[None]], store: MemoryStore | None = None) -> None:
    async def play() -> None:
        hub = Hub(store or MemoryStore(limits.rooms, limits.members, limits.room_s), limits)
        await hub.start()
        try:
            await scene(hub)
        finally:
            await hub.stop()

    with ThreadPoolExecutor(1) as thread:  # a browser test's own event loop may be running in this one
        thread.submit(asyncio.run, play()).result()


def test_ten_thousand_joins_fill_one_room_and_no_more() -> None:
    async def scene(hub: Hub) -> None:
        local, _ = await hub.open_room("reactions", 1)
        answers = [await hub.join(local.room.code, "x") for _ in range(10_000)]
        assert sum(not isinstance(answer, str) for answer in answers) == 500
        assert {answer for answer in answers if isinstance(answer, str)} == {"full"}
        other, _ = await hub.open_room("reactions", 1)
        assert not isinstance(await hub.join(other.room.code, "y"), str)

    with_hub(Limits(), scene)


def test_ten_thousand_joins_from_one_address_are_slowed() -> None:
    now = [0.0]
    joins = Buckets(burst=1000, rate=50, clock=lambda: now[0])
    assert sum(joins.take("a") for _ in range(10_000)) == 1000
    assert joins.take("b"), "others are not slowed"
    now[0] = 2.0
    assert sum(joins.take("a") for _ in range(10_000)) == 100


async def answer(board: Board, first: dict[str, Any]) -> dict[str, Any]:
    """The first that is said to somebody who says ``first`` and goes."""
    coming: list[dict[str, Any]] = [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": json.dumps(first)},
    ]
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return coming.pop(0) if coming else {"type": "websocket.disconnect", "code": 1001}

    async def send(message: Any) -> None:
        if message["type"] == "websocket.send":
            said.append(json.loads(message["text"]))

    await board.answer(WebSocket({"type": "websocket", "client": ("192.0.2.1", 7)}, receive, send))
    return said[0]


def test_a_flood_from_a_network_keeps_nobody_of_it_from_coming_back() -> None:
    async def scene(hub: Hub) -> None:
        board = Board(hub, "key")
        local, token = await hub.open_room("reactions", 1)
        joined = await hub.join(local.room.code, "Ada")
        assert not isinstance(joined, str)
        of_ada = {"code": local.room.code, "member": joined[1].id, "token": joined[2]}
        for _ in range(1100):
            assert (await answer(board, {"type": "rejoin", **of_ada, "token": "guess"}))["error"] == "not_you"
        for _ in range(1100):
            last = await answer(board, {"type": "join", "code": local.room.code})
        assert last["error"] in ("full", "too_many")
        assert (await answer(board, {"type": "rejoin", **of_ada}))["type"] == "joined"
        assert (await answer(board, {"type": "host", "code": local.room.code, "token": token}))["type"] == "room"
        opened = await answer(board, {"type": "open", "key": "key", "kind": "reactions", "interval_s": 1})
        assert opened["type"] == "opened"

    with_hub(Limits(members=50), scene)


def test_addresses_are_forgotten() -> None:
    now = [0.0]
    joins = Buckets(burst=2, rate=1, clock=lambda: now[0])
    for number in range(25_000):
        now[0] += 0.001
        joins.take(str(number))
    assert len(joins._by_address) <= 12_000


def test_one_a_second_for_ever_is_never_too_many() -> None:
    bucket = Bucket(5, 1.0, 0.0)
    assert all(bucket.take(second + (second % 3) * 0.3) for second in range(7200))


def test_rooms_are_capped() -> None:
    async def scene(hub: Hub) -> None:
        for _ in range(3):
            await hub.open_room("reactions", 1)
        with pytest.raises(RoomsFullError):
            await hub.open_room("reactions", 1)

    with_hub(Limits(rooms=3), scene)


def test_rooms_expire() -> None:
    async def scene(hub: Hub) -> None:
        local, token = await hub.open_room("reactions", 1)
        joined = await hub.join(local.room.code, "Ada")
        assert not isinstance(joined, str)
        line = hub.attach(*joined[:2])
        code, why = await asyncio.wait_for(line.closed, 5)
        assert (code, why) == (4004, "the room's time is over")
        assert await hub.as_host(local.room.code, token) is None
        assert await hub.join(local.room.code, "Bob") == "no_room"

    with_hub(Limits(room_s=0.1), scene)


def test_the_timeline_says_where_fewer_than_five_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emojimask.web.board.hub._LEAST_ROW_S", 0.1)

    async def scene(hub: Hub) -> None:
        local, _ = await hub.open_room("reactions", 0)
        people = [await hub.join(local.room.code, "x") for _ in range(LEAST_FOR_AGGREGATES)]
        members = [joined[1] for joined in people if not isinstance(joined, str)]
        for member in members:
            hub.attach(local, member)
        for number, label in ((4, "sad"), (5, "sad"), (4, "sad"), (4, "sad"), (5, "happy")):
            for index, member in enumerate(members):
                member.sharing, member.label = index < number, label
            await hub._add_row(local, "", 1)
        nobody = [None] * len(EXPRESSIONS)
        assert [row[1:] for row in local.rows] == [[0, 0, 0, 0, 5, 0, 0, 0], nobody, [0, 0, 0, 5, 0, 0, 0, 0]]

    with_hub(Limits(), scene)


@pytest.mark.parametrize("set_by_s", [-3600, 7 * 3600])
def test_a_lesson_goes_on_where_the_machines_clock_is_set(monkeypatch: pytest.MonkeyPatch, set_by_s: float) -> None:
    monkeypatch.setattr("emojimask.web.board.hub._LEAST_ROW_S", 1)
    before = time.time

    async def scene(hub: Hub) -> None:
        local, _ = await hub.open_room("reactions", 1)
        for number in range(LEAST_FOR_AGGREGATES):
            joined = await hub.join(local.room.code, str(number))
            assert not isinstance(joined, str)
            hub.attach(*joined[:2])
            joined[1].sharing, joined[1].label = True, "sad"
        monkeypatch.setattr("time.time", lambda: before() + set_by_s)
        await asyncio.sleep(3.3)
        assert local.rows
        assert [row[0] for row in local.rows] == sorted({row[0] for row in local.rows} & set(range(1, 5)))
        assert hub._rooms[local.room.code] is local

    with_hub(Limits(), scene)


def test_rooms_expire_where_nobody_is_connected() -> None:
    async def scene(hub: Hub) -> None:
        local, token = await hub.open_room("reactions", 1)
        assert not isinstance(await hub.join(local.room.code, "Ada"), str)
        while local.room.code in hub._rooms:  # till it is let go, as nobody is connected
            await asyncio.sleep(0.05)
        await asyncio.sleep(1.5)
        await hub.open_room("reactions", 1)  # there is room for another
        assert await hub.as_host(local.room.code, token) is None

    with_hub(Limits(rooms=1, room_s=1.5), scene)


class Moody(MemoryStore):
    """A store that is out of touch for a while, and takes its time to say so."""

    gone = True

    def __init__(self) -> None:
        super().__init__(9, 9, 60)
        self._asked = 0

    async def publish(self, code: str, event: Event) -> None:
        if self.gone:
            self._asked += 1
            await asyncio.sleep(0.01 * self._asked)
            raise StoreGoneError
        await super().publish(code, event)


async def seated(hub: Hub) -> tuple[LocalRoom, Member, MemberLine]:
    """A member connected to a room of its own."""
    local, _ = await hub.open_room("reactions", 1)
    joined = await hub.join(local.room.code, "Ada")
    assert not isinstance(joined, str)
    return local, joined[1], hub.attach(*joined[:2])


def test_seats_stand_as_people_came_and_stay_so() -> None:
    async def scene(hub: Hub) -> None:
        local, _ = await hub.open_room("reactions", 1)
        host = hub.attach_host(local)
        for number in range(30):
            joined = await hub.join(local.room.code, f"{number}")
            assert not isinstance(joined, str)
            hub.attach(*joined[:2])
        await hub.publish_all()
        told = [seat[1] for seat in host.take(local)["members"]]
        assert told == [seat[1] for seat in local.everything()["members"]] == [f"{number}" for number in range(30)]

    with_hub(Limits(), scene)


def test_what_the_store_did_not_take_is_not_lost() -> None:
    store = Moody()

    async def scene(hub: Hub) -> None:
        local, _ = await hub.open_room("reactions", 1)
        joined = await hub.join(local.room.code, "Ada")
        assert not isinstance(joined, str)
        _, member, _ = joined
        hub.attach(local, member)
        for label in ("happy", "sad"):
            member.sharing, member.label = True, label
            local.received += 1
            local.dirty.add(member.id)
            await asyncio.sleep(0.3)
        store.gone = False
        await asyncio.sleep(0.6)
        assert (await store.members(local.room.code))[0].label == "sad"
        assert await store.received(local.room.code) == 2

    with_hub(Limits(), scene, store)


def test_who_leaves_any_room_while_the_store_is_gone_has_left() -> None:
    store = Moody()

    async def scene(hub: Hub) -> None:
        places = [await seated(hub) for _ in range(3)]
        for local, member, line in places:
            local.detach(member, line, leaves=True)
        await asyncio.sleep(0.6)
        store.gone = False
        await asyncio.sleep(0.6)
        for local, _, _ in places:
            assert await store.members(local.room.code) == []

    with_hub(Limits(), scene, store)


def test_who_goes_away_while_the_store_is_gone_is_away() -> None:
    store = Moody()

    async def scene(hub: Hub) -> None:
        store.gone = False
        local, member, line = await seated(hub)
        member.sharing, member.label = True, "happy"
        local.dirty.add(member.id)
        await asyncio.sleep(0.4)
        store.gone = True
        local.detach(member, line, leaves=False)
        store.gone = False
        hub.apply("", {"resync": True, "restarted": False})
        await asyncio.sleep(0.6)
        for known in ([local.members[member.id]], await store.members(local.room.code)):
            assert [(each.home, each.label) for each in known] == [("", "")]

    with_hub(Limits(), scene, store)


@pytest.mark.parametrize("leaves", [False, True])
def test_older_news_brings_nobody_back(leaves: bool) -> None:
    async def scene(hub: Hub) -> None:
        local, member, line = await seated(hub)
        member.sharing, member.label = True, "happy"
        news = {"changed": [member.as_dict()]}
        local.detach(member, line, leaves=leaves)
        hub.apply(local.room.code, news)  # as it comes back from a store that others share
        assert [(m.home, m.sharing) for m in local.members.values()] == ([] if leaves else [("", False)])

    with_hub(Limits(), scene)


def test_a_host_is_told_what_was_missed_while_the_store_was_gone() -> None:
    store = Moody()

    async def scene(hub: Hub) -> None:
        store.gone = False
        local, member, line = await seated(hub)
        local.detach(member, line, leaves=False)
        host = hub.attach_host(local)
        await asyncio.sleep(0.4)
        host.take(local)
        elsewhere = Member("elsewhere", "Bob", "", home="another process", sharing=True, label="sad")
        store._members[local.room.code] = {elsewhere.id: elsewhere}  # Ada was removed there, and Bob has come
        hub.apply("", {"resync": True, "restarted": False})
        await asyncio.wait_for(host.woken.wait(), 5)
        told = host.take(local)
        assert (told["type"], told["members"]) == ("room", [elsewhere.shown()])

    with_hub(Limits(), scene, store)


def test_what_another_host_changed_while_the_store_was_gone_is_learnt() -> None:
    store = Moody()

    async def scene(hub: Hub) -> None:
        store.gone = False
        local, _, line = await seated(hub)
        await asyncio.sleep(0.4)
        store._rooms[local.room.code] = replace(local.room, interval_s=30, admits=False)  # at another process
        line.outbox._notes.clear()
        hub.apply("", {"resync": True, "restarted": False})
        await asyncio.sleep(0.1)
        assert '"interval_s": 30' in line.outbox._notes[0]
        assert await hub.join(local.room.code, "Bob") == "shut"

    with_hub(Limits(), scene, store)


def test_whoever_is_away_from_a_shut_room_can_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emojimask.web.board.hub._LOOK_FOR_AWAY_S", 0.1)

    async def scene(hub: Hub) -> None:
        local, member, line = await seated(hub)
        hub.attach_host(local)
        await hub.change(local, admits=False)
        local.detach(member, line, leaves=False)
        await asyncio.sleep(1)
        assert member.id in local.members
        await hub.change(local, admits=True)
        await asyncio.sleep(0.3)
        assert not local.members

    with_hub(Limits(away_s=0.3), scene)


def test_the_hand_of_somebody_away_can_be_lowered() -> None:
    async def scene(hub: Hub) -> None:
        local, member, line = await seated(hub)
        member.hold_hand(True)
        local.detach(member, line, leaves=False)
        await hub.lower(local, [member.id])
        await asyncio.sleep(0.4)
        assert not local.members[member.id].hand

    with_hub(Limits(), scene)


def test_everybody_is_given_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emojimask.web.board.hub._BEAT_S", 0.1)

    async def scene(hub: Hub) -> None:
        local, _, line = await seated(hub)
        host = hub.attach_host(local)
        await asyncio.sleep(0.6)  # by then the news of the member is told
        host.take(local)
        host.woken.clear()
        line.outbox._notes.clear()
        await asyncio.wait_for(host.woken.wait(), 5)
        assert host.take(local)["members"] == []
        assert line.outbox._notes

    with_hub(Limits(), scene)


def test_codes_and_tokens() -> None:
    codes = {new_code() for _ in range(2000)}
    assert len(codes) == 2000
    assert all(len(code) == 8 and not set(code) & set("01OI") for code in codes)
    assert plain_code(" abcd-ef 23 ") == "ABCDEF23"
    assert len(new_token()) >= 43


def test_shares_speak_of_five_or_more_who_are_here() -> None:
    def people(count: int, **more: object) -> list[Member]:
        return [Member(str(n), "x", "", home="here", sharing=True, label="sad", **more) for n in range(count)]  # type: ignore[arg-type]

    assert shares(people(LEAST_FOR_AGGREGATES - 1)) is None
    assert shares(people(LEAST_FOR_AGGREGATES)) == [0, 0, 0, 0, 5, 0, 0, 0]
    assert shares([*people(4), Member("9", "away", "", home="", sharing=True, label="sad")]) is None
    assert shares([*people(4), Member("9", "silent", "", home="here")]) is None
