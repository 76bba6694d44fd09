"""The page of this machine in a real browser: what a person sees, by its pixels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from PIL import Image as Pillow
from web_help import (
    TOP_OF_SHIELD,
    axe_violations,
    canvas_picture,
    launch,
    start_camera,
    until,
    wait_until,
    watch,
    write_camera,
)

from emojimask.sources.synthetic import SyntheticSource, portrait
from emojimask.types import MaskedFrame
from emojimask.web.page.live import MAX_STREAMS
from emojimask.web.page.picture import pack


def is_shield(picture: np.ndarray) -> bool:
    """The calm dark blue all along the upper edge and in the corners."""
    edge = np.concatenate([picture[2:6].reshape(-1, 3), picture[-6:-2, :40].reshape(-1, 3)]).astype(int)
    return bool((np.abs(edge - TOP_OF_SHIELD).max(1) < 45).mean() > 0.97)


def emoji_yellow(picture: np.ndarray) -> float:
    """The share of the picture that has the yellow of the emoji's skin."""
    r, g, b = (picture[..., i].astype(int) for i in range(3))
    # Raw pictures of the portrait have less than 0.2 %, masked ones more than 3 %.
    return float(((r > 230) & (g > 170) & (g < 235) & (b < 140)).mean())


def wait_for_face(tab) -> None:
    until(tab, "/face is covered|faces are covered/.test(document.querySelector('#status').textContent)", 30)


def test_shield_before_the_first_masked_frame_then_the_emoji(tab, page_url: str) -> None:
    tab.goto(page_url)
    until(tab, "document.querySelector('#emojis').options.length > 0")
    tab.wait_for_timeout(300)
    assert is_shield(canvas_picture(tab))
    assert tab.locator("video").count() == 0, "the camera's own picture must not be on the page"
    tab.click("#start")
    wait_for_face(tab)
    picture = canvas_picture(tab)
    assert emoji_yellow(picture) > 0.015
    assert not is_shield(picture)
    assert tab.locator("video").count() == 0
    until(tab, "document.querySelector('#figures').textContent.includes('frames/s')")
    assert "ms from camera to page" in tab.inner_text("#figures")
    happy = tab.locator(".bar.most").inner_text()
    assert "happy" in happy


def test_the_camera_is_on_when_somebody_says_so_and_over_a_reload(tab, page_url: str) -> None:
    tab.add_init_script(CAMERAS_GIVEN)
    for on in (False, True, False):
        tab.goto(page_url)
        until(tab, "document.querySelector('#emojis').options.length > 0")
        if on:
            tab.click("#start")
            wait_for_face(tab)
            tab.reload()
            wait_for_face(tab)
            tab.click("#stop")
        else:
            tab.wait_for_timeout(500)
            assert tab.evaluate("window.given.length") == 0
            assert "The camera is off" in tab.inner_text("#status")


def test_stop_brings_the_shield_back(tab, page_url: str) -> None:
    tab.goto(page_url)
    start_camera(tab)
    wait_for_face(tab)
    tab.click("#stop")
    tab.wait_for_timeout(700)  # masked frames that were on their way must not come after it
    assert is_shield(canvas_picture(tab))
    assert tab.locator("#start").is_visible()


CAMERAS_GIVEN = """
    const { mediaDevices } = navigator, ask = mediaDevices.getUserMedia.bind(mediaDevices);
    window.given = [];
    mediaDevices.getUserMedia = async (wish) => {
        await new Promise((wake) => setTimeout(wake, window.wakes_ms ?? 0));
        const stream = await ask(wish), [camera] = stream.getVideoTracks();
        window.given.push(camera);
        window.camera = camera.label;
        return stream;
    };
"""
"""Notes which cameras were given to the page, and lets them take their time to wake."""


