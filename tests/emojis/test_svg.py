"""SVG pictures: drawn as PNG are, and nothing but a drawing is let in."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from emojimask.emojis import emoji_set, svg
from emojimask.emojis.emoji_set import check_emoji_set, load_emoji_set
from emojimask.emojis.svg import LARGEST_FILE
from emojimask.types import EXPRESSIONS

CLASSIC = Path(emoji_set.__file__).parent / "classic"
HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 10 10">'
DISC = '<circle cx="5" cy="5" r="4.9" fill="#fc4"/>'


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The set classic, in SVG alone."""
    shutil.copy(CLASSIC / "set.toml", tmp_path)
    for expression in EXPRESSIONS:
        shutil.copy(CLASSIC / f"{expression}.svg", tmp_path)
    return tmp_path


def test_svg_looks_as_its_png(own: Path) -> None:
    pytest.importorskip("resvg_py")
    drawn, kept = load_emoji_set(own), load_emoji_set("classic")
    for expression in EXPRESSIONS:
        difference = drawn.emoji(expression).image.astype(int) - kept.emoji(expression).image
        assert np.abs(difference).mean() < 1.0
        assert not drawn.emoji(expression).image.flags.writeable


def test_a_png_beside_an_svg_of_the_same_name_wins(own: Path) -> None:
    pytest.importorskip("resvg_py")
    shutil.copy(CLASSIC / "happy.png", own / "sad.png")
    np.testing.assert_array_equal(
        load_emoji_set(own).emoji("sad").image, load_emoji_set("classic").emoji("happy").image
    )


def test_a_drawing_measured_in_millimetres_or_points_is_drawn_as_one_in_pixels(own: Path) -> None:
    pytest.importorskip("resvg_py")
    for name, side, line in (("happy", "10px", "1px"), ("sad", "100mm", "0.2645833mm"), ("neutral", "30pt", "0.75pt")):
        sized = HEAD.replace("viewBox", f'width="{side}" height="{side}" viewBox')
        ring = f'<circle cx="5" cy="5" r="4.9" fill="#fc4" stroke="#000" stroke-width="{line}"/>'
        (own / f"{name}.svg").write_text(f"{sized}{ring}</svg>")
    drawn = load_emoji_set(own)
    for name in ("sad", "neutral"):
        assert np.abs(drawn.emoji(name).image.astype(int) - drawn.emoji("happy").image).mean() < 0.1


