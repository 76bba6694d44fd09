"""The same work for several faces, side by side on all cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """``work`` of every item, in order; an error of the first that fails is raised.

    Of use where the work is mostly outside Python: networks, and pictures. It must not call this function itself.
    """
    if len(items) < 2:
        return [work(item) for item in items]
    return list(_hands().map(work, items))


@lru_cache(maxsize=1)
def _hands() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="emojimask-face")
