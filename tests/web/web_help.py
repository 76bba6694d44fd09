"""What tests of the pages share: the program as it is started from a shell, the browser, pixels and axe-core."""

from __future__ import annotations

import base64
import io
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from emojimask.sources.synthetic import SyntheticSource

BROWSER_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip


@dataclass
class Program:
    """A running ``emojimask``."""

    process: subprocess.Popen[str]
    url: str
    said: list[str]
    reader: threading.Thread

    @property
    def port(self) -> int:
        return int(self.url.rstrip("/").rsplit(":", 1)[1])

    @property
    def lecturer_url(self) -> str:
        return next(match[0] for line in self.said if (match := re.search(r"http\S+#key=\S+", line)))

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.reader.join(5)
        assert self.process.stdout is not None
        self.process.stdout.close()


def start(*arguments: str, lines: int = 1) -> Program:
    """Run ``emojimask ARGUMENTS`` and wait till it has said ``lines`` lines, with its address in the first."""
    process = subprocess.Popen(
        [sys.executable, "-m", "emojimask", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    said: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line.rstrip())
        if len(said) == lines:
            break
    url = re.search(r"https?://[^/\s]+/", said[0]) if said else None
    if url is None:
        process.communicate(timeout=30)
        raise AssertionError(f"the program did not start: {said}")
    reader = threading.Thread(target=lambda: said.extend(line.rstrip() for line in process.stdout or ()), daemon=True)
    reader.start()
    return Program(process, url[0], said, reader)


def write_camera(path: Path, seconds: float = 3.0, frames: Iterator[np.ndarray] | None = None) -> Path:
    pictures = frames or (frame.image for frame in SyntheticSource(640, 480, 30, seconds))
    path.write_bytes(b"".join(cv2.imencode(".jpg", p, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes() for p in pictures))
    return path


def launch(session, chromium: str, camera: Path | None, *more: str, cameras: int = 1, asks: bool = False):
    """``camera``: the JPEG pictures of one that plays; None: so many ``cameras`` that show a pattern."""
    flags = [*BROWSER_FLAGS, *more, f"--use-fake-device-for-media-stream=device-count={cameras}"]
    if camera is not None:
        flags.append(f"--use-file-for-fake-video-capture={camera}")
    if not asks:
        flags.append("--use-fake-ui-for-media-stream")
    return session.chromium.launch(executable_path=chromium, args=flags)


def is_outside(url: str) -> bool:
    return "127.0.0.1" not in url and not url.startswith(("blob:", "data:"))


def watch(tab) -> list[str]:
    """What goes wrong in a tab from now on: errors, breaches of its policy, requests to anybody else."""
    problems: list[str] = []
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on("console", lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None)
    tab.on("request", lambda request: problems.append(request.url) if is_outside(request.url) else None)
    return problems


TOP_OF_SHIELD = np.array([44, 62, 92])


def canvas_picture(tab) -> np.ndarray:
    """The page's canvas, (H, W, 3) uint8 RGB."""
    data = tab.evaluate("document.querySelector('#screen').toDataURL('image/png').split(',')[1]")
    return np.asarray(Pillow.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


def start_camera(tab) -> None:
    """The button is pressed, unless the page was loaded anew and goes on by itself."""
    until(tab, "document.querySelector('#emojis').options.length > 0")
    press = "const b = document.querySelector('#start'); b.disabled || b.hidden || b.click();"
    tab.evaluate(f"setTimeout(() => {{ {press} }}, 100)")


def until(tab, script: str, seconds: float = 15.0) -> None:
    """Wait till a script is true. (Playwright's own way needs eval, which the pages' policy forbids.)"""
    wait_until(lambda: tab.evaluate(script), seconds, tab)


def wait_until(true: Callable[[], bool], seconds: float = 15.0, tab=None) -> None:
    """``tab``: one whose events must be seen to meanwhile."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        tab.wait_for_timeout(100) if tab else time.sleep(0.1)


def axe_violations(tab) -> list[str]:
    """What axe-core finds wrong, a line each."""
    root = Path(__file__).parents[2]
    script = Path(os.environ.get("EMOJIMASK_AXE", root / "node_modules/axe-core/axe.min.js"))
    if not script.is_file():
        pytest.skip("axe-core is not installed: npm install --no-save axe-core")
    tab.evaluate(script.read_text())  # not as a script element, which the page's policy forbids
    found = tab.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{v['id']}: {v['help']}: {[n['target'] for n in v['nodes']][:4]}" for v in found]


class Cable:
    """A way to a program that can be cut, mended and hushed, as networks are. ``url`` is the near end."""

    def __init__(self, port: int) -> None:
        self._far = ("127.0.0.1", port)
        self._whole = True
        self._ends: list[socket.socket] = []
        self._dead: set[socket.socket] = set()
        self._near = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._near.getsockname()[1]}/"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._whole = False
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._ends.clear()

    def mend(self) -> None:
        self._whole = True

    def hush(self) -> None:
        """Connections of before stay open, and nothing gets through any more."""
        self._dead |= set(self._ends)

    def close(self) -> None:
        self.cut()
        with suppress(OSError):
            self._near.shutdown(socket.SHUT_RDWR)
        self._near.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near = self._near.accept()[0]
                if not self._whole:
                    near.close()
                    continue
                far = socket.create_connection(self._far)
                self._ends += [near, far]
                for here, there in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(here, there), daemon=True).start()

    def _pass_on(self, here: socket.socket, there: socket.socket) -> None:
        with suppress(OSError):
            while data := here.recv(65536):
                if here not in self._dead:
                    there.sendall(data)
        with suppress(OSError):
            there.shutdown(socket.SHUT_RDWR)
        here.close()
