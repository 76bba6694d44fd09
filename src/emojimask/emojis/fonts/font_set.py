"""The emoji of a colour font, such as the system's own, as an emoji set."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from emojimask.emojis.fonts.font_file import color_of
from emojimask.emojis.fonts.system_font import find_color_font
from emojimask.emojis.picture import SIZE, place_key_points
from emojimask.emojis.still_set import StillEmojiSet
from emojimask.errors import EmojiSetError, UsageError
from emojimask.stages import Emoji
from emojimask.types import EXPRESSIONS

CHARACTERS = dict(zip(EXPRESSIONS, "😠🤢😨😀😢😮😐😏", strict=True))
"""The emoji of each expression."""

_Glyph = NDArray[np.uint8]
"""A drawn character with room all round, (2 size, 2 size, 4) RGBA, premultiplied: Pillow draws on nothing so."""

_NOBODY = "\U000fffff"  # belongs to no font, so that it is drawn as every missing character is
_RADIUS = 248 / SIZE
# From the disc's centre, in radii: near the features of every font's emoji, and far enough apart that on a face of
# usual proportions the disc stays round.
_KEY_POINTS = np.array(
    [[-0.45, -0.15], [0.45, -0.15], [0, 0.43], [-0.25, 0.48], [0.25, 0.48], [0, 0.87]], np.float32
)  # fmt: skip
_OPAQUE = 240 / 255  # fonts of few colours leave their discs not quite opaque


def load_font_set(file: Path | None = None) -> StillEmojiSet:
    """The emoji in ``file``, or in the system's colour font; its ``fill`` is what most of the neutral one has.

    Raises:
        UsageError: there is no such file.
        EmojiSetError: no colour font is found, or it is damaged, has no colour, or lacks a character.
    """
    if file is not None and not file.is_file():
        raise UsageError(f"{file}: no such font; give the path of a colour emoji font, or just --emojis font")
    file = file or find_color_font()
    color = color_of(file)
    try:
        font = ImageFont.truetype(str(file), color.size, layout_engine=ImageFont.Layout.BASIC)
        glyphs = _drawn_as_svg(file, color.size) if color.as_svg else _drawn_by_pillow(font, color.size)
        emojis = {name: _emoji(file, name, glyph) for name, glyph in zip(EXPRESSIONS, glyphs, strict=True)}
    except (OSError, SyntaxError, ValueError) as error:
        raise EmojiSetError(f"{file}: cannot be drawn ({error}); install it anew, or choose another") from error
    title, fill = " ".join(filter(None, font.getname())), _main_color(emojis["neutral"])
    return StillEmojiSet("font", title, fill, emojis, licence=f"as that of the font {title}")


def _drawn_as_svg(file: Path, size: int) -> list[_Glyph | None]:
    from emojimask.emojis.fonts.shape_font import draw_characters

    return draw_characters(file, CHARACTERS.values(), size)


def _drawn_by_pillow(font: ImageFont.FreeTypeFont, size: int) -> list[_Glyph | None]:
    missing = _draw(font, size, _NOBODY)
    glyphs = (_draw(font, size, character) for character in CHARACTERS.values())
    return [None if np.array_equal(glyph, missing) else glyph for glyph in glyphs]


def _emoji(file: Path, expression: str, glyph: _Glyph | None) -> Emoji:
    """From the drawn character, if the font has it."""
    character = CHARACTERS[expression]
    if glyph is None or not glyph[..., 3].any():
        raise EmojiSetError(f"{file}: has no {character} (U+{ord(character):X}, {expression}); choose another font")
    try:
        return place_key_points(file, _fitted(glyph), 0.5 + _RADIUS * _KEY_POINTS)
    except EmojiSetError:
        raise EmojiSetError(
            f"{file}: its {character} ({expression}) is no opaque disc, so that a face would shine through; "
            "choose another font"
        ) from None


def _draw(font: ImageFont.FreeTypeFont, size: int, character: str) -> _Glyph:
    picture = Image.new("RGBA", (2 * size, 2 * size))
    ImageDraw.Draw(picture).text((size, size), character, font=font, anchor="mm", embedded_color=True)
    return np.asarray(picture)


def _fitted(glyph: _Glyph) -> NDArray[np.uint8]:
    """The glyph's opaque part brought to the disc of every emoji: (SIZE, SIZE, 4) BGRA, straight alpha, read-only."""
    x, y, width, height = cv2.boundingRect((glyph[..., 3] >= 128).astype(np.uint8))
    wanted = 2 * _RADIUS * SIZE
    across, down = wanted / max(width, 1), wanted / max(height, 1)
    shift = (SIZE - 1) / 2 - np.array([across * (x + (width - 1) / 2), down * (y + (height - 1) / 2)])
    matrix = np.array([[across, 0, shift[0]], [0, down, shift[1]]])
    drawn = cv2.warpAffine(glyph.astype(np.float32) / 255, matrix, (SIZE, SIZE), flags=cv2.INTER_CUBIC)
    alpha = np.clip(drawn[..., 3:] / _OPAQUE, 0, 1)
    color = np.clip(drawn[..., 2::-1] / np.maximum(drawn[..., 3:], 1e-3), 0, 1)
    image = np.asarray((np.dstack([color, alpha]) * 255).round(), np.uint8)
    image.flags.writeable = False
    return image


def _main_color(emoji: Emoji) -> tuple[int, int, int]:
    blue, green, red = np.median(emoji.image[emoji.image[..., 3] == 255][:, :3], axis=0)
    return int(blue), int(green), int(red)