def test_one_of_several_cameras_can_be_chosen(playwright_session, chromium: str, page_url: str) -> None:
    with closing(launch(playwright_session, chromium, None, cameras=2)) as browser:
        tab = browser.new_page()
        problems = watch(tab)
        tab.add_init_script(CAMERAS_GIVEN)
        tab.goto(page_url)
        start_camera(tab)
        until(tab, "!document.querySelector('#cameras-field').hidden")
        first, second = tab.locator("#cameras option").all_inner_texts()
        assert tab.evaluate("window.camera") == first
        tab.select_option("#cameras", label=second)
        until(tab, f"window.camera === {second!r} && document.querySelector('#start').hidden")
        tab.reload()
        start_camera(tab)
        until(tab, f"window.camera === {second!r} && !document.querySelector('#cameras-field').hidden")
        assert tab.evaluate("document.querySelector('#cameras').selectedOptions[0].text") == second
        assert not problems


FIRST_IS_BUSY = """
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wish) => {
        const stream = await ask(wish), [camera] = stream.getVideoTracks();
        if (!camera.label.includes("device_0")) return stream;
        camera.stop();
        throw new DOMException("Could not start video source", "NotReadableError");
    };
"""


def test_where_a_camera_is_busy_another_can_be_chosen(playwright_session, chromium: str, page_url: str) -> None:
    with closing(launch(playwright_session, chromium, None, cameras=2)) as browser:
        tab = browser.new_page()
        problems = watch(tab)
        tab.add_init_script(FIRST_IS_BUSY)
        tab.goto(page_url)
        start_camera(tab)
        until(tab, "document.querySelector('#trouble').textContent.includes('another program may be using it')")
        until(tab, "!document.querySelector('#cameras-field').hidden")
        tab.select_option("#cameras", index=1)
        until(tab, "document.querySelector('#start').hidden")
        assert tab.locator("#trouble").is_hidden()
        assert not problems


def test_no_camera_stays_on_that_was_only_passed_by(playwright_session, chromium: str, page_url: str) -> None:
    with closing(launch(playwright_session, chromium, None, cameras=3)) as browser:
        tab = browser.new_page()
        problems = watch(tab)
        tab.add_init_script(f"window.wakes_ms = 300; {CAMERAS_GIVEN}")
        tab.goto(page_url)
        start_camera(tab)
        until(tab, "document.querySelector('#cameras').options.length === 3")
        last = tab.locator("#cameras option").all_inner_texts()[-1]
        tab.focus("#cameras")
        tab.keyboard.press("ArrowDown")
        tab.wait_for_timeout(100)
        tab.keyboard.press("ArrowDown")
        on = "window.given.filter((camera) => camera.readyState === 'live').map((camera) => camera.label)"
        until(tab, f"{on}.includes({last!r}) && !document.querySelector('#stop').disabled")
        assert tab.evaluate(on) == [last]
        tab.click("#stop")
        assert tab.evaluate(on) == []
        assert not problems


def test_a_single_camera_is_no_choice(tab, page_url: str) -> None:
    tab.goto(page_url)
    start_camera(tab)
    wait_for_face(tab)
    assert tab.locator("#cameras-field").is_hidden()


COUNT_WAITS = """
    const video = HTMLVideoElement.prototype;
    const { requestVideoFrameCallback: ask, cancelVideoFrameCallback: drop } = video;
    window.waiting = window.most = 0;
    video.requestVideoFrameCallback = function (then) {
        window.most = Math.max(window.most, ++window.waiting);
        return ask.call(this, (...about) => { window.waiting--; then(...about); });
    };
    video.cancelVideoFrameCallback = function (handle) { window.waiting--; drop.call(this, handle); };
"""
"""Counts how often the page waits for one and the same next picture of the camera."""


def test_a_quick_stop_and_start_sends_each_frame_once(tab, page_url: str) -> None:
    tab.add_init_script(COUNT_WAITS)
    tab.goto(page_url)
    start_camera(tab)
    wait_for_face(tab)
    for _ in range(3):
        tab.click("#stop")
        tab.click("#start")
        wait_for_face(tab)
    tab.evaluate("window.most = 0")
    tab.wait_for_timeout(1000)
    assert tab.evaluate("window.most") == 1