def test_without_the_extra_the_remedy_is_told(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    faults = check_emoji_set(own)
    assert len(faults) == len(EXPRESSIONS)
    assert faults[0] == (
        f'{own / "angry.svg"}: SVG needs the extra [svg]: pip install "emojimask[svg]"; or export the picture as a PNG'
    )


def nested(content: str, depth: int) -> str:
    return "<g>" * depth + content + "</g>" * depth


def uses(levels: int) -> str:
    """Each level shows the one before ten times: a billion circles in a few lines."""
    groups = "".join(
        f'<g id="a{level + 1}">' + f'<use xlink:href="#a{level}"/>' * 10 + "</g>" for level in range(levels)
    )
    return f'{HEAD}<defs><circle id="a0" r="1"/>{groups}</defs>{DISC}<use href="#a{levels}"/></svg>'


def inside(content: str) -> str:
    return f"{HEAD}{DISC}{content}</svg>"


BAD = {
    "empty": ("", "cannot be read as an SVG ("),
    "cut off": (f"{HEAD}{DISC}", "cannot be read as an SVG ("),
    "another kind": ("<html/>", "is no SVG, but <html>"),
    "script": (inside("<script>alert(1)</script>"), "holds a script or moves by itself (<script>)"),
    "handler": (inside('<rect onclick="x()"/>'), "holds a script or moves by itself (<rect>)"),
    "animation": (inside('<animate attributeName="r"/>'), "holds a script or moves by itself (<animate>)"),
    "page in it": (inside("<foreignObject/>"), "holds a script or moves by itself (<foreignObject>)"),
    "text": (inside("<text>:-)</text>"), "holds text, which looks different everywhere; make it paths"),
    "file": (inside('<image href="/etc/passwd"/>'), "<image> refers to something outside the drawing"),
    "address": (inside('<use xlink:href="http://x/y.svg#a"/>'), "<use> refers to something outside the drawing"),
    "style": (inside("<style>@import 'x.css';</style>"), "<style> refers to something outside the drawing"),
    "paint": (inside('<rect fill="url(x.svg#a)"/>'), "<rect> refers to something outside the drawing"),
    "quoted": (inside("""<rect fill="url( 'x.svg#a')"/>"""), "<rect> refers to something outside the drawing"),
    "entities": (f'<!DOCTYPE svg [<!ENTITY a "b">]>{HEAD}{DISC}</svg>', "defines entities; save it as plain SVG"),
    "a billion": (uses(9), "has more than 20000 shapes; simplify it"),
    "deep": (inside(nested("<rect/>", 5000)), "has more than 20000 shapes; simplify it"),
    "oblong": (HEAD.replace("0 0 10 10", "0 0 10 20") + DISC + "</svg>", "10 x 20; make it square"),
    "endless": (HEAD.replace("0 0 10 10", "0 0 inf inf") + DISC + "</svg>", "inf x inf; make it square"),
    "no size": (HEAD.replace(' viewBox="0 0 10 10"', "") + DISC + "</svg>", "its size is not known; give it a viewBox"),
    "huge": (inside("<!--" + "x" * LARGEST_FILE + "-->"), "1.0 MB; simplify it to 1 MB"),
    "nothing in it": (HEAD + "</svg>", "not opaque at left_eye_outer"),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD)
def test_faults(own: Path, content: str, message: str) -> None:
    pytest.importorskip("resvg_py")
    (own / "sad.svg").write_text(content, encoding="utf-8")
    (fault,) = check_emoji_set(own)
    assert fault.startswith(f"{own / 'sad.svg'}: {message}")
    assert "\n" not in fault


def test_harmless_things_are_let_in(own: Path) -> None:
    """A document type, a mark at the beginning, gradients and parts that are used twice."""
    pytest.importorskip("resvg_py")
    gradient = '<linearGradient id="g"><stop stop-color="#f00"/></linearGradient>'
    square = '<rect id="r" width="1" height="1" fill="url(#g)"/><use xlink:href="#r" x="4"/>'
    quoted = """<g><rect fill="url('#g')"/><rect style='fill:url("#g")'/><rect fill="url( #g )"/></g>"""
    body = f"<defs>{gradient}</defs>{DISC}{square}{quoted}"
    (own / "sad.svg").write_text(f"<!DOCTYPE svg>{HEAD}{body}</svg>", encoding="utf-8-sig")
    assert check_emoji_set(own) == []
    image = load_emoji_set(own).emoji("sad").image
    assert tuple(image[20, 4 * 51 + 20]) == (0, 0, 255, 255)


def test_a_drawing_that_keeps_the_renderer_busy_is_given_up(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patterns within patterns, each of which is drawn anew for every tile of the one around it."""
    pytest.importorskip("resvg_py")
    monkeypatch.setattr(svg, "LONGEST_S", 1.0)
    patterns = "".join(
        f'<pattern id="p{level + 1}" width="1" height="1" patternUnits="userSpaceOnUse">'
        + f'<rect width="10" height="10" fill="url(#p{level})"/>' * 12
        + "</pattern>"
        for level in range(9)
    )
    flat = '<pattern id="p0" width="1" height="1"><circle r="1"/></pattern>'
    (own / "sad.svg").write_text(inside(f'<defs>{flat}{patterns}</defs><circle r="5" fill="url(#p9)"/>'))
    assert check_emoji_set(own) == [
        f"{own / 'sad.svg'}: takes more than 1 seconds to draw; simplify it, or export the picture as a PNG"
    ]


def test_a_renderer_that_breaks_down_breaks_nothing_else(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("resvg_py")
    monkeypatch.setattr(svg, "_DRAW", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    faults = check_emoji_set(own)
    assert len(faults) == len(EXPRESSIONS)
    assert "angry.svg: cannot be drawn (the renderer ended: -9); save it anew" in faults[0]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory is not limited")
def test_a_drawing_that_wants_all_memory_is_given_up(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern is drawn whole, at the size of the picture: 100 x 100 of these units are 5120 x 5120 pixels."""
    pytest.importorskip("resvg_py")
    monkeypatch.setattr(svg, "MOST_MEMORY", 80_000_000)
    pattern = '<pattern id="p" width="100" height="100" patternUnits="userSpaceOnUse"><circle r="9"/></pattern>'
    (own / "sad.svg").write_text(inside(f'{pattern}<circle r="5" fill="url(#p)"/>'))
    (fault,) = check_emoji_set(own)
    assert fault == (
        f"{own / 'sad.svg'}: cannot be drawn (memory allocation of 104857600 bytes failed); save it anew, "
        "or export the picture as a PNG"
    )


ABORTS = "thread '<unnamed>' panicked at crates/resvg/src/render.rs:7:\nno pixels\nnote: run with `RUST_BACKTRACE=1`"
BREAKDOWNS = {
    "panic": (ABORTS, "thread '<unnamed>' panicked at crates/resvg/src/render.rs:7:"),
    "hint alone": ("note: Some details are omitted", "the renderer ended: 1"),
}


@pytest.mark.parametrize(("told", "reason"), BREAKDOWNS.values(), ids=BREAKDOWNS)
def test_what_broke_is_told_and_not_how_to_look_for_it(monkeypatch: pytest.MonkeyPatch, told: str, reason: str) -> None:
    pytest.importorskip("resvg_py")
    monkeypatch.setattr(svg, "_DRAW", f"import sys; sys.exit({told!r})")
    with pytest.raises(svg.DrawingError) as error:
        svg.draw_svg(inside(""), 64)
    assert str(error.value) == f"cannot be drawn ({reason})"


def test_a_loop_of_uses_ends(own: Path) -> None:
    pytest.importorskip("resvg_py")
    (own / "sad.svg").write_text(inside('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'))
    assert check_emoji_set(own) in ([], [fault for fault in check_emoji_set(own) if "cannot be drawn" in fault])
