"""The way from the page into a class on another machine, with a page and a board that play their parts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from starlette.websockets import WebSocket
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from emojimask.web.page.class_link import ClassLink

Board = Callable[[ServerConnection], Awaitable[None]]
SHARE = json.dumps({"type": "share", "label": "sad"})


class Page:
    """The page's end: ``heard`` and ``closed`` are what it is told.

    ``says`` is said again and again once it has joined; with ``leaves`` it goes as soon as it has heard something.
    """

    def __init__(self, says: str | None = None, *, leaves: bool = False) -> None:
        self.heard: list[str] = []
        self.closed: list[tuple[int, str]] = []
        self._says, self._leaves = says, leaves
        self._told = asyncio.Event()
        self._gone = False

    async def run(self, board_port: int) -> None:
        first = {"type": "join", "code": "AAAA2222", "url": f"http://127.0.0.1:{board_port}/"}
        messages = [
            {"type": "websocket.connect"},
            {"type": "websocket.receive", "text": json.dumps(first)},
        ]

        async def receive() -> dict[str, Any]:
            if messages:
                return messages.pop(0)
            if self._says is None:
                await self._told.wait()
            if self._leaves:
                self._gone = True
                return {"type": "websocket.disconnect", "code": 1001}
            await asyncio.sleep(0.001 if self._says else 60)
            return {"type": "websocket.receive", "text": self._says}

        async def send(message: Any) -> None:
            if self._gone:
                raise OSError("nobody listens any more")
            if message["type"] == "websocket.send":
                self.heard.append(message["text"])
                self._told.set()
            if message["type"] == "websocket.close":
                self.closed.append((message["code"], message["reason"]))

        socket = WebSocket({"type": "websocket"}, receive, send)
        await socket.accept()
        await asyncio.wait_for(ClassLink(socket).run(), 10)

    def go(self) -> None:
        """While the board is being called."""
        self._gone = True


def play(board: Board, says: str | None = None, *, leaves: bool = False) -> Page:
    """What a page is told by ``board``."""

    async def scene() -> Page:
        page = Page(says, leaves=leaves)
        async with serve(board, "127.0.0.1", 0) as server:
            await page.run(next(iter(server.sockets)).getsockname()[1])
        return page

    with ThreadPoolExecutor(1) as thread:  # a browser test's own event loop may be running in this one
        return thread.submit(asyncio.run, scene()).result()


@pytest.mark.parametrize("says", [None, SHARE], ids=["a silent page", "a page that shares meanwhile"])
@pytest.mark.parametrize(
    ("code", "reason", "told"),
    [
        (1000, "", 1000),
        (1008, "too many messages, or such as are not understood", 1008),
        (4001, "joined again elsewhere", 4001),
        (4003, "the lecturer has removed you from the room", 4003),
        (4004, "the lecturer has closed the room", 4004),
        (1012, "service restart", 1001),  # to be tried again
        (1013, "", 1001),
    ],
)
def test_the_page_is_told_why_the_board_ends_it(code: int, reason: str, told: int, says: str | None) -> None:
    async def board(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send('{"type": "joined"}')
        with suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                async for _ in socket:
                    pass
        await socket.close(code, reason)

    page = play(board, says)
    assert page.heard == ['{"type": "joined"}']
    assert page.closed == [(told, reason)]


def test_a_board_that_breaks_off_is_tried_again() -> None:
    async def board(socket: ServerConnection) -> None:
        await socket.recv()
        socket.transport.abort()

    assert play(board).closed == [(1001, "")]


def test_a_page_that_goes_is_told_nothing_more() -> None:
    ended: list[int | None] = []

    async def board(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send('{"type": "joined"}')
        with suppress(ConnectionClosed):
            await socket.recv()
        ended.append(socket.close_code)

    assert play(board, leaves=True).closed == []
    assert ended == [1000]


def test_a_page_that_goes_while_the_board_is_called_is_no_error() -> None:
    page = Page()

    async def scene() -> None:
        async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            page.go()
            writer.close()

        async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
            await page.run(server.sockets[0].getsockname()[1])

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, scene()).result()
    assert page.heard == page.closed == []
