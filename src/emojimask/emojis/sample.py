"""What an emoji set looks like where there is no camera: for pages, contact sheets and sets made from it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emojimask.geometry.coverage import coverage
from emojimask.stages import Emoji, EmojiSet, Shape
from emojimask.types import Box, Face, MaskedFace, Track

_NOWHERE = Track(1, Face(Box(0, 0, 1, 1), np.zeros((6, 2), np.float32), 1.0))


def sample(emojis: EmojiSet, expression: str) -> NDArray[np.uint8]:
    """The emoji of an expression at rest, (S, S, 4) uint8 BGRA, straight alpha; memory of its own."""
    return still(emojis.emoji(expression), emojis.shapes([MaskedFace(_NOWHERE, (), expression)])[0])


def still(emoji: Emoji, shapes: Sequence[Shape]) -> NDArray[np.uint8]:
    """The emoji's picture, (S, S, 4) uint8 BGRA, with ``shapes`` painted over it; memory of its own."""
    picture = emoji.image.copy()
    for outline, color, opacity in shapes:
        rows, columns, covered = coverage(outline, *picture.shape[:2])
        patch = picture[rows, columns, :3]
        share = covered[..., None] * np.float32(opacity / 255)
        patch[...] = np.rint(patch + (np.array(color, np.float32) - patch) * share)
    return picture


def is_living(emojis: EmojiSet) -> bool:
    """Whether it moves with the face."""
    return any(emojis.shapes([MaskedFace(_NOWHERE, (), "neutral")]))
