"""How far a batch is: a table that is painted anew on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Self

from emojimask.cli.given import warn

if TYPE_CHECKING:
    from emojimask.batch.run import Progress

PAINT_EVERY_S = 0.5
LINE_EVERY_S = 10.0


class Table:
    """Shows a :class:`Progress` on standard error from a thread of its own. A context manager."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._on_terminal = sys.stderr.isatty()
        self._stop = Event()
        self._lock = Lock()  # of what is on the screen
        self._rows = 0
        self._thread: Thread | None = None

    def watch(self, progress: Progress, frames_so_far: Callable[[], int]) -> None:
        """Begin to show. ``frames_so_far``: counts frames of files that are not finished, too."""
        self._progress, self._frames_so_far = progress, frames_so_far
        self._started = time.monotonic()
        if not self._quiet:
            self._thread = Thread(target=self._show, name="table", daemon=True)
            self._thread.start()

    def say(self, message: str) -> None:
        """Print a line above the table, whatever characters are in it."""
        with self._lock:
            self._wipe()
            warn(message)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        with self._lock:
            self._wipe()

    def _show(self) -> None:
        while not self._stop.wait(PAINT_EVERY_S if self._on_terminal else LINE_EVERY_S):
            rows = self._table() if self._on_terminal else [", ".join(self._facts().values())]
            with self._lock:
                self._wipe()
                print("\n".join(rows), file=sys.stderr, flush=True)
                self._rows = len(rows) if self._on_terminal else 0

    def _wipe(self) -> None:
        if self._rows:
            print(f"\x1b[{self._rows}F\x1b[J", end="", file=sys.stderr, flush=True)
            self._rows = 0

    def _table(self) -> list[str]:
        width = shutil.get_terminal_size().columns - 1
        return [f"{name:10} {text}"[:width] for name, text in self._facts().items()]

    def _facts(self) -> dict[str, str]:
        p, passed_s = self._progress, time.monotonic() - self._started
        files = p.done + p.unchanged + len(p.failed)
        parts = {"masked": p.done, "unchanged": p.unchanged, "failed": len(p.failed)}
        told = ", ".join(f"{count} {what}" for what, count in parts.items() if count)
        frames = max(p.frames, self._frames_so_far())
        left = "none" if p.total and files >= p.total else "unknown yet"
        if p.bytes and files < p.total:
            left = f"about {_clock(passed_s * (p.total_bytes / p.bytes - 1))}"
        return {
            "files": f"{files} of {p.total} files" + (f" ({told})" if told else ""),
            "frames": f"{frames:,} frames, {frames / max(passed_s, 1e-9):.1f} a second",
            "time left": f"time left: {left}",
        }


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(max(0.0, seconds)), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
