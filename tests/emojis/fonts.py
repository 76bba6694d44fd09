"""Tiny colour fonts of all kinds, made for the tests: a yellow disc for every character."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from math import cos, pi, sin
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import newTable
from fontTools.ttLib.tables.BitmapGlyphMetrics import SmallGlyphMetrics
from fontTools.ttLib.tables.C_B_D_T_ import cbdt_bitmap_format_17
from fontTools.ttLib.tables.E_B_L_C_ import BitmapSizeTable, SbitLineMetrics, Strike, eblc_index_sub_table_1
from fontTools.ttLib.tables.sbixGlyph import Glyph as SbixGlyph
from fontTools.ttLib.tables.sbixStrike import Strike as SbixStrike
from PIL import Image, ImageDraw

YELLOW = (250, 200, 40)


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
    hollow: str = "",
    damaged: bool = False,
) -> Path:
    """A font of pictures ``size`` pixels wide; ``kind``: CBDT, sbix, COLR, COLRv1 or plain.

    ``hollow``: a character whose disc is only a rim. ``damaged``: the pictures are no PNGs.
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
    {"CBDT": _add_cbdt, "sbix": _add_sbix, "COLR": _add_colr, "COLRv1": _add_colr_v1, "plain": lambda *_: None}[kind](
        font, pictures, size
    )
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


def _add_colr(font: FontBuilder, pictures: dict[str, bytes], size: int) -> None:
    font.setupCPAL([[(YELLOW[0] / 255, YELLOW[1] / 255, YELLOW[2] / 255, 1.0)]])
    font.setupCOLR({name: [("layer", 0)] for name in pictures}, version=0)


def _add_colr_v1(font: FontBuilder, pictures: dict[str, bytes], size: int) -> None:
    font.setupCPAL([[(1.0, 0.8, 0.2, 1.0)]])
    paint = {"Format": 10, "Glyph": "layer", "Paint": {"Format": 2, "PaletteIndex": 0, "Alpha": 1.0}}
    font.setupCOLR(dict.fromkeys(pictures, paint), version=1)
