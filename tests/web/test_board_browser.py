"""A lecturer and three students in a real browser."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from board_client import Host, Student
from web_help import Cable, Program, axe_violations, launch, start_camera, until, wait_until, watch


@pytest.fixture
def people(browser):
    """Opens tabs of people who know nothing of each other; the test fails where one of their pages has a problem."""
    opened = []

    def arrive(url: str, **options):
        context = browser.new_context(**options)
        tab = context.new_page()
        opened.append((context, watch(tab)))
        tab.goto(url)
        return tab

    yield arrive
    for context, problems in opened:
        context.close()
        assert not problems, problems


def open_room(people, board: Program, kind: str = "reactions", **options):
    lecturer = people(board.lecturer_url, **options)
    lecturer.wait_for_selector("#open")
    assert "key=" not in lecturer.url, "the key must not stay in the address"
    lecturer.check(f"input[value={kind}]")
    if kind == "expressions":
        assert lecturer.locator("#law").is_visible()
        assert "prohibited" in lecturer.inner_text("#law")
        lecturer.click("text=Open the room")
        assert "confirm" in lecturer.inner_text("#open-trouble")
        assert lecturer.locator("#first-interval").is_visible()
        lecturer.check("input[name=lawful]")
    lecturer.click("text=Open the room")
    lecturer.wait_for_selector("#code:visible")
    return lecturer


def join(people, lecturer, nick: str, **options):
    student = people(lecturer.get_attribute("#link", "href"), **options)
    student.fill("input[name=nick]", nick)
    student.click("text=Join >> nth=-1")
    student.wait_for_selector("#in-room")
    return student


def seat(lecturer, nick: str) -> str:
    return lecturer.locator(".seat", has_text=nick).inner_text()


def test_a_lesson_with_three_students(people, board: Program) -> None:
    lecturer = open_room(people, board)
    assert lecturer.inner_text("#link") == f"{board.url}join", "typed as it is shown, it must lead there"
    ada, bob = join(people, lecturer, "Ada"), join(people, lecturer, "<i>Bob</i>")
    eve = join(people, lecturer, "")
    until(lecturer, "document.querySelectorAll('.seat').length === 3")
    assert "not sharing" in seat(lecturer, "Ada")
    assert "<i>Bob</i>" in seat(lecturer, "Bob"), "a name is text, never markup"
    assert ada.inner_text("#sent") == "nothing"

    ada.click("text=Start sharing")
    ada.click(".palette >> text=happy")
    until(lecturer, "[...document.querySelectorAll('.seat')].some(s => s.innerText.includes('happy'))")
    assert lecturer.locator(".seat", has_text="Ada").locator("img.face").get_attribute("src") == "/emoji/happy.png"
    assert ada.inner_text("#sent") == '{"type":"share","label":"happy"}'

    lecturer.click("#copy")
    bob.click("text=Raise hand")
    until(lecturer, "document.querySelector('#hands').textContent === '<i>Bob</i>'")
    said = bob.get_by_role("button", name="Lower hand").get_attribute("aria-pressed")
    assert said is None, "a button whose words change would say twice what it is, and contradict itself"
    assert lecturer.inner_text("#copied") == "The link is copied.", "news of the class do not sweep it away"
    lecturer.click("#lower")
    until(bob, "document.querySelector('#in-room').innerText.includes('Raise hand')")
    assert bob.inner_text("#in-room [role=status]") == "The lecturer has lowered your hand. Nothing is shared."

    ada.keyboard.press("p")  # one key
    until(lecturer, "[...document.querySelectorAll('.seat')].every(s => s.innerText.includes('not sharing'))")
    assert ada.inner_text("#sent") == "nothing"

    eve.click("text=Leave")  # one click
    until(lecturer, "document.querySelectorAll('.seat').length === 2")
    assert "Nothing of you is kept" in eve.inner_text("#class")

    lecturer.on("dialog", lambda dialog: dialog.accept())
    lecturer.click("#close")
    until(ada, "document.querySelector('#class').innerText.includes('closed the room')")
    until(lecturer, "document.querySelectorAll('.seat').length === 0")
    lecturer.reload()
    assert lecturer.locator("#open").is_visible()


SPOKEN = """
    window.spoken = [];
    const hear = (news) => news.forEach(({ target }) => window.spoken.push(target.textContent));
    for (const box of document.querySelectorAll("[role=status]"))
      new MutationObserver(hear).observe(box, { childList: true });
"""
"""Gathers what a screen reader is given to speak."""


def test_the_lecturer_hears_what_is_new_and_not_every_message(people, board: Program) -> None:
    lecturer = open_room(people, board)
    ada = Student(board.url, code_of(lecturer), "Ada")
    ada.say({"type": "hand", "up": True})
    ada.say({"type": "share", "label": "happy"})
    until(lecturer, "document.querySelector('#status').textContent === '1 here, 1 sharing.'")
    lecturer.evaluate(SPOKEN)
    for label in ("sad", "fear", "happy"):
        ada.say({"type": "share", "label": label})
        until(lecturer, SEAT_SAYS + f"'{label}')")
    assert lecturer.inner_text("#total") == "4 messages so far."
    assert lecturer.evaluate("window.spoken") == []
    ada.close()


TRANSLATES = """
    const translate = (root) => {
        const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT), texts = [];
        while (walk.nextNode()) texts.push(walk.currentNode);
        for (const text of texts) {
            if (!text.data.trim() || text.parentElement.closest("[translate=no], font")) continue;
            const word = document.createElement("font");
            word.textContent = text.data.toUpperCase();
            text.replaceWith(word);
        }
    };
    addEventListener("DOMContentLoaded", () => {
        translate(document.body);
        new MutationObserver(() => translate(document.body)).observe(document.body, { childList: true, subtree: true });
    });
