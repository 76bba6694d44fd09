"""One connection to the board: the first message says who it is, the rest is checked message by message."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from emojimask.types import EXPRESSIONS
from emojimask.web.board.hub import Hub
from emojimask.web.board.limits import MAX_MESSAGE_BYTES, Bucket, Buckets
from emojimask.web.board.local_room import HostLine, LocalRoom, MemberLine
from emojimask.web.board.nicknames import clean_nick
from emojimask.web.board.room import INTERVALS_S, KINDS, REACTIONS, RECOGNISED, Member, plain_code
from emojimask.web.board.store import RoomsFullError, StoreGoneError
from emojimask.web.messages import json_object, next_message

_MAX_STRIKES = 20
_BURST, _PER_SECOND = 60, 2.0
"""An emoji and a hand a second; a network or a machine that stalls for half a minute loses nobody's messages."""
_LEFT, _FLOODED = 1000, 1008
_AGAIN_LATER = 1013  # who was in already tries again by itself

TEXTS = {
    "bad_message": "this message is not understood",
    "no_room": "no open room has this code; check it with your lecturer",
    "shut": "the lecturer lets nobody new into this room just now",
    "full": "this room is full",
    "rooms_full": "no more rooms can be opened on this server; close one first",
    "not_you": "the room is gone or does not know you; join again with its code",
    "not_lawful": "an expressions room needs the confirmation that it is lawful where you are",
    "slow_down": "too many messages; at most two a second are taken",
    "too_many": "too many attempts from your network; wait a minute",
    "store_gone": "the board is out of touch with its store; try again in a moment",
}


class Refusal(Exception):  # noqa: N818  (told to who asked)
    """Something that is not done; ``error`` is a key of TEXTS."""

    def __init__(self, error: str) -> None:
        super().__init__(TEXTS[error])
        self.error = error

    def message(self) -> str:
        return json.dumps({"type": "error", "error": self.error, "text": str(self)})