def test_mirror_turns_the_picture_round_for_the_eye_alone(tab, page_url: str) -> None:
    def flag_on_the_right(picture: np.ndarray) -> bool:  # the portrait has a dark flag on its left
        gray = picture.mean(2)
        return bool(gray[:, -120:].mean() < gray[:, :120].mean())

    def seen() -> np.ndarray:
        return cv2.imdecode(np.frombuffer(tab.locator("#screen").screenshot(), np.uint8), cv2.IMREAD_COLOR)

    tab.goto(page_url)
    start_camera(tab)
    wait_for_face(tab)
    wait_until(lambda: flag_on_the_right(seen()), tab=tab)
    assert not flag_on_the_right(canvas_picture(tab)), "what is written there must be readable in a recording"
    tab.uncheck("#mirror")
    wait_until(lambda: not flag_on_the_right(seen()), tab=tab)


def test_snapshot_and_recording_hold_masked_pictures(tab, page_url: str) -> None:
    tab.goto(page_url)
    start_camera(tab)
    wait_for_face(tab)
    tab.click("#snapshot")
    with tab.expect_download() as saved:
        tab.click("text=Download snapshot")
    assert emoji_yellow(np.asarray(Pillow.open(saved.value.path()).convert("RGB"))) > 0.015

    tab.click("#record")
    tab.wait_for_timeout(2500)
    assert tab.locator("#recording").is_visible()
    tab.click("#record")
    with tab.expect_download() as saved:
        tab.click("text=Download recording")
    capture = cv2.VideoCapture(str(saved.value.path()))
    frames = []
    while (read := capture.read())[0]:
        frames.append(cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB))
    assert len(frames) >= 2
    assert all(emoji_yellow(frame) > 0.015 or is_shield(frame) for frame in frames)


def test_what_was_recorded_stays_till_it_is_downloaded(tab, page_url: str) -> None:
    asked: list[str] = []
    tab.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    tab.goto(page_url)
    start_camera(tab)
    wait_for_face(tab)
    tab.click("#record")
    tab.wait_for_timeout(1500)
    tab.click("#record")
    tab.wait_for_selector("text=Download recording")
    tab.click("#snapshot")
    tab.wait_for_selector("text=Download snapshot")
    tab.close(run_before_unload=True)
    wait_until(lambda: asked == ["beforeunload"], tab=tab)
    for what in ("recording", "snapshot"):
        with tab.expect_download():
            tab.click(f"text=Download {what}")
    with tab.expect_event("close"):
        tab.close(run_before_unload=True)
    assert asked == ["beforeunload"]


def test_a_picture_that_cannot_be_drawn_is_not_the_last(tab, page_url: str) -> None:
    tab.goto(page_url)
    start_camera(tab)
    wait_for_face(tab)
    tab.evaluate("""
        window.drawn = 0;
        const create = window.createImageBitmap;
        window.createImageBitmap = async () => {
            window.createImageBitmap = (picture) => { window.drawn++; return create(picture); };
            throw Error("out of memory");
        }; 0
    """)
    until(tab, "window.drawn > 1")


def test_a_browser_that_can_draw_no_picture_says_so(tab, page_url: str) -> None:
    tab.goto(page_url)
    start_camera(tab)
    wait_for_face(tab)
    tab.evaluate(
        "window.draws = window.createImageBitmap; createImageBitmap = async () => { throw Error('no JPEG'); }; 0"
    )
    until(tab, "document.querySelector('#trouble').textContent.includes('cannot show the masked pictures')")
    assert is_shield(canvas_picture(tab))
    tab.evaluate("createImageBitmap = window.draws; 0")
    wait_for_face(tab)
    until(tab, "document.querySelector('#trouble').hidden")


