"""Threads that may have to be left behind at work, for what they do may hang: a camera, a network, a model."""

from __future__ import annotations

import atexit
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import NoReturn
from weakref import WeakSet

_AT_EXIT_S, _AT_END_S = 5.0, 0.5
_begun: WeakSet[Thread] = WeakSet()


def begin_thread(work: Callable[[], None], name: str) -> Thread:
    """A thread that may be left behind; it must have been told to stop.

    Python's own end waits for it a few seconds: where Python is no more when a thread comes back from C++, from a
    network or a picture, the program is aborted.
    """
    thread = Thread(target=work, name=name, daemon=True)
    thread.start()
    _begun.add(thread)
    return thread


def end_program(status: int) -> NoReturn:
    """With this exit status, when all is done; at once where a thread is left behind, without Python's own end."""
    if _are_left(_AT_END_S):
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # nobody reads on
                stream.flush()
        os._exit(status)
    sys.exit(status)


@atexit.register
def _are_left(wait_s: float = _AT_EXIT_S) -> bool:
    end_s = time.monotonic() + wait_s
    for thread in list(_begun):
        thread.join(max(0.0, end_s - time.monotonic()))
    return any(thread.is_alive() for thread in _begun)