"""
"""A browser that turns pages into another language: here into capitals."""


def test_a_page_that_the_browser_translates_says_nothing_else(people, browser, board: Program) -> None:
    lecturer = open_room(people, board, "expressions")
    with closing(browser.new_context()) as context:
        rose, sent = context.new_page(), []
        problems = watch(rose)
        rose.on("websocket", lambda line: line.on("framesent", lambda data: sent.append(json.loads(data)["type"])))
        rose.add_init_script(TRANSLATES)
        rose.goto(lecturer.get_attribute("#link", "href"))
        rose.fill("input[name=nick]", "Rose")
        rose.click("#join-form button")
        rose.click("#in-room button.main")
        until(rose, "document.querySelector('#in-room').textContent.includes('YOU SHARE YOUR EXPRESSION')")
        rose.wait_for_timeout(1000)  # what recognises nothing sends nothing
        assert sent == ["join"]
        assert "YOU ARE Rose" in rose.inner_text("h2")
        assert rose.inner_text("#sent") == "nothing"
        assert not problems


def test_a_student_who_plays_with_the_buttons_stays_in_the_room(people, board: Program) -> None:
    lecturer = open_room(people, board)
    ada = join(people, lecturer, "Ada")
    for button in (0, 1):  # an odd number of times
        ada.evaluate(f"for (let i = 0; i < 199; i++) document.querySelectorAll('#in-room button')[{button}].click()")
    until(lecturer, "document.querySelector('#hands').textContent === 'Ada'")
    ada.click("text=Lower hand")
    ada.wait_for_timeout(200)
    assert lecturer.inner_text("#hands") == "Ada", "the class takes a message a second"
    until(lecturer, "document.querySelector('#hands').textContent === 'None.'")
    assert ada.locator("#in-room").is_visible()


def test_a_student_who_plays_with_the_emoji_sends_one_a_second(people, board: Program) -> None:
    lecturer = open_room(people, board)
    ada = join(people, lecturer, "Ada")
    ada.click("text=Start sharing")
    ada.evaluate("""() => {
        const { send } = WebSocket.prototype;
        window.sent = [];
        WebSocket.prototype.send = function (text) { window.sent.push(text); send.call(this, text); };
    }""")
    for name in ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", "contempt"):
        ada.click(f".palette >> text={name}")
        ada.wait_for_timeout(150)  # eight in more than a second
    until(lecturer, SEAT_SAYS + "'contempt')")  # the last one counts
    assert len(ada.evaluate("window.sent")) < 5


def test_hands_are_in_the_order_in_which_they_were_raised_and_lowered_one_by_one(people, board: Program) -> None:
    lecturer = open_room(people, board)
    code = code_of(lecturer)
    ada, bob, eve = (Student(board.url, code, nick) for nick in ("Ada", "Bob", "Eve"))
    for each, names in ((eve, "Eve"), (ada, "Eve, Ada"), (bob, "Eve, Ada, Bob")):
        each.say({"type": "hand", "up": True})
        until(lecturer, f"document.querySelector('#hands').textContent === '{names}'")
    eve.close()
    until(lecturer, "document.querySelector('#status').textContent === '2 here, 1 away, 0 sharing.'")
    eve = Student(board.url, code, back=eve.back)
    eve.say({"type": "hand", "up": True})  # as her program does when it is back
    until(lecturer, "document.querySelector('#status').textContent === '3 here, 0 sharing.'")
    lecturer.reload()
    until(lecturer, "document.querySelector('#hands').textContent === 'Eve, Ada, Bob'")
    lecturer.locator("[aria-label='lower the hand of Ada']").press("Enter")
    assert ada.hear("hand")["up"] is False
    until(lecturer, "document.querySelector('#hands').textContent === 'Eve, Bob'")
    assert lecturer.locator(".lower:visible").count() == 2
    assert lecturer.evaluate("document.activeElement.id") == "grid"
    for each in (ada, bob, eve):
        each.close()


@pytest.mark.parametrize(("width", "across", "hands_first"), [(1920, 9, False), (390, 2, True)])
def test_the_board_fits_a_projector_and_a_telephone(
    people, board: Program, width: int, across: int, hands_first: bool
) -> None:
    lecturer = open_room(people, board, viewport={"width": width, "height": 800})
    students = [Student(board.url, code_of(lecturer)) for _ in range(12)]
    until(lecturer, "document.querySelectorAll('.seat').length === 12")
    seats = [lecturer.locator(".seat").nth(n).bounding_box() for n in range(12)]
    hands = lecturer.locator("#hands").bounding_box()
    assert sum(seat["y"] == seats[0]["y"] for seat in seats) >= across
    assert (hands["y"] + hands["height"] < seats[0]["y"]) == hands_first, "nobody scrolls past a class for a hand"
    for each in students:
        each.close()


def test_a_tab_that_is_closed_by_mistake_does_not_lose_the_class(people, board: Program) -> None:
    lecturer = open_room(people, board)
    asked: list[str] = []
    lecturer.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    with lecturer.expect_popup() as look:
        lecturer.click("#link")  # to see what students see
    look.value.close()
    lecturer.close(run_before_unload=True)
    wait_until(lambda: bool(asked), tab=lecturer)
    assert asked == ["beforeunload"]
    assert lecturer.locator("#code").is_visible()


def test_two_clicks_open_one_room_and_join_it_once(people, board: Program) -> None:
    lecturer, sockets = people(board.lecturer_url), []
    lecturer.on("websocket", lambda line: sockets.append(line))
    lecturer.dblclick("text=Open the room")
    lecturer.wait_for_selector("#code:visible")
    student = people(lecturer.get_attribute("#link", "href"))
    student.fill("input[name=code]", "AAAA2222")
    student.click("#join-form button")
    until(student, "document.querySelector('#class').innerText.includes('no open room')")
    student.fill("input[name=code]", code_of(lecturer))
    student.dblclick("#join-form button")
    student.wait_for_selector("#in-room")
    lecturer.wait_for_timeout(1000)
    assert lecturer.locator(".seat").count() == 1
    assert len(sockets) == 1


def test_out_of_touch_is_told_where_no_room_is_in_sight(people, board: Program) -> None:
    lecturer, up = people(board.lecturer_url), []
    lecturer.route_web_socket("**/board", lambda line: line.connect_to_server() if up else line.close(code=1013))
    words = "Out of touch with the server; trying again."
    lecturer.click("text=Open the room")
    lecturer.wait_for_selector("#open-trouble:visible")
    assert lecturer.inner_text("#open-trouble") == words, "there is no picture below"
    up.append(True)
    lecturer.wait_for_selector("#code:visible")
    up.clear()
    lecturer.reload()
    lecturer.wait_for_selector("#open-trouble:visible")
    assert lecturer.inner_text("#open-trouble") == words
    up.append(True)
    lecturer.wait_for_selector("#code:visible")


def test_a_room_that_is_gone_is_told_and_shown_no_longer(people, board: Program) -> None:
    def refuse(line) -> None:
        line.send('{"type": "error", "error": "not_you", "text": ""}')
        line.close(code=1008)

    def relay(line) -> None:
        lines.append(line)
        if len(lines) == 1:
            line.connect_to_server()
        else:
            line.on_message(lambda _: refuse(line))

    lecturer, lines = people(board.lecturer_url), []
    lecturer.route_web_socket("**/board", relay)
    lecturer.click("text=Open the room")
    lecturer.wait_for_selector("#code:visible")
    lines[0].close(code=1012)  # the server was started anew
    lecturer.wait_for_selector("#open-trouble:visible")
    assert "not there any more" in lecturer.inner_text("#open-trouble")
    assert lecturer.locator("#room").is_hidden()


def test_of_a_room_that_is_closed_the_next_shows_nothing(people, board: Program) -> None:
    lecturer = people(board.lecturer_url)
    lecturer.on("dialog", lambda dialog: dialog.accept())
    row = json.dumps({"type": "delta", "members": [], "gone": [], "rows": [[5, 0, 0, 0, 5, 0, 0, 0, 0]], "shares": None,
                      "sharing": 0, "total": 0})  # fmt: skip
    lines: list = []
    lecturer.route_web_socket("**/board", lambda line: (lines.append(line), line.connect_to_server()))
    for _ in range(2):
        lecturer.click("text=Open the room")
        lecturer.wait_for_selector("#code:visible")
        assert lecturer.inner_text("#lesson") == "Begins when five people share."
        assert lecturer.inner_text("#copied") == ""
        lines[-1].send(row)
        lecturer.wait_for_selector("#lesson svg")
        lecturer.click("#copy")
        until(lecturer, "document.querySelector('#copied').textContent !== ''")
        lecturer.click("#close")
        lecturer.wait_for_selector("#open:visible")


def test_a_room_is_shut_and_opened_to_newcomers(people, board: Program) -> None:
    lecturer = open_room(people, board)
    assert lecturer.locator("#interval").is_hidden(), "nothing is sampled where people choose"
    assert lecturer.locator("#shut").is_hidden()
    lecturer.uncheck("#admits")
    lecturer.wait_for_selector("#shut:visible")
    student = people(lecturer.get_attribute("#link", "href"))
    student.click("#join-form button")
    until(student, "document.querySelector('#class').innerText.includes('nobody new')")
    lecturer.reload()
    lecturer.wait_for_selector("#shut:visible")
    assert not lecturer.is_checked("#admits")
    lecturer.check("#admits")
    until(lecturer, "document.querySelector('#shut').hidden")
    student.click("#join-form button")
    student.wait_for_selector("#in-room")


@pytest.mark.parametrize("width", [320, 390])
def test_letters_are_as_large_as_the_browser_is_set(
    chromium: str, playwright_session, camera_file: Path, board: Program, page_url: str, width: int
) -> None:
    def arrive(url: str):
        tab = browser.new_page(viewport={"width": width, "height": 844})
        tab.goto(url)
        return tab

    browser = launch(playwright_session, chromium, camera_file, "--blink-settings=defaultFontSize=32")
    with closing(browser):
        lecturer = open_room(arrive, board)
        student = join(arrive, lecturer, "Ada")
        student.click("text=Start sharing")
        others = [Student(board.url, code_of(lecturer)) for _ in range(5)]
        for each in others:
            each.say({"type": "share", "label": "happy"})
        lecturer.wait_for_selector("#shares:visible")
        own = arrive(page_url)
        start_camera(own)
        own.wait_for_selector(".bar", timeout=30_000)
        widths = "[...document.querySelectorAll('.palette button')].every(each => each.scrollWidth <= each.clientWidth)"
        for tab in (lecturer, student, own):
            assert tab.evaluate("getComputedStyle(document.body).fontSize") == "32px"
            assert tab.evaluate("document.documentElement.scrollWidth") <= width, "it must not scroll sideways"
        assert student.evaluate(widths), "no word reaches into the next button"
        for each in others:
            each.close()


def test_high_contrast_keeps_the_colours_that_say_something(people, board: Program) -> None:
    lecturer = open_room(people, board, forced_colors="active")
    colour = "getComputedStyle(document.querySelector('#shares .fill')).backgroundColor"
    assert lecturer.evaluate(colour) == "rgb(214, 69, 69)"
    student = join(people, lecturer, "Ada", forced_colors="active")
    student.click("text=Raise hand")
    raised, leave = (
        student.evaluate(f"getComputedStyle(document.querySelector('{button}')).backgroundColor")
        for button in ("#in-room button.on", "#in-room .danger")
    )
    assert raised != leave


def test_what_a_lecturer_does_out_of_touch_does_not_seem_done(people, board: Program) -> None:
    cable, key = Cable(board.port), board.lecturer_url.split("#")[1]
    with closing(cable):
        lecturer = open_room(people, replace(board, said=[f"{cable.url}#{key}"]), "expressions")
        cable.cut()
        until(lecturer, "document.querySelector('#trouble').textContent.includes('nothing that you do here is done')")
        lecturer.evaluate("document.querySelector('#admits').click()")
        assert lecturer.is_checked("#admits")
        lecturer.select_option("#interval", "60")
        assert lecturer.input_value("#interval") == "1"
        ada = Student(board.url, code_of(lecturer), "Ada")
        cable.mend()
        until(lecturer, "document.querySelector('#trouble').hidden && document.querySelectorAll('.seat').length === 1")
        lecturer.focus(".seat .remove")
        cable.cut()
        until(lecturer, "!document.querySelector('#trouble').hidden")
        cable.mend()
        until(lecturer, "document.querySelector('#trouble').hidden")
        assert lecturer.evaluate("document.activeElement.id") == "grid", "the keyboard's place is not lost"
        ada.close()
        lecturer.uncheck("#admits")
        lecturer.wait_for_selector("#shut:visible")


def test_a_letter_that_chooses_in_a_list_does_not_share(people, board: Program, page_url: str) -> None:
    lecturer, student = open_room(people, board), people(page_url)
    join_from_own_page(student, lecturer, "Ada")
    student.wait_for_selector("#in-room")
    student.focus("#emojis")
    student.keyboard.press("p")
    assert student.input_value("#emojis") == "paper"
    assert "Nothing is shared" in student.inner_text("#in-room")
    student.focus("#mirror")
    student.keyboard.press("p")
    assert "Nothing is shared" in student.inner_text("#in-room"), "a key does not begin to share"
    student.click("text=Start sharing")
    student.keyboard.press("p")
    assert "Paused" in student.inner_text("#in-room")
    for _ in range(4):
        student.keyboard.down("p")  # held down
    assert "You share" in student.inner_text("#in-room")
    student.uncheck("#by-key")
    student.keyboard.press("p")
    assert "You share" in student.inner_text("#in-room"), "the key can be switched off"
    assert "(P)" not in student.inner_text("#in-room")
    student.check("#by-key")
    student.keyboard.press("p")
    assert "Paused" in student.inner_text("#in-room")


def test_the_key_that_pauses_is_there_on_every_keyboard(people, board: Program) -> None:
    student = join(people, open_room(people, board), "Ada")
    student.click("text=Start sharing")
    press = "key => document.body.dispatchEvent(new KeyboardEvent('keydown', {...key, bubbles: true}))"
    student.evaluate(press, {"key": "l", "code": "KeyP"})  # as on Dvorak's, where P is elsewhere
    assert "You share" in student.inner_text("#in-room")
    student.evaluate(press, {"key": "з", "code": "KeyP"})
    assert "Paused" in student.inner_text("#in-room")
    student.evaluate(press, {"key": "p", "code": "KeyR"})
    assert "You share" in student.inner_text("#in-room")


def test_reload_comes_back_to_the_room_and_a_stranger_does_not(people, board: Program) -> None:
    lecturer = open_room(people, board)
    join(people, lecturer, "Ada")
    code = lecturer.inner_text("#code")
    lecturer.reload()
    lecturer.wait_for_selector("#code:visible")
    assert lecturer.inner_text("#code") == code
    until(lecturer, "document.querySelectorAll('.seat').length === 1")
    stranger = people(board.url)
    stranger.click("text=Open the room")
    stranger.wait_for_selector("#open-trouble:visible")
    assert "Only lecturers" in stranger.inner_text("#open-trouble")


IN_ROOM_SAYS = "document.querySelector('#in-room')?.innerText.includes("


def test_a_student_who_reloads_takes_the_seat_up_again(people, board: Program) -> None:
    lecturer = open_room(people, board)
    ada = join(people, lecturer, "Ada")
    ada.click("text=Raise hand")
    ada.click("text=Start sharing")
    ada.click(".palette >> text=happy")
    until(lecturer, SEAT_SAYS + "'happy')")
    ada.reload()
    until(ada, IN_ROOM_SAYS + "'Back in the room. Nothing is shared.')")
    assert "You are Ada" in ada.inner_text("#in-room")
    assert "Lower hand" in ada.inner_text("#in-room"), "it is still up"
    until(lecturer, SEAT_SAYS + "'not sharing, hand raised')")
    assert lecturer.locator(".seat").count() == 1
    ada.keyboard.press("p")
    assert "Nothing is shared" in ada.inner_text("#in-room"), "a key does not begin to share"
    lecturer.click("#lower")
    until(ada, IN_ROOM_SAYS + "'Raise hand')")

    other = people(board.url)  # with another browser, and so without the secret
    other.goto(ada.url)
    assert other.locator("#join-form").is_visible()

    ada.goto("about:blank")
    ada.goto(f"{board.url}join#code=AAAA2222")  # a link into another room counts more
    assert ada.input_value("input[name=code]") == "AAAA2222"
    ada.goto("about:blank")
    ada.goto(f"{board.url}join")
    until(ada, IN_ROOM_SAYS + "'Back in the room')")
    ada.click("text=Leave")
    until(lecturer, "document.querySelectorAll('.seat').length === 0")
    ada.reload()
    ada.wait_for_selector("#join-form")
    assert ada.evaluate("sessionStorage.length") == 0


def test_who_was_forgotten_comes_back_by_one_click(people, board: Program) -> None:
    lecturer = open_room(people, board)
    ada = join(people, lecturer, "Ada")
    kept = json.loads(ada.evaluate("sessionStorage.getItem('emojimask-seat')"))
    kept["me"]["token"] = "of a seat that is forgotten by now"
    ada.evaluate("kept => sessionStorage.setItem('emojimask-seat', kept)", json.dumps(kept))
    ada.goto("about:blank")
    ada.goto(f"{board.url}join")
    until(ada, "document.querySelector('#class').innerText.includes('does not know you')")
    ada.click("#join-form button")
    until(ada, IN_ROOM_SAYS + "'You are Ada')")
    assert ada.locator("#in-room button.on").count() == 0, "neither shared nor raised"


def test_a_reload_of_ones_own_page_takes_the_seat_up_again(people, board: Program, page_url: str) -> None:
    lecturer, ada = open_room(people, board), people(page_url)
    join_from_own_page(ada, lecturer, "Ada")
    ada.wait_for_selector("#in-room")
    ada.reload()
    ada.wait_for_selector("#in-room:visible")
    until(ada, IN_ROOM_SAYS + "'Back in the room')")
    assert lecturer.locator(".seat").count() == 1


def test_browsers_that_keep_nothing_can_take_part(people, board: Program) -> None:
    lecturer, ada = people("about:blank"), people("about:blank")
    for each in (lecturer, ada):
        each.add_init_script("Object.defineProperty(window, 'sessionStorage', {get() { throw new DOMException(); }})")
    lecturer.goto(board.lecturer_url)
    lecturer.click("text=Open the room")
    lecturer.wait_for_selector("#code:visible")
    ada.goto(lecturer.get_attribute("#link", "href"))
    ada.click("#join-form button")
    ada.wait_for_selector("#in-room")


def test_the_key_is_kept_before_a_room_is_open_and_taken_from_a_link_in_the_same_tab(people, board: Program) -> None:
    lecturer = people(board.lecturer_url)
    lecturer.reload()
    lecturer.click("text=Open the room")
    lecturer.wait_for_selector("#code:visible")
    other = people(board.url)
    other.goto(board.lecturer_url)  # differs behind the # alone, so nothing is loaded anew
    until(other, "!location.hash")
    other.click("text=Open the room")
    other.wait_for_selector("#code:visible")


def test_a_link_for_lecturers_shows_the_room_on_another_machine(people, board: Program) -> None:
    lecturer = open_room(people, board)
    lecturer.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    lecturer.click("#copy-lecturers")
    until(lecturer, "document.querySelector('#copied-lecturers').textContent === 'The link is copied.'")
    phone = people(lecturer.evaluate("window.copied"))
    phone.wait_for_selector("#code:visible")
    assert code_of(phone) == code_of(lecturer)
    assert "room=" not in phone.url, "the secret must not stay in the address"
    other = open_room(people, board)
    other.goto(lecturer.evaluate("window.copied"))  # where another room is shown
    other.wait_for_selector(f"#code:has-text('{lecturer.inner_text('#code')}')")
    phone.uncheck("#admits")
    lecturer.wait_for_selector("#shut:visible")
    other.wait_for_selector("#shut:visible")


def test_the_keyboards_place_is_not_lost(people, board: Program) -> None:
    def place(tab) -> str:
        return tab.evaluate("document.activeElement.id || document.activeElement.innerText")

    lecturer = people(board.lecturer_url)
    lecturer.focus("#open button")
    lecturer.keyboard.press("Enter")
    lecturer.wait_for_selector("#code:visible")
    assert place(lecturer) == "copy"
    ada = join(people, lecturer, "Ada")
    Student(board.url, code_of(lecturer), "Bob")
    until(lecturer, "document.querySelectorAll('.seat').length === 2")
    lecturer.locator("[aria-label='remove Bob']").press("Enter")
    until(lecturer, "document.querySelectorAll('.seat').length === 1")
    assert place(lecturer) == "grid"
    ada.locator("text=Start sharing").press("Enter")
    ada.locator(".palette >> text=happy").press("Enter")
    ada.keyboard.press("p")
    assert place(ada) == "Start sharing"
    ada.locator("text=Leave").press("Enter")
    assert place(ada) == "Join"


def test_names_from_right_to_left_keep_their_places(people, board: Program) -> None:
    lecturer = open_room(people, board)
    students = [Student(board.url, code_of(lecturer), nick) for nick in ("דנה!", "محمد")]
    for each in students:
        each.say({"type": "hand", "up": True})
    until(lecturer, "document.querySelectorAll('#hands bdi').length === 2")
    first, second = (lecturer.locator("#hands bdi").nth(n).bounding_box() for n in (0, 1))
    assert first["x"] + first["width"] <= second["x"]
    assert lecturer.locator(".seat .name", has_text="דנה").evaluate("name => getComputedStyle(name).direction") == "rtl"
    for each in students:
        each.close()


def test_another_link_in_the_same_tab_brings_its_code(people, board: Program) -> None:
    student = people(f"{board.url}join#code=AAAA2222")
    student.goto(f"{board.url}join#code=BBBB3333")
    until(student, "document.querySelector('input[name=code]').value === 'BBBB3333'")


SEAT_SAYS = "document.querySelector('.seat')?.innerText.includes("


def test_a_cut_network_comes_back(people, board: Program) -> None:
    lecturer = open_room(people, board)
    cable = Cable(board.port)
    ada = people(f"{cable.url}join#code={code_of(lecturer)}")
    ada.fill("input[name=nick]", "Ada")
    ada.click("text=Join >> nth=-1")
    ada.wait_for_selector("#in-room")
    ada.click("text=Start sharing")
    ada.click(".palette >> text=sad")
    until(lecturer, SEAT_SAYS + "'sad')")
    said: list[str] = []
    ada.on("websocket", lambda line: line.on("framesent", lambda text: said.append(text)))

    def cut() -> None:
        cable.cut()
        until(ada, "document.querySelector('#in-room').innerText.includes('Out of touch')")
        until(lecturer, SEAT_SAYS + "'away')")
        assert lecturer.locator(".seat img.face").count() == 0
        said.clear()

    def mend() -> None:
        cable.mend()
        until(ada, "document.querySelector('#in-room').innerText.includes('Back in the room')")

    cut()
    mend()
    until(lecturer, SEAT_SAYS + "'sad')")  # she shares on
    assert lecturer.locator(".seat").count() == 1, "it is the same seat"

    cut()
    ada.keyboard.press("p")
    assert "Nothing is shared" not in ada.inner_text("#in-room"), "she cannot know"
    mend()
    until(lecturer, SEAT_SAYS + "'not sharing')")
    assert '{"type":"pause"}' in said
    assert "Nothing is shared" in ada.inner_text("#in-room")
    assert ada.inner_text("#sent") == "nothing"
    ada.click("text=Start sharing")
    lecturer.wait_for_timeout(1500)
    assert "not sharing" in seat(lecturer, "Ada"), "an emoji of before the pause does not come back"

    cut()
    ada.click("text=Leave")
    assert "could not be told" in ada.inner_text("#class")
    cable.close()


@pytest.mark.parametrize("arrived", [True, False])
def test_a_hand_that_was_lowered_while_its_owner_was_away_stays_down(people, board: Program, arrived: bool) -> None:
    room = {"code": "AAAA2222", "kind": "reactions", "interval_s": 1, "admits": True}
    hands = []

    def answer(line) -> None:
        def hear(text: str) -> None:
            message = json.loads(text)
            welcome = {"type": "joined", "member": "a", "nick": "Ada", "room": room}
            if message["type"] == "join":
                line.send(json.dumps(welcome | {"token": "b"}))
            if message["type"] == "rejoin":
                line.send(json.dumps(welcome | {"hand": False}))
            if message["type"] == "hand":
                hands.append(message["up"])
                if arrived:
                    line.send('{"type": "alive"}')
                if len(hands) == 1:
                    line.close(code=1012)

        line.on_message(hear)

    ada = people("about:blank")
    ada.route_web_socket("**/board", answer)
    ada.goto(f"{board.url}join#code=AAAA2222")
    ada.click("text=Join >> nth=-1")
    ada.click("text=Raise hand")
    until(ada, "document.querySelector('#in-room').innerText.includes('Back in the room.')")
    ada.wait_for_timeout(1200)
    assert hands == [True, not arrived], "what may not have arrived is said again"
    assert ("has lowered your hand" in ada.inner_text("#in-room [role=status]")) is arrived
    assert ada.locator("text=Raise hand").count() == arrived


def test_a_hand_that_was_lowered_out_of_touch_stays_down_over_a_reload(people, board: Program) -> None:
    lecturer = open_room(people, board)
    with closing(Cable(board.port)) as cable:
        ada = people(f"{cable.url}join#code={code_of(lecturer)}")
        ada.click("text=Join >> nth=-1")
        ada.click("text=Raise hand")
        until(lecturer, SEAT_SAYS + "'hand raised')")
        cable.cut()
        until(lecturer, SEAT_SAYS + "'away')")
        ada.click("text=Lower hand")
        cable.mend()
        ada.reload()
        until(lecturer, SEAT_SAYS + "'not sharing')")
        until(lecturer, "!" + SEAT_SAYS + "'hand raised')")
        assert ada.locator("text=Raise hand").is_visible()


def test_a_network_that_falls_silent_is_told_and_left(people, board: Program) -> None:
    cable, host = Cable(board.port), Host(board.url, board.lecturer_url.split("#key=")[1])
    lecturer, ada = people(board.url), people(board.url)
    for tab in (lecturer, ada):
        tab.clock.install()
    lecturer.goto(cable.url)
    lecturer.evaluate("door => sessionStorage.setItem('emojimask-room', JSON.stringify(door))", host.door)
    lecturer.reload()
    ada.goto(f"{cable.url}join#code={host.code}")
    ada.click("#join-form button")
    ada.wait_for_selector("#in-room")
    until(lecturer, "document.querySelectorAll('.seat').length === 1")

    lost: list[str] = []
    for tab in (lecturer, ada):
        tab.on("websocket", lambda line: lost.append(line.url))  # another connection is tried
    ada.clock.fast_forward(30_000)
    assert "Nothing is shared" in ada.inner_text("#in-room"), "the board has only just spoken"
    cable.hush()
    for tab in (lecturer, ada):
        tab.clock.fast_forward(36_000)
    until(ada, "document.querySelector('#in-room').innerText.includes('Back in the room')")
    wait_until(lambda: len(lost) == 2, tab=ada)
    until(lecturer, "document.querySelectorAll('.seat').length === 1")
    host.close()
    cable.close()


def test_a_network_that_is_dead_from_the_first_is_told(people, board: Program) -> None:
    ada = people(board.url + "join#code=AAAA2222")
    ada.clock.install()
    ada.route_web_socket("**/board", lambda _: None)  # nothing is answered
    ada.click("#join-form button")
    until(ada, "document.querySelector('#join-form').innerText.includes('Asking to be let in')")
    ada.clock.fast_forward(11_000)
    until(ada, "document.querySelector('#join-form').innerText.includes('cannot be reached')")


def test_another_network_is_taken_at_once(people, board: Program) -> None:
    cable, lecturer = Cable(board.port), open_room(people, board)
    ada = people(f"{cable.url}join#code={code_of(lecturer)}")
    ada.click("#join-form button")
    ada.wait_for_selector("#in-room")
    cable.hush()  # what was under way in the old network comes to nothing, and nobody is told
    ada.evaluate("dispatchEvent(new Event('online'))")
    until(ada, IN_ROOM_SAYS + "'Back in the room')", 10)
    cable.close()


def code_of(lecturer) -> str:
    return lecturer.inner_text("#code").replace("-", "")


def join_from_own_page(student, lecturer, nick: str, code: str = "") -> None:
    """Fill the form in on the page of the student's own machine, and send it."""
    student.click("summary")
    student.fill("input[name=url]", lecturer.get_attribute("#link", "href"))
    student.locator("input[name=url]").blur()
    assert student.input_value("input[name=code]") == code_of(lecturer), "the link carries the code"
    if code:
        student.fill("input[name=code]", code)
    student.fill("input[name=nick]", nick)
    student.click("#join-form button")


