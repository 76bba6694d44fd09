"""A student at the terminal, with a camera that plays its part."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the extra [web] is not installed")

from websockets.asyncio.server import ServerConnection, serve

from emojimask.errors import EmojimaskError, SourceError
from emojimask.settings import MaskSettings
from emojimask.types import Frame, MaskedFrame
from emojimask.web.terminal.membership import Membership, Sample
from emojimask.web.terminal.student import Student


class Camera:
    """One that takes its time to close, as cameras do."""

    opened = 0
    closing = False

    def __init__(self, _: str) -> None:
        Camera.opened += 1

    def __enter__(self) -> Camera:
        return self

    def __exit__(self, *_: object) -> None:
        Camera.closing = True
        time.sleep(0.3)

    def __iter__(self) -> Iterator[Frame]:
        for index in range(1000):
            time.sleep(0.02)
            yield Frame(np.zeros((32, 32, 3), np.uint8), index, index / 50)


class Pipeline:
    def __init__(self) -> None:
        self.failures: Counter[str] = Counter()

    def process(self, frame: Frame) -> MaskedFrame:
        return MaskedFrame(frame.image, frame.index, frame.time_s)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)


def test_sharing_again_at_once_opens_the_camera_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(_: Any) -> Pipeline:
        return Pipeline()

    monkeypatch.setattr("emojimask.web.terminal.student.open_camera", Camera)
    monkeypatch.setattr("emojimask.web.terminal.student.build_pipeline", build)

    async def scene() -> None:
        ada = Student("http://127.0.0.1:1/", "AAAA2222", "Ada", "0", MaskSettings(), print)
        ada._member.room = {"kind": "expressions", "interval_s": 1}
        ada._press("s")
        await until(lambda: Camera.opened == 1)
        ada._press("p")
        await until(lambda: Camera.closing)
        ada._press("s")
        await until(lambda: Camera.opened == 2)
        ada._leaving = True

    with ThreadPoolExecutor(1) as thread:  # a browser test's own event loop may be running in this one
        thread.submit(asyncio.run, scene()).result()


class Room:
    """Takes what is said in place of a board."""

    room: dict[str, Any] = {"kind": "expressions", "interval_s": 1}  # noqa: RUF012
    in_touch = True

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def send(self, message: dict[str, object]) -> bool:
        self.heard.append(str(message["type"]))
        return True


def test_an_expression_is_withdrawn_once_where_no_face_is_seen_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emojimask.web.terminal.student._LOST_S", 1.3)

    async def scene() -> None:
        ada, room = Student("http://127.0.0.1:1/", "AAAA2222", "Ada", "0", MaskSettings(), print), Room()
        ada._member, ada._sharing, ada._reading = room, True, Sample("happy", 0.9)
        sampling = asyncio.create_task(ada._sample())
        await until(lambda: room.heard == ["share"])
        ada._reading = None
        await until(lambda: room.heard == ["share", "pause"])
        await asyncio.sleep(1.6)
        assert room.heard == ["share", "pause"]
        ada._reading = Sample("sad", 0.9)
        await until(lambda: room.heard == ["share", "pause", "share"])
        sampling.cancel()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, scene()).result()


def test_no_board_gets_more_than_one_message_a_second() -> None:
    async def scene() -> None:
        ada, room = Student("http://127.0.0.1:1/", "AAAA2222", "Ada", "0", MaskSettings(), print), Room()
        room.room = room.room | {"interval_s": 0}
        ada._member, ada._sharing, ada._reading = room, True, Sample("happy", 0.9)
        sampling = asyncio.create_task(ada._sample())
        await asyncio.sleep(1.5)
        assert room.heard in (["share"], ["share"] * 2)
        sampling.cancel()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, scene()).result()


def test_a_fault_for_which_nothing_is_sent_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(Pipeline):
        def process(self, frame: Frame) -> MaskedFrame:
            self.failures["RuntimeError: no memory"] += 1
            return super().process(frame)

    monkeypatch.setattr("emojimask.web.terminal.student.open_camera", Camera)
    monkeypatch.setattr("emojimask.web.terminal.student.build_pipeline", lambda _: Failing())

    async def scene() -> None:
        told: list[str] = []
        ada = Student("http://127.0.0.1:1/", "AAAA2222", "Ada", "0", MaskSettings(), told.append)
        ada._member = Room()
        ada._press("s")
        await until(lambda: any("RuntimeError: no memory" in line for line in told))
        await asyncio.sleep(0.3)
        assert len(told) == 2
        ada._leaving = True

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, scene()).result()


def test_a_camera_that_fails_costs_nobody_the_seat(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def no_camera(name: str) -> Camera:
        asked.append(name)
        raise SourceError("camera 0: another program uses it")

    monkeypatch.setattr("emojimask.web.terminal.student.open_camera", no_camera)
    monkeypatch.setattr("emojimask.web.terminal.student.build_pipeline", lambda _: Pipeline())

    async def scene() -> None:
        told: list[str] = []
        ada, room = Student("http://127.0.0.1:1/", "AAAA2222", "Ada", "0", MaskSettings(), told.append), Room()
        ada._member = room
        sampling = asyncio.create_task(ada._sample())
        for times in (1, 2):
            ada._press("s")
            await until(lambda n=times: room.heard == ["pause"] * n)
        assert "camera 0: another program uses it; press s to share again" in told
        assert told[-1] == "paused; nothing is shared"
        assert len(asked) == 2
        assert not sampling.done()
        sampling.cancel()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, scene()).result()


@pytest.mark.parametrize("arrived", [True, False])
def test_a_hand_that_was_lowered_while_its_owner_was_away_stays_down(arrived: bool) -> None:
    room = {"code": "AAAA2222", "kind": "reactions", "interval_s": 1}
    welcome = {"type": "joined", "nick": "Ada", "room": room, "member": "a", "hand": False}
    told: list[str] = []

    async def board(socket: ServerConnection) -> None:
        if json.loads(await socket.recv())["type"] == "rejoin":
            await socket.send(json.dumps(welcome))
            await socket.close(4004, "closed")
            return
        await socket.send(json.dumps(welcome | {"token": "b"}))
        await socket.recv()
        if arrived:
            await socket.send('{"type": "alive"}')
        await socket.close(1012)

    async def scene() -> bool:
        async with serve(board, "127.0.0.1", 0) as server:
            link = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            member, joined = Membership(link, "AAAA2222", "", told.append, lambda: None), asyncio.Event()
            running = asyncio.create_task(member.run(joined))
            await joined.wait()
            member.hand = await member.send({"type": "hand", "up": True})
            await asyncio.wait_for(running, 10)
            return member.hand

    with ThreadPoolExecutor(1) as thread:
        up = thread.submit(asyncio.run, scene()).result()
    assert up is not arrived, "what may not have arrived is said again"
    assert ("the lecturer has lowered your hand" in told) is arrived


@pytest.mark.parametrize("hangs_up", [True, False])
def test_a_network_that_is_dead_from_the_first_is_told(monkeypatch: pytest.MonkeyPatch, hangs_up: bool) -> None:
    async def board(socket: ServerConnection) -> None:
        await socket.recv()
        if hangs_up:
            socket.transport.abort()
        await socket.wait_closed()

    async def scene() -> None:
        async with serve(board, "127.0.0.1", 0) as server:
            link = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            member = Membership(link, "AAAA2222", "", lambda _: None, lambda: None)
            await asyncio.wait_for(member.run(asyncio.Event()), 10)

    monkeypatch.setattr("emojimask.web.terminal.membership._ANSWER_S", 0.2)
    with ThreadPoolExecutor(1) as thread, pytest.raises(EmojimaskError, match="no class board answers"):
        thread.submit(asyncio.run, scene()).result()


def test_a_board_gives_the_terminal_no_orders() -> None:
    told: list[str] = []

    async def board(socket: ServerConnection) -> None:
        room = {"code": "AAAA2222", "kind": "reactions", "interval_s": 1}
        await socket.recv()
        await socket.send(
            json.dumps({"type": "joined", "nick": "A\x1b[2Jda", "room": room, "member": "a", "token": "b"})
        )
        await socket.send(json.dumps({"type": "error", "error": "slow_down", "text": "slow\x1b]0;\x07 down"}))
        await socket.close(4004, "clo\x9bsed")

    async def scene() -> None:
        async with serve(board, "127.0.0.1", 0) as server:
            link = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            member = Membership(link, "AAAA2222", "", told.append, lambda: None)
            await asyncio.wait_for(member.run(asyncio.Event()), 10)
            told.append(member.nick)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, scene()).result()
    assert told == ["slow]0; down", "closed", "A[2Jda"]
