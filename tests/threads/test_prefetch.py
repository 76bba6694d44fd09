"""Working ahead keeps the order, the errors and the bound, and stops when nobody wants more."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from emojimask.threads.prefetch import prefetched


def threads() -> int:
    return sum(thread.name == "emojimask-prefetch" for thread in threading.enumerate())


@pytest.mark.parametrize("together", [1, 3, 499, 500, 501])
def test_all_items_come_in_order(together: int) -> None:
    assert list(prefetched(prefetched(range(500), 3, together=together), 2)) == list(range(500))
    assert threads() == 0


@pytest.mark.parametrize("together", [1, 3, 5, 7])
def test_an_error_comes_after_the_items_before_it(together: int) -> None:
    def items() -> Iterator[int]:
        yield from range(5)
        raise OSError("torn")

    stream = prefetched(items(), 2, together=together)
    assert [next(stream) for _ in range(5)] == list(range(5))
    with pytest.raises(OSError, match="torn"):
        next(stream)
    assert threads() == 0


@pytest.mark.parametrize("together", [1, 4])
def test_no_more_than_depth_handfuls_wait(together: int) -> None:
    made = []

    def items() -> Iterator[int]:
        for i in range(100):
            made.append(i)
            yield i

    with closing(prefetched(items(), 3, together=together)) as stream:
        assert next(stream) == 0
        time.sleep(0.3)
        assert len(made) <= (1 + 3 + 1) * together  # asked for, waiting, and one in hand


@pytest.mark.parametrize("together", [1, 100])
def test_it_stops_at_once_when_the_consumer_does(together: int) -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            yield from range(together)
            while True:
                time.sleep(0.05)
                yield 1
        finally:
            closed.set()

    stream = prefetched(endless(), 2, together=together)
    next(stream)
    started = time.monotonic()
    stream.close()
    assert time.monotonic() - started < 2
    assert closed.is_set()
    assert threads() == 0


def test_a_thread_that_is_left_at_work_does_not_abort_the_program() -> None:
    program = """if True:
        import time
        import cv2, numpy
        from emojimask.threads.prefetch import prefetched

        def slow():
            yield 0
            end_s, picture = time.monotonic() + 1.5, numpy.zeros((1000, 1000, 3), numpy.uint8)
            while time.monotonic() < end_s:
                cv2.GaussianBlur(picture, (9, 9), 0)
            yield 1

        made = prefetched(slow(), 1, meanwhile=int, patience_s=0.05)
        next(made)
        made.close()
    """
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0


def test_a_thread_that_hangs_does_not_hold_up_the_end_of_the_program() -> None:
    program = """if True:
        import threading
        from emojimask.threads.left_behind import begin_thread, end_program

        thread = begin_thread(threading.Event().wait, "hangs")
        print("done", end="")
        end_program(3)
    """
    done = subprocess.run([sys.executable, "-c", program], timeout=60, stdout=subprocess.PIPE, text=True)
    assert (done.returncode, done.stdout) == (3, "done")
