"""Tiny colour fonts of all kinds, made for the tests: a yellow disc for every character."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from io import BytesIO
from math import cos, pi, sin
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import newTable
from fontTools.ttLib.tables.BitmapGlyphMetrics import SmallGlyphMetrics
from fontTools.ttLib.tables.C_B_D_T_ import cbdt_bitmap_format_17
from fontTools.ttLib.tables.E_B_L_C_ import BitmapSizeTable, SbitLineMetrics, Strike, eblc_index_sub_table_1
from fontTools.ttLib.tables.otTables import PaintFormat
from fontTools.ttLib.tables.S_V_G_ import SVGDocument
from fontTools.ttLib.tables.sbixGlyph import Glyph as SbixGlyph
from fontTools.ttLib.tables.sbixStrike import Strike as SbixStrike
from PIL import Image, ImageDraw

YELLOW = (250, 200, 40)
PALETTE = {"yellow": YELLOW, "red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}
"""Of COLRv1 fonts."""


def solid(name: str, alpha: float = 1.0) -> dict[str, object]:
    """A paint of one colour of the palette."""
    return {"Format": PaintFormat.PaintSolid, "PaletteIndex": list(PALETTE).index(name), "Alpha": alpha}


def filled(paint: object) -> dict[str, object]:
    """The disc, filled with a paint."""
    return {"Format": PaintFormat.PaintGlyph, "Glyph": "layer", "Paint": paint}


DISC = filled(solid("yellow"))


def disc(size: int, hollow: bool = False) -> bytes:
    """A PNG of a disc with two eyes; ``hollow``: only its rim."""
    picture = Image.new("RGBA", (size, size))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((0, 0, size - 1, size - 1), fill=(*YELLOW, 255))
    for x in (0.33, 0.67):
        pen.ellipse((size * (x - 0.06), size * 0.35, size * (x + 0.06), size * 0.5), fill=(60, 30, 10, 255))
    if hollow:
        pen.ellipse((size * 0.1, size * 0.1, size * 0.9, size * 0.9), fill=(0, 0, 0, 0))
    stream = BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def make_font(
    file: Path,
    characters: Iterable[str],
    kind: str = "CBDT",
    *,
    size: int = 64,
    said: int | None = None,
    hollow: str = "",
    damaged: bool = False,
    paints: Mapping[str, object] | None = None,
    clips: Mapping[str, tuple[int, int, int, int]] | None = None,
    svg: str = "",
    packed: bool = False,
) -> Path:
    """A font of pictures ``size`` pixels wide; ``kind``: CBDT, sbix, COLR, COLRv1, SVG or plain.

    An em is 1000 units. Glyph 1, "layer", is a disc round (500, 400), which is the middle, with a radius of 500; the
    characters follow, from 2.

    ``said``: the pixels an em that an sbix font says its pictures have, instead of ``size``. ``hollow``: a character
    whose disc is only a rim. ``damaged``: the pictures are no PNGs. ``paints`` and ``clips``: of glyphs "uHEX" in a
    COLRv1 font, instead of a disc. ``svg``: of an SVG font, likewise; ``packed``: by gzip.
    """
    names = {ord(character): f"u{ord(character):X}" for character in characters}
    order = [".notdef", "layer", *names.values()]
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder(order)
    font.setupCharacterMap(names)
    font.setupGlyf({name: _outline(name) for name in order})
    font.setupHorizontalMetrics(dict.fromkeys(order, (1000, 0)))
    font.setupHorizontalHeader(ascent=900, descent=-100)
    font.setupNameTable({"familyName": "Tiny Emoji", "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    pictures = {
        name: b"\x89PNG damaged" if damaged else disc(size, hollow=hollow == chr(code)) for code, name in names.items()
    }
    match kind:
        case "CBDT":
            _add_cbdt(font, pictures, size)
        case "sbix":
            _add_sbix(font, pictures, size if said is None else said)
        case "COLR":
            _add_colr(font, pictures)
        case "COLRv1":
            _add_colr_v1(font, paints or dict.fromkeys(pictures, DISC), clips)
        case "SVG":
            _add_svg(font, svg or _discs(range(2, len(order))), packed)
    font.save(file)
    return file


def _outline(name: str) -> object:
    pen = TTGlyphPen(None)
    if name != ".notdef":
        corners = [(500 + 500 * cos(pi * i / 32), 400 - 500 * sin(pi * i / 32)) for i in range(64)]
        pen.moveTo(corners[0])
        for corner in corners[1:]:
            pen.lineTo(corner)
        pen.closePath()
    return pen.glyph()


def _add_cbdt(font: FontBuilder, pictures: dict[str, bytes], size: int) -> None:
    names = list(pictures)
    metrics = SmallGlyphMetrics()
    metrics.height = metrics.width = metrics.Advance = size
    metrics.BearingX, metrics.BearingY = 0, round(0.9 * size)
    glyphs = {}
    for name, picture in pictures.items():
        glyphs[name] = cbdt_bitmap_format_17(b"", font.font)
        glyphs[name].metrics, glyphs[name].imageData = metrics, picture
    pixels, index = newTable("CBDT"), newTable("CBLC")
    pixels.version = index.version = 3.0
    pixels.strikeData = [glyphs]
    table = BitmapSizeTable()
    table.ppemX = table.ppemY = size
    table.bitDepth, table.flags, table.colorRef = 32, 1, 0
    line = SbitLineMetrics()
    for field in (
        "ascender", "descender", "widthMax", "caretSlopeNumerator", "caretSlopeDenominator", "caretOffset",
        "minOriginSB", "minAdvanceSB", "maxBeforeBL", "minAfterBL", "pad1", "pad2",
    ):  # fmt: skip
        setattr(line, field, 0)
    line.ascender, line.widthMax = round(0.9 * size), size
    table.hori = table.vert = line
    part = eblc_index_sub_table_1(b"", font.font)
    part.indexFormat, part.imageFormat, part.names = 1, 17, names
    part.firstGlyphIndex = table.startGlyphIndex = font.font.getGlyphID(names[0])
    part.lastGlyphIndex = table.endGlyphIndex = font.font.getGlyphID(names[-1])
    strike = Strike()
    strike.bitmapSizeTable, strike.indexSubTables = table, [part]
    index.strikes = [strike]
    font.font["CBDT"], font.font["CBLC"] = pixels, index


def _add_sbix(font: FontBuilder, pictures: dict[str, bytes], size: int) -> None:
    table = newTable("sbix")
    table.version, table.flags = 1, 1
    strike = SbixStrike(ppem=size, resolution=72)
    strike.glyphs = {name: SbixGlyph(name, graphicType="png ", imageData=data) for name, data in pictures.items()}
    table.strikes = {size: strike}
    font.font["sbix"] = table


def _add_colr(font: FontBuilder, pictures: dict[str, bytes]) -> None:
    font.setupCPAL([[(YELLOW[0] / 255, YELLOW[1] / 255, YELLOW[2] / 255, 1.0)]])
    font.setupCOLR({name: [("layer", 0)] for name in pictures}, version=0)


def _add_colr_v1(font: FontBuilder, paints: Mapping[str, object], clips: Mapping[str, tuple[int, ...]] | None) -> None:
    font.setupCPAL([[(red / 255, green / 255, blue / 255, 1.0) for red, green, blue in PALETTE.values()]])
    font.setupCOLR(dict(paints), version=1, clipBoxes=clips)


def _add_svg(font: FontBuilder, svg: str, packed: bool) -> None:
    table = newTable("SVG ")
    table.docList = [SVGDocument(svg, 2, 2 + svg.count('id="glyph') - 1, packed)]
    font.font["SVG "] = table


def _discs(glyphs: Iterable[int]) -> str:
    red, green, blue = YELLOW
    disc = f'<circle cx="500" cy="-400" r="500" fill="rgb({red}, {green}, {blue})"/>'
    parts = "".join(f'<g id="glyph{number}">{disc}</g>' for number in glyphs)
    return f'<svg xmlns="http://www.w3.org/2000/svg">{parts}</svg>'
