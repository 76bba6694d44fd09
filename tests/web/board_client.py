"""People at a class board, as programs: a lecturer, students, and whoever else finds the port."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect


class Caller:
    """One connection to the board at ``url``."""

    def __init__(self, url: str, **options: Any) -> None:
        self._call = connect(url.replace("http", "ws", 1) + "board", open_timeout=10, **options)
        self.socket: ClientConnection = self._call.__enter__()

    def say(self, message: object) -> None:
        self.socket.send(message if isinstance(message, str | bytes) else json.dumps(message))

    def hear(self, kind: str | None = None, timeout: float = 10.0) -> dict[str, Any]:
        """The next message, of ``kind`` if given."""
        while True:
            message = json.loads(self.socket.recv(timeout=timeout))
            if kind is None or message["type"] == kind:
                return message

    def refusal(self, first: object) -> str:
        """What it is refused with for saying ``first``; the connection must end after it."""
        self.say(first)
        error = self.hear("error")["error"]
        self.hear_to_the_end()
        return error

    def hear_to_the_end(self) -> int | None:
        """The code with which the other side ends the connection."""
        try:
            while True:
                self.socket.recv(timeout=10)
        except ConnectionClosed as ended:
            return ended.rcvd and ended.rcvd.code

    def close(self) -> None:
        self._call.__exit__(None, None, None)


@contextmanager
def calling(url: str, **options: Any) -> Iterator[Caller]:
    caller = Caller(url, **options)
    try:
        yield caller
    finally:
        caller.close()


class Host(Caller):
    """A lecturer with a room just opened, or with one of before (``door``)."""

    def __init__(self, url: str, key: str, door: dict[str, Any] | None = None, **room: Any) -> None:
        super().__init__(url)
        wish = {"type": "open", "key": key, "kind": "reactions", "interval_s": 1, **room}
        self.say({"type": "host", **door} if door else wish)
        self.door = door or {key: value for key, value in self.hear("opened").items() if key in ("code", "token")}
        self.room = self.hear("room")
        self.seats = {seat[0]: seat for seat in self.room["members"]}
        self.delta: dict[str, Any] = self.room

    @property
    def code(self) -> str:
        return str(self.door["code"])

    def look(self, true: Any, timeout: float = 10.0) -> None:
        """Take in updates till ``true(self)``."""
        while not true(self):
            self.delta = self.hear("delta", timeout)
            for seat in self.delta["members"]:
                self.seats[seat[0]] = seat
            for member_id in self.delta["gone"]:
                self.seats.pop(member_id, None)

    def labels(self) -> dict[str, str]:
        """By nickname."""
        return {seat[1]: seat[2] for seat in self.seats.values()}


class Student(Caller):
    """Somebody in a room."""

    def __init__(self, url: str, code: str, nick: str = "", back: dict[str, Any] | None = None) -> None:
        super().__init__(url)
        self.say({"type": "rejoin", **back} if back else {"type": "join", "code": code, "nick": nick})
        self.welcome = self.hear("joined")
        token = back["token"] if back else self.welcome["token"]
        self.back = {"code": code, "member": self.welcome["member"], "token": token}
