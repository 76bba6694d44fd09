"""The page's switch: the server's own camera, masked, becomes a camera for other programs, and ends being one."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fake_camera import FakeBackend

pytest.importorskip("fastapi", reason="the extra [web] is not installed")

from emojimask import MaskSettings
from emojimask.sources.synthetic import SyntheticSource
from emojimask.web.camera import CameraFeed
from emojimask.web.choices import Choices
from emojimask.web.slot import Outbox
from media import info, masked


def write_clip(path: Path) -> Path:
    from emojimask.sinks.video_file import VideoFileSink

    sink = VideoFileSink(path)
    with sink:
        sink.open(info(320, 240, fps=10.0))
        for frame in SyntheticSource(320, 240, fps=10, seconds=6):
            sink.write(masked(frame.image, frame.index, frame.time_s))
    return path


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.02)


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

    with ThreadPoolExecutor(1) as another:  # the browser tests leave a loop running in this thread
        another.submit(lambda: asyncio.run(play())).result()
    (camera,) = virtual_camera.made
    assert (camera.width, camera.height) == (320, 240)
    blue, green, red = camera.sent[-1][..., 0], camera.sent[-1][..., 1], camera.sent[-1][..., 2]
    yellow = (red > 200) & (green > 150) & (blue < 120)
    assert yellow.mean() > 0.015  # the emoji, and not the face
