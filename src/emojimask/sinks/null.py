"""Nowhere: for measuring, and as a fake in tests."""

from __future__ import annotations

from typing import Self

from emojimask.sinks.guard import require_masked
from emojimask.types import MaskedFrame, StreamInfo


class NullSink:
    """Counts frames and keeps the last.

    Attributes:
        info: what ``open`` was given.
        count: frames written.
        last: the last frame written.
        completed: true after a ``with`` block that was left without an exception.
    """

    def __init__(self) -> None:
        self.info: StreamInfo | None = None
        self.count = 0
        self.last: MaskedFrame | None = None
        self.completed = False

    def open(self, info: StreamInfo) -> None:
        self.info = info

    def write(self, frame: MaskedFrame) -> None:
        self.last = require_masked(frame)
        self.count += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.completed = kind is None
