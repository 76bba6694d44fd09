"""Fonts whose emoji are drawings of a kind that Pillow cannot draw, COLR version 1 or an SVG table: as SVG."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from fontTools.ttLib import TTFont
from numpy.typing import NDArray
from PIL import PngImagePlugin

from emojimask.emojis.fonts.paint_graph import Box, ColorTables, PaintGraph
from emojimask.emojis.fonts.svg_table import glyph_svg
from emojimask.emojis.svg import DrawingError, draw_svg
from emojimask.errors import EmojiSetError

_Elements = Callable[[str, Box], str]
"""The SVG elements that show the glyph of this name in this box; "" where it has no colour."""


def draw_characters(file: Path, characters: Iterable[str], size: int) -> list[NDArray[np.uint8] | None]:
    """Each character of the font, or of the first in a collection; None for one that it has not.

    ``size``: pixels an em. A picture is (2 size, 2 size, 4) RGBA, premultiplied, with room all round. Needs the extra
    [svg].

    Raises EmojiSetError where the font is damaged, or a drawing has too many parts or holds more than a drawing.
    """
    drawn: list[NDArray[np.uint8] | None] = []
    character = ""
    try:
        with file.open("rb") as stream, TTFont(stream, fontNumber=0, lazy=True) as font:
            names, elements = font.getBestCmap(), _elements(font)
            for character in characters:
                name = names.get(ord(character))
                drawn.append(name and _draw(font, name, elements, size))
    except DrawingError as fault:
        raise EmojiSetError(f"{file}: its {character}: {fault}; choose another font") from fault
    except Exception as error:  # fontTools raises whatever damaged tables lead it into
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        raise EmojiSetError(f"{file}: cannot be drawn ({what}); install it anew, or choose another") from error
    return drawn


def _elements(font: TTFont) -> _Elements:
    if "COLR" in font and font["COLR"].version > 0:
        tables = ColorTables.of(font)
        return lambda name, box: PaintGraph(tables, box).svg(name) if name in tables.paints else ""
    table, em = font.getTableData("SVG "), font["head"].unitsPerEm

    def from_document(name: str, _: Box) -> str:
        root = glyph_svg(table, font.getGlyphID(name), em)
        return "" if root is None else ElementTree.tostring(root, "unicode")

    return from_document


def _draw(font: TTFont, name: str, elements: _Elements, size: int) -> NDArray[np.uint8] | None:
    em, width, line = font["head"].unitsPerEm, font["hmtx"][name][0], font["hhea"]
    box = (width / 2 - em, -(line.ascent + line.descent) / 2 - em, 2 * em, 2 * em)  # y down, around the glyph's middle
    if not (body := elements(name, box)):
        return None
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{" ".join(map(str, box))}">'
    png = draw_svg(f"{head}{body}</svg>", 2 * size)
    with PngImagePlugin.PngImageFile(BytesIO(png)) as picture:
        return np.asarray(picture.convert("RGBA").convert("RGBa"))