KEEP_MICROPHONES = """
    window.microphones = [];
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wish) => {
        if (wish.audio) await window.allowed;
        const given = await ask(wish);
        microphones.push(...given.getAudioTracks());
        return given;
    };
"""
"""``allowed`` is when the person says so."""
ALL_OFF = "microphones.length && microphones.every((each) => each.readyState === 'ended')"


def test_no_microphone_stays_on(tab, page_url: str) -> None:
    tab.add_init_script(KEEP_MICROPHONES)
    tab.goto(page_url)
    start_camera(tab)
    wait_for_face(tab)
    tab.check("#sound")
    tab.evaluate("void (window.allowed = new Promise((then) => { window.allow = then; }))")
    tab.click("#record")
    tab.click("#stop")
    tab.evaluate("allow()")  # too late
    until(tab, ALL_OFF)
    assert tab.locator("#recording").is_hidden()
    tab.click("#start")
    wait_for_face(tab)
    tab.evaluate("window.microphones = []; MediaRecorder.prototype.start = () => { throw Error('no encoder'); }; 0")
    tab.click("#record")
    until(tab, ALL_OFF)
    assert "no encoder" in tab.inner_text("#trouble")
    assert tab.inner_text("#record") == "Record"


def test_a_recording_that_the_browser_ends_is_kept(tab, page_url: str) -> None:
    tab.add_init_script(f"window.allowed = true; {KEEP_MICROPHONES}")
    tab.add_init_script("""
        const { start } = MediaRecorder.prototype;
        MediaRecorder.prototype.start = function (every_ms) { window.recording = this; start.call(this, every_ms); };
    """)
    tab.goto(page_url)
    start_camera(tab)
    wait_for_face(tab)
    tab.check("#sound")
    tab.click("#record")
    tab.wait_for_selector("#recording:visible")
    tab.wait_for_timeout(1500)
    tab.evaluate("window.recording.stop()")  # as where its encoder fails
    with tab.expect_download() as saved:
        tab.click("text=Download recording")
    assert saved.value.path().stat().st_size > 1000
    assert "has ended by itself" in tab.inner_text("#trouble")
    assert tab.inner_text("#record") == "Record"
    until(tab, ALL_OFF)


def test_settings_reach_the_program(tab, page_url: str) -> None:
    tab.goto(page_url)
    start_camera(tab)
    wait_for_face(tab)
    sent: list[str] = []
    tab.on("websocket", lambda socket: socket.on("framesent", lambda data: sent.append(str(data)[:80])))
    assert tab.locator("#on_lost option").all_inner_texts() == ["cover the whole picture", "keep the last mask"]
    tab.select_option("#on_lost", "hold")
    tab.select_option("#smoothing", "none")
    tab.click("#stop")
    tab.click("#start")
    wait_until(lambda: any('"on_lost":"hold"' in text and '"smoothing":"none"' in text for text in sent), tab=tab)
    wait_for_face(tab)


def test_lost_connection_shows_the_shield_and_comes_back(chromium, playwright_session, camera_file, program) -> None:
    served = program("serve", "--no-browser", "--port", "0")
    browser = launch(playwright_session, chromium, camera_file)
    tab = browser.new_page()
    try:
        tab.goto(served.url)
        start_camera(tab)
        wait_for_face(tab)
        served.stop()
        until(tab, "document.querySelector('#trouble').textContent.includes('does not answer')")
        assert is_shield(canvas_picture(tab))
        program("serve", "--no-browser", "--port", str(served.port))
        wait_for_face(tab)
        assert tab.locator("#trouble").is_hidden()
        assert emoji_yellow(canvas_picture(tab)) > 0.015
    finally:
        browser.close()


def test_camera_refused_is_explained(chromium, playwright_session, camera_file, page_url: str) -> None:
    browser = launch(playwright_session, chromium, camera_file, asks=True)
    try:
        context = browser.new_context(permissions=[])
        tab = context.new_page()
        tab.goto(page_url)
        tab.click("#start")
        tab.wait_for_selector("#trouble:visible")
        assert "may not be used" in tab.inner_text("#trouble")
        assert "Allow" in tab.inner_text("#trouble")
        assert is_shield(canvas_picture(tab))
        assert tab.locator("#start").is_enabled(), "so that it can be tried again"
    finally:
        browser.close()


