"""The preview window, on a screen in memory (Xvfb) or the real one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

import media
from emojimask.errors import SinkError, StopRequested
from emojimask.sinks.window import WindowSink


@pytest.fixture(scope="module")
def screen() -> Iterator[None]:
    pytest.importorskip("tkinter")
    if os.environ.get("DISPLAY") or sys.platform in ("win32", "darwin"):
        yield
        return
    if shutil.which("Xvfb") is None:
        pytest.skip("neither a screen nor Xvfb")
    reading, writing = os.pipe()
    with subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "640x480x24"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    ) as server:
        os.close(writing)
        with os.fdopen(reading) as numbers:
            number = numbers.readline().strip()
        if not number:
            pytest.skip("Xvfb does not start")
        os.environ["DISPLAY"] = f":{number}"
        yield
        del os.environ["DISPLAY"]
        server.terminate()


@pytest.mark.usefixtures("screen")
def test_frames_are_shown_and_large_ones_fit_the_screen() -> None:
    with WindowSink("a title") as sink:
        sink.open(media.info())
        sink.write(media.masked(media.quarters()))
        assert (sink._label.image.width(), sink._label.image.height()) == (96, 64)
        assert sink._label.tk.call(str(sink._label.image), "get", 10, 10) == (255, 0, 0)  # red, not blue
        sink.write(media.masked(np.zeros((8000, 16000, 3), np.uint8)))
        assert sink._label.image.width() < sink._root.winfo_screenwidth()
        assert sink._root.title() == "a title"


@pytest.mark.usefixtures("screen")
@pytest.mark.parametrize("key", ["q", "Q", "<Escape>"])
def test_a_key_ends_it(key: str) -> None:
    with WindowSink() as sink:
        media.feed(sink, [media.masked(media.quarters())])
        sink._root.focus_force()
        sink._root.update()
        sink._root.event_generate(key)
        with pytest.raises(StopRequested):
            sink.write(media.masked(media.quarters()))


@pytest.mark.usefixtures("screen")
def test_closing_the_window_ends_it() -> None:
    with WindowSink() as sink:
        media.feed(sink, [media.masked(media.quarters())])
        sink._root.tk.call(*sink._root.tk.splitlist(sink._root.protocol("WM_DELETE_WINDOW")))
        with pytest.raises(StopRequested):
            sink.write(media.masked(media.quarters()))


@pytest.mark.usefixtures("screen")
def test_quitting_by_the_menu_of_macos_ends_it() -> None:
    with WindowSink() as sink:
        media.feed(sink, [media.masked(media.quarters())])
        sink._root.tk.call("after", "idle", "exit")  # as Tk does there
        with pytest.raises(StopRequested):
            sink.write(media.masked(media.quarters()))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")
def test_no_screen_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tkinter")
    monkeypatch.setenv("DISPLAY", ":9999")
    with pytest.raises(SinkError, match=r"no screen.*-o FILE or .*--virtual-camera"), WindowSink() as sink:
        sink.open(media.info())


def test_no_tkinter_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tkinter", None)
    with pytest.raises(SinkError, match="tkinter"), WindowSink() as sink:
        sink.open(media.info())
