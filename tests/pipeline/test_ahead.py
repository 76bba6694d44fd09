"""Working ahead keeps the order, the errors and the bound, and stops when nobody wants more."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from emojimask.ahead import ahead


def threads() -> int:
    return sum(thread.name == "emojimask-ahead" for thread in threading.enumerate())


def test_all_items_come_in_order() -> None:
    assert list(ahead(ahead(range(500), 3), 2)) == list(range(500))
    assert threads() == 0


def test_an_error_comes_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield from range(5)
        raise OSError("torn")

    stream = ahead(items(), 2)
    assert [next(stream) for _ in range(5)] == list(range(5))
    with pytest.raises(OSError, match="torn"):
        next(stream)
    assert threads() == 0


def test_no_more_than_depth_items_wait() -> None:
    made = []

    def items() -> Iterator[int]:
        for i in range(100):
            made.append(i)
            yield i

    with closing(ahead(items(), 3)) as stream:
        assert next(stream) == 0
        time.sleep(0.3)
        assert len(made) <= 1 + 3 + 1  # asked for, waiting, and one in hand


def test_it_stops_at_once_when_the_consumer_does() -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    stream = ahead(endless(), 2)
    next(stream)
    started = time.monotonic()
    stream.close()
    assert time.monotonic() - started < 2
    assert threads() == 0
