"""A browser with a camera that plays a face, and the program as it is started from a shell."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra [web] is not installed")

from web_help import Program, launch, start, watch, write_camera


@pytest.fixture
def program() -> Iterator[Callable[..., Program]]:
    """Starts programs, and stops them after the test."""
    running: list[Program] = []

    def begin(*arguments: str, lines: int = 1) -> Program:
        running.append(start(*arguments, lines=lines))
        return running[-1]

    yield begin
    for each in running:
        each.stop()


@pytest.fixture(scope="session")
def page_url() -> Iterator[str]:
    """The page of this machine, served once for all tests."""
    served = start("serve", "--no-browser", "--port", "0")
    yield served.url
    served.stop()


@pytest.fixture(scope="session")
def board() -> Iterator[Program]:
    """A class board, served once for all tests."""
    served = start("serve", "--board", "--no-browser", "--port", "0", lines=2)
    yield served
    served.stop()


@pytest.fixture(scope="session")
def camera_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A face that moves about, as the JPEG pictures that Chromium takes for a camera."""
    return write_camera(tmp_path_factory.mktemp("camera") / "face.mjpeg")


@pytest.fixture(scope="session")
def chromium() -> str:
    pytest.importorskip("playwright", reason="playwright is not installed")
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("Debian's chromium is not installed: apt-get install chromium")
    return found


@pytest.fixture(scope="session")
def playwright_session():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as session:
        yield session


@pytest.fixture(scope="session")
def browser(chromium: str, playwright_session, camera_file: Path):
    """A browser whose camera plays a face and asks nobody."""
    launched = launch(playwright_session, chromium, camera_file)
    yield launched
    launched.close()


@pytest.fixture
def tab(browser):
    """A fresh tab; the test fails where the page logs an error or asks another host for something."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    problems = watch(tab)
    yield tab
    context.close()
    assert not problems, problems
