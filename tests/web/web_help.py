"""What tests of the pages share: the program as it is started from a shell, the browser, pixels and axe-core."""

from __future__ import annotations

import base64
import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
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
    assert url, f"the program did not start: {said}"
    threading.Thread(target=lambda: said.extend(line.rstrip() for line in process.stdout or ()), daemon=True).start()
    return Program(process, url[0], said)


def write_camera(path: Path, seconds: float = 3.0, frames: Iterator[np.ndarray] | None = None) -> Path:
    pictures = frames or (frame.image for frame in SyntheticSource(640, 480, 30, seconds))
    path.write_bytes(b"".join(cv2.imencode(".jpg", p, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes() for p in pictures))
    return path


def launch(session, chromium: str, camera: Path, *, asks: bool = False):
    flags = [*BROWSER_FLAGS, "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={camera}"]
    if not asks:
        flags.append("--use-fake-ui-for-media-stream")
    return session.chromium.launch(executable_path=chromium, args=flags)


def watch(tab) -> list[str]:
    problems: list[str] = []
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on(
        "console", lambda message: problems.append(message.text) if "Content Security Policy" in message.text else None
    )
    tab.on("request", lambda request: problems.append(request.url) if "127.0.0.1" not in request.url and not
           request.url.startswith(("blob:", "data:")) else None)  # fmt: skip
    return problems


TOP_OF_SHIELD = np.array([44, 62, 92])


def canvas_picture(tab) -> np.ndarray:
    """The page's canvas, (H, W, 3) uint8 RGB."""
    data = tab.evaluate("document.querySelector('#screen').toDataURL('image/png').split(',')[1]")
    return np.asarray(Pillow.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


def wait_until(true: Callable[[], bool], seconds: float = 15.0, turn=None) -> None:
    """``turn``: a tab whose events must be seen to meanwhile."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        turn.wait_for_timeout(50) if turn else time.sleep(0.05)


def axe_violations(tab) -> list[str]:
    """What axe-core finds wrong, a line each."""
    root = Path(__file__).parents[2]
    script = Path(os.environ.get("EMOJIMASK_AXE", root / "node_modules/axe-core/axe.min.js"))
    if not script.is_file():
        pytest.skip("axe-core is not installed: npm install --no-save axe-core")
    tab.evaluate(script.read_text())  # not as a script element, which the page's policy forbids
    found = tab.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{v['id']}: {v['help']}: {[n['target'] for n in v['nodes']][:4]}" for v in found]
