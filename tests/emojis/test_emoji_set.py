"""Emoji sets: the shipped one can be worn, your own works, and every fault is told with its remedy."""

from __future__ import annotations

import itertools
import shutil
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

import media
from emojimask.emojis.emoji_set import check_emoji_set, load_emoji_set, shipped_sets
from emojimask.emojis.still_set import StillEmojiSet
from emojimask.errors import EmojiSetError, UsageError
from emojimask.stages import EmojiSet
from emojimask.types import EXPRESSIONS, KEY_POINTS

CARD = """
name = "mine"
title = "My own"
author = "Me"
licence = "CC0-1.0"
fill = "#102030"

[key_points]
left_eye_outer = [0.3, 0.4]
right_eye_outer = [0.7, 0.4]
philtrum = [0.5, 0.65]
mouth_left = [0.4, 0.7]
mouth_right = [0.6, 0.7]
chin = [0.5, 0.9]
"""


@pytest.fixture(scope="module")
def classic() -> StillEmojiSet:
    return load_emoji_set("classic")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A set of one's own: eight discs of 64 pixels."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "set.toml").write_text(CARD)
    for expression in EXPRESSIONS:
        disc(64).save(folder / f"{expression}.png")
    return folder


@pytest.fixture
def home(own: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the set lies is at home."""
    monkeypatch.setenv("HOME", str(own.parent))
    monkeypatch.setenv("USERPROFILE", str(own.parent))
    return own.parent


def disc(size: int, mode: str = "RGBA") -> Image.Image:
    picture = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse((1, 1, size - 2, size - 2), fill=(250, 200, 40, 255))
    return picture.convert(mode)


def chunk(kind: bytes, data: bytes) -> bytes:
    """Of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def edit_card(folder: Path, old: str, new: str) -> None:
    text = (folder / "set.toml").read_text()
    assert old in text
    (folder / "set.toml").write_text(text.replace(old, new))


# --- the shipped set --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", shipped_sets())
def test_shipped_sets_have_no_fault(name: str) -> None:
    assert check_emoji_set(name) == []
    emoji_set: EmojiSet = load_emoji_set(name)
    assert emoji_set.name == name


def test_classic_is_shipped_with_its_source_art() -> None:
    assert "classic" in shipped_sets()
    folder = Path(load_emoji_set.__code__.co_filename).parent / "classic"
    assert {svg.stem for svg in folder.glob("*.svg")} == set(EXPRESSIONS)
    assert all(png.stat().st_size < 100_000 for png in folder.glob("*.png"))


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_expression_has_an_emoji_in_the_agreed_form(classic: StillEmojiSet, expression: str) -> None:
    image, key_points = classic.emoji(expression)
    assert image.shape == (512, 512, 4)
    assert image.dtype == np.uint8
    assert key_points.shape == (6, 2)
    assert key_points.dtype == np.float32
    assert (image[0, 0, 3], image[256, 256, 3]) == (0, 255)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_disc_is_opaque_all_over(classic: StillEmojiSet, expression: str) -> None:
    y, x = np.mgrid[:512, :512] - 255.5
    assert (classic.emoji(expression).image[np.hypot(x, y) <= 0.97 * 248, 3] == 255).all()


def test_emojis_differ_in_shape_when_small_and_gray(classic: StillEmojiSet) -> None:
    """At 48 pixels and without colour or shading, the drawn lines of any two emojis still differ."""

    def lines(expression: str) -> NDArray[np.float32]:
        gray = cv2.cvtColor(classic.emoji(expression).image[:, :, :3], cv2.COLOR_BGR2GRAY)
        small = cv2.resize(gray, (48, 48), interpolation=cv2.INTER_AREA).astype(np.float32)
        detail = (small - cv2.GaussianBlur(small, (0, 0), 6))[6:42, 6:42]
        return detail / np.linalg.norm(detail)

    alike = {(a, b): float((lines(a) * lines(b)).sum()) for a, b in itertools.combinations(EXPRESSIONS, 2)}
    assert max(alike.values()) < 0.8, max(alike.items(), key=lambda item: item[1])


def test_switching_the_expression_does_not_make_the_mask_jump(classic: StillEmojiSet) -> None:
    points = np.stack([classic.emoji(expression).key_points for expression in EXPRESSIONS])
    neutral = classic.emoji("neutral").key_points
    assert np.abs(points - neutral).max() <= 0.06 * 248


def test_emojis_cannot_be_painted_over(classic: StillEmojiSet) -> None:
    emoji = classic.emoji("happy")
    with pytest.raises(ValueError, match="read-only"):
        emoji.image[0, 0] = 0
    with pytest.raises(ValueError, match="read-only"):
        emoji.key_points[0] = 0


# --- a set of one's own -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [str, Path])
def test_own_folder(own: Path, form: Callable[[Path], str | Path]) -> None:
    assert check_emoji_set(form(own)) == []
    mine = load_emoji_set(form(own))
    assert (mine.name, mine.title, mine.author, mine.licence) == ("mine", "My own", "Me", "CC0-1.0")
    assert mine.fill == (0x30, 0x20, 0x10)
    image, key_points = mine.emoji("sad")
    assert tuple(image[256, 256]) == (40, 200, 250, 255)
    np.testing.assert_allclose(key_points[KEY_POINTS.index("chin")], [0.5 * 512 - 0.5, 0.9 * 512 - 0.5], rtol=1e-6)


def test_own_folder_with_a_shipped_name_is_reached_by_its_path(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own.rename(own.parent / "classic")
    monkeypatch.chdir(own.parent)
    assert load_emoji_set("./classic").name == "mine"
    assert load_emoji_set(Path.cwd() / "classic").name == "mine"
    assert load_emoji_set("classic").name == "classic"


def test_own_folder_and_font_in_the_home_folder(own: Path, home: Path) -> None:
    """As a settings file names them, which no shell looks at."""
    assert check_emoji_set("~/mine") == []
    assert load_emoji_set("~/mine").name == "mine"
    assert str(home / "tiny.ttf") in check_emoji_set("font:~/tiny.ttf")[0]


@pytest.mark.skipif(sys.platform == "win32", reason="there everybody is given a home")
@pytest.mark.parametrize("name", ["~nobodyx/mine", "font:~nobodyx/tiny.ttf", "~\0", "font:~\0"])
def test_nobodys_home_is_a_name_like_any_other(name: str) -> None:
    (fault,) = check_emoji_set(name)
    assert fault.startswith((f'no emoji set "{name}"', f"{name.removeprefix('font:')}: no such font"))
    with pytest.raises(UsageError):
        load_emoji_set(name)


def test_an_expression_may_have_key_points_and_a_file_of_its_own(own: Path) -> None:
    (own / "happy.png").rename(own / "grin.png")
    edit_card(own, "[key_points]", '[expressions.happy]\nfile = "grin.png"\nkey_points.chin = [0.5, 0.8]\n[key_points]')
    mine = load_emoji_set(own)
    assert mine.emoji("happy").key_points[5, 1] == pytest.approx(0.8 * 512 - 0.5)
    assert mine.emoji("sad").key_points[5, 1] == pytest.approx(0.9 * 512 - 0.5)
    np.testing.assert_array_equal(mine.emoji("happy").key_points[:5], mine.emoji("sad").key_points[:5])


@pytest.mark.parametrize("picture", [disc(300).quantize(), disc(300, "LA")], ids=["palette", "gray"])
def test_other_kinds_of_png_with_transparency_are_taken(own: Path, picture: Image.Image) -> None:
    picture.save(own / "fear.png")
    image = load_emoji_set(own).emoji("fear").image
    assert (image[0, 0, 3], image[256, 256, 3]) == (0, 255)


def test_what_says_that_it_is_an_animation_and_is_none_is_a_picture(own: Path) -> None:
    png = (own / "fear.png").read_bytes()
    (own / "fear.png").write_bytes(png[:33] + chunk(b"acTL", bytes(8)) + png[33:])
    assert check_emoji_set(own) == []


def test_a_colour_profile_is_heeded(own: Path) -> None:
    picture = Image.new("RGBA", (512, 512), (200, 140, 120, 255))
    picture.putalpha(disc(512).getchannel("A"))
    picture.save(own / "fear.png", icc_profile=media.ADOBE_RGB)
    image = load_emoji_set(own).emoji("fear").image
    assert np.abs(image[256, 256, :3].astype(int) - [119, 140, 218]).max() <= 3
    assert np.array_equal(image[..., 3], np.asarray(picture.getchannel("A")))


def test_a_card_may_begin_with_a_mark(own: Path) -> None:
    (own / "set.toml").write_text(CARD, encoding="utf-8-sig")
    assert check_emoji_set(own) == []


# --- faults -----------------------------------------------------------------------------------------------------------


def only_fault(folder: Path) -> str:
    """The only fault that is found; loading tells the same."""
    (fault,) = check_emoji_set(folder)
    assert "\n" not in fault
    with pytest.raises(EmojiSetError) as error:
        load_emoji_set(folder)
    assert str(error.value) == fault
    return fault


CARD_FAULTS = {
    "bad toml": ("[key_points]", "[key_points", "cannot be read as TOML: "),
    "deep toml": ("[key_points]", "a = " + "[" * 10_000 + "\n[key_points]", "cannot be read as TOML: "),
    "long number": ("[0.5, 0.9]", f"[0x{'f' * 6000}, 0.9]", "cannot be read as TOML: a number has thousands of digits"),
    "no name": ('name = "mine"', "", 'name: expected a text; add name = "..." at the top'),
    "no licence": ('licence = "CC0-1.0"', "licence = 3", "licence: expected a text"),
    "no colour": ('fill = "#102030"', 'fill = "teal"', 'fill: expected the base colour of the emojis, as fill = "#'),
    "strange key": ('fill = "#', 'colour = "red"\nfill = "#', 'unknown key "colour"; known: name, '),
    "strange point": (
        "chin =",
        "nose = [0.5, 0.5]\nchin =",
        '[key_points]: unknown key point "nose"; known: left_eye_',
    ),
    "strange expression": (
        "[key_points]",
        "[expressions.hungry]\n[key_points]",
        '[expressions]: unknown expression "hungry"; known: angry, ',
    ),
    "strange key of an expression": (
        "[key_points]",
        'expressions.sad.picture = "x"\n[key_points]',
        '[expressions.sad]: unknown key "picture"; known: file, key_points',
    ),
    "no table": ("[key_points]", "expressions.sad = 3\n[key_points]", "[expressions.sad]: expected a table"),
    "missing point": ("chin = [0.5, 0.9]", "", "[key_points]: chin is missing; add chin = [x, y], both from 0 to 1"),
    "pixels": ("[0.5, 0.9]", "[256, 440]", "chin: expected [x, y] inside the picture, both from 0 to 1; found [256, 4"),
    "not a number": ("[0.5, 0.9]", "[nan, 0.9]", "chin: expected [x, y] inside the picture"),
    "yes and no": ("[0.5, 0.9]", "[true, false]", "chin: expected [x, y] inside the picture"),
    "no pair": ("[0.5, 0.9]", "0.9", "chin: expected [x, y] inside the picture"),
    "mirrored": (
        "mouth_left = [0.4,",
        "mouth_left = [0.65,",
        "[key_points]: mirrored: mouth_left must lie left of mouth_right; left and right are as the viewer sees them",
    ),
    "upside down": (
        "[0.5, 0.65]",
        "[0.5, 0.95]",
        "[key_points]: upside down: philtrum must lie above chin; y grows downwards",
    ),
    "mirrored in one expression": (
        "[key_points]",
        "[expressions.sad.key_points]\nleft_eye_outer = [0.8, 0.4]\n[key_points]",
        "[expressions.sad.key_points]: mirrored: left_eye_outer must lie left of right_eye_outer",
    ),
    "elsewhere": (
        "[key_points]",
        'expressions.sad.file = "../sad.png"\n[key_points]',
        "[expressions.sad]: file: expected the name of a PNG or SVG in the same folder, found '../sad.png'",
    ),
}


@pytest.mark.parametrize(("old", "new", "message"), CARD_FAULTS.values(), ids=CARD_FAULTS)
def test_faults_of_set_toml(own: Path, old: str, new: str, message: str) -> None:
    edit_card(own, old, new)
    fault = only_fault(own)
    assert fault.startswith(f"{own / 'set.toml'}")
    assert message in fault


def test_key_points_on_one_line(own: Path) -> None:
    heights = (0.3, 0.31, 0.6, 0.5, 0.51, 0.7)
    points = "\n".join(f"{KEY_POINTS[i]} = [{0.5 * y + i / 1e4}, {y}]" for i, y in enumerate(heights))
    (own / "set.toml").write_text(CARD.split("[key_points]")[0] + "[key_points]\n" + points)
    assert "[key_points]: the key points lie (nearly) on one line; spread them as on a face" in only_fault(own)


def test_key_points_within_a_speck(own: Path) -> None:
    places = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.65), (0.4, 0.7), (0.6, 0.7), (0.5, 0.9))
    points = "\n".join(
        f"{name} = [{0.5 + x / 20_000}, {y / 20_000}]" for name, (x, y) in zip(KEY_POINTS, places, strict=True)
    )
    (own / "set.toml").write_text(CARD.split("[key_points]")[0] + "[key_points]\n" + points)
    assert "[key_points]: the key points lie within 10% of the picture; draw the face larger" in only_fault(own)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-60])


