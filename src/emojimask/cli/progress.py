"""Tells how far a run is: a bar on a terminal, a plain line now and then elsewhere. And what went wrong on the way."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Self

from emojimask.cli.given import printable, warn
from emojimask.types import MaskedFrame, StreamInfo

LINE_EVERY_S = 10.0


class Progress:
    """Counts frames of one stream on standard error. A context manager."""

    def __init__(self, info: StreamInfo, *, quiet: bool) -> None:
        self._info = info
        self._frames = 0
        self._started = self._told = time.monotonic()
        self._quiet = quiet
        self._bar = None
        if not quiet and sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=info.frame_count, desc=printable(info.name)[-40:], unit=" frames", leave=False)

    def __call__(self, frame: MaskedFrame) -> None:
        self._frames += 1
        if self._bar is not None:
            self._bar.update()
        elif not self._quiet and time.monotonic() - self._told > LINE_EVERY_S:
            self._told = time.monotonic()
            print(self._line(frame), file=sys.stderr, flush=True)

    def _line(self, frame: MaskedFrame) -> str:
        rate = self._frames / max(time.monotonic() - self._started, 1e-9)
        total = self._info.frame_count
        left = "" if total is None else f" of {total}, {max(0, total - self._frames) / rate:.0f} s left"
        return f"{printable(self._info.name)}: frame {frame.index + 1}{left}, {rate:.1f} frames/s"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()


def tell_failures(name: str, failures: Mapping[str, int]) -> None:
    """Why frames of ``name`` were shielded on account of a fault, and how many: a line for each reason."""
    for reason, count in failures.items():
        warn(f"{name}: {count} frames were shielded because of {reason}")
