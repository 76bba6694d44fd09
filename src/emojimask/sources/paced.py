"""A file that plays in real time, to stand in for a camera."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Self

from emojimask.stages import Source
from emojimask.types import Frame


class PacedSource:
    """Hands on each frame of ``source`` when its time has come; ``info.live`` is true. Plays once, to the end.

    ``clock`` and ``sleep`` count seconds. A consumer that is late gets the next frame at once.
    """

    def __init__(
        self,
        source: Source,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._source = source
        self._clock = clock
        self._sleep = sleep
        self.info = replace(source.info, live=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        self._source.__exit__(*error)

    def __iter__(self) -> Iterator[Frame]:
        offset_s: float | None = None
        for frame in self._source:
            if offset_s is None:
                offset_s = self._clock() - frame.time_s
            wait_s = frame.time_s + offset_s - self._clock()
            if wait_s > 0:
                self._sleep(wait_s)
            yield frame