def pierce(file: Path) -> None:
    picture = disc(256)
    picture.putpixel((128, 128), (0, 0, 0, 254))
    picture.save(file)


def end_with_an_empty_profile(file: Path) -> None:
    """Pillow comes upon it only after the pixels, which are sound."""
    png = file.read_bytes()
    file.write_bytes(png[:-12] + chunk(b"iCCP", b"") + png[-12:])


def declare_huge(file: Path) -> None:
    """A few bytes that would decode to 10 GB."""
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 6, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)


PICTURE_FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (Path.unlink, "missing; every expression needs its picture, a PNG or an SVG"),
    "cut off": (cut, "cannot be read as a PNG ("),
    "an empty profile": (end_with_an_empty_profile, "cannot be read as a PNG ("),
    "no PNG": (
        lambda file: disc(64, "RGB").save(file, "JPEG"),
        "cannot be read as a PNG (not a PNG file); save it as one",
    ),
    "no alpha": (
        lambda file: disc(64, "RGB").save(file),
        "no alpha channel; save it as RGBA, transparent around the em",
    ),
    "not square": (lambda file: Image.new("RGBA", (64, 80)).save(file), "64 x 80 pixels; make it square"),
    "small": (lambda file: disc(63).save(file), "63 x 63 pixels; make it 64 to 2048 pixels wide, best 512"),
    "large": (lambda file: Image.new("RGBA", (2049, 2049)).save(file), "2049 x 2049 pixels; make it 64 to 2048 pixels"),
    "huge": (declare_huge, "50000 x 50000 pixels; make it 64 to 2048 pixels wide"),
    "empty": (
        lambda file: Image.new("RGBA", (64, 64)).save(file),
        "not opaque at left_eye_outer, right_eye_outer, philtrum, mouth_left, mouth_right, chin; fill the whole area",
    ),
    "pierced": (
        pierce,
        "not opaque in places; fill the whole area between the key points, so that no face shines thro",
    ),
}


