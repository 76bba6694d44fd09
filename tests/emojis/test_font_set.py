"""System emoji: colour fonts of every kind are worn, and what cannot be worn is told with its remedy."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fonts import YELLOW, make_font

from emojimask.emojis.emoji_set import check_emoji_set, load_emoji_set, load_folder_set
from emojimask.emojis.fonts.font_set import CHARACTERS, load_font_set
from emojimask.emojis.fonts.system_font import find_color_font
from emojimask.emojis.starter import make_starter
from emojimask.errors import EmojiSetError, UsageError
from emojimask.types import EXPRESSIONS

ALL = tuple(CHARACTERS.values())


@pytest.fixture
def font(tmp_path: Path) -> Path:
    return make_font(tmp_path / "NotoColorEmoji.ttf", ALL)


@pytest.fixture
def no_fonts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system whose font folder, the answer, is empty."""
    folder = tmp_path / "system"
    folder.mkdir()
    monkeypatch.setattr("emojimask.emojis.fonts.system_font._folders", lambda: [folder])
    monkeypatch.setattr("shutil.which", lambda _: None)
    return folder


KINDS = [("CBDT", 64), ("CBDT", 136), ("sbix", 96), ("COLR", 64), ("COLRv1", 64), ("SVG", 64)]


@pytest.mark.parametrize(("kind", "size"), KINDS)
def test_every_kind_of_colour_font_becomes_opaque_discs(tmp_path: Path, kind: str, size: int) -> None:
    if kind in ("COLRv1", "SVG"):
        pytest.importorskip("resvg_py")
    emojis = load_font_set(make_font(tmp_path / "tiny.ttf", ALL, kind, size=size))
    assert emojis.title == "Tiny Emoji Regular"
    np.testing.assert_allclose(emojis.fill, YELLOW[::-1], atol=2)
    y, x = np.mgrid[:512, :512] - 255.5
    for expression in EXPRESSIONS:
        image, key_points = emojis.emoji(expression)
        assert (image.shape, image.dtype, key_points.shape) == ((512, 512, 4), np.uint8, (6, 2))
        assert (image[np.hypot(x, y) <= 0.95 * 248, 3] == 255).all()
        assert (image[np.hypot(x, y) >= 1.03 * 248, 3] < 128).all()
        assert not image.flags.writeable
        left, right = key_points[:2]
        assert left[0] + right[0] == pytest.approx(511, abs=1)


def test_edges_keep_their_colour(font: Path) -> None:
    """Straight alpha: a half transparent pixel at the rim is as yellow as the disc, and not half black."""
    image = load_font_set(font).emoji("happy").image
    rim = image[(image[..., 3] > 60) & (image[..., 3] < 200)]
    assert len(rim) > 50
    assert np.abs(rim[:, :3].astype(int) - YELLOW[::-1]).max() <= 12


def test_the_expressions_have_their_characters() -> None:
    assert "".join(CHARACTERS[name] for name in EXPRESSIONS) == "😠🤢😨😀😢😮😐😏"


def test_by_name_with_a_file(font: Path) -> None:
    assert load_emoji_set(f"font:{font}").name == "font"
    assert check_emoji_set(f"font:{font}") == []


def test_a_set_that_begins_with_a_font_says_whose_pictures_they_are(font: Path, tmp_path: Path) -> None:
    make_starter(tmp_path / "mine", load_font_set(font))
    assert load_folder_set(tmp_path / "mine").licence == "as that of the font Tiny Emoji Regular"


def test_the_systems_own_is_found(font: Path, no_fonts: Path) -> None:
    place = no_fonts / "truetype/noto"
    place.mkdir(parents=True)
    font.rename(place / font.name)
    assert find_color_font() == place / font.name
    assert load_emoji_set("font").name == "font"


@pytest.mark.parametrize("kind", ["COLRv1", "SVG"])
def test_a_system_font_of_drawings_is_found_where_the_extra_is(no_fonts: Path, kind: str) -> None:
    pytest.importorskip("resvg_py")
    file = make_font(no_fonts / "Noto-COLRv1.ttf", ALL, kind)
    assert find_color_font() == file


