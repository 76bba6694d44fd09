"""Rooms in Redis, shared by several server processes (extra [redis]). Every key expires with its room."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import redis
import redis.asyncio
from redis.asyncio.client import Pipeline, PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from emojimask.errors import UsageError, in_brief, without_password
from emojimask.web.board.room import Member, Room
from emojimask.web.board.store import Event, OnEvent, RoomsFullError, StoreGoneError

_PREFIX = "emojimask:"
_ROOMS = f"{_PREFIX}rooms"
_KEY = f"{_PREFIX}lecturer-key"
_CHANNEL = f"{_PREFIX}events:"
_KEY_TTL_S = 7 * 24 * 3600  # after the last process
_TIMEOUT_S = 2.0
_HOME_TTL_S = 6
_HOME_BEAT_S = 2.0
_LISTEN_S = 1.0

_log = logging.getLogger(__name__)


def shared_lecturer_key(url: str, key: str) -> str:
    """The key with which rooms are opened at every process: ``key``, or the one that is in use already.

    Raises:
        UsageError: there is no Redis at ``url``.
    """
    try:
        with redis.Redis.from_url(url, socket_timeout=_TIMEOUT_S, decode_responses=True) as client:
            client.set(_KEY, key, nx=True, ex=_KEY_TTL_S)
            return str(client.get(_KEY))
    except (redis.RedisError, OSError, ValueError) as error:
        fault = f"no Redis answers there ({in_brief(error)})"
        raise UsageError(f"{without_password(url)}: {fault}; start it, or mend the address") from error


class RedisStore:
    """A :class:`~emojimask.web.board.store.RoomStore`. Events travel by publish and subscribe.

    Args:
        url: such as redis://127.0.0.1:6379/0.
        lecturer_key: of :func:`shared_lecturer_key`; kept there for processes to come, as long as this one runs.
        room_s: the longest life of a room, seconds.
    """

    def __init__(self, url: str, lecturer_key: str, max_rooms: int, max_members: int, room_s: float) -> None:
        self._lecturer_key = lecturer_key
        self._max_rooms, self._max_members, self._room_s = max_rooms, max_members, room_s
        self._redis = redis.asyncio.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),  # this class tries again itself, and must know of every loss
        )
        self._run_id = ""
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, home: str, on_event: OnEvent) -> None:
        self._home, self._on_event = home, on_event
        await self._beat_once()
        ready = asyncio.Event()
        self._tasks = [asyncio.create_task(self._listen(ready)), asyncio.create_task(self._beat())]
        await ready.wait()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(redis.RedisError, OSError):
            await self._redis.delete(f"{_PREFIX}home:{self._home}")
            await self._redis.aclose()

    async def add_room(self, room: Room) -> None:
        with _gone():
            await self._redis.zremrangebyscore(_ROOMS, 0, time.time())
            await self._redis.zadd(_ROOMS, {room.code: self._ends(room)})
            if await self._redis.zcard(_ROOMS) > self._max_rooms:
                await self._redis.zrem(_ROOMS, room.code)
                raise RoomsFullError
            await self._redis.set(_room(room.code), json.dumps(room.as_dict()), exat=self._ends(room))

    async def room(self, code: str) -> Room | None:
        with _gone():
            found = await self._redis.get(_room(code))
        return None if found is None else Room(**json.loads(found))

    async def remove_room(self, code: str, why: str) -> None:
        with _gone():
            async with self._redis.pipeline() as steps:
                steps.delete(_room(code), _members(code), _gone_ids(code), _rows(code), _received(code))
                steps.zrem(_ROOMS, code)
                steps.publish(_CHANNEL + code, json.dumps({"closed": why}))
                await steps.execute()

    async def add_member(self, code: str, member: Member) -> bool:
        with _gone():
            if await self._redis.hlen(_members(code)) >= self._max_members:
                return False
            await self._redis.hset(_members(code), member.id, json.dumps(member.as_dict()))
            if await self._redis.hlen(_members(code)) <= self._max_members:  # another process may have been as quick
                return True
            await self._redis.hdel(_members(code), member.id)
            return False

    async def member(self, code: str, member_id: str) -> Member | None:
        with _gone():
            found = await self._redis.hget(_members(code), member_id)
        return None if found is None else Member(**json.loads(found))

    async def members(self, code: str) -> list[Member]:
        with _gone():
            return [Member(**json.loads(text)) for text in await self._redis.hvals(_members(code))]

    async def rows(self, code: str) -> list[list[Any]]:
        with _gone():
            return [json.loads(text) for text in await self._redis.lrange(_rows(code), 0, -1)]

    async def received(self, code: str) -> int:
        with _gone():
            return int(await self._redis.get(_received(code)) or 0)

    async def publish(self, code: str, event: Event) -> None:
        with _gone():
            ends = await self._redis.expiretime(_room(code))
            if ends < 0:  # closed, or lost with everything else; the comparison with the store will tell
                raise StoreGoneError(f"room {code} is not there")
            total = await self._redis.incrby(_received(code), event.get("received", 0))
            async with self._redis.pipeline() as steps:
                while True:
                    with suppress(redis.WatchError):  # somebody has gone meanwhile
                        await self._publish_once(steps, code, {**event, "total": total}, ends)
                        return

    async def _publish_once(self, steps: Pipeline, code: str, event: Event, ends: int) -> None:
        """Keep and tell it whole. Raises WatchError where somebody goes in the midst of it; nothing is done then."""
        if event.get("changed"):
            await steps.watch(_gone_ids(code))
            gone = await steps.smembers(_gone_ids(code))
            event["changed"] = [member for member in event["changed"] if member["id"] not in gone]
            steps.multi()  # type: ignore[no-untyped-call]
        if event.get("changed"):
            fields = {member["id"]: json.dumps(member) for member in event["changed"]}
            steps.hset(_members(code), mapping=fields)
        if event.get("gone"):
            steps.hdel(_members(code), *event["gone"])
            steps.sadd(_gone_ids(code), *event["gone"])
        if "room" in event:
            steps.set(_room(code), json.dumps(event["room"]), exat=ends)
        if "row" in event:
            steps.rpush(_rows(code), json.dumps(event["row"]))
        for key in (_members(code), _gone_ids(code), _rows(code), _received(code)):
            steps.expireat(key, ends)
        steps.publish(_CHANNEL + code, json.dumps(event))
        await steps.execute()

    async def restore(self, room: Room, members: list[Member], rows: list[list[Any]], received: int) -> None:
        with _gone():
            ends = self._ends(room)
            if not await self._redis.set(_room(room.code), json.dumps(room.as_dict()), nx=True, exat=ends):
                return
            async with self._redis.pipeline() as steps:
                steps.zadd(_ROOMS, {room.code: ends})
                steps.incrby(_received(room.code), received)
                for member in members:
                    steps.hset(_members(room.code), member.id, json.dumps(member.as_dict()))
                for row in rows:
                    steps.rpush(_rows(room.code), json.dumps(row))
                for key in (_members(room.code), _rows(room.code), _received(room.code)):
                    steps.expireat(key, ends)
                await steps.execute()

    async def claim(self, task: str, for_s: float) -> bool:
        with _gone():
            return bool(await self._redis.set(f"{_PREFIX}task:{task}", self._home, nx=True, px=int(for_s * 1000)))

    async def alive(self, homes: Iterable[str]) -> set[str]:
        asked = list(homes)
        if not asked:
            return set()
        with _gone():
            found = await self._redis.mget([f"{_PREFIX}home:{home}" for home in asked])
        return {home for home, sign in zip(asked, found, strict=True) if sign is not None}

    def _ends(self, room: Room) -> int:
        return round(room.opened_s + self._room_s)

    async def _beat(self) -> None:
        """Say that this process runs, as long as it does."""
        while True:
            with suppress(StoreGoneError):
                await self._beat_once()
            await asyncio.sleep(_HOME_BEAT_S)

    async def _beat_once(self) -> None:
        with _gone():
            async with self._redis.pipeline() as steps:
                steps.set(f"{_PREFIX}home:{self._home}", 1, ex=_HOME_TTL_S)
                steps.set(_KEY, self._lecturer_key, ex=_KEY_TTL_S)
                await steps.execute()

    async def _listen(self, ready: asyncio.Event) -> None:
        """Hand events on for ever; after every time out of touch, ask for a comparison with the store."""
        missed = False
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as events:
                    await events.psubscribe(_CHANNEL + "*")
                    before, self._run_id = self._run_id, (await self._redis.info("server"))["run_id"]
                    ready.set()
                    if missed:
                        _log.warning("the class board's Redis is back")
                        self._on_event("", {"resync": True, "restarted": before != self._run_id})
                    missed = False
                    await self._hand_on(events)
            except (redis.RedisError, OSError) as error:
                if not missed:
                    _log.warning(
                        "the class board's Redis cannot be reached (%s); members stay, and it is tried again",
                        in_brief(error),
                    )
                missed = True
                await asyncio.sleep(_LISTEN_S)

    async def _hand_on(self, events: PubSub) -> None:
        while True:
            message = await events.get_message(timeout=_LISTEN_S)
            if message is not None:
                self._on_event(message["channel"].removeprefix(_CHANNEL), json.loads(message["data"]))


@contextmanager
def _gone() -> Iterator[None]:
    try:
        yield
    except (redis.RedisError, OSError) as error:
        raise StoreGoneError(in_brief(error)) from error


def _room(code: str) -> str:
    return f"{_PREFIX}room:{code}"


def _members(code: str) -> str:
    return f"{_PREFIX}room:{code}:members"


def _gone_ids(code: str) -> str:
    return f"{_PREFIX}room:{code}:gone"


def _rows(code: str) -> str:
    return f"{_PREFIX}room:{code}:rows"


def _received(code: str) -> str:
    return f"{_PREFIX}room:{code}:received"
