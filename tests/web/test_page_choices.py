"""What the page offers of emoji sets, and that it shows no expression where none is recognised."""

from __future__ import annotations

import asyncio
import json
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from emojimask.build import build_pipeline
from emojimask.emojis.cast import Cast, load_cast
from emojimask.emojis.emoji_set import shipped_sets
from emojimask.errors import EmojiSetError
from emojimask.settings import MaskSettings
from emojimask.sources.synthetic import portrait
from emojimask.types import EXPRESSIONS, Frame
from emojimask.web.emoji_pictures import SIDE, emoji_png
from emojimask.web.page.app import Page
from emojimask.web.page.choices import Choices
from emojimask.web.page.picture import pack
from emojimask.web.terminal.student import nearest


def picture(emoji_set: str, expression: str) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(emoji_png(emoji_set, expression), np.uint8), cv2.IMREAD_UNCHANGED)


def test_all_shipped_sets_are_offered_and_the_systems_own_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Path:
        raise EmojiSetError("no font")

    monkeypatch.setattr("emojimask.web.page.choices.find_color_font", missing)
    start = MaskSettings(emojis="classic,alive:sad")
    assert Choices(start).offered["emojis"] == ["classic,alive:sad", *shipped_sets()]
    monkeypatch.setattr("emojimask.web.page.choices.find_color_font", lambda: Path("NotoColorEmoji.ttf"))
    assert Choices(start).chosen({"emojis": "font"}).emojis == "font"
    assert Choices(start).chosen({"emojis": "paper"}).emojis == "paper"


def test_a_set_whose_pictures_are_asked_for_at_once_is_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []

    def load(emojis: str) -> Cast:
        loaded.append(emojis)
        time.sleep(0.1)
        return load_cast(emojis)

    monkeypatch.setattr("emojimask.emojis.cast.load_cast", load)
    with ThreadPoolExecutor(len(EXPRESSIONS)) as page:
        assert all(page.map(emoji_png, ["paper,flat,paper"] * len(EXPRESSIONS), EXPRESSIONS))
    assert loaded == ["paper,flat,paper"]


def test_pictures_of_living_and_of_several_sets() -> None:
    assert picture("alive", "sad").shape == (SIDE, SIDE, 4)
    assert (picture("alive", "sad") != picture("alive", "happy")).any(), "a living set's features are drawn"
    np.testing.assert_array_equal(picture("alive,classic", "sad"), picture("alive", "sad"))
    np.testing.assert_array_equal(picture("classic:sad", "happy"), picture("classic", "sad"))


@pytest.mark.parametrize("settings", [MaskSettings(expressions="none"), MaskSettings(emojis="classic:happy")])
def test_nothing_recognised_is_shown_or_shared(settings: MaskSettings) -> None:
    masked = build_pipeline(settings).process(Frame(portrait(), 0, 0.0))
    packet = pack(masked, 0, 1.0)
    length = struct.unpack_from("<I", packet)[0]
    (face,) = json.loads(packet[4 : 4 + length])["faces"]
    assert (face["expression"], face["probabilities"]) == (None, [])
    assert nearest(masked) is None


@pytest.mark.parametrize(("expressions", "recognises"), [("none", False), ("default", True)])
def test_the_page_is_told_whether_anything_is_recognised(expressions: str, recognises: bool) -> None:
    page = Page(MaskSettings(expressions=expressions), None)
    with ThreadPoolExecutor(1) as thread:  # this thread's loop may be a browser's
        about = thread.submit(asyncio.run, page.about()).result()
    assert about["recognises"] is recognises