def test_frozen_camera_is_told_and_shielded(tab, page_url: str) -> None:
    tab.goto(page_url)
    start_camera(tab)
    wait_for_face(tab)
    tab.evaluate(  # the browser goes on, the camera's pictures do not
        "HTMLVideoElement.prototype.requestVideoFrameCallback = () => 0"
    )
    until(tab, "document.querySelector('#trouble').textContent.includes('no new picture')", 15)
    assert is_shield(canvas_picture(tab))


GIVES_NO_PICTURE = """
    window.silent = new MediaStreamTrackGenerator({ kind: "video" });
    navigator.mediaDevices.getUserMedia = async () => new MediaStream([window.silent]);
"""


def test_a_camera_that_gives_no_picture_at_all_is_told_and_can_be_stopped(tab, page_url: str) -> None:
    tab.add_init_script(GIVES_NO_PICTURE)
    tab.goto(page_url)
    start_camera(tab)
    until(tab, "document.querySelector('#trouble').textContent.includes('no new picture')")
    tab.click("#stop")
    assert tab.evaluate("window.silent.readyState") == "ended"


@pytest.fixture
def held(tab) -> Iterator[list]:
    """Put something in, and the program's answers stay away and are gathered here."""
    held: list = []

    def relay(line) -> None:
        program = line.connect_to_server()
        program.on_message(lambda answer: held.append(answer) if held else line.send(answer))

    tab.route_web_socket("**/live", relay)
    yield held
    held.clear()


def test_a_program_that_does_not_answer_is_told_and_shielded(tab, page_url: str, held: list) -> None:
    tab.goto(page_url)
    start_camera(tab)
    wait_for_face(tab)
    held.append("from now on")
    until(tab, "document.querySelector('#trouble').textContent.includes('does not answer')")
    assert is_shield(canvas_picture(tab))
    assert "Out of touch" in tab.inner_text("#status")
    assert tab.locator(".bar").count() == 0, "no expression of before stays"
    held.clear()
    wait_for_face(tab)
    assert tab.locator("#trouble").is_hidden()


def test_a_program_that_hangs_with_its_own_camera_is_told_and_shielded(
    tab, program, held: list, tmp_path: Path
) -> None:
    path = write_film(tmp_path / "lesson.avi", [portrait()] * 300)
    served = program("serve", "--no-browser", "--port", "0", "--camera", str(path))
    tab.goto(served.url)
    wait_for_face(tab)
    held.append("from now on")
    until(tab, "document.querySelector('#trouble').textContent.includes('does not answer')")
    assert is_shield(canvas_picture(tab))
    held.clear()
    wait_for_face(tab)
    assert tab.locator("#trouble").is_hidden()


def test_a_program_that_fails_on_every_frame_says_why(tab, page_url: str) -> None:
    shield = MaskedFrame(np.zeros((480, 640, 3), np.uint8), 0, 0.0, shielded=True)

    def answer(line) -> None:
        def fail(message: str | bytes) -> None:
            if isinstance(message, bytes):
                line.send(pack(shield, int.from_bytes(message[:4], "little"), 1.0, "RuntimeError: no memory"))

        line.on_message(fail)

    tab.route_web_socket("**/live", answer)
    tab.goto(page_url)
    start_camera(tab)
    until(tab, "document.querySelector('#status').textContent.includes('(RuntimeError: no memory)')")