class _Ended(Exception):  # noqa: N818
    """The conversation is over on our side."""

    def __init__(self, code: int = 1000, reason: str = "") -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Board:
    """Answers connections.

    Args:
        lecturer_key: opens rooms.
    """

    def __init__(self, hub: Hub, lecturer_key: str) -> None:
        self._hub = hub
        self._lecturer_key = lecturer_key
        self._joins = Buckets(burst=1000, rate=50)
        self._wrong_codes = Buckets(burst=60, rate=0.5)
        self._open = 0

    async def answer(self, socket: WebSocket) -> None:
        """Serve one connection to its end."""
        if self._open >= self._hub.limits.sockets:
            await socket.close(_AGAIN_LATER)
            return
        self._open += 1
        try:
            await socket.accept()
            await self._converse(socket)
        except WebSocketDisconnect:
            pass
        finally:
            self._open -= 1

    async def _converse(self, socket: WebSocket) -> None:
        address = socket.client.host if socket.client else ""
        try:
            async with asyncio.timeout(self._hub.limits.first_message_s):
                first = _parse(await _receive(socket))
            serve = {"open": self._open_room, "host": self._host, "join": self._join, "rejoin": self._rejoin}
            kind = first.get("type")
            if not isinstance(kind, str) or kind not in serve:
                raise Refusal("bad_message")
            # Only codes can be guessed; who has a token comes back, whatever others of the same network try.
            if kind == "join" and (self._wrong_codes.is_empty(address) or not self._joins.take(address)):
                raise Refusal("too_many")
            await serve[kind](socket, first)
        except TimeoutError:
            await socket.close(_AGAIN_LATER, "nothing was said")  # by then: on a slow network it may be on its way
        except Refusal as refusal:
            if refusal.error == "no_room":
                self._wrong_codes.take(address)
            await socket.send_text(refusal.message())
            await socket.close(_AGAIN_LATER if refusal.error == "too_many" else 1008)
        except RoomsFullError:
            await socket.send_text(Refusal("rooms_full").message())
            await socket.close(_AGAIN_LATER)
        except StoreGoneError:
            await socket.send_text(Refusal("store_gone").message())
            await socket.close(_AGAIN_LATER)

    # ---- hosts

    async def _open_room(self, socket: WebSocket, first: dict[str, Any]) -> None:
        key, kind, interval_s = first.get("key"), first.get("kind"), first.get("interval_s")
        if not isinstance(key, str) or not hmac.compare_digest(key.encode(), self._lecturer_key.encode()):
            raise Refusal("not_you")
        if kind not in KINDS or type(interval_s) is not int or interval_s not in INTERVALS_S:
            raise Refusal("bad_message")
        if kind == RECOGNISED and first.get("lawful") is not True:
            raise Refusal("not_lawful")
        local, token = await self._hub.open_room(kind, interval_s)
        await socket.send_text(json.dumps({"type": "opened", "code": local.room.code, "token": token}))
        await self._serve_host(socket, local)

    async def _host(self, socket: WebSocket, first: dict[str, Any]) -> None:
        local = await self._hub.as_host(_code(first), first.get("token"))
        if local is None:
            raise Refusal("not_you")
        await self._serve_host(socket, local)

    async def _serve_host(self, socket: WebSocket, local: LocalRoom) -> None:
        line = self._hub.attach_host(local)
        ended: _Ended | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._tell_host(socket, local, line))
                tasks.create_task(self._hear_host(socket, local))
        except* WebSocketDisconnect:
            pass
        except* _Ended as group:
            ended = _first(group)
        finally:
            local.hosts.discard(line)
        if ended is not None:
            await socket.send_text(json.dumps({"type": "closed", "text": ended.reason}))
            await socket.close(ended.code)

    async def _tell_host(self, socket: WebSocket, local: LocalRoom, line: HostLine) -> None:
        await socket.send_text(json.dumps(local.everything()))
        while line.closed is None:
            await line.woken.wait()
            line.woken.clear()
            await socket.send_text(json.dumps(line.take(local), separators=(",", ":")))
        raise _Ended(1000, line.closed)

    async def _hear_host(self, socket: WebSocket, local: LocalRoom) -> None:
        async for message in _messages(socket):
            try:
                if message is None:
                    raise Refusal("bad_message")
                await self._do_for_host(local, message)
            except StoreGoneError:
                await socket.send_text(Refusal("store_gone").message())
            except Refusal as refusal:
                await socket.send_text(refusal.message())

    async def _do_for_host(self, local: LocalRoom, message: dict[str, Any]) -> None:
        match message:
            case {"type": "interval", "seconds": int(seconds)} if seconds is not True and seconds in INTERVALS_S:
                await self._hub.change(local, interval_s=seconds)
            case {"type": "admit", "on": bool(on)}:
                await self._hub.change(local, admits=on)
            case {"type": "lower", "member": str(member_id)}:
                await self._hub.lower(local, [member_id])
            case {"type": "lower"}:
                await self._hub.lower(local, [m.id for m in local.members.values() if m.hand])
            case {"type": "remove", "member": str(member_id)}:
                await self._hub.remove(local, member_id)
            case {"type": "close"}:
                await self._hub.close(local)
            case _:
                raise Refusal("bad_message")

    # ---- members

    async def _join(self, socket: WebSocket, first: dict[str, Any]) -> None:
        joined = await self._hub.join(_code(first), clean_nick(first.get("nick")))
        if isinstance(joined, str):
            raise Refusal(joined)
        local, member, token = joined
        await self._serve_member(socket, local, member, token)

    async def _rejoin(self, socket: WebSocket, first: dict[str, Any]) -> None:
        back = await self._hub.as_member(_code(first), first.get("member"), first.get("token"))
        if back is None:
            raise Refusal("not_you")
        await self._serve_member(socket, *back, token=None)

    async def _serve_member(self, socket: WebSocket, local: LocalRoom, member: Member, token: str | None) -> None:
        line = self._hub.attach(local, member)
        welcome = {"type": "joined", "member": member.id, "nick": member.nick, "room": local.room.public()}
        line.outbox.put(json.dumps(welcome | ({"token": token} if token else {"hand": bool(member.hand)})))
        ended: _Ended | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._hear_member(socket, local, member, line))
                tasks.create_task(line.outbox.send_to(socket))
                tasks.create_task(_end_when_told(line))
        except* WebSocketDisconnect:
            pass
        except* _Ended as group:
            ended = _first(group)
        finally:
            local.detach(member, line, leaves=ended is not None and ended.code in (_LEFT, _FLOODED))
        if ended is not None:
            await socket.close(ended.code, ended.reason)

    async def _hear_member(self, socket: WebSocket, local: LocalRoom, member: Member, line: MemberLine) -> None:
        clock = asyncio.get_running_loop().time
        bucket, strikes = Bucket(_BURST, _PER_SECOND, clock()), 0
        async for message in _messages(socket):
            kind = None if message is None else message.get("type")
            try:
                if message is None:
                    raise Refusal("bad_message")
                if kind == "leave":
                    raise _Ended(_LEFT)
                withdraws = kind == "pause" and member.sharing  # which is heard at once, whatever came before
                if not withdraws and not bucket.take(clock()):
                    raise Refusal("slow_down")
                if kind == "pause":
                    member.pause()
                elif kind == "share":
                    _share(local, member, message)
                elif kind == "hand" and isinstance(message.get("up"), bool):
                    member.hold_hand(message["up"])
                else:
                    raise Refusal("bad_message")
                if local.lines.get(member.id) is line:
                    local.dirty.add(member.id)
            except Refusal as refusal:
                strikes += 1
                line.outbox.put(refusal.message())
                if strikes >= _MAX_STRIKES:
                    line.close(_FLOODED, "too many messages, or such as are not understood")


def _share(local: LocalRoom, member: Member, message: dict[str, Any]) -> None:
    label, confidence = message.get("label"), message.get("confidence")
    if label not in EXPRESSIONS:
        raise Refusal("bad_message")
    if local.room.kind == REACTIONS:
        if confidence is not None:
            raise Refusal("bad_message")  # nothing recognised is taken in a room where people choose
        confidence = 1.0
    elif isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        raise Refusal("bad_message")
    member.sharing, member.label, member.confidence = True, label, round(float(confidence), 4)
    local.received += 1


async def _end_when_told(line: MemberLine) -> None:
    raise _Ended(*await line.closed)


def _first(group: BaseExceptionGroup[_Ended]) -> _Ended:
    first = group.exceptions[0]
    return first if isinstance(first, _Ended) else _first(first)


async def _receive(socket: WebSocket) -> str | None:
    """A text message; None for bytes and for what is too long."""
    text = (await next_message(socket)).get("text")
    return text if isinstance(text, str) and len(text) <= MAX_MESSAGE_BYTES else None


def _parse(text: str | None) -> dict[str, Any]:
    message = json_object(text or "")
    if message is None:
        raise Refusal("bad_message")
    return message


async def _messages(socket: WebSocket) -> AsyncIterator[dict[str, Any] | None]:
    """Every message, None for one that is not a JSON object; ends with WebSocketDisconnect only."""
    while True:
        text = await _receive(socket)
        try:
            yield _parse(text)
        except Refusal:
            yield None


def _code(first: dict[str, Any]) -> str:
    return plain_code(str(first.get("code", ""))[:40])
