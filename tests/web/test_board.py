"""The class board: what lecturers and students can do, and what nobody else can."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from board_client import Caller, Host, Student, calling
from web_help import Program
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from emojimask.web.board.nicknames import clean_nick


@pytest.fixture
def key(board: Program) -> str:
    return board.lecturer_url.split("#key=")[1]


@pytest.fixture
def host(board: Program, key: str) -> Iterator[Host]:
    opened = Host(board.url, key)
    yield opened
    opened.close()


@pytest.fixture
def student(board: Program, host: Host) -> Iterator[Callable[..., Student]]:
    here: list[Student] = []

    def join(nick: str = "", **options: Any) -> Student:
        here.append(Student(board.url, host.code, nick, **options))
        return here[-1]

    yield join
    for each in here:
        each.close()


# ---- a lesson


def test_joining_shows_a_name_and_nothing_else(host: Host, student: Callable[..., Student]) -> None:
    student("Ada")
    host.look(lambda h: h.seats)
    _, nick, label, confidence, hand, connected = next(iter(host.seats.values()))
    assert (nick, label, confidence, hand, connected) == ("Ada", "", 0.0, False, True)


def test_nicknames_are_made_up_by_default(student: Callable[..., Student]) -> None:
    assert len(student().welcome["nick"].split()) == 3


def test_share_pause_leave(host: Host, student: Callable[..., Student]) -> None:
    ada = student("Ada")
    ada.say({"type": "share", "label": "happy"})
    host.look(lambda h: h.labels() == {"Ada": "happy"})
    ada.say({"type": "pause"})
    host.look(lambda h: h.labels() == {"Ada": ""})
    ada.say({"type": "leave"})
    host.look(lambda h: not h.seats)
    assert host.delta["total"] == 1


def test_hands(host: Host, student: Callable[..., Student]) -> None:
    ada = student("Ada")
    ada.say({"type": "hand", "up": True})
    host.look(lambda h: any(seat[4] for seat in h.seats.values()))
    host.say({"type": "lower"})
    assert ada.hear("hand")["up"] is False
    host.look(lambda h: not any(seat[4] for seat in h.seats.values()))


def test_interval_reaches_the_students(host: Host, student: Callable[..., Student]) -> None:
    ada = student("Ada")
    host.say({"type": "interval", "seconds": 30})
    assert ada.hear("room")["room"]["interval_s"] == 30
    host.look(lambda h: h.delta.get("room", {}).get("interval_s") == 30)


def test_a_room_that_is_shut_lets_in_who_was_in_alone(
    board: Program, key: str, host: Host, student: Callable[..., Student]
) -> None:
    ada = student("Ada")
    host.say({"type": "admit", "on": False})
    host.look(lambda h: h.delta.get("room", {}).get("admits") is False)
    for _ in range(100):  # which count as no wrong codes
        with calling(board.url) as caller:
            assert caller.refusal({"type": "join", "code": host.code}) == "shut"
    ada.close()
    student(back=ada.back)
    other = Host(board.url, key, door=host.door)
    assert other.room["room"]["admits"] is False
    other.say({"type": "admit", "on": True})
    other.look(lambda h: h.delta.get("room", {}).get("admits") is True)
    student("Bob")
    other.close()


def test_sums_are_of_five_or_more(host: Host, student: Callable[..., Student]) -> None:
    four = [student(f"s{number}") for number in range(4)]
    for each in four:
        each.say({"type": "share", "label": "happy"})
    host.look(lambda h: h.delta.get("sharing") == 4)
    assert host.delta["shares"] is None
    student("fifth").say({"type": "share", "label": "sad"})
    host.look(lambda h: h.delta.get("sharing") == 5)
    assert host.delta["shares"] == [0, 0, 0, 4, 1, 0, 0, 0]
    host.look(lambda h: h.delta["rows"], timeout=15)
    assert host.delta["rows"][0][1:] == [0, 0, 0, 4, 1, 0, 0, 0]
    four[0].say({"type": "pause"})
    host.look(lambda h: h.delta["sharing"] == 4)
    assert host.delta["shares"] is None


def test_coming_back_keeps_the_seat(board: Program, host: Host, student: Callable[..., Student]) -> None:
    ada = student("Ada")
    ada.say({"type": "share", "label": "happy"})
    host.look(lambda h: h.labels() == {"Ada": "happy"})
    ada.close()
    host.look(lambda h: not next(iter(h.seats.values()))[5])
    assert host.labels() == {"Ada": ""}, "who is out of touch cannot withdraw, so nothing of hers is shown"
    again = student(back=ada.back)
    host.look(lambda h: next(iter(h.seats.values()))[5])
    assert again.welcome["nick"] == "Ada"
    assert host.labels() == {"Ada": ""}


def test_host_comes_back(board: Program, key: str, host: Host, student: Callable[..., Student]) -> None:
    student("Ada").say({"type": "share", "label": "sad"})
    host.look(lambda h: h.labels() == {"Ada": "sad"})
    host.close()
    again = Host(board.url, key, door=host.door)
    assert again.labels() == {"Ada": "sad"}
    again.close()


def test_closing_forgets_everything(board: Program, host: Host, student: Callable[..., Student]) -> None:
    ada = student("Ada")
    host.say({"type": "close"})
    assert "closed" in host.hear("closed")["text"]
    assert ada.hear_to_the_end() == 4004
    with calling(board.url) as caller:
        assert caller.refusal({"type": "rejoin", **ada.back}) == "not_you"
    with calling(board.url) as caller:
        assert caller.refusal({"type": "join", "code": host.code}) == "no_room"
    with calling(board.url) as caller:
        assert caller.refusal({"type": "host", **host.door}) == "not_you"


def test_expressions_room_needs_the_confirmation(board: Program, key: str) -> None:
    wish = {"type": "open", "key": key, "kind": "expressions", "interval_s": 1}
    for lawful in (None, False, 1, "true"):
        with calling(board.url) as caller:
            assert caller.refusal({**wish, "lawful": lawful}) == "not_lawful"
    host = Host(board.url, key, kind="expressions", lawful=True)
    ada = Student(board.url, host.code, "Ada")
    assert ada.welcome["room"]["kind"] == "expressions"
    ada.say({"type": "share", "label": "happy", "confidence": 0.83})
    host.look(lambda h: h.labels() == {"Ada": "happy"})
    assert next(iter(host.seats.values()))[3] == 0.83
    ada.close()
    host.close()


# ---- attacks


def test_rooms_are_opened_with_the_lecturers_key_only(board: Program) -> None:
    for wrong in ("", "x" * 24, None, 7, ["a"]):
        with calling(board.url) as caller:
            wish = {"type": "open", "key": wrong, "kind": "reactions", "interval_s": 1}
            assert caller.refusal(wish) == "not_you"


def test_wrong_codes_and_tokens(board: Program, host: Host, student: Callable[..., Student]) -> None:
    ada = student("Ada")
    attempts = [
        ({"type": "join", "code": "AAAA2222"}, "no_room"),
        ({"type": "join", "code": {"$ne": ""}}, "no_room"),
        ({"type": "join", "code": "*"}, "no_room"),
        ({"type": "join"}, "no_room"),
        ({"type": "host", "code": host.code, "token": "guess"}, "not_you"),
        ({"type": "host", "code": host.code}, "not_you"),
        ({"type": "host", "code": host.code, "token": ada.back["token"]}, "not_you"),
        ({"type": "rejoin", **ada.back, "token": "guess"}, "not_you"),
        ({"type": "rejoin", **ada.back, "token": host.door["token"]}, "not_you"),
        ({"type": "rejoin", "code": host.code, "member": "nobody", "token": "x"}, "not_you"),
        ({"type": "rejoin", "code": host.code, "member": ["x"], "token": None}, "not_you"),
    ]
    for first, error in attempts:
        with calling(board.url) as caller:
            assert caller.refusal(first) == error, first


def test_a_token_opens_its_own_room_only(board: Program, key: str, host: Host, student: Callable[..., Student]) -> None:
    other = Host(board.url, key)
    with calling(board.url) as caller:
        assert caller.refusal({"type": "host", "code": other.code, "token": host.door["token"]}) == "not_you"
    with calling(board.url) as caller:
        assert caller.refusal({"type": "rejoin", **student("Ada").back, "code": other.code}) == "not_you"
    other.close()


@pytest.mark.parametrize("order", ["close", "interval", "admit", "lower", "remove", "open", "host", "room", "delta"])
def test_students_cannot_give_orders(host: Host, student: Callable[..., Student], order: str) -> None:
    ada, bob = student("Ada"), student("Bob")
    ada.say({"type": order, "seconds": 60, "on": False, "member": bob.back["member"], **host.door})
    assert ada.hear("error")["error"] == "bad_message"
    bob.say({"type": "share", "label": "happy"})
    host.look(lambda h: h.labels() == {"Ada": "", "Bob": "happy"})
    assert host.delta.get("room") is None


def test_students_learn_nothing_of_each_other(host: Host, student: Callable[..., Student]) -> None:
    ada, bob = student("Ada"), student("Bob")
    bob.say({"type": "share", "label": "sad"})
    host.look(lambda h: h.labels().get("Bob") == "sad")
    heard = [json.dumps(ada.welcome)]
    with suppress(TimeoutError):
        while True:
            heard.append(str(ada.socket.recv(timeout=0.6)))
    assert all("Bob" not in text and "sad" not in text for text in heard)


def test_nobody_speaks_for_another(host: Host, student: Callable[..., Student]) -> None:
    ada, bob = student("Ada"), student("Bob")
    ada.say({"type": "share", "label": "angry", "member": bob.back["member"], "nick": "Bob", "id": bob.back["member"]})
    host.look(lambda h: h.labels() == {"Ada": "angry", "Bob": ""})


GARBAGE = [
    "", "null", "[]", "7", '"x"', "{", '{"type": null}', '{"type": "share"}', '{"type": ["share"]}', "[" * 400,
    '{"type": "share", "label": "furious"}', '{"type": "share", "label": ["happy"]}', b"\xff\xfe",
    '{"type": "share", "label": "happy", "confidence": 0.5}', '{"type": "share", "label": "happy", "confidence": NaN}',
    '{"type": "hand", "up": "yes"}', '{"type": "open", "key": "\\ud800"}',
    '{"type": "share", "label": "' + "h" * 600 + '"}',
]  # fmt: skip


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_is_answered_and_changes_nothing(host: Host, student: Callable[..., Student], garbage: Any) -> None:
    ada = student("Ada")
    ada.say(garbage)
    assert ada.hear("error")["error"] == "bad_message"
    ada.say({"type": "share", "label": "happy"})
    host.look(lambda h: h.labels() == {"Ada": "happy"})
    assert host.delta["total"] == 1


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_as_a_greeting(board: Program, garbage: Any) -> None:
    with calling(board.url) as caller:
        assert caller.refusal(garbage) == "bad_message"


def test_garbage_from_a_host(host: Host) -> None:
    for garbage in ("{", {"type": "interval", "seconds": 0}, {"type": "interval", "seconds": True},
                    {"type": "admit", "on": 0}, {"type": "share"}):  # fmt: skip
        host.say(garbage)
        assert host.hear("error")["error"] == "bad_message"


def test_huge_messages_end_the_connection(host: Host, student: Callable[..., Student]) -> None:
    ada = student("Ada")
    ada.say("x" * 100_000)
    assert ada.hear_to_the_end() == 1009
    assert student("Bob")


def test_an_emoji_and_a_hand_a_second_are_taken_though_they_come_late(
    host: Host, student: Callable[..., Student]
) -> None:
    ada = student("Ada")
    for second in range(29):  # of which the network lets all through at once
        ada.say({"type": "share", "label": "happy"})
        ada.say({"type": "hand", "up": second % 2 == 0})
    ada.say({"type": "share", "label": "nothing that there is"})
    assert ada.hear("error")["error"] == "bad_message", "the first that is refused"
    host.look(lambda h: h.delta["total"] == 29)


def test_a_flood_is_not_taken(host: Host, student: Callable[..., Student]) -> None:
    ada = student("Ada")
    with suppress(ConnectionClosed):
        for _ in range(500):
            ada.say({"type": "share", "label": "happy"})
    assert ada.hear_to_the_end() == 1008
    host.look(lambda h: h.delta["total"] > 0)
    assert host.delta["total"] <= 70
    host.look(lambda h: not h.seats)  # as her page tells her, nothing of her is kept


def test_pauses_without_end_are_not_taken(host: Host, student: Callable[..., Student]) -> None:
    ada, bob = student("Ada"), student("Bob")
    with suppress(ConnectionClosed):
        for _ in range(500):
            ada.say({"type": "pause"})
    assert ada.hear_to_the_end() == 1008
    for _ in range(61):
        bob.say({"type": "share", "label": "happy"})
    bob.hear("error")
    bob.say({"type": "pause"})
    host.look(lambda h: h.labels().get("Bob") == "")


def test_silence_ends_the_connection(board: Program) -> None:
    with calling(board.url) as caller:
        assert caller.hear_to_the_end() == 1013, "whoever has a seat tries again"


def test_another_sites_page_cannot_connect(board: Program) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1", "http://["):
        with pytest.raises(InvalidStatus, match="403"):
            Caller(board.url, origin=origin)
    with calling(board.url, origin=board.url.rstrip("/")) as caller:
        assert caller.refusal({"type": "join", "code": "x"}) == "no_room"


def test_names_are_cleaned() -> None:
    assert clean_nick("<b>Ada</b>") == "<b>Ada</b>"  # shown as text, never as markup
    assert clean_nick("\u202eAda\u0000\n  B\u200bob") == "Ada Bob"
    assert len(clean_nick("x" * 10_000)) == 24
    assert clean_nick("\u0301b" + "\u0301\u200b" * 500) == "b" + "\u0301" * 3
    for name in ("प्रिया", "มานี ใจดี", "தமிழ்", "أَحْمَد", "Zoë", "Ada ❤️", "علی\u200cرضا", "Ada 👩\u200d🏫"):
        assert clean_nick(name) == name
    for nothing in ("", "   ", None, 7, "\u200b", ["x"], "\u200d", " \u0301", " \u200c ", "\u3164", "\u2800 \uffa0"):
        assert len(clean_nick(nothing).split()) == 3


def test_removed_students_stay_out(board: Program, host: Host, student: Callable[..., Student]) -> None:
    ada = student("Ada")
    host.look(lambda h: h.seats)
    host.say({"type": "remove", "member": ada.back["member"]})
    assert ada.hear_to_the_end() == 4003
    host.look(lambda h: not h.seats)
    with calling(board.url) as caller:
        assert caller.refusal({"type": "rejoin", **ada.back}) == "not_you"


def test_the_board_takes_no_picture(board: Program) -> None:
    for path in ("live", "class"):
        with pytest.raises(InvalidStatus):
            connect(board.url.replace("http", "ws", 1) + path, open_timeout=5)
    assert httpx.post(board.url + "files?name=a.png", content=b"x").status_code in (404, 405)


def test_guessing_codes_is_slowed(program: Callable[..., Program]) -> None:
    served = program("serve", "--board", "--no-browser", "--port", "0", lines=2)
    key = served.lecturer_url.split("#key=")[1]
    host = Host(served.url, key)
    ada = Student(served.url, host.code, "Ada")
    errors = []
    for _ in range(70):
        with calling(served.url) as caller:
            errors.append(caller.refusal({"type": "join", "code": "AAAA2222"}))
    assert errors.index("too_many") in range(55, 70)
    with calling(served.url) as caller:
        caller.say({"type": "join", "code": host.code})
        assert caller.hear("error")["error"] == "too_many"
        assert caller.hear_to_the_end() == 1013, "to be tried again"
    ada.close()
    ada = Student(served.url, host.code, back=ada.back)  # who was in comes back
    host.close()
    host = Host(served.url, key, host.door)
    Host(served.url, key).close()
    ada.say({"type": "share", "label": "happy"})  # who is in stays in
    host.look(lambda h: h.labels() == {"Ada": "happy"})
    ada.close()
    host.close()


def test_a_whole_school_that_comes_back_to_a_new_server_shuts_nobody_out(program: Callable[..., Program]) -> None:
    served = program("serve", "--board", "--no-browser", "--port", "0", lines=2)
    back = {"code": "AAAA2222", "member": "of before", "token": "x"}
    for _ in range(70):
        with calling(served.url) as caller:
            assert caller.refusal({"type": "rejoin", **back}) == "not_you"
    host = Host(served.url, served.lecturer_url.split("#key=")[1])
    Student(served.url, host.code).close()
    host.close()


def test_nothing_is_logged(board: Program, host: Host, student: Callable[..., Student]) -> None:
    student("Ada").say({"type": "share", "label": "happy"})
    host.look(lambda h: h.labels() == {"Ada": "happy"})
    time.sleep(0.3)
    assert len(board.said) == 2, board.said
