"""Emoji fonts of COLR version 1 and with an SVG table: what they say is what is seen, and nothing but a drawing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

import numpy as np
import pytest
from fonts import DISC, PALETTE, YELLOW, filled, make_font, solid
from fontTools.ttLib.tables.otTables import CompositeMode, PaintFormat

from emojimask.emojis.fonts import paint_graph, svg_table
from emojimask.emojis.fonts.font_set import CHARACTERS, load_font_set
from emojimask.emojis.fonts.shape_font import draw_characters
from emojimask.errors import EmojiSetError

pytest.importorskip("resvg_py")

ALL = tuple(CHARACTERS.values())
RED, GREEN, BLUE = ((*PALETTE[name], 255) for name in ("red", "green", "blue"))
NOTHING = (0, 0, 0, 0)
SIZE = 100

Look = Callable[[float, float], tuple[int, ...]]
"""The colour at a place, in units of the font, y up."""


def looked_at(file: Path) -> Look:
    (picture,) = draw_characters(file, "A", SIZE)
    assert picture is not None
    assert picture.shape == (2 * SIZE, 2 * SIZE, 4)
    return lambda x, y: tuple(int(c) for c in picture[int(SIZE - (y - 400) / 10), int(SIZE + (x - 500) / 10)])


@pytest.fixture
def paint(tmp_path: Path) -> Callable[..., Look]:
    """Draws the character A with a paint; other glyphs may have others."""

    def draw(paint: Mapping[str, object], **others: object) -> Look:
        characters = ["A", *(chr(int(name[1:], 16)) for name in others)]
        return looked_at(make_font(tmp_path / "tiny.ttf", characters, "COLRv1", paints={"u41": paint, **others}))

    return draw


@pytest.fixture
def document(tmp_path: Path) -> Callable[..., Look]:
    """Draws the character A, glyph 2, with an SVG."""
    return lambda svg, **how: looked_at(make_font(tmp_path / "tiny.ttf", "AB", "SVG", svg=svg, **how))


def near(color: tuple[int, ...], wanted: tuple[int, ...], tolerance: int = 12) -> bool:
    return bool(np.abs(np.subtract(color, wanted)).max() <= tolerance)


def line(*stops: tuple[float, str], extend: str = "pad") -> dict[str, object]:
    found = [{"StopOffset": at, "PaletteIndex": list(PALETTE).index(name), "Alpha": 1.0} for at, name in stops]
    return {"ColorStop": found, "Extend": extend}


def linear(*points: int, **how: object) -> dict[str, object]:
    ends = dict(zip(("x0", "y0", "x1", "y1", "x2", "y2"), points, strict=True))
    colors = how.get("line") or line((0, "red"), (1, "blue"))
    return {"Format": PaintFormat.PaintLinearGradient, "ColorLine": colors, **ends}


def test_one_colour(paint: Callable[..., Look]) -> None:
    at = paint(DISC)
    assert at(500, 400) == at(20, 400) == at(500, 880) == (*YELLOW, 255)
    assert at(-20, 400) == at(500, 920) == at(100, 800) == NOTHING


def test_alpha_and_the_texts_own_colour(paint: Callable[..., Look]) -> None:
    assert near(paint(filled(solid("red", 0.5)))(500, 400), (128, 0, 0, 128), 2)  # premultiplied
    own = {"Format": PaintFormat.PaintSolid, "PaletteIndex": 0xFFFF, "Alpha": 1.0}
    assert paint(filled(own))(500, 400) == (0, 0, 0, 255)


def test_a_gradient_runs_from_its_first_point_to_its_second(paint: Callable[..., Look]) -> None:
    at = paint(filled(linear(0, 0, 1000, 0, 0, 1000)))
    assert near(at(30, 400), RED)
    assert near(at(970, 400), BLUE)
    assert near(at(250, 700), (191, 0, 64, 255))
    at = paint(filled(linear(0, -100, 0, 900, 1000, -100)))
    assert near(at(500, -70), RED)
    assert near(at(500, 870), BLUE)


def test_the_third_point_slants_a_gradient(paint: Callable[..., Look]) -> None:
    """What lies between the first point and the third has the first colour, and so on in parallel."""
    at = paint(filled(linear(200, 200, 800, 200, 400, 400)))
    assert near(at(400, 400), RED)
    assert near(at(500, 500), RED)
    assert near(at(700, 400), (128, 0, 128, 255))
    assert near(at(850, 250), BLUE)


@pytest.mark.parametrize(("extend", "wanted"), [("pad", BLUE), ("repeat", RED), ("reflect", BLUE)])
def test_beyond_the_last_stop(paint: Callable[..., Look], extend: str, wanted: tuple[int, ...]) -> None:
    at = paint(filled(linear(100, 0, 500, 0, 100, 9, line=line((0, "red"), (1, "blue"), extend=extend))))
    assert near(at(110, 400), RED)
    assert near(at(490, 400), BLUE, 20)
    assert near(at(520, 400), wanted, 20)
    assert near(at(890, 400), {"pad": BLUE, "repeat": BLUE, "reflect": RED}[extend])


def test_stops_beyond_the_ends_and_out_of_order(paint: Callable[..., Look]) -> None:
    at = paint(filled(linear(400, 0, 600, 0, 400, 9, line=line((1.5, "blue"), (-1, "red")))))
    assert near(at(210, 400), RED, 20)
    assert near(at(450, 400), (128, 0, 128, 255))
    assert near(at(690, 400), BLUE, 20)


def test_all_stops_in_one_place(paint: Callable[..., Look]) -> None:
    at = paint(filled(linear(0, 0, 1000, 0, 0, 9, line=line((0.5, "red"), (0.5, "blue")))))
    assert near(at(450, 400), RED)
    assert near(at(550, 400), BLUE)


def test_a_gradient_without_direction_is_not_seen(paint: Callable[..., Look]) -> None:
    assert paint(filled(linear(0, 0, 1000, 0, 500, 0)))(500, 400) == NOTHING


def test_a_gradient_from_circle_to_circle(paint: Callable[..., Look]) -> None:
    circles = {"x0": 500, "y0": 400, "r0": 100, "x1": 500, "y1": 400, "r1": 400}
    gradient = {"Format": PaintFormat.PaintRadialGradient, "ColorLine": line((0, "red"), (1, "blue")), **circles}
    at = paint(filled(gradient))
    assert near(at(500, 400), RED)
    assert near(at(590, 400), RED)
    assert near(at(500, 650), (128, 0, 128, 255))
    assert near(at(950, 400), BLUE)
    at = paint(filled(gradient | {"x0": 700, "y0": 600}))
    assert near(at(700, 600), RED)
    assert near(at(300, 200), (80, 0, 175, 255), 40)


def test_a_sweep_runs_against_the_clock_from_the_right(paint: Callable[..., Look]) -> None:
    colors = line((0, "red"), (0.5, "green"), (1, "blue"))
    sweep = {"Format": PaintFormat.PaintSweepGradient, "ColorLine": colors, "centerX": 500, "centerY": 400}
    at = paint(filled(sweep | {"startAngle": 0, "endAngle": 360}))
    assert near(at(900, 412), RED)
    assert near(at(500, 800), (128, 128, 0, 255))
    assert near(at(100, 400), GREEN)
    assert near(at(500, 0), (0, 128, 128, 255))
    assert near(at(900, 388), BLUE)
    assert at(-20, 400) == NOTHING
    at = paint(filled(sweep | {"startAngle": 90, "endAngle": 180}))
    assert at(800, 500) == RED
    assert near(at(500 - 280, 680), GREEN)
    assert at(500, 0) == BLUE


P = PaintFormat
CENTER = {"centerX": 500, "centerY": 400}
NARROW = {"Format": P.PaintScaleAroundCenter, "scaleX": 0.5, "scaleY": 0.2, **CENTER, "Paint": DISC}
# The paint, and places that it covers and that it leaves bare.
TRANSFORMS: dict[str, tuple[dict[str, object], tuple[float, float], tuple[float, float]]] = {
    "translate": ({"Format": P.PaintTranslate, "dx": 300, "dy": 200, "Paint": DISC}, (1050, 800), (50, 300)),
    "scale": ({"Format": P.PaintScale, "scaleX": 0.5, "scaleY": 0.25, "Paint": DISC}, (30, 100), (250, 300)),
    "scale around": (NARROW, (270, 400), (500, 520)),
    "uniform": ({"Format": P.PaintScaleUniform, "scale": 0.5, "Paint": DISC}, (20, 200), (600, 400)),
    "uniform around": (
        {"Format": P.PaintScaleUniformAroundCenter, "scale": 0.5, "centerX": 1000, "centerY": 400, "Paint": DISC},
        (970, 400), (470, 400),
    ),
    "rotate": ({"Format": P.PaintRotate, "angle": 90, "Paint": DISC}, (-400, 500), (500, 400)),
    "rotate around": (
        {"Format": P.PaintRotateAroundCenter, "angle": 90, **CENTER, "Paint": NARROW}, (500, 630), (700, 400)
    ),
    "skew": ({"Format": P.PaintSkew, "xSkewAngle": -45, "ySkewAngle": 0, "Paint": DISC}, (1200, 700), (30, 450)),
    "skew around": (
        {"Format": P.PaintSkewAroundCenter, "xSkewAngle": 0, "ySkewAngle": 45, **CENTER, "Paint": DISC},
        (900, 800), (900, 300),
    ),
    "matrix": (
        {"Format": P.PaintTransform, "Transform": (1, 0.5, 0, 0.5, 100, 0), "Paint": DISC}, (600, 450), (600, 100)
    ),
    "as it is by default": (
        {"Format": P.PaintVarTranslate, "dx": 300, "dy": 200, "VarIndexBase": 0xFFFFFFFF, "Paint": DISC},
        (1050, 800), (50, 300),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("moved", "covered", "bare"), TRANSFORMS.values(), ids=TRANSFORMS)
def test_transforms(
    paint: Callable[..., Look], moved: Mapping[str, object], covered: tuple[float, float], bare: tuple[float, float]
) -> None:
    at = paint(moved)
    assert at(*covered) == (*YELLOW, 255)
    assert at(*bare) == NOTHING


def test_a_transform_moves_the_gradient_in_a_shape_and_not_the_shape(paint: Callable[..., Look]) -> None:
    turned = {"Format": P.PaintRotate, "angle": 90, "Paint": linear(0, 0, 1000, 0, 0, 1000)}
    at = paint(filled({"Format": P.PaintTranslate, "dx": 0, "dy": -100, "Paint": turned}))
    assert near(at(500, -70), RED)
    assert near(at(500, 870), BLUE)
    assert at(-20, 400) == NOTHING


def test_a_shape_cuts_out_what_is_drawn_in_it(paint: Callable[..., Look]) -> None:
    at = paint(filled({"Format": P.PaintTranslate, "dx": 500, "dy": 0, "Paint": DISC}))
    assert at(700, 400) == (*YELLOW, 255)
    assert at(100, 400) == at(1100, 400) == NOTHING


def composed(mode: str) -> dict[str, object]:
    """A blue disc to the left as the source, a red one to the right below it; both in the middle."""
    left = {"Format": P.PaintTranslate, "dx": -300, "dy": 0, "Paint": filled(solid("blue"))}
    right = {"Format": P.PaintTranslate, "dx": 300, "dy": 0, "Paint": filled(solid("red"))}
    return {"Format": P.PaintComposite, "CompositeMode": mode, "SourcePaint": left, "BackdropPaint": right}


MAGENTA = (255, 0, 255, 255)
# To the left, in the middle, to the right.
MODES = {
    "CLEAR": (NOTHING, NOTHING, NOTHING),
    "SRC": (BLUE, BLUE, NOTHING),
    "DEST": (NOTHING, RED, RED),
    "SRC_OVER": (BLUE, BLUE, RED),
    "DEST_OVER": (BLUE, RED, RED),
    "SRC_IN": (NOTHING, BLUE, NOTHING),
    "DEST_IN": (NOTHING, RED, NOTHING),
    "SRC_OUT": (BLUE, NOTHING, NOTHING),
    "DEST_OUT": (NOTHING, NOTHING, RED),
    "SRC_ATOP": (NOTHING, BLUE, RED),
    "DEST_ATOP": (BLUE, RED, NOTHING),
    "XOR": (BLUE, NOTHING, RED),
    "PLUS": (BLUE, MAGENTA, RED),
    "SCREEN": (BLUE, MAGENTA, RED),
    "MULTIPLY": (BLUE, (0, 0, 0, 255), RED),
    "LIGHTEN": (BLUE, MAGENTA, RED),
    "COLOR_DODGE": (BLUE, RED, RED),
    "DIFFERENCE": (BLUE, MAGENTA, RED),
}


@pytest.mark.parametrize(("mode", "wanted"), MODES.items(), ids=MODES)
def test_composition(paint: Callable[..., Look], mode: str, wanted: tuple[tuple[int, ...], ...]) -> None:
    at = paint(composed(mode))
    for x, color in zip((-100, 500, 1100), wanted, strict=True):
        assert near(at(x, 400), color), x


@pytest.mark.parametrize("mode", CompositeMode.__members__)
def test_every_mode_is_drawn(paint: Callable[..., Look], mode: str) -> None:
    seen = paint(composed(mode))(500, 400)
    assert (seen == NOTHING) == (mode in ("CLEAR", "SRC_OUT", "DEST_OUT", "XOR"))


def test_layers_and_other_glyphs(paint: Callable[..., Look]) -> None:
    small = {"Format": P.PaintScaleUniformAroundCenter, "scale": 0.5, **CENTER, "Paint": filled(solid("red"))}
    other = {"Format": P.PaintColrGlyph, "Glyph": "u42"}
    at = paint({"Format": P.PaintColrLayers, "Layers": [DISC, other]}, u42=small)
    assert at(500, 400) == at(270, 400) == RED
    assert at(200, 400) == (*YELLOW, 255)


def test_a_clip_box_cuts(tmp_path: Path) -> None:
    """A colour without a shape fills it all."""
    file = make_font(
        tmp_path / "tiny.ttf", "A", "COLRv1", paints={"u41": solid("red")}, clips={"u41": (100, 0, 500, 300)}
    )
    at = looked_at(file)
    assert at(110, 10) == at(490, 290) == RED
    assert at(90, 100) == at(510, 100) == at(300, 310) == at(300, -10) == NOTHING


def deeper(paint: Mapping[str, object], levels: int) -> Mapping[str, object]:
    """Each level holds the one before twice."""
    for _ in range(levels):
        paint = {"Format": P.PaintComposite, "CompositeMode": "XOR", "SourcePaint": paint, "BackdropPaint": paint}
    return paint


def twice(name: str) -> dict[str, object]:
    other = {"Format": P.PaintColrGlyph, "Glyph": name}
    return {"Format": P.PaintColrLayers, "Layers": [other, other]}


ENDLESS: dict[str, Mapping[str, object]] = {
    "itself": {"u41": {"Format": P.PaintColrGlyph, "Glyph": "u41"}},
    "each other": {
        "u41": {"Format": P.PaintTranslate, "dx": 1, "dy": 1, "Paint": {"Format": P.PaintColrGlyph, "Glyph": "u42"}},
        "u42": filled({"Format": P.PaintColrGlyph, "Glyph": "u41"}),
    },
    "twice itself": {"u41": twice("u41")},
    "many compositions": {"u41": deeper(DISC, 6)},
    "a billion": {f"u{0x41 + i:X}": twice(f"u{0x42 + i:X}") for i in range(30)} | {"u5F": DISC},
}


@pytest.mark.parametrize("paints", ENDLESS.values(), ids=ENDLESS)
def test_what_has_no_end_is_refused(tmp_path: Path, paints: Mapping[str, object]) -> None:
    file = make_font(tmp_path / "bad.ttf", [chr(int(name[1:], 16)) for name in paints], "COLRv1", paints=paints)
    with pytest.raises(EmojiSetError) as error:
        draw_characters(file, "A", SIZE)
    told = ("64 paints within one another", "4096 paints", "32 compositions")
    assert str(error.value) in [f"{file}: its A: has more than {what}; choose another font" for what in told]


def test_huge_outlines_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = make_font(tmp_path / "bad.ttf", "A", "COLRv1")
    monkeypatch.setitem(paint_graph.MOST, "numbers", 100)
    with pytest.raises(EmojiSetError, match="its A: has more than 100 numbers"):
        draw_characters(file, "A", SIZE)


HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def test_only_the_glyphs_own_part_of_a_document_is_shown(document: Callable[..., Look]) -> None:
    """Y grows downwards from the baseline; what is hidden can be referred to."""
    left = '<g id="glyph2" fill="#f00"><rect y="-400" width="500" height="400"/><use xlink:href="#top"/></g>'
    other = (
        '<g id="glyph3"><rect id="top" y="-800" width="100" height="100"/><rect y="-900" width="999" height="999"/></g>'
    )
    at = document(f'{HEAD}><g transform="translate(100)">{left}{other}</g></svg>')
    assert at(110, 10) == at(590, 390) == at(150, 750) == RED
    assert at(90, 100) == at(610, 100) == at(300, 410) == at(300, -10) == at(900, 800) == NOTHING


def test_a_document_in_its_own_units_packed(document: Callable[..., Look]) -> None:
    """A view box spans an em, from the baseline downwards."""
    at = document(
        f'{HEAD} id="glyph2" viewBox="0 0 10 10"><rect y="-5" width="5" height="5" fill="#00f"/></svg>', packed=True
    )
    assert at(10, 10) == at(490, 490) == BLUE
    assert at(510, 100) == at(100, 510) == at(100, -10) == NOTHING


def test_colours_of_the_palette_are_what_they_are_by_default(document: Callable[..., Look]) -> None:
    rect = '<rect y="-800" width="999" height="800"'
    at = document(f'{HEAD}><g id="glyph2">{rect} fill="var(--color0, rgb(255, 0, 0))"/></g></svg>')
    assert at(500, 400) == RED


BAD = {
    "script": ("<script>alert(1)</script>", "holds a script or moves by itself (<script>)"),
    "animation": ('<animate attributeName="r"/>', "holds a script or moves by itself (<animate>)"),
    "file": ('<image xlink:href="/etc/passwd"/>', "<image> refers to something outside the drawing"),
    "text": ("<text>:-)</text>", "holds text, which looks different everywhere"),
    "deep": ("<g>" * 5000 + "</g>" * 5000, "has more than 20000 shapes"),
    "not closed": ("<g>", "cannot be read as an SVG (mismatched tag"),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("packed", [False, True])
def test_what_is_more_than_a_drawing_is_refused(tmp_path: Path, content: str, message: str, packed: bool) -> None:
    svg = f'{HEAD}><g id="glyph2">{content}</g></svg>'
    file = make_font(tmp_path / "bad.ttf", ALL, "SVG", svg=svg, packed=packed)
    with pytest.raises(EmojiSetError) as error:
        load_font_set(file)
    assert str(error.value).startswith(f"{file}: its 😠: {message}")
    assert str(error.value).endswith("; choose another font")


def test_a_document_that_grows_when_unpacked_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(svg_table, "LARGEST_DOCUMENT", 10_000)
    svg = f'{HEAD}><g id="glyph2"/>{" " * 1_000_000}</svg>'
    file = make_font(tmp_path / "bad.ttf", "A", "SVG", svg=svg, packed=True)
    assert file.stat().st_size < 10_000
    with pytest.raises(EmojiSetError, match=r"its A: more than 0\.01 MB; choose another font"):
        draw_characters(file, "A", SIZE)


@pytest.mark.parametrize("kind", ["COLRv1", "SVG"])
def test_a_missing_character(tmp_path: Path, kind: str) -> None:
    file = make_font(tmp_path / "bad.ttf", [c for c in ALL if c != "😏"], kind)
    with pytest.raises(EmojiSetError) as error:
        load_font_set(file)
    assert str(error.value) == f"{file}: has no 😏 (U+1F60F, contempt); choose another font"


@pytest.mark.parametrize("how", [{"kind": "COLRv1", "paints": {"u41": DISC}}, {"kind": "SVG", "svg": f"{HEAD}/>"}])
def test_a_character_without_colour_is_missing(tmp_path: Path, how: dict[str, str]) -> None:
    file = make_font(tmp_path / "bad.ttf", ("A", *ALL), **how)
    with pytest.raises(EmojiSetError, match="has no 😠"):
        load_font_set(file)


@pytest.mark.parametrize("kind", ["COLRv1", "SVG"])
@pytest.mark.parametrize("package", ["resvg_py", "fontTools"])
def test_without_the_extra_the_remedy_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, package: str
) -> None:
    file = make_font(tmp_path / "tiny.ttf", ALL, kind)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(EmojiSetError) as error:
        load_font_set(file)
    assert str(error.value) == (
        f'{file}: its kind of colour (COLR version 1 or SVG) needs the extra [svg]: pip install "emojimask[svg]", '
        "or get the one that holds pictures, such as NotoColorEmoji.ttf with CBDT"
    )


@pytest.mark.parametrize("kind", ["COLRv1", "SVG"])
def test_a_damaged_font_is_told_or_drawn_but_never_crashes(tmp_path: Path, kind: str) -> None:
    content = make_font(tmp_path / "tiny.ttf", "A", kind).read_bytes()
    damaged, random = tmp_path / "damaged.ttf", Random(7)
    for _ in range(60):
        changed = bytearray(content[: random.choice((len(content), random.randrange(len(content))))])
        for _ in range(8):
            changed[random.randrange(len(changed))] = random.randrange(256)
        damaged.write_bytes(changed)
        try:
            draw_characters(damaged, "A", 8)
        except EmojiSetError as error:
            assert str(error).startswith(str(damaged))  # noqa: PT017
            assert "\n" not in str(error)  # noqa: PT017


def test_a_font_with_pictures_needs_no_extra(tmp_path: Path) -> None:
    file = make_font(tmp_path / "tiny.ttf", ALL)
    program = (
        "import sys; from pathlib import Path; from emojimask.emojis.fonts.font_set import load_font_set; "
        "load_font_set(Path(sys.argv[1])); sys.exit('fontTools' in sys.modules or 'resvg_py' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program, file], check=True)
