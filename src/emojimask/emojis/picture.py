"""The picture of an emoji: decoded, brought to one size, and checked that a face can hide behind it."""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path
from typing import IO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from emojimask.emojis.svg import render_svg
from emojimask.errors import EmojiSetError
from emojimask.media.profiles import in_srgb
from emojimask.stages import Emoji
from emojimask.types import KEY_POINTS, Points

SIZE = 512
"""Width and height of every loaded emoji, pixels."""
SMALLEST, LARGEST = 64, 2048


def read_picture(file: Path) -> NDArray[np.uint8]:
    """The picture in a PNG or SVG as (SIZE, SIZE, 4) uint8 BGRA in sRGB, straight alpha, read-only.

    Raises EmojiSetError where it is missing, damaged, not square, too small or large, or has no alpha channel, and for
    an SVG that holds more than a drawing.
    """
    try:
        # Not Image.open(), which warns of a huge picture: here nothing is decoded before the size has been looked at.
        with _opened(file) as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of an animation that is none: the first picture is taken
            picture = PngImagePlugin.PngImageFile(stream)
            _check_form(file, picture)
            # Bilinear, since sharper filters ring and would leave opaque parts not quite opaque.
            rgba = in_srgb(picture.convert("RGBA")).resize((SIZE, SIZE), Image.Resampling.BILINEAR)
    except FileNotFoundError:
        raise EmojiSetError(f"{file}: missing; every expression needs its picture, a PNG or an SVG") from None
    except (OSError, SyntaxError, ValueError, AssertionError, LookupError) as error:  # Pillow's, over damaged files
        raise EmojiSetError(f"{file}: cannot be read as a PNG ({error}); save it as one") from error
    bgra = np.asarray(cv2.cvtColor(np.asarray(rgba), cv2.COLOR_RGBA2BGRA), np.uint8)
    bgra.flags.writeable = False
    return bgra


def _opened(file: Path) -> IO[bytes]:
    return BytesIO(render_svg(file, SIZE)) if file.suffix.lower() == ".svg" else file.open("rb")


def _check_form(file: Path, picture: Image.Image) -> None:
    width, height = picture.size
    if width != height:
        raise EmojiSetError(f"{file}: {width} x {height} pixels; make it square")
    if not SMALLEST <= width <= LARGEST:
        wanted = f"make it {SMALLEST} to {LARGEST} pixels wide, best {SIZE}"
        raise EmojiSetError(f"{file}: {width} x {height} pixels; {wanted}")
    if not picture.has_transparency_data:
        raise EmojiSetError(f"{file}: no alpha channel; save it as RGBA, transparent around the emoji")


def place_key_points(file: Path, image: NDArray[np.uint8], key_points: Points) -> Emoji:
    """The emoji with ``image`` and ``key_points``, (6, 2) from 0 to 1.

    Raises EmojiSetError naming ``file`` where a face would show through the picture between the key points.
    """
    pixels = key_points * SIZE - np.float32(0.5)  # the centre of the top left pixel is (0, 0)
    pixels.flags.writeable = False
    corners = np.clip(np.rint(pixels), 0, SIZE - 1).astype(np.int32)
    hull = np.asarray(cv2.convexHull(corners), np.int32)
    inside = np.asarray(cv2.fillConvexPoly(np.zeros((SIZE, SIZE), np.uint8), hull, (1,)), np.bool_)
    opaque = image[:, :, 3] == 255
    if not opaque[inside].all():
        bare = [name for name, (x, y) in zip(KEY_POINTS, corners, strict=True) if not opaque[y, x]]
        where = f"at {', '.join(bare)}" if bare else "in places"
        wanted = "fill the whole area between the key points, so that no face shines through"
        raise EmojiSetError(f"{file}: not opaque {where}; {wanted}")
    return Emoji(image, pixels)
