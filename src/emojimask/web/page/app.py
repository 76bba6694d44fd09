"""The application of the page: its routes, and what they do."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import FileResponse, Response
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp

from emojimask.errors import UsageError
from emojimask.settings import NO_EXPRESSIONS, MaskSettings
from emojimask.types import EXPRESSIONS
from emojimask.web.emoji_pictures import emoji_answer
from emojimask.web.page.camera import CameraFeed, CameraPage
from emojimask.web.page.choices import Choices
from emojimask.web.page.class_link import ClassLink
from emojimask.web.page.desk import FileDesk, Job, Refused
from emojimask.web.page.live import MAX_STREAMS, LiveStream
from emojimask.web.security import Guard
from emojimask.web.static_files import STATIC, static_files


def create_page(settings: MaskSettings, camera: str | None = None) -> ASGIApp:
    """The application. ``camera``: this machine's own, by number, name, address or file; None: the browser's."""
    page = Page(settings, camera)
    app = FastAPI(title="emojimask", openapi_url=None, lifespan=page.lifespan)
    app.add_api_route("/", page.index)
    app.add_api_route("/about", page.about)
    app.add_api_route("/emoji/{expression}.png", page.emoji)
    app.add_api_route("/files", page.take_file, methods=["POST"])
    app.add_api_route("/files/{job_id}", page.file_progress)
    app.add_api_route("/files/{job_id}", page.cancel_file, methods=["DELETE"])
    app.add_api_route("/files/{job_id}/masked", page.masked_file)
    app.add_api_route("/files/{job_id}/report", page.file_report)
    app.add_api_route("/files/{job_id}/timeline", page.file_timeline)
    app.add_api_websocket_route("/live", page.live)
    app.add_api_websocket_route("/class", page.join_class)
    app.mount("/static", static_files())
    return Guard(app, local=True)


class Page:
    """What the routes above do."""

    def __init__(self, settings: MaskSettings, camera: str | None) -> None:
        self._choices = Choices(settings)
        self._feed = None if camera is None else CameraFeed(camera, self._choices)
        self._desk: FileDesk
        self._streams = 0

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        self._desk = FileDesk()
        try:
            yield
        finally:
            self._desk.close()
            if self._feed is not None:
                self._feed.close()

    async def index(self) -> Response:
        return FileResponse(STATIC / "page.html")

    async def about(self) -> dict[str, Any]:
        start = self._choices.start
        return {
            "version": version("emojimask"),
            "camera": "browser" if self._feed is None else "server",
            "expressions": EXPRESSIONS,
            "recognises": start.expressions != NO_EXPRESSIONS,
            "offered": self._choices.offered,
            "settings": self._choices.shown(start),
        }

    def emoji(self, expression: str, emoji_set: str | None = None) -> Response:
        emoji_set = self._choices.start.emojis if emoji_set is None else emoji_set
        if emoji_set not in self._choices.offered["emojis"]:
            raise HTTPException(404)
        return emoji_answer(emoji_set, expression)

    async def live(self, socket: WebSocket) -> None:
        await socket.accept()
        if self._feed is not None:
            await CameraPage(socket, self._feed).run()
            return
        if self._streams >= MAX_STREAMS:
            trouble = f"{MAX_STREAMS} pages are open already; close one of them, then press Start camera"
            await socket.send_text(json.dumps({"trouble": trouble}))
            await socket.close(1013)
            return
        self._streams += 1
        try:
            await LiveStream(socket, self._choices).run()
        finally:
            self._streams -= 1

    async def join_class(self, socket: WebSocket) -> None:
        await socket.accept()
        await ClassLink(socket).run()

    async def take_file(self, request: Request, name: str = "file") -> dict[str, object]:
        length = request.headers.get("content-length", "")
        wishes = {key: value for key, value in request.query_params.items() if key != "name"}
        try:
            settings = self._choices.chosen(wishes)
            job = await self._desk.take(name, int(length) if length.isdecimal() else None, request.stream(), settings)
        except (Refused, UsageError) as error:
            raise HTTPException(413, str(error)) from error
        except ClientDisconnect as error:  # cancelled, and nobody hears the answer
            raise HTTPException(400, "the upload broke off") from error
        return job.progress()

    async def file_progress(self, job_id: str) -> dict[str, object]:
        return self._job(job_id).progress()

    async def cancel_file(self, job_id: str) -> None:
        self._desk.cancel(self._job(job_id))

    async def masked_file(self, job_id: str, download: bool = False) -> Response:
        return _file(self._job(job_id).output, download)

    async def file_report(self, job_id: str) -> Response:
        return _file(self._job(job_id).report, True)

    async def file_timeline(self, job_id: str) -> list[dict[str, object]]:
        return self._job(job_id).timeline.points()

    def _job(self, job_id: str) -> Job:
        job = self._desk.find(job_id)
        if job is None:
            raise HTTPException(404, "this file is not here any more; drop it again")
        return job


def _file(path: Path | None, download: bool) -> Response:
    if path is None:
        raise HTTPException(404, "not masked yet")
    return FileResponse(path, filename=path.name, content_disposition_type="attachment" if download else "inline")
