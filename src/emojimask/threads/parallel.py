"""Threads: the same work for several faces, side by side on all cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from itertools import pairwise
from threading import Lock
from typing import TypeVar

import cv2

T = TypeVar("T")
R = TypeVar("R")

_found: list[int] = []
"""How many threads OpenCV had, at each :func:`cores_taken` that lasts."""
_counting = Lock()
_forked = False
"""Whether this process is another's copy: OpenCV's threads stayed there, and it would wait for their end for ever."""


def parallel_map(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """``work`` of every item, in order; an error is raised.

    In as many threads as OpenCV may use (``cv2.setNumThreads``). Of use where the work is mostly outside Python:
    networks, and pictures. It must not call this function itself.
    """
    threads = min(len(items), cv2.getNumThreads())
    if threads < 2:
        return [work(item) for item in items]

    def share(first: int) -> list[R]:
        return [work(item) for item in items[first::threads]]

    others = [_hands().submit(share, first) for first in range(1, threads)]  # the first is this thread's own
    shares = [share(0), *(other.result() for other in others)]
    return [shares[number % threads][number // threads] for number in range(len(items))]


def shares(items: Sequence[T]) -> list[Sequence[T]]:
    """The items in order, in as many parts of like size as :func:`parallel_map` has threads for."""
    parts = max(1, min(len(items), cv2.getNumThreads()))
    ends = [len(items) * part // parts for part in range(parts + 1)]
    return [items[first:end] for first, end in pairwise(ends)]


@contextmanager
def cores_taken(threads: int) -> Iterator[None]:
    """While so many threads of ours are at work: where they use all cores, OpenCV and faces get no further ones.

    May be entered by several threads at once; when the last leaves, OpenCV has again what the first found.
    """
    if threads < cv2.getNumberOfCPUs() or _forked:
        yield
        return
    with _counting:
        _found.append(cv2.getNumThreads())
        cv2.setNumThreads(1)
    try:
        yield
    finally:
        with _counting:
            found = _found.pop()  # the first's comes last
            if not _found:
                cv2.setNumThreads(found)


def core_count() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@lru_cache(maxsize=1)
def _hands() -> ThreadPoolExecutor:
    """For all callers; begins no more threads than are asked for at once."""
    return ThreadPoolExecutor(cv2.getNumberOfCPUs(), thread_name_prefix="emojimask-face")


def _note_fork() -> None:
    global _forked
    _forked = True
    _hands.cache_clear()  # a forked process has none of the threads


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)
