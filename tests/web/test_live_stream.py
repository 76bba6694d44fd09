"""One page's camera stream, with a page that plays its part."""

from __future__ import annotations

import asyncio
import json
import struct
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the extra [web] is not installed")

from starlette.websockets import WebSocket

from emojimask.build import build_pipeline
from emojimask.errors import EmojiSetError
from emojimask.pipeline import MaskingPipeline
from emojimask.settings import MaskSettings
from emojimask.web.page.choices import Choices
from emojimask.web.page.live import LiveStream

NOBODY = np.full((48, 64, 3), 90, np.uint8)


def frame(number: int, image: np.ndarray) -> bytes:
    return struct.pack("<I", number) + cv2.imencode(".jpg", image)[1].tobytes()


def header(packet: bytes) -> dict[str, Any]:
    length = struct.unpack_from("<I", packet)[0]
    told: dict[str, Any] = json.loads(packet[4 : 4 + length])
    return told


def play(settings: MaskSettings, *said: str | bytes) -> list[dict[str, Any]]:
    """What a page that says so is told of its frames, one after the other."""

    async def scene() -> list[dict[str, Any]]:
        messages = [{"type": "websocket.receive", "text" if isinstance(each, str) else "bytes": each} for each in said]
        messages.insert(0, {"type": "websocket.connect"})
        answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        told, asked = [], False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if asked:
                told.append(await answers.get())
            if not messages:
                return {"type": "websocket.disconnect", "code": 1001}
            message = messages.pop(0)
            asked = "bytes" in message
            return message

        async def send(message: Any) -> None:
            if message["type"] == "websocket.send":
                answers.put_nowait(json.loads(message["text"]) if message.get("text") else header(message["bytes"]))

        socket = WebSocket({"type": "websocket"}, receive, send)
        await socket.accept()
        await asyncio.wait_for(LiveStream(socket, Choices(settings)).run(), 60)
        return told

    with ThreadPoolExecutor(1) as thread:  # a browser test's own event loop may be running in this one
        return thread.submit(asyncio.run, scene()).result()


def test_a_page_that_goes_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    at_work, may_end, done = Event(), Event(), Event()

    def mask(*_: object) -> bytes:
        at_work.set()
        may_end.wait(5)
        done.set()
        return b""

    async def scene() -> bool:
        messages = [{"type": "websocket.connect"}, {"type": "websocket.receive", "bytes": frame(0, NOBODY)}]

        async def receive() -> dict[str, Any]:
            if messages:
                return messages.pop(0)
            await asyncio.to_thread(at_work.wait)
            return {"type": "websocket.disconnect", "code": 1001}

        async def send(_: object) -> None:
            """To nobody."""

        socket = WebSocket({"type": "websocket"}, receive, send)
        await socket.accept()
        await LiveStream(socket, Choices(MaskSettings())).run()
        return done.is_set()

    monkeypatch.setattr(LiveStream, "_answer", mask)
    with ThreadPoolExecutor(1) as thread:
        waited = thread.submit(asyncio.run, scene()).result()
    may_end.set()
    assert not waited


def test_a_wish_leaves_what_was_wished_before() -> None:
    open_end = MaskSettings(on_lost="pass")
    assert not play(open_end, frame(0, NOBODY))[0]["shielded"]
    assert play(open_end, '{"on_lost": "shield"}', frame(0, NOBODY))[0]["shielded"]
    assert play(open_end, '{"on_lost": "shield"}', '{"emojis": "paper"}', frame(0, NOBODY))[0]["shielded"]


def test_a_page_is_told_why_a_frame_could_not_be_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(settings: MaskSettings) -> MaskingPipeline:
        pipeline = build_pipeline(settings)
        monkeypatch.setattr(pipeline._tracker, "update", fail)
        return pipeline

    def fail(*_: object) -> None:
        raise RuntimeError("no memory")

    monkeypatch.setattr("emojimask.web.page.masker.build_pipeline", build)
    told = play(MaskSettings(), frame(0, NOBODY), frame(1, NOBODY))
    assert [(each["shielded"], each["fault"]) for each in told] == [(True, "RuntimeError: no memory")] * 2


def test_after_a_set_that_cannot_be_loaded_the_one_before_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def build_all_but_paper(settings: MaskSettings) -> MaskingPipeline:
        if settings.emojis == "paper":
            raise EmojiSetError("paper: cannot be read")
        return build_pipeline(settings)

    monkeypatch.setattr("emojimask.web.page.masker.build_pipeline", build_all_but_paper)
    trouble, masked = play(MaskSettings(), '{"emojis": "paper"}', frame(0, NOBODY), frame(1, NOBODY))
    settings = {"emojis": "classic", "smoothing": "ema", "on_lost": "shield"}
    assert trouble == {"trouble": "paper: cannot be read", "settings": settings}
    assert (masked["shielded"], masked["fault"]) == (True, "")