def test_own_page_tells_why_the_class_does_not_let_in(people, board: Program, page_url: str) -> None:
    lecturer, student = open_room(people, board), people(page_url)
    join_from_own_page(student, lecturer, "Ada", "AAAA2222")
    until(student, "document.querySelector('#class').innerText.includes('no open room has this code')")
    student.wait_for_timeout(1000)
    assert "no open room has this code" in student.inner_text("#class"), "no other words take their place"


@pytest.mark.parametrize(("click", "words"), [(".seat .remove", "removed you"), ("#close", "closed the room")])
def test_own_page_tells_why_the_class_is_over(people, board: Program, page_url: str, click: str, words: str) -> None:
    lecturer, student = open_room(people, board), people(page_url)
    join_from_own_page(student, lecturer, "Ada")
    student.wait_for_selector("#in-room")
    lecturer.on("dialog", lambda dialog: dialog.accept())
    lecturer.click(click)
    until(student, f"document.querySelector('#class').innerText.includes('{words}')")
    student.wait_for_timeout(1000)
    assert words in student.inner_text("#class"), "it is not tried again"


def test_words_of_a_refusal_stay_on_the_lecturers_page(people, board: Program) -> None:
    def refuse(line) -> None:
        line.send('{"type": "error", "error": "rooms_full", "text": "no more rooms can be opened on this server"}')
        line.close(code=1013)

    lecturer = people(board.lecturer_url)
    lecturer.route_web_socket("**/board", lambda line: line.on_message(lambda _: refuse(line)))
    lecturer.reload()
    lecturer.click("text=Open the room")
    until(lecturer, "document.querySelector('#open-trouble').textContent.includes('no more rooms')")
    lecturer.wait_for_timeout(1000)
    assert "no more rooms" in lecturer.inner_text("#open-trouble"), "it is not tried again"