def test_a_page_too_many_is_told_so(browser, page_url: str) -> None:
    with closing(browser.new_context()) as context:
        for _ in range(MAX_STREAMS):
            other = context.new_page()
            other.goto(page_url)
            start_camera(other)
            wait_for_face(other)
        tab = context.new_page()
        tab.goto(page_url)
        start_camera(tab)
        until(tab, "document.querySelector('#trouble').textContent.includes('close one of them')")
        tab.wait_for_timeout(1000)
        assert "close one of them" in tab.inner_text("#trouble"), "no other words take their place"
        other.close()
        for _ in range(5):  # on a busy machine its place is free only a moment later
            tab.click("#start")
            tab.wait_for_timeout(1000)
            if "close one of them" not in tab.inner_text("#trouble"):
                break
        wait_for_face(tab)


def test_two_people_have_a_chart_each(chromium, playwright_session, page_url: str, tmp_path: Path) -> None:
    one = cv2.resize(portrait()[:320, 60:380], (320, 320))
    both = np.zeros((480, 640, 3), np.uint8)
    both[80:400, :320], both[80:400, 320:] = one, one
    browser = launch(playwright_session, chromium, write_camera(tmp_path / "two.mjpeg", frames=iter([both] * 6)))
    try:
        tab = browser.new_page()
        tab.goto(page_url)
        start_camera(tab)
        tab.wait_for_selector("text=2 faces are covered.", timeout=30_000)
        assert tab.locator("#bars .person").count() == 1
        tab.check("#several")
        until(tab, "document.querySelectorAll('#bars .person').length === 2")
    finally:
        browser.close()


def test_drop_a_picture(tab, page_url: str, tmp_path: Path) -> None:
    path = tmp_path / "<b>me.png"
    cv2.imwrite(str(path), portrait())
    tab.goto(page_url)
    drop(tab, path)
    tab.wait_for_selector("img.preview", timeout=30_000)
    assert "every face found is covered" in tab.inner_text("#files")
    with tab.expect_download() as saved:
        tab.click("#files >> text=Download")
    masked = np.asarray(Pillow.open(saved.value.path()).convert("RGB"))
    assert masked.shape == (512, 512, 3)
    assert emoji_yellow(masked) > 0.02
    assert saved.value.suggested_filename.endswith("me_masked.png")


def test_a_picture_of_a_kind_that_browsers_do_not_show_is_shown(tab, page_url: str, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "scan.tif"), portrait())
    tab.goto(page_url)
    drop(tab, tmp_path / "scan.tif")
    until(tab, "document.querySelector('img.preview')?.complete", 30)
    assert tab.evaluate("document.querySelector('img.preview').naturalWidth") == 512
    assert "scan_masked.png" in tab.inner_text("#files")


def test_drop_a_video(tab, page_url: str, tmp_path: Path) -> None:
    frames = [frame.image for frame in SyntheticSource(320, 240, 10, 1.5)]
    path = write_film(tmp_path / "lesson.avi", frames)
    tab.goto(page_url)
    tab.set_input_files("#choose", str(path))
    tab.wait_for_selector("#files video", timeout=120_000)
    words = tab.inner_text("#files")
    assert "15 frames" in words
    assert "Expressions over time" in words
    assert "happy" in (tab.get_attribute("#files svg.plot", "aria-label") or "")
    until(tab, "document.querySelector('#files video').readyState >= 2")
    with tab.expect_download() as saved:
        tab.click("#files >> text=Report")
    assert len(Path(saved.value.path()).read_text().splitlines()) == 15


def test_a_plot_is_empty_where_nothing_is_known(tab, page_url: str) -> None:
    tab.goto(page_url)
    left, right = tab.evaluate("""async () => {
        const { timelinePlot } = await import("/static/plot.js");
        const happy = [0, 0, 0, 1, 0, 0, 0, 0], none = Array(8).fill(null);
        const points = [[0, happy], [1, happy], [2, none], [3, none], [9, happy], [10, happy]];
        const plot = timelinePlot(points.map(([time_s, values]) => ({ time_s, values })), "");
        document.body.append(plot);
        const areas = [...plot.querySelectorAll("path[fill='#e0a100']")].map((area) => area.getBBox());
        return areas.map(({ x, width }) => [x, x + width]);
    }""")
    whole = right[1] - left[0]
    assert (left[1] - left[0]) / whole == pytest.approx(0.2, abs=0.01)
    assert (right[0] - left[0]) / whole == pytest.approx(0.9, abs=0.01)


