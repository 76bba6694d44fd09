"""Live video: always the newest frame, never a queue."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from threading import Condition, Thread
from typing import Any, Self

from emojimask.errors import SourceError
from emojimask.stages import Source
from emojimask.threads.left_behind import begin_thread
from emojimask.types import Frame

_CLOSE_WAIT_S = 1.0  # a camera that has stalled, or is waited for, is left to the thread that reads it
_AGAIN_EVERY_S = 0.5


class LatestSource:
    """Reads a live ``source`` in a thread and keeps one frame, the newest; what comes too fast is dropped.

    The last frame is always delivered, and an error of the source is raised in the consumer after it.

    Args:
        reopen: makes the source anew, where it was lost with a SourceError and is there again within ``return_s``
            seconds. Numbers and times of its frames go on, and ``info`` stays.
        on_lost: is called in the reader's thread, with the error once the source is lost, with None once it is back.

    Attributes:
        dropped: how many frames have been dropped so far.
    """

    def __init__(
        self,
        source: Source,
        reopen: Callable[[], Source] | None = None,
        on_lost: Callable[[SourceError | None], None] = lambda _: None,
        return_s: float = 60.0,
    ) -> None:
        self._source = source
        self._reopen, self._on_lost, self._return_s = reopen, on_lost, return_s
        self.info = source.info
        self.dropped = 0
        self._changed = Condition()
        self._newest: Frame | None = None
        self._error: BaseException | None = None
        self._ended = False
        self._closed = False
        self._reader: Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        self._closed = True
        if self._reader is None:
            self._source.__exit__(*error)
            return
        with self._changed:  # whoever still waits for a frame
            self._ended = True
            self._changed.notify()
        self._reader.join(_CLOSE_WAIT_S)

    def __iter__(self) -> Iterator[Frame]:
        self._reader = begin_thread(self._read, f"reader of {self.info.name}")
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._newest is not None or self._ended)
                frame, self._newest = self._newest, None
            if frame is None:
                break
            yield frame
        if self._error is not None:
            raise self._error

    def _read(self) -> None:
        try:
            for frame in self._frames():
                with self._changed:
                    self.dropped += self._newest is not None
                    self._newest = frame
                    self._changed.notify()
                if self._closed:
                    break
        except BaseException as error:  # handed to the consumer, whatever it is
            self._error = error
        finally:
            self._source.__exit__(None, None, None)
            with self._changed:
                self._ended = True
                self._changed.notify()

    def _frames(self) -> Iterator[Frame]:
        """The source's, and after a loss those of the one that takes its place, as if they were of one."""
        first, start_s = 0, 0.0
        index, time_s, came_s = -1, 0.0, time.monotonic()
        while True:
            try:
                for frame in self._source:
                    index, time_s, came_s = first + frame.index, start_s + frame.time_s, time.monotonic()
                    yield replace(frame, index=index, time_s=time_s)
                return
            except SourceError as fault:
                if self._reopen is None:
                    raise
                self._source = self._opened_anew(self._reopen, fault)
                first, start_s = index + 1, time_s + time.monotonic() - came_s

    def _opened_anew(self, reopen: Callable[[], Source], fault: SourceError) -> Source:
        """The source, once it is there again. Raises ``fault`` where it stays away, or nobody waits for it any more."""
        self._on_lost(fault)
        self._source.__exit__(None, None, None)  # a device that is held comes back under another number
        until_s = time.monotonic() + self._return_s
        while not self._closed and time.monotonic() < until_s:
            time.sleep(_AGAIN_EVERY_S)
            with suppress(SourceError):
                source = reopen()
                if not self._closed:
                    self._on_lost(None)
                return source
        raise fault
