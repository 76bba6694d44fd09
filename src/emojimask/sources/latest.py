"""Live video: always the newest frame, never a queue."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Condition, Thread
from types import TracebackType
from typing import Self

from emojimask.stages import Source
from emojimask.types import Frame

_CLOSE_WAIT_S = 6.0  # a camera that has stalled gives up by itself within this time


class LatestSource:
    """Reads a live ``source`` in a thread and keeps one frame, the newest; what comes too fast is dropped.

    The last frame is always delivered, and an error of the source is raised in the consumer after it.

    Attributes:
        dropped: how many frames have been dropped so far.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.info = source.info
        self.dropped = 0
        self._changed = Condition()
        self._newest: Frame | None = None
        self._error: BaseException | None = None
        self._ended = False
        self._closed = False
        self._reader = Thread(target=self._read, name=f"reader of {source.info.name}", daemon=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        if self._reader.is_alive():
            self._reader.join(_CLOSE_WAIT_S)
        if not self._reader.is_alive():  # else the source is in use; it is let go with the process
            self._source.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[Frame]:
        self._reader.start()
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
            for frame in self._source:
                with self._changed:
                    self.dropped += self._newest is not None
                    self._newest = frame
                    self._changed.notify()
                if self._closed:
                    break
        except BaseException as error:  # handed to the consumer, whatever it is
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify()
