"""Work ahead: an iterator runs in a thread of its own, so that reading, masking and writing overlap."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Any, TypeVar

T = TypeVar("T")

_LOOK_UP_S = 0.1  # how often a waiting thread looks whether it is still wanted


@dataclass(frozen=True, slots=True)
class _End:
    """The iterator has ended, with ``error`` or without."""

    error: BaseException | None = None


def ahead(
    items: Iterable[T], depth: int, meanwhile: Callable[[], T] | None = None, patience_s: float | None = None
) -> Generator[T]:
    """The same items in the same order, made up to ``depth`` of them before they are asked for.

    An error of ``items`` is raised here, after the items that came before it. When the consumer stops, whatever the
    reason, the thread stops at its next item and is waited for; nothing goes on behind the consumer's back.

    With ``meanwhile`` the consumer never waits longer than ``patience_s`` seconds: it is given what that makes
    instead, again and again until an item comes. Then a thread that hangs is not waited for either.
    """
    ready: Queue[T | _End] = Queue(depth)
    unwanted = Event()

    def put(item: T | _End) -> bool:
        while not unwanted.is_set():
            try:
                ready.put(item, timeout=_LOOK_UP_S)
            except Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not put(item):
                    return
        except BaseException as error:
            put(_End(error))
        else:
            put(_End())

    thread = Thread(target=work, name="emojimask-ahead", daemon=True)
    thread.start()
    try:
        while True:
            try:
                item = ready.get(timeout=None if meanwhile is None else patience_s)
            except Empty:
                assert meanwhile is not None, "without it get() waits for ever"
                yield meanwhile()
                continue
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        unwanted.set()
        _empty(ready)
        thread.join(None if meanwhile is None else patience_s)


def _empty(queue: Queue[Any]) -> None:
    while True:
        try:
            queue.get_nowait()
        except Empty:
            return
