"""Makes the pictures in docs/images/page-*.png from the running program: python scripts/screenshots.py

Needs Chromium, the package playwright (its own browser is not used) and the extra [web]. The face is the public-domain
portrait that comes with emojimask.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import cv2
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "web")]

from board_client import Host, Student  # noqa: E402
from web_help import Program, launch, start, start_camera, until, write_camera  # noqa: E402

from emojimask.sources.synthetic import SyntheticSource  # noqa: E402

IMAGES = ROOT / "docs" / "images"
CHROMIUM = "/usr/bin/chromium"
COVERED = "document.querySelector('#status').textContent === 'Your face is covered.'"
MOOD = ("happy", "happy", "surprise", "neutral", "happy", "neutral", "sad", "happy", "surprise", "neutral", "happy")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as session:
        camera = write_camera(Path(folder) / "face.mjpeg", seconds=2)
        page = start("serve", "--no-browser", "--port", "0")
        board = start("serve", "--board", "--no-browser", "--port", "0", lines=2)
        browser = launch(session, CHROMIUM, camera)
        try:
            studio(browser, page, Path(folder))
            lesson(browser, board)
        finally:
            browser.close()
            page.stop()
            board.stop()


def studio(browser: Browser, page: Program, folder: Path) -> None:
    tab = open_tab(browser, page.url, 1280, 940)
    tab.screenshot(path=IMAGES / "page-shield.png")
    start_camera(tab)
    until(tab, COVERED, 60)
    tab.wait_for_timeout(4000)
    tab.screenshot(path=IMAGES / "page.png")
    tab.click("#stop")
    tab.set_input_files("#choose", film(folder / "lesson.avi"))
    tab.wait_for_selector("#files video", timeout=120_000)
    tab.wait_for_timeout(1500)
    tab.locator("section", has=tab.locator("#drop")).screenshot(path=IMAGES / "page-file.png")
    tab.context.close()


def lesson(browser: Browser, board: Program) -> None:
    tab = open_tab(browser, board.lecturer_url, 1280, 1000)
    tab.check("input[value=expressions]")
    host = Host(board.url, board.lecturer_url.split("#key=")[1])
    students = [Student(board.url, host.code) for _ in MOOD]
    for shift in range(4):
        for number, student in enumerate(students[:-1]):
            student.say({"type": "share", "label": MOOD[(number + shift * number) % len(MOOD)]})
        tab.wait_for_timeout(5200)
    students[2].say({"type": "hand", "up": True})
    tab.evaluate("door => sessionStorage.setItem('emojimask-room', JSON.stringify(door))", host.door)
    tab.reload()
    until(tab, "document.querySelector('#lesson svg') !== null", 30)
    tab.wait_for_timeout(1000)
    tab.screenshot(path=IMAGES / "page-board.png", full_page=True)
    joined = open_tab(browser, f"{board.url}join#code={host.code}", 390, 844)
    joined.click("#join-form button")
    joined.click("text=Start sharing")
    joined.click(".palette >> text=surprise")
    until(joined, "document.querySelector('#sent').textContent !== 'nothing'")
    joined.screenshot(path=IMAGES / "page-join.png")
    host.say({"type": "close"})
    for each in [*students, host]:
        each.close()


def open_tab(browser: Browser, url: str, width: int, height: int) -> Page:
    tab = browser.new_context(viewport={"width": width, "height": height}).new_page()
    tab.goto(url)
    tab.wait_for_load_state("networkidle")
    return tab


def film(path: Path) -> str:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (640, 360))
    for frame in SyntheticSource(640, 360, 10, 3):
        writer.write(frame.image)
    writer.release()
    return str(path)


if __name__ == "__main__":
    main()
