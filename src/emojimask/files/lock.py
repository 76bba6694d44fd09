"""A lock that one process holds at a time, and that goes with it however it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock on a file, which is there for as long; its folder exists.

    Where the file system knows no locks nobody is kept out.

    Raises:
        BlockingIOError: somebody else holds it.
        OSError: the file cannot be made.
    """
    file = _open_locked(path)
    try:
        yield
    finally:
        if sys.platform == "win32":  # where no open file can be removed
            os.close(file)
            with suppress(OSError):
                path.unlink()
        else:
            with suppress(OSError):
                path.unlink()
            os.close(file)


def _open_locked(path: Path) -> int:
    while True:
        with ExitStack() as opened:
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            opened.callback(os.close, file)
            _lock(file)
            if _is_at(file, path):  # and has not been removed by its last holder in between
                opened.pop_all()
                return file


def _lock(file: int) -> None:
    try:
        if sys.platform == "win32":
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError) as error:  # which of them depends on the system
        raise BlockingIOError(*error.args) from None
    except OSError:  # there are no locks here
        return


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