def test_sharing_recognised_expressions_from_the_page(people, board: Program, page_url: str) -> None:
    lecturer = open_room(people, board, "expressions")
    student = people(page_url)
    start_camera(student)
    join_from_own_page(student, lecturer, "Ada")
    student.wait_for_selector("#in-room")
    until(student, "document.querySelector('#status').textContent === 'Your face is covered.'", 30)
    assert student.inner_text("#sent") == "nothing"
    student.click("text=Start sharing")
    until(lecturer, "[...document.querySelectorAll('.seat')].some(s => s.innerText.includes('happy'))", 20)
    sent = student.inner_text("#sent")
    assert sent.startswith('{"type":"share","label":"happy","confidence":')
    assert len(sent) < 70

    student.evaluate("HTMLVideoElement.prototype.requestVideoFrameCallback = () => 0")  # the camera freezes
    until(student, "document.querySelector('#trouble').textContent.includes('no new picture')")
    student.evaluate("document.querySelector('#sent').textContent = 'nothing since'")
    student.wait_for_timeout(1500)
    assert student.inner_text("#sent") == "nothing since", "what was read before is not sent on"
    until(lecturer, SEAT_SAYS + "'not sharing')")  # nor does it stand for ever
    assert student.inner_text("#sent") == "nothing"
    assert "without a face nothing is sent" in student.inner_text("#in-room")

    onlooker = people(lecturer.get_attribute("#link", "href"))  # a browser alone recognises nothing
    onlooker.click("text=Join >> nth=-1")
    onlooker.click("text=Start sharing")
    assert "emojimask join" in onlooker.inner_text("#in-room")