@pytest.mark.parametrize(("name", "content"), [("notes.mp4", b"this is no video" * 50), ("empty.png", b"")])
def test_drop_what_is_no_video(tab, page_url: str, tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    tab.goto(page_url)
    drop(tab, tmp_path / name)
    tab.wait_for_selector("#files .say.bad:visible", timeout=20_000)
    words = tab.inner_text("#files .say.bad")
    assert name in words
    assert "/proc" not in words


def test_many_files_at_once_are_all_masked(tab, page_url: str, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(9)]
    for path in paths:
        cv2.imwrite(str(path), portrait()[::4, ::4])
    tab.goto(page_url)
    until(tab, "document.querySelector('#emojis').options.length > 0")
    tab.set_input_files("#choose", [str(path) for path in paths])
    tab.locator("#files article", has_text="0.png").locator("text=Cancel").or_(tab.locator("text=Remove")).last.click()
    until(tab, "document.querySelectorAll('#files img.preview').length === 8", 60)
    assert tab.locator("#files article").count() == 8
    assert tab.locator("#files .say.bad:visible").count() == 0


def test_a_file_whose_page_is_loaded_anew_holds_up_no_other(tab, page_url: str, tmp_path: Path) -> None:
    path = write_film(tmp_path / "lesson.avi", [frame.image for frame in SyntheticSource(320, 240, 10, 60)])
    tab.goto(page_url)
    until(tab, "document.querySelector('#emojis').options.length > 0")
    with tab.expect_request("**/files/*") as asked:
        tab.set_input_files("#choose", str(path))
    until(tab, "document.querySelector('.file').innerText.includes('masking: frame')")
    tab.reload()
    wait_until(lambda: httpx.get(asked.value.url).status_code == 404, 30)


def test_a_program_that_ends_while_it_masks_is_told(tab, program, tmp_path: Path) -> None:
    served = program("serve", "--no-browser", "--port", "0")
    tab.goto(served.url)
    until(tab, "document.querySelector('#emojis').options.length > 0")
    tab.route("**/files/*", lambda route: route.abort())
    drop(tab, write_film(tmp_path / "a.avi", [portrait()] * 3))
    tab.wait_for_selector("#files .say.bad:visible", timeout=20_000)
    assert "does not answer" in tab.inner_text("#files .say.bad")
    tab.locator("#files >> text=Remove").press("Enter")
    assert tab.locator("#files article").count() == 0
    assert tab.evaluate("document.activeElement.id") == "choose", "where the keyboard goes on"


def drop(tab, path: Path) -> None:
    """Drop a file on the page as a mouse does."""
    until(tab, "document.querySelector('#emojis').options.length > 0")
    content = list(path.read_bytes())
    tab.evaluate(
        """([name, bytes]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], name));
            dispatchEvent(new DragEvent("drop", {dataTransfer: data, cancelable: true}));
        }""",
        [path.name, content],
    )


def write_film(path: Path, frames: list[np.ndarray]) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, frames[0].shape[1::-1])
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_accessible(browser, page_url: str, theme: str, width: int, tmp_path: Path) -> None:
    viewport = {"width": width, "height": 900}
    with closing(browser.new_context(color_scheme=theme, viewport=viewport, reduced_motion="reduce")) as context:
        tab = context.new_page()
        problems = watch(tab)
        tab.goto(page_url)
        start_camera(tab)
        wait_for_face(tab)
        path = tmp_path / f"{'a_long_word_' * 6}.png"
        cv2.imwrite(str(path), portrait())
        drop(tab, path)
        tab.wait_for_selector("img.preview", timeout=30_000)
        tab.click("summary")
        assert axe_violations(tab) == []
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, "it must not scroll sideways"
    assert not problems


