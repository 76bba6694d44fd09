"""An iterator that runs ahead in a thread of its own, so that reading, masking and writing overlap."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event
from typing import Any, TypeVar

from emojimask.threads.left_behind import begin_thread

T = TypeVar("T")

_LOOK_UP_S = 0.1  # how often a waiting thread looks whether it is still wanted


@dataclass(frozen=True, slots=True)
class _End:
    """The iterator has ended, with ``error`` or without."""

    error: BaseException | None = None


def prefetched(
    items: Iterable[T],
    depth: int,
    meanwhile: Callable[[], T | None] | None = None,
    patience_s: float | None = None,
    together: int = 1,
) -> Generator[T]:
    """The same items in the same order, made before they are asked for.

    They are handed over ``together``, so many at once, and ``depth`` such handfuls wait at the most, while the next is
    being made: with small items it costs more to wake a thread than to make one.

    An error of ``items`` is raised here, after the items that came before it. When the consumer stops, whatever the
    reason, the thread stops at its next item and is waited for; nothing goes on behind the consumer's back.

    With ``meanwhile`` the consumer never waits longer than ``patience_s`` seconds: it is given what that makes
    instead, again and again until an item comes; None: it waits on. Then a thread that hangs is not waited for either.
    """
    ready: Queue[list[T | _End]] = Queue(depth)
    unwanted = Event()
    thread = begin_thread(lambda: _fill(ready, items, together, unwanted), "emojimask-prefetch")
    try:
        while True:
            try:
                handful = ready.get(timeout=None if meanwhile is None else patience_s)
            except Empty:
                assert meanwhile is not None, "without it get() waits for ever"
                if (instead := meanwhile()) is not None:
                    yield instead
                continue
            for item in handful:
                if isinstance(item, _End):
                    if item.error is not None:
                        raise item.error
                    return
                yield item
    finally:
        unwanted.set()
        _empty(ready)
        thread.join(None if meanwhile is None else patience_s)


def _fill(ready: Queue[list[T | _End]], items: Iterable[T], together: int, unwanted: Event) -> None:
    handful: list[T | _End] = []
    try:
        for item in items:
            handful.append(item)
            if len(handful) == together:
                _put(ready, handful, unwanted)
                handful = []
            if unwanted.is_set():
                return
    except BaseException as error:
        handful.append(_End(error))
    else:
        handful.append(_End())
    _put(ready, handful, unwanted)


def _put(ready: Queue[list[T | _End]], handful: list[T | _End], unwanted: Event) -> None:
    while not unwanted.is_set():
        with suppress(Full):
            ready.put(handful, timeout=_LOOK_UP_S)
            break


def _empty(queue: Queue[Any]) -> None:
    while True:
        try:
            queue.get_nowait()
        except Empty:
            return