@pytest.mark.parametrize(("damage", "message"), PICTURE_FAULTS.values(), ids=PICTURE_FAULTS)
def test_faults_of_pictures(own: Path, damage: Callable[[Path], object], message: str) -> None:
    damage(own / "sad.png")
    fault = only_fault(own)
    assert fault.startswith(f"{own / 'sad.png'}: {message}")


def test_a_key_point_outside_the_disc(own: Path) -> None:
    edit_card(own, "[key_points]", "expressions.happy.key_points.chin = [0.5, 1.0]\n[key_points]")
    assert only_fault(own).startswith(f"{own / 'happy.png'}: not opaque at chin; ")


def test_all_faults_are_found_at_once(own: Path) -> None:
    edit_card(own, "chin = [0.5, 0.9]", "")
    edit_card(own, 'fill = "#102030"', "")
    (own / "angry.png").unlink()
    disc(64, "RGB").save(own / "contempt.png")
    faults = check_emoji_set(own)
    assert [fault.split(":")[0].rsplit("/")[-1].split(" ")[0] for fault in faults] == [
        "set.toml",
        "set.toml",
        "angry.png",
        "contempt.png",
    ]
    with pytest.raises(EmojiSetError, match=r"fill: expected .* \(and 3 more\)$"):
        load_emoji_set(own)


def test_no_set_toml(own: Path) -> None:
    (own / "set.toml").unlink()
    assert only_fault(own) == f"{own / 'set.toml'}: missing; an emoji set is described by this file"


def test_no_such_set(own: Path) -> None:
    shutil.rmtree(own)
    names = ", ".join(shipped_sets())
    others = "the path of a folder with a set.toml, font for the system's own emoji or font:FILE for a font's"
    remedy = f"shipped: {names}; or give {others}"
    message = f'no emoji set "{own}"; {remedy}'
    assert check_emoji_set(own) == [message]
    with pytest.raises(UsageError) as error:
        load_emoji_set(own)
    assert str(error.value) == message
