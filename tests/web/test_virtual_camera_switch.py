"""The page's switch: the server's own camera, masked, becomes a camera for other programs, and ends being one."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from pathlib import Path
from threading import Event
from time import sleep
from typing import Any

import numpy as np
import pytest

from fake_camera import FakeBackend

pytest.importorskip("fastapi", reason="the extra [web] is not installed")

from starlette.types import Message
from starlette.websockets import WebSocket
from web_help import TOP_OF_SHIELD

from emojimask import MaskSettings
from emojimask.build import build_pipeline
from emojimask.errors import EmojiSetError, UsageError
from emojimask.pipeline import MaskingPipeline
from emojimask.sources.synthetic import SyntheticSource, portrait
from emojimask.types import Frame
from emojimask.web.page.camera import CameraFeed, CameraPage
from emojimask.web.page.choices import Choices
from emojimask.web.slot import Outbox
from media import info, masked


def write_clip(path: Path, seconds: int = 6) -> Path:
    from emojimask.sinks.video.sink import VideoFileSink

    sink = VideoFileSink(path)
    with sink:
        sink.open(info(320, 240, fps=10.0))
        for frame in SyntheticSource(320, 240, fps=10, seconds=seconds):
            sink.write(masked(frame.image, frame.index, frame.time_s))
    return path


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.02)


def is_shield(picture: np.ndarray) -> bool:
    return bool((np.abs(picture[2:6].astype(int) - TOP_OF_SHIELD[::-1]).max(-1) < 45).all())


def in_another_thread(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with ThreadPoolExecutor(1) as another:  # the browser tests leave a loop running in this thread
        another.submit(lambda: asyncio.run(scene())).result()


class Stalling:
    """A camera that shows a face for a while, and then hangs till it is closed."""

    info = replace(info(512, 512, fps=10.0), live=True)

    def __init__(self, *_: object) -> None:
        self._closed = Event()

    def __iter__(self) -> Iterator[Frame]:
        for index in range(4):
            yield Frame(portrait(), index, index / 10)
        self._closed.wait(20)

    def __enter__(self) -> "Stalling":
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()


def test_a_camera_that_hangs_shows_the_shield(
    monkeypatch: pytest.MonkeyPatch, virtual_camera: type[FakeBackend]
) -> None:
    monkeypatch.setattr("emojimask.web.page.camera.open_camera", Stalling)

    async def play() -> None:
        feed = CameraFeed("0", Choices(MaskSettings()))
        feed.wish({"virtual_camera": True})
        feed.add(Outbox())
        try:
            await until(lambda: any(not is_shield(picture) for each in virtual_camera.made for picture in each.sent))
            await until(lambda: is_shield(virtual_camera.made[0].sent[-1]))
        finally:
            feed.close()

    in_another_thread(play)


def test_the_switch_opens_feeds_and_closes_the_virtual_camera(
    tmp_path: Path, virtual_camera: type[FakeBackend]
) -> None:
    clip = write_clip(tmp_path / "lesson.mp4")

    async def play() -> None:
        feed = CameraFeed(str(clip), Choices(MaskSettings()))
        feed.add(Outbox())
        try:
            await asyncio.sleep(0.3)
            assert virtual_camera.made == []  # off until it is asked for
            feed.wish({"virtual_camera": True})
            await until(lambda: bool(virtual_camera.made) and len(virtual_camera.made[0].sent) > 5)
            feed.wish({"virtual_camera": False})
            await until(lambda: virtual_camera.made[0].closed)
        finally:
            feed.close()

    in_another_thread(play)
    (camera,) = virtual_camera.made
    assert (camera.width, camera.height) == (320, 240)
    blue, green, red = camera.sent[-1][..., 0], camera.sent[-1][..., 1], camera.sent[-1][..., 2]
    yellow = (red > 200) & (green > 150) & (blue < 120)
    assert yellow.mean() > 0.015  # the emoji, and not the face


def test_a_wish_that_cannot_be_had_changes_nothing() -> None:
    async def play() -> None:
        feed = CameraFeed("no such camera", Choices(MaskSettings()))
        with pytest.raises(UsageError, match="not offered"):
            feed.wish({"virtual_camera": True, "emojis": "none of these"})
        assert json.loads(feed._status()) == {
            "virtual_camera": False,
            "settings": {"emojis": "classic", "smoothing": "ema", "on_lost": "shield"},
        }

    in_another_thread(play)


def test_a_camera_that_is_not_there_yet_is_told_and_shown_once_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emojimask.sources.camera._open_capture", lambda _: Plug())
    monkeypatch.setattr("emojimask.web.page.camera._AGAIN_EVERY_S", 0.1)
    monkeypatch.setattr(Plug, "out", True)

    async def play() -> None:
        feed, page = CameraFeed("0", Choices(MaskSettings())), Outbox()
        feed.add(page)
        try:
            await until(lambda: any("cannot be opened" in note for note in page._notes))
            Plug.out = False
            await until(lambda: page._picture is not None)
            assert json.loads(page._notes[-1]) == {"trouble": ""}
        finally:
            feed.close()

    in_another_thread(play)


def test_a_page_that_sends_the_browsers_pictures_is_asked_to_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    messages = [{"type": "websocket.connect"}, {"type": "websocket.receive", "bytes": b"picture"}]
    told: list[str] = []

    async def receive() -> Message:
        if messages:
            return messages.pop(0)
        await until(lambda: any("trouble" in each for each in told))
        return {"type": "websocket.disconnect"}

    async def send(message: Message) -> None:
        told.append(message.get("text") or "")

    async def play() -> None:
        feed, socket = CameraFeed("0", Choices(MaskSettings())), WebSocket({"type": "websocket"}, receive, send)
        await socket.accept()
        try:
            await CameraPage(socket, feed).run()
        finally:
            feed.close()

    monkeypatch.setattr("emojimask.web.page.camera.open_camera", Steady)
    in_another_thread(play)
    assert any("reload the page" in each for each in told)


class Steady(Stalling):
    """A camera that shows a face till it is closed."""

    def __iter__(self) -> Iterator[Frame]:
        for index in count():
            yield Frame(portrait(), index, index / 10)
            if self._closed.wait(0.1):
                return


def test_a_virtual_camera_that_goes_away_leaves_the_camera_on(
    monkeypatch: pytest.MonkeyPatch, virtual_camera: type[FakeBackend]
) -> None:
    async def play() -> None:
        feed, page = CameraFeed("0", Choices(MaskSettings())), Outbox()
        feed.wish({"virtual_camera": True})
        feed.add(page)
        try:
            await until(lambda: bool(virtual_camera.made and virtual_camera.made[0].sent))
            virtual_camera.made[0].gone = True
            await until(lambda: any("no more pictures" in note for note in page._notes))
            page._picture = None
            await until(lambda: page._picture is not None)
        finally:
            feed.close()
        assert json.loads(page._notes[-1])["virtual_camera"] is False
        assert [camera.closed for camera in virtual_camera.made] == [True]

    monkeypatch.setattr("emojimask.web.page.camera.open_camera", Steady)
    in_another_thread(play)


class Plug:
    """``cv2.VideoCapture`` of a camera that shows a face while it is plugged in."""

    out = False

    def isOpened(self) -> bool:  # noqa: N802
        return not Plug.out

    def read(self) -> tuple[bool, np.ndarray]:
        sleep(0.1)
        if Plug.out:
            raise RuntimeError("it was unplugged")
        return True, portrait()

    def get(self, _: int) -> float:
        return 10.0

    def set(self, *_: float) -> bool:
        return True

    def release(self) -> None:
        """Nothing to let go."""


def test_a_camera_that_comes_back_finds_its_virtual_camera(
    monkeypatch: pytest.MonkeyPatch, virtual_camera: type[FakeBackend]
) -> None:
    monkeypatch.setattr("emojimask.sources.camera._open_capture", lambda _: Plug())
    monkeypatch.setattr(Plug, "out", False)

    async def play() -> None:
        feed, page = CameraFeed("0", Choices(MaskSettings())), Outbox()
        feed.wish({"virtual_camera": True})
        feed.add(page)
        try:
            await until(lambda: any(not is_shield(picture) for each in virtual_camera.made for picture in each.sent))
            (camera,) = virtual_camera.made
            Plug.out = True
            await until(lambda: any("it was unplugged" in note for note in page._notes))
            await until(lambda: is_shield(camera.sent[-1]))
            assert not camera.closed, "or a call would go over to a camera that masks nothing"
            Plug.out = False
            await until(lambda: not is_shield(camera.sent[-1]))
            assert json.loads(page._notes[-1]) == {"trouble": ""}
        finally:
            feed.close()
        assert len(virtual_camera.made) == 1

    in_another_thread(play)


def test_a_camera_that_has_ended_leaves_the_switch_off(tmp_path: Path, virtual_camera: type[FakeBackend]) -> None:
    clip = write_clip(tmp_path / "lesson.mp4", seconds=1)

    async def play() -> None:
        feed, page = CameraFeed(str(clip), Choices(MaskSettings())), Outbox()
        feed.wish({"virtual_camera": True})
        feed.add(page)
        try:
            await until(lambda: any("has ended" in note for note in page._notes))
        finally:
            feed.close()
        assert json.loads(page._notes[-1])["virtual_camera"] is False
        assert json.loads(feed._status())["virtual_camera"] is False

    in_another_thread(play)
    assert [camera.closed for camera in virtual_camera.made] == [True]


def test_an_emoji_set_that_cannot_be_loaded_leaves_the_camera_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def build_all_but_paper(settings: MaskSettings) -> MaskingPipeline:
        if settings.emojis == "paper":
            raise EmojiSetError("paper: cannot be read")
        return build_pipeline(settings)

    async def play() -> None:
        feed, page = CameraFeed("0", Choices(MaskSettings())), Outbox()
        feed.add(page)
        try:
            await until(lambda: page._picture is not None)
            feed.wish({"emojis": "paper"})
            await until(lambda: any("cannot be read" in note for note in page._notes))
            page._picture = None
            await until(lambda: page._picture is not None)
        finally:
            feed.close()
        told = json.loads(page._notes[-1])
        assert told["settings"]["emojis"] == "classic"

    monkeypatch.setattr("emojimask.web.page.camera.open_camera", Steady)
    monkeypatch.setattr("emojimask.web.page.masker.build_pipeline", build_all_but_paper)
    in_another_thread(play)
