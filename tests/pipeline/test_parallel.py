"""Faces are worked on side by side, and nothing else changes for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from multiprocessing import get_context
from threading import Barrier, current_thread

import cv2
import pytest

from emojimask.parallel import cores_taken, parallel_map, shares


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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Python 3.12 warns of what is tested here
def test_a_forked_process_has_threads_of_its_own(threads: int) -> None:
    parallel_map(str, [1, 2])
    child = get_context("fork").Process(target=parallel_map, args=(str, [1, 2]))
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
