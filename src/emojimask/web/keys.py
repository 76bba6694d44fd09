"""Single keys from a terminal, without the Enter key; whole lines where there is no terminal."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def keys(on_key: Callable[[str], None]) -> Iterator[None]:
    """Call ``on_key`` in the event loop with each key, in lower case; the terminal is put right at the end."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        while key := _read_key():
            loop.call_soon_threadsafe(on_key, key.lower())

    with _single_keys():
        threading.Thread(target=read, name="keys", daemon=True).start()
        yield


if sys.platform == "win32":
    import msvcrt

    def _read_key() -> str:
        return msvcrt.getwch()

    @contextmanager
    def _single_keys() -> Iterator[None]:
        yield

else:
    import termios
    import tty

    def _read_key() -> str:
        return os.read(sys.stdin.fileno(), 1).decode(errors="replace")

    @contextmanager
    def _single_keys() -> Iterator[None]:
        if not sys.stdin.isatty():
            yield
            return
        before = termios.tcgetattr(sys.stdin)
        tty.setcbreak(sys.stdin)
        try:
            yield
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
