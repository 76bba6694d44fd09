"""The class board's application: two pages and one WebSocket. It takes no picture from anybody."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, WebSocket
from fastapi.responses import FileResponse, Response
from starlette.types import ASGIApp

from emojimask.web.board.hub import Hub
from emojimask.web.board.limits import Limits
from emojimask.web.board.sockets import Board
from emojimask.web.board.store import MemoryStore, RoomStore
from emojimask.web.emoji_pictures import emoji_answer
from emojimask.web.security import Guard
from emojimask.web.static_files import STATIC, static_files


def new_lecturer_key() -> str:
    """What a lecturer's link carries, so that nobody else opens rooms."""
    return secrets.token_urlsafe(18)


def create_board(lecturer_key: str, store: RoomStore | None = None, limits: Limits | None = None) -> ASGIApp:
    """The application. ``store``: rooms in this process by default."""
    limits = limits or Limits()
    hub = Hub(store or MemoryStore(limits.rooms, limits.members, limits.room_s), limits)
    board = Board(hub, lecturer_key)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await hub.start()
        try:
            yield
        finally:
            await hub.stop()

    async def lecturer() -> Response:
        return FileResponse(STATIC / "board.html")

    async def join() -> Response:
        return FileResponse(STATIC / "join.html")

    async def emoji(expression: str) -> Response:
        return emoji_answer("classic", expression)

    async def connect(socket: WebSocket) -> None:
        await board.answer(socket)

    app = FastAPI(title="emojimask class board", openapi_url=None, lifespan=lifespan)
    app.add_api_route("/", lecturer)
    app.add_api_route("/join", join)
    app.add_api_route("/emoji/{expression}.png", emoji)
    app.add_api_websocket_route("/board", connect)
    app.mount("/static", static_files())
    return Guard(app, local=False)