def test_works_by_keyboard(tab, page_url: str) -> None:
    tab.goto(page_url)
    until(tab, "document.querySelector('#emojis').options.length > 0")
    tab.focus("#start")
    tab.keyboard.press("Enter")
    wait_for_face(tab)
    reached = set()
    for _ in range(30):
        tab.keyboard.press("Tab")
        reached.add(tab.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert {"stop", "snapshot", "record", "mirror", "emojis", "smoothing", "on_lost", "SUMMARY", "choose"} <= reached


def test_start_stop_and_record_keep_the_keyboard_s_place(tab, page_url: str) -> None:
    tab.goto(page_url)
    until(tab, "document.querySelector('#emojis').options.length > 0")
    tab.focus("#start")
    tab.keyboard.press("Enter")
    wait_for_face(tab)
    assert tab.evaluate("document.activeElement.id") == "stop"
    tab.focus("#record")
    tab.keyboard.press("Enter")
    until(tab, "document.querySelector('#record').textContent === 'Stop recording'")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("text=Download recording")
    tab.focus("#stop")
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "start"


def test_server_camera(tab, program, tmp_path: Path) -> None:
    frames = [frame.image for frame in SyntheticSource(320, 240, 10, 6)]
    path = write_film(tmp_path / "lesson.avi", frames)
    served = program("serve", "--no-browser", "--port", "0", "--camera", str(path))
    tab.goto(served.url)
    wait_for_face(tab)
    assert emoji_yellow(canvas_picture(tab)) > 0.015
    # There is no virtual camera here, so the page says how to get one and the switch goes back, maybe at once.
    tab.click("#virtual")
    tab.wait_for_selector("#trouble:visible")
    assert "virtual camera" in tab.inner_text("#trouble")
    until(tab, "!document.querySelector('#virtual').checked")
    tab.click("#stop")
    tab.click("#start")
    until(tab, "document.querySelector('#status').textContent === 'Your face is covered.'")
    assert tab.locator("#trouble").is_hidden(), "it is not asked for again"


def test_every_page_of_the_server_s_camera_shows_what_holds(tab, program, tmp_path: Path) -> None:
    path = write_film(tmp_path / "lesson.avi", [portrait()] * 200)
    served = program("serve", "--no-browser", "--port", "0", "--camera", str(path))
    tab.goto(served.url)
    wait_for_face(tab)
    other = tab.context.new_page()
    other.goto(served.url)
    wait_for_face(other)
    tab.select_option("#emojis", "paper")
    tab.select_option("#on_lost", "hold")
    until(other, "document.querySelector('#emojis').value === 'paper'")
    tab.reload()
    until(tab, "document.querySelector('#emojis').value === 'paper'")
    assert tab.input_value("#on_lost") == other.input_value("#on_lost") == "hold"
    assert "paper" in (tab.get_attribute("#set img", "src") or "")


def test_stop_ends_the_camera_for_other_programs_too(tab, program, tmp_path: Path) -> None:
    path = write_film(tmp_path / "lesson.avi", [portrait()] * 200)
    served = program("serve", "--no-browser", "--port", "0", "--camera", str(path))
    wishes: list[str] = []  # which do not reach the program, for there is no virtual camera here
    tab.route_web_socket(
        "**/live", lambda line: (line.connect_to_server(), line.on_message(lambda wish: wishes.append(wish)))
    )
    tab.goto(served.url)
    wait_for_face(tab)
    tab.check("#virtual")
    tab.click("#stop")
    wait_until(lambda: wishes[-1] == '{"virtual_camera":false}', tab=tab)
    assert not tab.is_checked("#virtual")
    assert tab.is_disabled("#virtual"), "nothing would come of it before the camera is started"
    tab.click("#start")
    wait_for_face(tab)
    assert tab.is_enabled("#virtual")
    assert len(wishes) == 2, "another page may have switched it on meanwhile"
