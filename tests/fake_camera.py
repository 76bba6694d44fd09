"""In place of a virtual camera's driver, at the outermost edge: pyvirtualcam itself is the real one."""

from __future__ import annotations

from typing import Any

import numpy as np


class FakeBackend:
    """A virtual camera that keeps what it is sent."""

    made: list[FakeBackend]

    def __init__(self, *, width: int, height: int, fps: float, fourcc: int, device: str | None, **_: Any) -> None:
        if device == "/dev/none":
            raise RuntimeError("no such device")
        self.width, self.height, self.fps, self.fourcc, self.name = width, height, fps, fourcc, device
        self.sent: list[np.ndarray] = []
        self.closed = self.gone = False
        self.made.append(self)

    def send(self, frame: np.ndarray) -> None:
        if self.gone:
            raise RuntimeError("the stream does not exist")
        self.sent.append(np.array(frame).reshape(self.height, self.width, 3))

    def device(self) -> str:
        return self.name or "fake"

    def native_fourcc(self) -> int | None:
        return None

    def close(self) -> None:
        self.closed = True
