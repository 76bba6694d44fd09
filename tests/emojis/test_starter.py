"""A starter set is a sound set that looks as the one it was made from."""

from __future__ import annotations

import os
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emojimask.emojis.emoji_set import check_emoji_set, load_emoji_set, load_folder_set
from emojimask.emojis.sample import sample
from emojimask.emojis.starter import make_starter
from emojimask.errors import OutputExistsError, SinkError
from emojimask.types import EXPRESSIONS


@pytest.mark.parametrize("source", ["classic", "alive"])
def test_it_looks_as_its_source(tmp_path: Path, source: str) -> None:
    emojis = load_emoji_set(source)
    make_starter(tmp_path / "mine", emojis)
    assert check_emoji_set(tmp_path / "mine") == []
    mine = load_folder_set(tmp_path / "mine")
    assert (mine.name, mine.fill, mine.licence) == ("mine", emojis.fill, "MIT")
    assert source in mine.author
    for expression in EXPRESSIONS:
        image, key_points = mine.emoji(expression)
        np.testing.assert_array_equal(image, sample(emojis, expression))
        np.testing.assert_allclose(key_points, emojis.emoji(expression).key_points, atol=0.05)
    assert len({mine.emoji(expression).image.tobytes() for expression in EXPRESSIONS}) == len(EXPRESSIONS)


def test_a_folder_with_an_odd_name(tmp_path: Path) -> None:
    folder = tmp_path / 'say "hi" \\ [x]'
    make_starter(folder, load_emoji_set("classic"))
    assert tomllib.loads((folder / "set.toml").read_text(encoding="utf-8"))["name"] == folder.name
    assert check_emoji_set(folder) == []


@pytest.mark.parametrize("source", ["classic", "alive"])
def test_the_example_in_its_card_may_be_used(tmp_path: Path, source: str) -> None:
    make_starter(tmp_path, load_emoji_set(source))
    card = tmp_path / "set.toml"
    text, begun = [], False
    for line in card.read_text(encoding="utf-8").splitlines():
        begun |= line.startswith("# [expressions")
        text.append(line.removeprefix("#").lstrip() if begun else line)
    assert begun
    used = tomllib.loads("\n".join(text))
    assert [key for key, value in used["expressions"].items() if "file" in value] == ["neutral"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no folder may be called so")
@pytest.mark.parametrize(
    ("raw", "name"), [(b"a\nname = 3", "aname = 3"), (b"caf\xe9", "caf"), (b"\xe9", "mine"), (b" ", "mine")]
)
def test_a_folder_whose_name_is_no_line_of_text(tmp_path: Path, raw: bytes, name: str) -> None:
    folder = tmp_path / os.fsdecode(raw)
    make_starter(folder, load_emoji_set("classic"))
    assert check_emoji_set(folder) == []
    assert load_folder_set(folder).name == name


def test_a_source_with_quotes_in_its_card(tmp_path: Path) -> None:
    source = replace(load_folder_set("classic"), name='Say "hi"', licence='CC "BY"\n4.0')
    make_starter(tmp_path / "mine", source)
    assert check_emoji_set(tmp_path / "mine") == []
    mine = load_folder_set(tmp_path / "mine")
    assert (mine.author, mine.licence) == ('Your name, after the set Say "hi"', 'CC "BY"4.0')


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "happy.png").write_text("mine")
    with pytest.raises(OutputExistsError, match="is there and not empty; name a new folder"):
        make_starter(tmp_path, load_emoji_set("classic"))
    assert [file.read_text() for file in tmp_path.iterdir()] == ["mine"]


def test_an_empty_folder_is_filled_and_a_file_is_told(tmp_path: Path) -> None:
    make_starter(tmp_path, load_emoji_set("classic"))
    assert check_emoji_set(tmp_path) == []
    (tmp_path / "file").touch()
    with pytest.raises(SinkError, match="file: a file lies where the folder would be"):
        make_starter(tmp_path / "file", load_emoji_set("classic"))
