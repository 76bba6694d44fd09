"""The way from this machine's page into a class on another machine: messages are passed on, and nothing else."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, WebSocketException

from emojimask.errors import UsageError
from emojimask.web.board.address import board_address, call, unreachable
from emojimask.web.messages import json_object

MAX_BYTES = 512
_DONE, _GONE, _REFUSED = 1000, 1001, 1008


class ClassLink:
    """Joins the page to the board that its first message names with ``url``; both close together.

    Where the board ends it, the page is told with the board's own code and reason: they say whether to try again.

    The board is reached by this program and not by the page, so that the page never talks to another machine.
    """

    def __init__(self, page: WebSocket) -> None:
        self._page = page

    async def run(self) -> None:
        try:
            first = json_object(await self._page.receive_text())
            if first is None or "url" not in first:
                raise UsageError("the first message must name the class's address")
            address = board_address(str(first.pop("url")))
        except WebSocketDisconnect:
            return
        except UsageError as error:
            await self._refuse(str(error))
            return
        try:
            async with call(address) as board:
                await self._pass_on(board, json.dumps(first))
        except (OSError, TimeoutError, WebSocketException) as error:
            await self._refuse(unreachable(address, error))

    async def _pass_on(self, board: ClientConnection, first: str) -> None:
        """Both ways, till one side ends."""
        try:
            await board.send(first)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._to_board(board))
                tasks.create_task(self._to_page(board))
        except* (WebSocketDisconnect, ConnectionClosed):
            pass
        if WebSocketState.DISCONNECTED not in (self._page.client_state, self._page.application_state):
            code = board.close_code or _GONE
            with suppress(WebSocketDisconnect):  # it may go just now
                await self._page.close(code if _may_be_sent(code) else _GONE, board.close_reason or "")

    async def _to_board(self, board: ClientConnection) -> None:
        while True:
            text = await self._page.receive_text()
            if len(text) <= MAX_BYTES:
                await board.send(text)

    async def _to_page(self, board: ClientConnection) -> None:
        while True:  # "async for" would end in silence for some codes, and _to_board would go on
            message = await board.recv()
            await self._page.send_text(message if isinstance(message, str) else message.decode())

    async def _refuse(self, text: str) -> None:
        with suppress(WebSocketDisconnect):  # it may have gone while the board was called
            await self._page.send_text(json.dumps({"type": "error", "error": "unreachable", "text": text}))
            await self._page.close(_GONE)


def _may_be_sent(code: int) -> bool:
    """Other codes tell of the way to the board, which is no business of the page's."""
    return code in (_DONE, _REFUSED) or 4000 <= code < 5000