def test_a_font_that_cannot_be_drawn_gives_way_to_one_that_can(
    font: Path, no_fonts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    make_font(no_fonts / "NotoColorEmoji.ttf", ALL, "COLRv1")
    with pytest.raises(EmojiSetError, match=r"no colour emoji font found \(.*COLR version 1.*install one"):
        find_color_font()
    font.rename(no_fonts / "seguiemj.ttf")
    assert find_color_font() == no_fonts / "seguiemj.ttf"


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for fontconfig")
def test_what_fontconfig_prefers_comes_first(
    font: Path, no_fonts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_font(no_fonts / "NotoColorEmoji.ttf", ALL)
    preferred = font.rename(tmp_path / "AnyName.ttf")
    command = tmp_path / "fc-match"
    command.write_text(f"#!/bin/sh\nprintf %s '{preferred}'\n")
    command.chmod(0o755)
    monkeypatch.setattr("shutil.which", lambda _: str(command))
    assert find_color_font() == preferred
    make_font(preferred, ALL, "plain")  # a font of plain letters: it always has an answer
    assert find_color_font() == no_fonts / "NotoColorEmoji.ttf"


@pytest.mark.parametrize("fault", [subprocess.TimeoutExpired("fc-match", 10), PermissionError()])
def test_a_fontconfig_that_does_not_answer_is_done_without(
    no_fonts: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    """On a new system it may look through all fonts first, which takes longer than anybody waits."""

    def run(*_: Any, **__: Any) -> None:
        raise fault

    make_font(no_fonts / "NotoColorEmoji.ttf", ALL)
    monkeypatch.setattr("shutil.which", lambda _: "fc-match")
    monkeypatch.setattr("subprocess.run", run)
    assert find_color_font() == no_fonts / "NotoColorEmoji.ttf"


def test_no_colour_font_on_this_system(no_fonts: Path) -> None:
    (fault,) = check_emoji_set("font")
    assert fault.startswith("no colour emoji font found; install one (Debian, Ubuntu: fonts-noto-color-emoji")
    assert fault.endswith("or name a file: --emojis font:FILE.ttf")


def cut(file: Path) -> Path:
    file.write_bytes(file.read_bytes()[:300])
    return file


FAULTS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a character is missing": (
        lambda file: make_font(file, [c for c in ALL if c != "😏"]),
        "has no 😏 (U+1F60F, contempt); choose another font",
    ),
    "no colour": (lambda file: make_font(file, ALL, "plain"), "a font without colour; name a colour emoji font"),
    "hollow": (lambda file: make_font(file, ALL, hollow="😨"), "its 😨 (fear) is no opaque disc"),
    "cut off": (lambda file: cut(make_font(file, ALL)), "is no font, or damaged; install it anew"),
    "no font": (lambda file: Path(file.write_text("hello") and file), "is no font, or damaged; install it anew"),
    "empty": (lambda file: Path(file.write_text("") or file), "is no font, or damaged; install it anew"),
    "damaged pictures": (lambda file: make_font(file, ALL, damaged=True), ""),
}


@pytest.mark.parametrize("size", [0, 1025, 65535])
def test_a_font_that_says_its_pictures_are_huge_takes_no_memory(tmp_path: Path, size: int) -> None:
    file = make_font(tmp_path / "huge.ttf", ALL, "sbix", size=64, said=size)
    with pytest.raises(EmojiSetError) as error:
        load_font_set(file)
    assert str(error.value) == (
        f"{file}: its pictures are said to have {size} pixels an em, not 1 to 1024; install it anew, or choose another"
    )


@pytest.mark.parametrize("kind", ["CBDT", "sbix"])
def test_a_picture_in_a_font_that_claims_gigabytes_is_refused(tmp_path: Path, kind: str) -> None:
    file = make_font(tmp_path / "huge.ttf", ALL, kind, size=64)
    size = struct.pack(">II", 64, 64)
    file.write_bytes(file.read_bytes().replace(b"IHDR" + size, b"IHDR" + struct.pack(">II", 30000, 20000), 1))
    with pytest.raises(EmojiSetError, match="one of its pictures is said to have 30000x20000 pixels; install it anew"):
        load_font_set(file)


@pytest.mark.parametrize(("make", "message"), FAULTS.values(), ids=FAULTS)
def test_faults_of_fonts(tmp_path: Path, make: Callable[[Path], Path], message: str) -> None:
    file = make(tmp_path / "bad.ttf")
    with pytest.raises(EmojiSetError) as error:
        load_font_set(file)
    assert str(error.value).startswith(f"{file}: {message}")
    assert "\n" not in str(error.value)
    assert check_emoji_set(f"font:{file}") == [str(error.value)]


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.ttf: no such font; give the path of a colour emoji font"):
        load_emoji_set(f"font:{tmp_path / 'none.ttf'}")


def test_a_font_cut_anywhere_is_told_or_drawn_but_never_crashes(font: Path) -> None:
    content = font.read_bytes()
    for share in range(1, 20):
        font.write_bytes(content[: len(content) * share // 20])
        try:
            load_font_set(font)
        except EmojiSetError as error:
            assert str(font) in str(error)  # noqa: PT017
