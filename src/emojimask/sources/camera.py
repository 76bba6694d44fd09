"""Cameras: by number, by name, by device path or by network address."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event
from typing import Any, Protocol, Self

import cv2
import numpy as np

from emojimask.errors import SourceError, in_brief, without_password
from emojimask.sources.kinds import is_media
from emojimask.threads.left_behind import begin_thread
from emojimask.types import Frame, Image, StreamInfo

WIDTH, HEIGHT, FPS = 1280, 720, 30.0
"""Asked of every camera; ``info`` says what it gives."""
_VIDEO4LINUX = Path("/sys/class/video4linux")
_TO_BGR = {1: cv2.COLOR_GRAY2BGR, 4: cv2.COLOR_BGRA2BGR}
_JPEG = cv2.VideoWriter.fourcc(*"MJPG")
_NETWORK_LIMITS = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 10_000, cv2.CAP_PROP_READ_TIMEOUT_MSEC, 10_000]  # else 30 s
_RETRY_S = 0.01
_CLOSE_WAIT_S = 1.0
_CHECK_PLUG = "see that it is plugged in and that no other program uses it"
_CHECK_NETWORK = "check it and the network"
_WAITS = 5  # for a picture, one after the other: of a program that was stopped and goes on only one is over


@dataclass(frozen=True, order=True)
class CameraInfo:
    """A camera that can be opened by ``index`` or by ``name``."""

    index: int
    name: str


class Capture(Protocol):
    """The part of ``cv2.VideoCapture`` that is used."""

    def isOpened(self) -> bool: ...  # noqa: N802
    def read(self) -> tuple[bool, Any]: ...
    def get(self, prop: int, /) -> float: ...
    def set(self, prop: int, value: float, /) -> bool: ...
    def release(self) -> None: ...


def list_cameras(folder: Path = _VIDEO4LINUX) -> list[CameraInfo]:
    """The cameras that the system names; empty where it names none (only Linux does)."""
    cameras = []
    for entry in folder.glob("video*"):
        number = re.fullmatch(r"video(\d+)", entry.name)
        # Many cameras have further nodes for metadata; pictures come from the first, index 0.
        if number and _text(entry / "index") in ("0", ""):
            cameras.append(CameraInfo(int(number[1]), _text(entry / "name") or entry.name))
    return sorted(cameras)


class CameraSource:
    """A camera's frames as they come; ``info.live`` is true. ``time_s`` counts from the first frame.

    Args:
        spec: a number ("0"), a name or a part of one (Linux), a device path, or an rtsp or http address.
        timeout_s: a camera that gives no picture for so long has failed.
        clock: seconds, never falling.
        open_capture: makes the capture for a number, path or address.

    Raises:
        SourceError: there is no such camera, it may not be used, it has stopped giving pictures, or gives
            none that can be read.
    """

    def __init__(
        self,
        spec: str,
        *,
        timeout_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
        open_capture: Callable[[int | str], Capture] | None = None,
    ) -> None:
        self._name = without_password(spec)
        self._remedy = _CHECK_NETWORK if "://" in spec else _CHECK_PLUG
        target = _target(spec)
        capture = (open_capture or _open_capture)(target)
        if not capture.isOpened():
            capture.release()
            raise SourceError(_why_not(self._name, target))
        if isinstance(target, int):
            _ask(capture)
        given_fps = capture.get(cv2.CAP_PROP_FPS)
        self._timeout_s = timeout_s
        self._reader = _Reader(capture, clock)
        try:
            self._first: tuple[Image, float] | None = self._next()
        except SourceError:
            self._reader.close()
            raise
        self._start_s = self._first[1]
        size = self._first[0].shape
        self.info = StreamInfo(
            name=self._name,
            width=size[1],
            height=size[0],
            fps=given_fps if 0 < given_fps < 1000 else FPS,
            live=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def __iter__(self) -> Iterator[Frame]:
        index = 0
        while True:
            image, time_s = self._first or self._next()
            self._first = None
            yield Frame(image, index, time_s - self._start_s)
            index += 1

    def _next(self) -> tuple[Image, float]:
        answer = self._reader.read(self._timeout_s)
        if isinstance(answer, tuple):
            picture, time_s = answer
            return _as_bgr(picture, self._name), time_s
        fault = f"its driver has failed ({in_brief(answer)})" if answer else f"no picture for {self._timeout_s:g} s"
        raise SourceError(f"camera {self._name}: {fault}; {self._remedy}")


class _Reader:
    """Reads a capture in a thread of its own, for a driver may block for ever. One picture each time it is asked."""

    def __init__(self, capture: Capture, clock: Callable[[], float]) -> None:
        self._capture = capture
        self._clock = clock
        self._asked: SimpleQueue[bool] = SimpleQueue()
        self._answers: SimpleQueue[tuple[Any, float] | Exception] = SimpleQueue()
        self._closed = Event()
        self._thread = begin_thread(self._run, "camera")

    def read(self, timeout_s: float) -> tuple[Any, float] | Exception | None:
        """The driver's next picture and when it came; what the driver raised; None where nothing comes in time."""
        self._asked.put(True)
        for _ in range(_WAITS):
            with suppress(Empty):
                return self._answers.get(timeout=timeout_s / _WAITS)
        return None

    def close(self) -> None:
        self._closed.set()
        self._asked.put(False)
        self._thread.join(_CLOSE_WAIT_S)

    def _run(self) -> None:
        try:
            while self._asked.get():
                self._read_one()
        except Exception as error:  # told, with a remedy, where the picture is awaited
            self._answers.put(error)
        finally:
            with _opencv_silent():  # of a camera that was unplugged it tells here
                self._capture.release()

    def _read_one(self) -> None:
        while not self._closed.is_set():
            good, image = self._capture.read()
            if good and image is not None and image.size:
                self._answers.put((image, self._clock()))
                return
            time.sleep(_RETRY_S)


