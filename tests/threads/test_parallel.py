"""Faces are worked on side by side, and nothing else changes for it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from multiprocessing import get_context
from threading import Barrier, current_thread

import cv2
import numpy as np
import pytest

from emojimask.threads.parallel import cores_taken, parallel_map, shares


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = cv2.getNumThreads()
    cv2.setNumThreads(request.param)
    yield request.param
    cv2.setNumThreads(before)


def test_results_come_in_order(threads: int) -> None:
    assert parallel_map(lambda n: n * n, range(20)) == [n * n for n in range(20)]
    assert parallel_map(str, []) == []


def test_the_first_error_is_raised(threads: int) -> None:
    with pytest.raises(ZeroDivisionError):
        parallel_map(lambda n: 1 / n, [2, 0, 1])
    assert parallel_map(lambda n: 1 / n, [2, 4]) == [0.5, 0.25]


def test_two_work_at_once_unless_opencv_may_use_but_one_thread(threads: int) -> None:
    both = Barrier(threads)

    def meet(_: int) -> str:
        both.wait(timeout=10)
        return current_thread().name

    names = parallel_map(meet, [1, 2])
    assert len(set(names)) == threads
    assert current_thread().name in names


def take_cores() -> None:
    with cores_taken(cv2.getNumberOfCPUs()):
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Python 3.12 warns of what is tested here
@pytest.mark.parametrize("work", [partial(parallel_map, str, [1, 2]), take_cores])
def test_a_forked_process_waits_for_no_thread_that_stayed_behind(work: Callable[[], object], threads: int) -> None:
    parallel_map(str, [1, 2])
    cv2.warpAffine(np.zeros((999, 999), np.uint8), np.eye(2, 3), (999, 999))
    time.sleep(0.5)  # until OpenCV's threads, which this has begun, are at rest
    child = get_context("fork").Process(target=work)
    child.start()
    child.join(timeout=10)
    ended = child.exitcode
    child.kill()
    assert ended == 0


def test_shares_hold_all_in_order_one_for_each_thread(threads: int) -> None:
    for count in range(9):
        parts = shares(range(count))
        assert [item for part in parts for item in part] == list(range(count))
        assert len(parts) == max(1, min(count, threads))
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_opencv_has_its_threads_again_however_runs_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "getNumberOfCPUs", lambda: 2)
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        with ExitStack() as first, ExitStack() as second:
            first.enter_context(cores_taken(2))
            second.enter_context(cores_taken(2))
            assert cv2.getNumThreads() == 1
            first.close()
            assert cv2.getNumThreads() == 1
            second.close()
            assert cv2.getNumThreads() == 2
        with cores_taken(1):
            assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(before)
