"""Who wears what: in turn, at random but always the same, or one emoji for ever."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from emojimask.emojis.cast import Cast, load_cast, own_look
from emojimask.emojis.emoji_set import load_emoji_set, shipped_sets
from emojimask.emojis.starter import make_starter
from emojimask.errors import EmojiSetError, UsageError
from emojimask.types import EXPRESSIONS, Box, Face, MaskedFace, Measures, Track


@pytest.fixture(scope="module")
def anybody() -> Cast:
    return load_cast("random")


def worn(cast: Cast, people: int) -> list[str]:
    return [cast.for_track(number).name for number in range(1, people + 1)]


def test_everybody_wears_the_only_set() -> None:
    cast = load_cast("classic")
    assert worn(cast, 3) == ["classic"] * 3
    assert len(cast.sets) == 1
    assert cast.reads_anybody


def test_each_in_turn_and_from_the_first_again() -> None:
    names = ["classic", "alive", "flat"]
    assert worn(load_cast("classic, alive,flat"), 7) == [*names, *names, "classic"]


def test_a_whole_class_in_one_list() -> None:
    """Longer than any file's name may be."""
    names = ",".join(["classic:happy", "alive"] * 40)
    assert worn(load_cast(names), 3) == ["classic:happy", "alive", "classic:happy"]
    assert len(load_cast(names).sets) == 80
    with pytest.raises(UsageError, match="no emoji set"):
        load_cast("a" * 300)


def test_random_is_always_the_same_for_the_same_person(anybody: Cast) -> None:
    first = worn(anybody, 40)
    assert worn(anybody, 40) == first == worn(Cast(anybody.sets, shuffled=True), 40)
    assert first[:10] != first[10:20], "every round has an order of its own"


def test_random_repeats_no_set_before_all_are_worn(anybody: Cast) -> None:
    count = len(shipped_sets())
    assert Counter(worn(anybody, count)) == Counter(shipped_sets())
    assert Counter(worn(anybody, 3 * count)) == Counter(shipped_sets() * 3)


def test_a_fixed_emoji_is_shown_whatever_is_read() -> None:
    cast = load_cast("classic:sad,classic")
    fixed, free = cast.for_track(1), cast.for_track(2)
    assert (cast.reads(1), cast.reads(2), cast.reads(3), cast.reads_anybody) == (False, True, False, True)
    assert all(fixed.emoji(expression) is free.emoji("sad") for expression in EXPRESSIONS)
    assert fixed.fill == free.fill
    assert not load_cast("classic:sad,alive:happy").reads_anybody


def test_a_fixed_living_emoji_still_moves() -> None:
    fixed, alive = load_cast("alive:sad").for_track(1), load_emoji_set("alive")
    track = Track(1, Face(Box(0, 0, 9, 9), np.zeros((6, 2), np.float32), 1.0))
    even = (0.125,) * 8
    for measures in (Measures(), Measures(mouth_open=0.8)):
        shown = fixed.shapes([MaskedFace(track, even, "happy", even, measures)])[0]
        wanted = alive.shapes([MaskedFace(track, (), "sad", measures=measures)])[0]
        assert len(shown) == len(wanted) > 5
        for a, b in zip(shown, wanted, strict=True):
            np.testing.assert_array_equal(a.outline, b.outline)
            assert a.color == b.color


def test_a_folder_may_have_commas_and_colons_in_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_starter(tmp_path / "mine", load_emoji_set("classic"))
    assert worn(load_cast(f"{tmp_path / 'mine'},classic:sad,mine:happy"), 3) == ["mine", "classic:sad", "mine:happy"]
    (tmp_path / "mine").rename(tmp_path / "mine, yours:happy")
    assert worn(load_cast("mine, yours:happy"), 2) == ["mine", "mine"]


def test_folders_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    make_starter(tmp_path / "mine", load_emoji_set("classic"))
    assert worn(load_cast("alive,~/mine,~/mine:sad"), 3) == ["alive", "mine", "mine:sad"]
    (tmp_path / "mine").rename(tmp_path / "mine, yours")
    assert worn(load_cast("~/mine, yours"), 2) == ["mine", "mine"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("clasic", 'no emoji set "clasic"; shipped: alive, '),
        ("classic,nope", 'no emoji set "nope"; shipped: '),
        ("classic,,alive", 'emojis "classic,,alive": a name is missing; write them as in classic,alive'),
        ("", 'emojis "": a name is missing'),
        ("classic:hapy", 'emojis "classic:hapy": no expression "hapy"; known: angry, '),
        ("nope:happy", 'no emoji set "nope"'),
        (":happy", 'no emoji set ":happy"'),
        ("classic,random", 'emojis "classic,random": random stands alone'),
    ],
)
def test_wrong_names(spec: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        load_cast(spec)
    assert str(error.value).startswith(message)


def test_a_damaged_set_among_others_is_told(tmp_path: Path) -> None:
    make_starter(tmp_path / "mine", load_emoji_set("classic"))
    (tmp_path / "mine/sad.png").unlink()
    with pytest.raises(EmojiSetError, match=r"sad\.png: missing"):
        load_cast(f"classic,{tmp_path / 'mine'}")


def test_a_set_looks_other_once_it_is_redrawn_and_not_for_its_title(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    make_starter(mine, load_emoji_set("classic"))
    looks = [own_look(str(mine))]
    picture, card = cv2.imread(str(mine / "sad.png"), cv2.IMREAD_UNCHANGED), (mine / "set.toml").read_text()
    (mine / "set.toml").write_text(card.replace("My own faces", "Our own faces"))
    assert own_look(f"classic:happy,{mine}") == looks[0]
    picture[250, 250, 0] ^= 1
    cv2.imwrite(str(mine / "sad.png"), picture)
    looks.append(own_look(str(mine)))
    (mine / "set.toml").write_text(card.replace("0.9166", "0.9167"))
    looks.append(own_look(str(mine)))
    (mine / "set.toml").write_text(card.replace("#FFC93C", "#FFC93D"))
    looks.append(own_look(str(mine)))
    assert len(set(looks)) == 4
    assert {own_look(spec) for spec in ("classic", "random", "alive,classic:happy")} == {""}
