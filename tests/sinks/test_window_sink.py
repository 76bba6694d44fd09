"""The preview window, on a screen in memory (Xvfb) or the real one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import media
from emojimask.errors import SinkError, StopRequested
from emojimask.sinks.window import WindowSink


@contextmanager
def in_memory() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A screen's name, and the server that makes it."""
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
        yield f":{number}", server
        server.terminate()


@pytest.fixture(scope="module")
def screen() -> Iterator[None]:
    pytest.importorskip("tkinter")
    if os.environ.get("DISPLAY") or sys.platform in ("win32", "darwin"):
        yield
        return
    with in_memory() as (name, _), pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISPLAY", name)
        yield


@pytest.mark.usefixtures("screen")
def test_frames_are_shown_and_large_ones_fit_the_screen() -> None:
    with WindowSink() as sink:
        sink.open(media.info())
        sink.write(media.masked(media.quarters()))
        assert (sink._label.image.width(), sink._label.image.height()) == (96, 64)
        assert sink._label.tk.call(str(sink._label.image), "get", 10, 10) == (255, 0, 0)  # red, not blue
        sink.write(media.masked(np.zeros((8000, 16000, 3), np.uint8)))
        assert sink._label.image.width() < sink._root.winfo_screenwidth()
        assert sink._root.title() == "emojimask"


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


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")
def test_a_screen_that_goes_away_leaves_the_recording_complete(tmp_path: Path) -> None:
    pytest.importorskip("tkinter")
    noise = np.random.default_rng(0).integers(0, 256, (360, 640, 3), np.uint8)  # makes large frames, written at once
    clip, record = media.write_video(tmp_path / "clip.mp4", frames=600, image=noise), tmp_path / "record.mp4"
    options = ["--camera", str(clip), "--on-lost", "pass", "--window", "-o", str(record), "--quiet"]
    command = [sys.executable, "-m", "emojimask", "live", *options]
    with (
        in_memory() as (name, server),
        subprocess.Popen(command, env=os.environ | {"DISPLAY": name}, stderr=subprocess.PIPE, text=True) as live,
    ):
        while live.poll() is None and not any(part.stat().st_size > 50_000 for part in tmp_path.glob("record*.part")):
            time.sleep(0.1)
        server.kill()
        told = live.communicate(timeout=60)[1]
    assert live.returncode == 1
    assert (
        told
        == "emojimask: window: its screen is gone; outputs are complete up to there; begin again once there is one\n"
    )
    assert media.times(record)
    assert not list(tmp_path.glob("*.part"))
