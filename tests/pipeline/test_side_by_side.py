"""Faces are worked on side by side, and nothing else changes for it."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Barrier, current_thread

import cv2
import pytest

from emojimask.side_by_side import shares, side_by_side


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = cv2.getNumThreads()
    cv2.setNumThreads(request.param)
    yield request.param
    cv2.setNumThreads(before)


def test_results_come_in_order(threads: int) -> None:
    assert side_by_side(lambda n: n * n, range(20)) == [n * n for n in range(20)]
    assert side_by_side(str, []) == []


def test_the_first_error_is_raised(threads: int) -> None:
    with pytest.raises(ZeroDivisionError):
        side_by_side(lambda n: 1 / n, [2, 0, 1])
    assert side_by_side(lambda n: 1 / n, [2, 4]) == [0.5, 0.25]


def test_two_work_at_once_unless_opencv_may_use_but_one_thread(threads: int) -> None:
    both = Barrier(threads)

    def meet(_: int) -> str:
        both.wait(timeout=10)
        return current_thread().name

    names = side_by_side(meet, [1, 2])
    assert len(set(names)) == threads
    assert current_thread().name in names


def test_shares_hold_all_in_order_one_for_each_thread(threads: int) -> None:
    for count in range(9):
        parts = shares(range(count))
        assert [item for part in parts for item in part] == list(range(count))
        assert len(parts) == max(1, min(count, threads))
        assert max(map(len, parts)) - min(map(len, parts)) <= 1