def _as_bgr(picture: Any, camera: str) -> Image:
    """A driver's picture: gray, BGR or BGRA, of 8 or 16 bits. Raises SourceError for any other."""
    channels = {2: 1, 3: picture.shape[-1]}.get(picture.ndim)
    if channels not in (1, 3, 4) or picture.dtype not in (np.uint8, np.uint16):
        found = f"{picture.dtype} of shape {picture.shape}"
        raise SourceError(
            f"camera {camera}: gives {found}, where gray or BGR pictures of 8 or 16 bits can be read; "
            "choose another format in its own settings, or another camera"
        )
    if picture.dtype == np.uint16:
        picture = (picture >> 8).astype(np.uint8)  # the upper half; numpy itself would keep the lower
    return np.ascontiguousarray(picture if channels == 3 else cv2.cvtColor(picture, _TO_BGR[channels]))


def _open_capture(target: int | str) -> Capture:
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # silent, as OpenCV itself: FFmpeg reads what networks bring
    with _opencv_silent():
        try:
            if isinstance(target, str) and "://" in target:
                return cv2.VideoCapture(target, cv2.CAP_ANY, _NETWORK_LIMITS)
            return cv2.VideoCapture(target)
        except cv2.error:  # a number that is too large for it
            return cv2.VideoCapture()  # which is not open


def _ask(camera: Capture) -> None:
    """Ask for pictures of our kind; it may give others."""
    if sys.platform == "linux":  # there OpenCV prefers raw pictures, of which USB 2 carries ten a second
        camera.set(cv2.CAP_PROP_FOURCC, _JPEG)
    camera.set(cv2.CAP_PROP_FRAME_WIDTH, WIDTH)
    camera.set(cv2.CAP_PROP_FRAME_HEIGHT, HEIGHT)
    camera.set(cv2.CAP_PROP_FPS, FPS)
    camera.set(cv2.CAP_PROP_BUFFERSIZE, 1)


@contextmanager
def _opencv_silent() -> Iterator[None]:
    """OpenCV writes its own lines to standard error, and ours says more."""
    level = cv2.setLogLevel(0)
    try:
        yield
    finally:
        cv2.setLogLevel(level)


def _target(spec: str) -> int | str:
    if spec.isdecimal():
        return int(spec)
    path = Path(spec)
    if "://" in spec or (path.exists() and not path.is_dir()):
        return spec
    cameras = list_cameras()
    matches = [camera for camera in cameras if spec.casefold() in camera.name.casefold()]
    exact = [camera for camera in matches if camera.name.casefold() == spec.casefold()]
    if matches:
        return (exact or matches)[0].index
    if path.is_dir():
        raise SourceError(f"camera {spec}: is a folder; name a camera, or a video to play in its place")
    if os.sep in spec or "/" in spec or is_media(spec):
        raise SourceError(f"camera {spec}: no such file; check the name, or give the number of a camera, such as 0")
    raise SourceError(f"camera {spec}: no camera has this name; {_known(cameras) or 'try a number, such as 0'}")


def _why_not(name: str, target: int | str) -> str:
    device = Path(f"/dev/video{target}") if isinstance(target, int) else Path(target)
    if sys.platform == "linux" and device.exists() and not os.access(device, os.R_OK | os.W_OK):
        return f"camera {name}: {device} may not be used; add yourself to its group: sudo usermod -aG video $USER"
    if isinstance(target, str) and "://" in target:
        return f"camera {name}: no video comes from this address; {_CHECK_NETWORK}"
    remedy = f"plug it in, close other programs that use it; {_known(list_cameras()) or 'the system names no camera'}"
    if sys.platform == "darwin":
        remedy = "allow it under System Settings, Privacy & Security, Camera"
    return f"camera {name}: cannot be opened; {remedy}"


def _known(cameras: list[CameraInfo]) -> str:
    """The cameras that the system names; empty where it names none."""
    known = ", ".join(f"{camera.index} ({camera.name})" for camera in cameras)
    return f"known are {known}" if known else ""


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
