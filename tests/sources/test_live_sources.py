"""Cameras, the newest-frame mailbox, and a file in real time."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

import media
from emojimask.build import open_camera
from emojimask.errors import SourceError
from emojimask.sources.camera import CameraInfo, CameraSource, list_cameras
from emojimask.sources.latest import LatestSource
from emojimask.sources.paced import PacedSource
from emojimask.stages import Source
from emojimask.types import Frame, StreamInfo


class FakeCapture:
    """``cv2.VideoCapture`` with pictures of our own; ``pictures`` ends, then the camera is as if unplugged."""

    def __init__(self, pictures: list[Any] | None = None, opened: bool = True, stall: threading.Event | None = None):
        self.pictures = iter([np.full((48, 64, 3), 7, np.uint8)] * 3 if pictures is None else pictures)
        self.opened = opened
        self.stall = stall
        self.released = threading.Event()
        self.log_level = -1
        self.settings: dict[int, float] = {}

    def isOpened(self) -> bool:  # noqa: N802
        return self.opened

    def read(self) -> tuple[bool, Any]:
        picture = next(self.pictures, None)
        if isinstance(picture, Exception):
            raise picture
        if picture is None and self.stall:
            self.stall.wait()
        return picture is not None, picture

    def get(self, prop: int, /) -> float:
        return self.settings.get(prop, 0.0)

    def set(self, prop: int, value: float, /) -> bool:
        self.settings[prop] = value
        return True

    def release(self) -> None:
        self.log_level = cv2.getLogLevel()
        self.released.set()


def test_a_camera_gives_frames_with_the_clock_s_times_and_ends_when_unplugged() -> None:
    capture = FakeCapture()
    clock = itertools.count(100.0, 0.5).__next__
    with CameraSource("0", timeout_s=0.2, clock=clock, open_capture=lambda _: capture) as camera:
        assert (camera.info.width, camera.info.height, camera.info.fps, camera.info.live) == (64, 48, 30.0, True)
        assert capture.settings[cv2.CAP_PROP_FRAME_WIDTH] == 1280
        frames = []
        with pytest.raises(SourceError, match=r"no picture for 0\.2 s"):
            frames.extend(camera)
    assert [(frame.index, frame.time_s) for frame in frames] == [(0, 0.0), (1, 0.5), (2, 1.0)]
    assert capture.released.wait(2)


@pytest.mark.parametrize(("system", "first"), [("linux", cv2.CAP_PROP_FOURCC), ("win32", cv2.CAP_PROP_FRAME_WIDTH)])
def test_jpeg_is_asked_for_before_the_size_where_raw_pictures_would_come(
    system: str, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emojimask.sources.camera.sys.platform", system)
    capture = FakeCapture()
    with CameraSource("0", open_capture=lambda _: capture):
        assert next(iter(capture.settings)) == first
        assert capture.settings.get(cv2.CAP_PROP_FOURCC) in (None, int.from_bytes(b"MJPG", "little"))


def test_a_camera_that_blocks_for_ever_does_not_hang_the_program() -> None:
    stall = threading.Event()
    start = time.monotonic()
    with (
        CameraSource("0", timeout_s=0.2, open_capture=lambda _: FakeCapture(stall=stall)) as camera,
        pytest.raises(SourceError, match="no picture"),
    ):
        list(camera)
    assert time.monotonic() - start < 4
    stall.set()


def test_a_camera_goes_on_where_the_program_was_stopped_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(SimpleQueue[Any]):
        """The first wait is over at once, as it is where the program goes on after a time in which it was stopped."""

        waits = 0

        def get(self, block: bool = True, timeout: float | None = None) -> Any:
            self.waits += timeout is not None
            if self.waits == 1:
                raise Empty
            return super().get(block, timeout)

    monkeypatch.setattr("emojimask.sources.camera.SimpleQueue", Stopped)
    with CameraSource("0", timeout_s=1.0, open_capture=lambda _: FakeCapture()) as camera:
        assert next(iter(camera)).index == 0


def test_a_camera_that_never_gives_a_picture_fails_when_made() -> None:
    capture = FakeCapture([])
    with pytest.raises(SourceError, match="plugged in"):
        CameraSource("0", timeout_s=0.1, open_capture=lambda _: capture)
    assert capture.released.wait(2)


def test_a_missing_picture_now_and_then_is_no_end() -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    capture = FakeCapture([None, picture, None, None, picture])
    with CameraSource("0", timeout_s=0.5, open_capture=lambda _: capture) as camera:
        assert len(list(itertools.islice(camera, 2))) == 2


def test_a_failing_driver_is_told() -> None:
    capture = FakeCapture([np.zeros((4, 4), np.uint8), cv2.error("broken\nin two\n")])
    frames: list[Frame] = []
    with (
        CameraSource("0", timeout_s=0.5, open_capture=lambda _: capture) as camera,
        pytest.raises(SourceError, match=r"camera 0: .*\(broken in two\)"),
    ):
        frames.extend(camera)
    assert [frame.image.shape for frame in frames] == [(4, 4, 3)]  # gray became colour


@pytest.mark.parametrize(
    "picture",
    [
        np.full((5, 7), 0x80, np.uint8),
        np.full((5, 7, 1), 0x80, np.uint8),
        np.full((5, 7, 4), 0x80, np.uint8),
        np.full((5, 7), 0x8001, np.uint16),
        np.full((5, 7, 3), 0x8001, np.uint16),
        np.full((5, 7, 4), 0x8001, np.uint16),
        np.full((5, 14, 3), 0x80, np.uint8)[:, ::2],
    ],
    ids=lambda picture: f"{picture.dtype}{picture.shape}",
)
def test_gray_colour_and_alpha_of_8_and_16_bits_become_bgr(picture: np.ndarray) -> None:
    with CameraSource("0", timeout_s=0.5, open_capture=lambda _: FakeCapture([picture])) as camera:
        assert np.array_equal(next(iter(camera)).image, np.full((5, 7, 3), 0x80))


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros(24, np.uint8),
        np.zeros((5, 7, 2), np.uint8),
        np.zeros((5, 7, 3), np.float32),
        np.zeros((5, 7), np.int16),
        np.zeros((1, 5, 7, 3), np.uint8),
    ],
    ids=lambda picture: f"{picture.dtype}{picture.shape}",
)
def test_pictures_of_another_form_are_refused_in_a_line(picture: np.ndarray) -> None:
    good, capture = np.zeros((5, 7, 3), np.uint8), FakeCapture([picture])
    with pytest.raises(SourceError, match=r"camera 0: gives \w+ of shape .*another camera$"):
        CameraSource("0", timeout_s=0.5, open_capture=lambda _: capture)
    assert capture.released.wait(2)
    with (
        CameraSource("0", timeout_s=0.5, open_capture=lambda _: FakeCapture([good, picture])) as camera,
        pytest.raises(SourceError, match="camera 0: gives"),
    ):
        list(camera)


def test_a_camera_that_cannot_be_opened_is_told_with_a_remedy() -> None:
    for spec in ("97", "rtsp://127.0.0.1:9/x"):
        with pytest.raises(SourceError, match=f"camera {spec}: .*(plug|allow|check)"):
            CameraSource(spec, open_capture=lambda _: FakeCapture(opened=False))


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("rtsp://me:p@ss@127.0.0.1:9/x", "rtsp://me@127.0.0.1:9/x"),
        ("http://127.0.0.1:9/video.cgi?user=me&pwd=p@ss", "http://127.0.0.1:9/video.cgi?..."),
        ("rtsp://me:p@ss@127.0.0.1:9/?p@ss", "rtsp://me@127.0.0.1:9/?..."),
    ],
)
def test_a_password_in_an_address_is_not_told(address: str, told: str) -> None:
    with pytest.raises(SourceError, match=re.escape(f"camera {told}: no video")):
        CameraSource(address, open_capture=lambda _: FakeCapture(opened=False))
    with CameraSource(address, timeout_s=0.2, open_capture=lambda _: FakeCapture()) as camera:
        assert camera.info.name == told
        with pytest.raises(
            SourceError, match=re.escape(f"camera {told}: no picture for 0.2 s; check it and the network")
        ):
            list(camera)


@pytest.mark.parametrize("number", ["97", "4294967296"])
def test_the_real_opencv_says_nothing_but_our_line(number: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SourceError, match=f"camera {number}: cannot be opened"):
        CameraSource(number)
    assert capfd.readouterr().err == ""


def test_what_reads_from_a_network_says_nothing_but_our_line() -> None:
    say = "import sys; from emojimask.build import open_camera; open_camera(sys.argv[1])"
    ran = subprocess.run([sys.executable, "-c", say, "http://127.0.0.1:9/"], capture_output=True, text=True)
    assert "127.0.0.1:9/: no video comes from this address" in ran.stderr
    assert "failed" not in ran.stderr


def test_opencv_says_nothing_when_an_unplugged_camera_is_closed() -> None:
    capture, usual = FakeCapture(), cv2.getLogLevel()
    with CameraSource("0", open_capture=lambda _: capture):
        pass
    assert capture.log_level == 0
    assert cv2.getLogLevel() == usual


def test_an_unknown_name_is_told() -> None:
    with pytest.raises(SourceError, match="no camera has this name"):
        CameraSource("No Such Camera")


@pytest.mark.parametrize("spec", ["clips/talk", "talk.mp4", "/dev/video97"])
def test_a_missing_file_is_told_as_a_file(spec: str) -> None:
    with pytest.raises(SourceError, match=f"camera {spec}: no such file; check the name"):
        CameraSource(spec)


def test_a_folder_is_no_camera(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is a folder; name a camera, or a video"):
        CameraSource(str(tmp_path))


def test_a_picture_is_no_camera(tmp_path: Path) -> None:
    Pillow.new("RGB", (8, 8)).save(tmp_path / "me.jpg")
    with pytest.raises(SourceError, match=r"is a picture; .*emojimask mask"):
        open_camera(str(tmp_path / "me.jpg"))


def test_cameras_are_listed_by_number(tmp_path: Path) -> None:
    for node, name, index in (("video10", "Late", "0"), ("video0", "Front", "0"), ("video1", "Front", "1")):
        (tmp_path / node).mkdir()
        (tmp_path / node / "name").write_text(f"{name}\n")
        (tmp_path / node / "index").write_text(f"{index}\n")
    assert list_cameras(tmp_path) == [CameraInfo(0, "Front"), CameraInfo(10, "Late")]
    assert list_cameras(tmp_path / "none") == []


class Scripted:
    """A source that waits at a gate before each frame."""

    def __init__(self, count: int, gate: threading.Semaphore | None = None, error: Exception | None = None) -> None:
        self.info = StreamInfo("scripted", 4, 4, 30.0, live=True)
        self.count, self.gate, self.error = count, gate, error
        self.let_go = threading.Event()
        self.sent = threading.Semaphore(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.let_go.set()

    @property
    def exited(self) -> bool:
        return self.let_go.is_set()

    def __iter__(self) -> Iterator[Frame]:
        for index in range(self.count):
            if self.gate:
                self.gate.acquire()
            yield Frame(np.zeros((4, 4, 3), np.uint8), index, index / 30)
            self.sent.release()
        if self.error:
            raise self.error


def test_only_the_newest_frame_is_kept() -> None:
    gate = threading.Semaphore(1)
    source = Scripted(10, gate)
    with LatestSource(source) as latest:
        frames = iter(latest)
        assert next(frames).index == 0
        for _ in range(9):
            gate.release()
        for _ in range(10):  # until the reader is through
            assert source.sent.acquire(timeout=5)
        assert [frame.index for frame in frames] == [9]
        assert latest.dropped == 8
    assert source.exited


def test_an_error_of_the_thread_comes_out_after_the_last_frame() -> None:
    with LatestSource(Scripted(1, error=SourceError("unplugged"))) as latest:
        frames = iter(latest)
        assert next(frames).index == 0
        with pytest.raises(SourceError, match="unplugged"):
            next(frames)


def test_a_camera_that_comes_back_goes_on_where_it_was() -> None:
    away = [SourceError("not yet"), Scripted(2)]
    lost, told = Scripted(3, error=SourceError("unplugged")), []

    def reopen() -> Source:
        assert lost.exited, "a device that is held comes back under another number"
        found = away.pop(0)
        if isinstance(found, SourceError):
            raise found
        return found

    with LatestSource(lost, reopen, lambda fault: told.append(str(fault))) as latest:
        frames = list(latest)
    assert frames[-1].index == 4
    assert all(after.time_s > before.time_s for before, after in itertools.pairwise(frames))
    assert frames[-1].time_s > 0.5, "as long as it was away"
    assert told == ["unplugged", "None"]


def test_a_camera_that_stays_away_is_told_in_the_end() -> None:
    lost, told = Scripted(1, error=SourceError("unplugged")), []
    with (
        LatestSource(lost, lambda: Scripted(1), lambda fault: told.append(str(fault)), return_s=0.0) as latest,
        pytest.raises(SourceError, match="unplugged"),
    ):
        list(latest)
    assert told == ["unplugged"]


def test_nobody_waits_for_a_camera_that_nobody_wants_any_more() -> None:
    lost = threading.Event()
    with LatestSource(Scripted(1, error=SourceError("gone")), lambda: Scripted(1), lambda _: lost.set()) as latest:
        frames = iter(latest)
        next(frames)
        assert lost.wait(5)
    assert not any("scripted" in thread.name for thread in threading.enumerate())


def test_a_camera_that_comes_back_when_nobody_wants_it_any_more_is_let_go() -> None:
    sought, there, found, told = threading.Event(), threading.Event(), Scripted(1), []

    def reopen() -> Source:
        sought.set()
        there.wait(20)
        return found

    with LatestSource(Scripted(1, error=SourceError("gone")), reopen, told.append) as latest:
        next(iter(latest))
        assert sought.wait(5)
    assert not there.is_set(), "the end does not wait for it"
    there.set()
    assert found.let_go.wait(5)
    assert None not in told, "nobody wants to hear of it"


def test_leaving_early_ends_the_thread() -> None:
    source = Scripted(10**9)
    with LatestSource(source) as latest:
        next(iter(latest))
    assert source.exited
    assert not any("scripted" in thread.name for thread in threading.enumerate())


def test_a_file_plays_in_real_time() -> None:
    now = [50.0]
    slept = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    source = Scripted(4)
    with PacedSource(source, clock=lambda: now[0], sleep=sleep) as paced:
        assert paced.info.live
        for frame in paced:
            if frame.index == 1:
                now[0] += 0.05  # the consumer is late by a frame and a half: no wait for the next
    assert slept == pytest.approx([1 / 30, 3 / 30 - 1 / 30 - 0.05])
    assert source.exited


def test_a_real_video_paced(tmp_path: Path) -> None:
    from emojimask.sources.video_file import VideoFileSource

    path = media.write_video(tmp_path / "a.mp4", frames=6)
    start = time.monotonic()
    with PacedSource(VideoFileSource(path)) as paced:
        assert len(list(paced)) == 6
    assert time.monotonic() - start >= 0.19
