"""The same work for several faces, side by side on all cores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

import cv2

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """``work`` of every item, in order; an error of the first that fails is raised.

    In as many threads as OpenCV may use (``cv2.setNumThreads``). Of use where the work is mostly outside Python:
    networks, and pictures. It must not call this function itself.
    """
    threads = cv2.getNumThreads()
    if len(items) < 2 or threads < 2:
        return [work(item) for item in items]
    return list(_hands(threads).map(work, items))


@lru_cache(maxsize=1)
def _hands(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="emojimask-face")
