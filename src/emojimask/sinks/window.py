"""A window that shows what the others see."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

import cv2
from PIL import Image as Pillow

from emojimask.errors import SinkError, StopRequested
from emojimask.sinks.guard import require_masked
from emojimask.types import MaskedFrame, StreamInfo

_SCREEN_SHARE = 0.9  # of the screen that the picture may take, at most
_GONE = "emojimask: window: its screen is gone; outputs are complete up to there; begin again once there is one"
_ON_X_FAULT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
_NO_TKINTER = "window: this Python has no tkinter; install it (for example: apt install python3-tk)"


class WindowSink:
    """Shows every frame at once, no larger than fits the screen. Everything must be called in the main thread.

    Raises:
        SinkError: there is no tkinter or no screen.
        StopRequested: from ``write``, once the window is closed or q or Esc is pressed.
    """

    _on_x_fault: Any = None  # kept here, for Xlib does not

    def __init__(self) -> None:
        self._stopped = False
        self._root: Any = None
        self._label: Any = None

    def before_sudden_end(self, complete: Callable[[], None]) -> None:
        """``complete`` is called where the X server goes away; the program ends then: Xlib lets it do nothing else."""

        def end(_: object) -> int:
            self._root = None  # nothing more may be said to it
            try:
                complete()
                print(_GONE, file=sys.stderr, flush=True)
            finally:
                os._exit(1)  # Python's own end would speak to it

        WindowSink._on_x_fault = _ON_X_FAULT(end)
        with suppress(OSError):  # no X here
            ctypes.CDLL("libX11.so.6").XSetIOErrorHandler(WindowSink._on_x_fault)

    def open(self, info: StreamInfo) -> None:  # noqa: ARG002 - the window takes its size from the frames
        self._root = _new_window()
        import tkinter

        self._root.title("emojimask")
        self._root.resizable(False, False)
        self._label = tkinter.Label(self._root, borderwidth=0)
        self._label.pack()
        self._root.protocol("WM_DELETE_WINDOW", self._stop)
        self._root.createcommand("exit", self._stop)  # by Quit in the menu of macOS; else it goes unheard
        for key in ("q", "Q", "<Escape>"):
            self._root.bind(key, lambda _event: self._stop())

    def write(self, frame: MaskedFrame) -> None:
        image = cv2.cvtColor(require_masked(frame).image, cv2.COLOR_BGR2RGB)
        from PIL import ImageTk  # needs tkinter, which open() has found

        height, width = image.shape[:2]
        room = self._root.winfo_screenwidth() / width, self._root.winfo_screenheight() / height
        scale = min(1.0, _SCREEN_SHARE * min(room))
        if scale < 1:
            image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        photo = ImageTk.PhotoImage(Pillow.fromarray(image), master=self._root)
        self._label.configure(image=photo)
        self._label.image = photo  # tkinter does not keep it alive
        self._root.update()
        if self._stopped:
            raise StopRequested

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._root is not None:
            self._root.destroy()

    def _stop(self) -> None:
        self._stopped = True


def check_display() -> None:
    """Raises SinkError where no window can be opened."""
    _new_window().destroy()


def _new_window() -> Any:
    try:
        import tkinter
    except ImportError:
        raise SinkError(_NO_TKINTER) from None
    try:
        return tkinter.Tk()
    except tkinter.TclError as error:
        raise SinkError(
            f"window: there is no screen to show it on ({error}); without --window, record with -o FILE or be a camera "
            "with --virtual-camera"
        ) from None
