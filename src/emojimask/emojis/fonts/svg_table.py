"""The SVG table of a font: one document for one or more glyphs."""

from __future__ import annotations

import re
from gzip import GzipFile
from io import BytesIO
from struct import Struct, unpack_from
from xml.etree import ElementTree

from emojimask.emojis.svg import DrawingError, check_shapes, parse_svg

LARGEST_DOCUMENT = 8_000_000
"""Bytes. Some fonts keep all glyphs in one."""

_RECORD = Struct(">HHII")  # first glyph, last glyph, offset, length
_SVG = "{http://www.w3.org/2000/svg}"
_VARIABLE = re.compile(r"var\(\s*--[\w-]+\s*,((?:[^()]|\([^()]*\))*)\)")  # a colour of the palette, or this one


def glyph_svg(table: bytes, glyph: int, em: int) -> ElementTree.Element | None:
    """An <svg> that shows the glyph with this number alone, in units of the font; None where it has no document.

    Raises:
        DrawingError: it is damaged, too large or holds more than a drawing.
        struct.error, OSError, EOFError, UnicodeDecodeError: the table is damaged.
    """
    document = _document(table, glyph)
    root = None if document is None else parse_svg(_VARIABLE.sub(r"\1", document))
    if root is None or not _show_only(root, f"glyph{glyph}"):
        return None
    root.attrib.update(x="0", y="0", width=str(em), height=str(em), overflow="visible")
    return root


def _document(table: bytes, glyph: int) -> str | None:
    start = unpack_from(">2xI", table)[0]
    for number in range(unpack_from(">H", table, start)[0]):
        first, last, offset, length = _RECORD.unpack_from(table, start + 2 + number * _RECORD.size)
        if first <= glyph <= last:
            content = table[start + offset : start + offset + length]
            if content[:2] == b"\x1f\x8b":
                content = GzipFile(fileobj=BytesIO(content)).read(LARGEST_DOCUMENT + 1)
            if len(content) > LARGEST_DOCUMENT:
                raise DrawingError(f"more than {LARGEST_DOCUMENT / 1e6:g} MB", "simplify it")
            return content.decode("utf-8-sig")
    return None


def _show_only(root: ElementTree.Element, name: str) -> bool:
    """Whether there is an element of this name; whatever is beside it, or beside what it lies in, is hidden.

    What is hidden stays at hand for references.
    """
    shown = next((element for element in root.iter() if element.get("id") == name), None)
    if shown is None:
        return False
    check_shapes(shown, root)
    parents = {child: parent for parent in root.iter() for child in parent}
    while shown is not root:
        parent = parents[shown]
        hidden = ElementTree.Element(f"{_SVG}defs")
        hidden.extend(child for child in parent if child is not shown)
        parent[:] = [hidden, shown]
        shown = parent
    return True
