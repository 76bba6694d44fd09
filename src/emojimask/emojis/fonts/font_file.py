"""What a font file says of itself: which kind of colour it has, and at which size its emoji are drawn best."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from struct import Struct, error, unpack_from

from emojimask.errors import EmojiSetError

DRAWN_SIZE = 512
"""Pixels an em at which a font of shapes, and not of pictures, is drawn."""
LARGEST = 1024
"""Pixels an em of a font of pictures; those of Apple have 160."""

_RECORD = Struct(">4s4xII")  # tag, offset, length
_PNG = re.compile(rb"\x89PNG\r\n\x1a\n....IHDR(.{8})", re.DOTALL)
_STRIKE = Struct(">44xB3x")  # of a CBLC table: pixels an em


@dataclass(frozen=True, slots=True)
class FontColor:
    """How a colour font is drawn.

    Attributes:
        size: pixels an em; that of its largest pictures, if it has any.
        as_svg: not by Pillow, which knows neither COLR version 1 nor SVG tables.
    """

    size: int
    as_svg: bool = False


def color_of(file: Path) -> FontColor:
    """The kind of colour that the font in ``file`` has.

    Raises EmojiSetError where it is no font, its pictures have a size that none has, it has no colour, or one that
    cannot be drawn without the extra [svg].
    """
    try:
        content = file.read_bytes()
        tables = _tables(content)
        if sizes := [*_cblc(content, tables), *_sbix(content, tables)]:
            _check_pictures(file, content)
            return FontColor(_checked(file, max(sizes)))
        if b"COLR" in tables and unpack_from(">xxH", content, tables[b"COLR"])[0]:
            return FontColor(DRAWN_SIZE)
        shapes = b"SVG " in tables or (b"COLR" in tables and unpack_from(">H", content, tables[b"COLR"])[0] > 0)
    except OSError as fault:
        raise EmojiSetError(f"{file}: cannot be read: {fault.strerror}") from fault
    except error:
        raise EmojiSetError(f"{file}: is no font, or damaged; install it anew") from None
    if not shapes:
        raise EmojiSetError(f"{file}: a font without colour; name a colour emoji font, such as NotoColorEmoji.ttf")
    if not (find_spec("resvg_py") and find_spec("fontTools")):
        wanted = (
            'pip install "emojimask[svg]", or get the one that holds pictures, such as NotoColorEmoji.ttf with CBDT'
        )
        raise EmojiSetError(f"{file}: its kind of colour (COLR version 1 or SVG) needs the extra [svg]: {wanted}")
    return FontColor(DRAWN_SIZE, as_svg=True)


def _checked(file: Path, size: int) -> int:
    if not 1 <= size <= LARGEST:  # what is drawn takes memory with the square of it
        raise EmojiSetError(
            f"{file}: its pictures are said to have {size} pixels an em, not 1 to {LARGEST}; "
            "install it anew, or choose another"
        )
    return size


def _check_pictures(file: Path, content: bytes) -> None:
    """A picture says its own size, too, and FreeType takes the memory for it, up to 4 GB."""
    for found in _PNG.finditer(content):
        width, height = unpack_from(">II", found[1])
        if max(width, height) > 2 * LARGEST:  # pictures may reach beyond the em
            said = f"one of its pictures is said to have {width}x{height} pixels"
            raise EmojiSetError(f"{file}: {said}; install it anew, or choose another")


def _tables(content: bytes) -> Mapping[bytes, int]:
    """Where each table of the font, or of the first in a collection, begins."""
    start = unpack_from(">I", content, 12)[0] if content[:4] == b"ttcf" else 0
    if content[start : start + 4] not in (b"\0\1\0\0", b"OTTO", b"true"):
        raise error
    count = unpack_from(">H", content, start + 4)[0]
    records = (_RECORD.unpack_from(content, start + 12 + number * _RECORD.size) for number in range(count))
    return {tag: offset for tag, offset, length in records if length}


def _cblc(content: bytes, tables: Mapping[bytes, int]) -> list[int]:
    if not {b"CBLC", b"CBDT"} <= tables.keys():
        return []
    start = tables[b"CBLC"]
    count = unpack_from(">4xI", content, start)[0]
    return [_STRIKE.unpack_from(content, start + 8 + number * _STRIKE.size)[0] for number in range(count)]


def _sbix(content: bytes, tables: Mapping[bytes, int]) -> list[int]:
    if b"sbix" not in tables:
        return []
    start = tables[b"sbix"]
    count = unpack_from(">4xI", content, start)[0]
    strikes = [unpack_from(">I", content, start + 8 + 4 * number)[0] for number in range(count)]
    return [unpack_from(">H", content, start + strike)[0] for strike in strikes]
