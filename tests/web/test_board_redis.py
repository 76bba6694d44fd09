"""Rooms that several processes share, and what happens when a process or Redis itself is gone."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from board_client import Host, Student, calling
from web_help import Program, wait_until
from websockets.exceptions import ConnectionClosed

from emojimask.web.board.room import Member, Room
from emojimask.web.board.store import Event, MemoryStore

pytest.importorskip("redis", reason="the extra [redis] is not installed")


class Redis:
    """A Redis of the test's own, that keeps nothing on disk."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_until(self._answers)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True


@pytest.fixture
def redis() -> Iterator[Redis]:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed: apt-get install redis-server")
    server = Redis()
    yield server
    server.stop()


Pair = tuple[Program, Program, str]


@pytest.fixture
def pair(redis: Redis, program: Callable[..., Program]) -> Pair:
    """Two processes, and the lecturers' key of both."""
    one, two = (
        program("serve", "--board", "--no-browser", "--port", "0", "--redis", redis.url, lines=2) for _ in range(2)
    )
    keys = {each.lecturer_url.split("#key=")[1] for each in (one, two)}
    assert len(keys) == 1
    return one, two, keys.pop()


def come_back(url: str, student: Student) -> Student:
    end = time.monotonic() + 5
    while True:
        try:
            return Student(url, "", back=student.back)
        except (OSError, ConnectionClosed, KeyError):
            assert time.monotonic() < end
            time.sleep(0.2)


def test_a_room_spans_processes_and_outlives_one(pair: Pair) -> None:
    one, two, key = pair
    host = Host(one.url, key)
    ada, bob = Student(one.url, host.code, "Ada"), Student(two.url, host.code, "Bob")
    ada.say({"type": "share", "label": "happy"})
    bob.say({"type": "share", "label": "sad"})
    host.look(lambda h: h.labels() == {"Ada": "happy", "Bob": "sad"})

    bob.say({"type": "hand", "up": True})
    host.look(lambda h: any(seat[4] for seat in h.seats.values()))
    host.say({"type": "lower"})
    assert bob.hear("hand")["up"] is False
    host.say({"type": "interval", "seconds": 5})
    assert bob.hear("room")["room"]["interval_s"] == 5

    two.process.kill()
    began = time.monotonic()
    again = come_back(one.url, bob)
    again.say({"type": "share", "label": "surprise"})
    host.look(lambda h: h.labels() == {"Ada": "happy", "Bob": "surprise"})
    assert time.monotonic() - began < 5
    assert host.delta["total"] == 3

    other = Host(one.url, key, door=host.door)  # the host may come back anywhere, too
    assert other.labels() == {"Ada": "happy", "Bob": "surprise"}
    host.say({"type": "close"})
    assert again.hear_to_the_end() == 4004


def test_redis_is_emptied_when_a_room_closes(pair: Pair, redis: Redis) -> None:
    import redis as redis_client

    one, two, key = pair
    host = Host(one.url, key)
    ada = Student(two.url, host.code, "Ada Lovelace")
    ada.say({"type": "share", "label": "happy"})
    host.look(lambda h: h.labels() == {"Ada Lovelace": "happy"})
    with redis_client.Redis.from_url(redis.url, decode_responses=True) as client:
        kept = [name for name in client.keys("*") if host.code in name]
        assert kept
        assert all(client.ttl(name) > 0 for name in kept), "every key must expire by itself"
        assert not any(token in str(client.hgetall(f"emojimask:room:{host.code}:members"))
                       for token in (ada.back["token"], host.door["token"]))  # fmt: skip
        host.say({"type": "close"})
        assert ada.hear_to_the_end() == 4004
        time.sleep(0.6)
        assert not [name for name in client.keys("*") if host.code in name and "task:" not in name]


def test_redis_gone_and_back(pair: Pair, redis: Redis, program: Callable[..., Program]) -> None:
    one, _, key = pair
    host = Host(one.url, key)
    ada = Student(one.url, host.code, "Ada")
    ada.say({"type": "share", "label": "happy"})
    host.look(lambda h: h.labels() == {"Ada": "happy"})
    redis.stop()
    ada.say({"type": "share", "label": "sad"})
    with calling(one.url) as caller:
        assert caller.refusal({"type": "open", "key": key, "kind": "reactions", "interval_s": 1}) == "store_gone"
    redis.start()  # and empty: what was in it is put back by those who know it
    host.look(lambda h: h.labels() == {"Ada": "sad"}, timeout=15)
    assert host.delta["total"] == 2
    bob = Student(one.url, host.code, "Bob")
    host.look(lambda h: set(h.labels()) == {"Ada", "Bob"})
    assert any("cannot be reached" in line for line in one.said)
    three = program("serve", "--board", "--no-browser", "--port", "0", "--redis", redis.url, lines=2)
    assert three.lecturer_url.endswith(f"#key={key}"), "the lecturers' link opens rooms at every process"
    for each in (ada, bob, host):
        each.close()


@pytest.mark.parametrize("kind", ["memory", "redis"])
def test_a_change_that_comes_late_brings_nobody_back_who_was_removed(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from redis.asyncio.client import Pipeline

    from emojimask.web.board.redis_store import RedisStore

    room = Room("AAAA2222", "reactions", 1, "", time.time())
    ada, bob = Member("a", "Ada", ""), Member("b", "Bob", "")
    url = request.getfixturevalue("redis").url if kind == "redis" else ""
    told: list[Event] = []

    async def scene() -> None:
        store = RedisStore(url, "key", 5, 5, 600) if url else MemoryStore(5, 5, 600)
        await store.start("home", lambda _, event: told.append(event))
        await store.add_room(room)
        for member in (ada, bob):
            assert await store.add_member(room.code, member)
        if isinstance(store, RedisStore):  # removed in the midst of the change
            look = Pipeline.smembers

            async def removed_meanwhile(steps: Pipeline, key: str) -> set[str]:
                found: set[str] = await look(steps, key)
                if not found:
                    await store.publish(room.code, {"gone": ["a"]})
                return found

            monkeypatch.setattr(Pipeline, "smembers", removed_meanwhile)
        else:
            await store.publish(room.code, {"gone": ["a"]})
        await store.publish(room.code, {"changed": [ada.as_dict(), bob.as_dict()], "received": 2})
        assert [member.nick for member in await store.members(room.code)] == ["Bob"]
        while len(told) < 2:
            await asyncio.sleep(0.05)
        assert [event.get("gone") for event in told] == [["a"], None]
        assert [fields["nick"] for fields in told[1]["changed"]] == ["Bob"]
        assert told[1]["total"] == 2
        await store.stop()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, scene()).result()


def test_no_redis_there(program: Callable[..., Program]) -> None:
    with pytest.raises(AssertionError, match=r"redis://me@127\.0\.0\.1:1/0: no Redis answers"):
        program("serve", "--board", "--no-browser", "--port", "0", "--redis", "redis://me:secret@127.0.0.1:1/0")