def test_no_board_gets_more_from_the_page_than_was_agreed(people, page_url: str) -> None:
    room = {"code": "AAAA2222", "kind": "reactions", "interval_s": 1, "admits": True}
    lines, shared = [], []

    def answer(line) -> None:
        def hear(text: str) -> None:
            message = json.loads(text)
            if message["type"] == "join":
                line.send(json.dumps({"type": "joined", "member": "a", "nick": "Ada", "token": "b", "room": room}))
            if message["type"] == "share":
                shared.append(message)

        lines.append(line)
        line.on_message(hear)

    student = people("about:blank")
    student.route_web_socket("**/class", answer)
    student.goto(page_url)
    start_camera(student)
    student.click("summary")
    student.fill("input[name=url]", "http://127.0.0.1:1/")
    student.fill("input[name=code]", room["code"])
    student.click("#join-form button")
    student.click("text=Start sharing")
    until(student, "document.querySelector('#status').textContent === 'Your face is covered.'", 30)
    other = {**room, "kind": "expressions", "interval_s": 0}
    lines[0].send(json.dumps({"type": "room", "room": other}))
    until(student, "document.querySelector('#in-room [role=status]').textContent === 'Paused. Nothing is shared.'")
    student.keyboard.press("p")  # which goes on with what was agreed to, and begins nothing new
    student.wait_for_timeout(1500)
    assert shared == []
    student.click("text=Start sharing")
    for _ in range(10):
        student.wait_for_timeout(300)
        lines[0].send(json.dumps({"type": "joined", "member": "a", "nick": "Ada", "hand": False, "room": other}))
    student.wait_for_timeout(300)
    assert 1 <= len(shared) <= 5, "one a second, though the board asks for more"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_accessible(people, board: Program, theme: str) -> None:
    look = {"color_scheme": theme, "viewport": {"width": 390, "height": 800}, "reduced_motion": "reduce"}
    lecturer = people(board.lecturer_url, **look)
    lecturer.check("input[value=expressions]")
    assert axe_violations(lecturer) == []
    host = Host(board.url, board.lecturer_url.split("#key=")[1])
    students = [Student(board.url, host.code, f"Student {n}") for n in range(6)]
    for number, each in enumerate(students):
        each.say({"type": "share", "label": ["happy", "sad", "surprise"][number % 3]})
    students[0].say({"type": "hand", "up": True})
    lecturer.evaluate("door => sessionStorage.setItem('emojimask-room', JSON.stringify(door))", host.door)
    lecturer.reload()
    until(lecturer, "document.querySelectorAll('.seat.hand').length === 1")
    until(lecturer, "document.querySelector('#lesson svg') !== null", 20)
    assert axe_violations(lecturer) == []
    assert lecturer.evaluate("document.documentElement.scrollWidth") <= 390
    student = join(people, lecturer, "W" * 24, **look)
    student.click("text=Start sharing")
    assert student.evaluate("document.documentElement.scrollWidth") <= 390
    assert axe_violations(student) == []
    for each in [*students, host]:
        each.close()
