"""Single keys from a terminal, without the Enter key; whole lines where there is no terminal."""

from __future__ import annotations

import asyncio
import os
import select
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def keys(on_key: Callable[[str], None]) -> Iterator[None]:
    """Call ``on_key`` in the event loop with each key, in lower case; the terminal is put right at the end.

    Keys that stand for no character, such as arrows and F4, are ESC; the letters with which terminals spell them are
    not told.
    """
    loop = asyncio.get_running_loop()

    def read() -> None:
        while key := _read_key():
            loop.call_soon_threadsafe(on_key, key.lower())

    with _single_keys():
        threading.Thread(target=read, name="keys", daemon=True).start()
        yield


_ESC = "\x1b"

if sys.platform == "win32":
    import msvcrt

    def _read_key() -> str:
        key = msvcrt.getwch()
        if key in "\x00\xe0" and msvcrt.kbhit():  # alone, the second is a letter of its own
            msvcrt.getwch()
            return _ESC
        return key

    @contextmanager
    def _single_keys() -> Iterator[None]:
        yield

else:
    import termios
    import tty

    _REST_S = 0.05  # the rest of a key comes at once, a person's next key later

    def _read_key() -> str:
        """The next key; "" at the end of the input."""
        key = _read_one()
        if key == _ESC:
            _skip_rest()
        return key

    def _skip_rest() -> None:
        """Read what belongs to an ESC: ``[`` or ``O``, parameters and a final letter, or one character of Alt."""
        key = _read_soon()
        while key == _ESC:  # Alt with such a key
            key = _read_soon()
        if key not in ("[", "O"):
            return
        key = _read_soon()
        if key == "[":  # F1 to F5 of the Linux console have one more
            key = _read_soon()
        while key and not "@" <= key <= "~":
            key = _read_soon()

    def _read_soon() -> str:
        """The next character, if it comes at once; else ""."""
        return _read_one() if select.select([sys.stdin], [], [], _REST_S)[0] else ""

    def _read_one() -> str:
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
