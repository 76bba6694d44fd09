"""A member of a class without a browser: joins, sends what it is told to, and comes back after a lost connection."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, WebSocketException

from emojimask.errors import EmojimaskError, UsageError
from emojimask.web.board.address import board_address, call, unreachable

_RETRY_S = (0.2, 0.5, 1.0, 1.5)
_ANSWER_S = 10.0
"""A board that has said nothing by then is behind a network that is dead."""
_FINAL = frozenset({1000, 1008, 4001, 4003, 4004})
_SAID, _KNOWN = "said", "known"
"""Of a raised hand: it went out, and something was heard after that, so it has arrived."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a member shares. ``confidence``: 0 to 1; None where the emoji was chosen."""

    label: str
    confidence: float | None = None

    def message(self) -> dict[str, object]:
        chosen: dict[str, object] = {"type": "share", "label": self.label}
        return chosen if self.confidence is None else chosen | {"confidence": round(self.confidence, 2)}


class Membership:
    """One person's place in a room.

    Args:
        link, code: as the lecturer gave them.
        nick: "" takes a made-up one.
        tell: is called with a line of text when something changes.
        on_back: is called after a time out of touch. What was sent meanwhile is lost: what is true must be sent anew.

    Attributes:
        room: ``{"code", "kind", "interval_s"}`` once joined.
        nick: as the room knows it.
        hand: raised. Whoever raises it sets it and sends it; the lecturer may lower it.

    Raises:
        UsageError: the link is none.
    """

    def __init__(
        self, link: str, code: str, nick: str, tell: Callable[[str], None], on_back: Callable[[], None]
    ) -> None:
        self._address = board_address(link)
        self._greeting: dict[str, Any] = {"type": "join", "code": code, "nick": nick}
        self._tell, self._on_back = tell, on_back
        self._socket: ClientConnection | None = None
        self.room: dict[str, Any] = {}
        self.nick = nick
        self.hand = False
        self._raised = ""

    @property
    def in_touch(self) -> bool:
        """What is sent now goes out."""
        return self._socket is not None

    async def run(self, joined: asyncio.Event) -> None:
        """Until the room is closed, or left by sending so; ``joined`` is set once the member is in.

        Raises:
            UsageError: the room does not let the member in.
            EmojimaskError: no board answers, and none did before.
        """
        tries = 0
        while True:
            code, reason = await self._converse(joined)
            lost, self._socket = self.in_touch, None
            if code in _FINAL:
                self._tell(_plain(reason) or "the room is left")
                return
            if lost:  # it was let in, and not merely told why not
                tries = 0
                self._tell("out of touch with the class, nothing is sent; trying again")
            await asyncio.sleep(_RETRY_S[min(tries, len(_RETRY_S) - 1)])
            tries += 1

    async def _converse(self, joined: asyncio.Event) -> tuple[int | None, str]:
        """One connection to its end: with which code and reason the board closed it; None: it was lost, or none came.

        Raises EmojimaskError as :meth:`run`.
        """
        try:
            async with call(self._address) as socket:
                await socket.send(json.dumps(self._greeting))
                async with asyncio.timeout(_ANSWER_S) as silence:
                    async for text in socket:
                        silence.reschedule(None)
                        self._hear(json.loads(text), socket, joined)
            return socket.close_code, socket.close_reason or ""
        except (OSError, TimeoutError, WebSocketException) as error:
            if isinstance(error, ConnectionClosed) and error.rcvd:
                return error.rcvd.code, error.rcvd.reason
            if not joined.is_set():
                raise EmojimaskError(unreachable(self._address, error)) from error
            return None, ""

    async def send(self, message: dict[str, object]) -> bool:
        """True where it went out; nothing waits for a lost connection to come back."""
        if self._socket is None:
            return False
        try:
            await self._socket.send(json.dumps(message))
        except ConnectionClosed:
            return False
        if message["type"] == "hand":
            self._raised = _SAID if message["up"] else ""
        return True

    def _hear(self, message: dict[str, Any], socket: ClientConnection, joined: asyncio.Event) -> None:
        kind = message["type"]
        if kind != "joined" and self._raised == _SAID:
            self._raised = _KNOWN
        if kind == "joined":
            self.nick, self.room, self._socket = _plain(message["nick"]), message["room"], socket
            token = message.get("token") or self._greeting["token"]
            self._greeting = {
                "type": "rejoin", "code": self.room["code"], "member": message["member"], "token": token,
            }  # fmt: skip
            if joined.is_set():
                self._tell("back in the room")
                if self.hand and self._raised == _KNOWN and not message["hand"]:
                    self._lowered()
                self._on_back()
            joined.set()
        elif kind == "room":
            before, self.room = self.room["interval_s"], message["room"]
            if self.room["interval_s"] != before:
                self._tell(f"the lecturer asks for a message every {self.room['interval_s']} s at most")
        elif kind == "hand":
            self._lowered()
        elif kind == "error":
            text = _plain(message["text"])
            if not joined.is_set() and message["error"] not in ("store_gone",):
                raise UsageError(f"{self._address}: {text}")
            self._tell(text)

    def _lowered(self) -> None:
        self.hand, self._raised = False, ""
        self._tell("the lecturer has lowered your hand")


def _plain(text: str) -> str:
    """What a board says, without characters that a terminal would act upon."""
    return "".join(c for c in text if c.isprintable())
