"""What an emoji set looks like where there is no camera: for pages, contact sheets and sets made from it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emojimask.emojis.still import still
from emojimask.stages import EmojiSet
from emojimask.types import Box, Face, MaskedFace, Track

_NOWHERE = Track(1, Face(Box(0, 0, 1, 1), np.zeros((6, 2), np.float32), 1.0))


def sample(emojis: EmojiSet, expression: str) -> NDArray[np.uint8]:
    """The emoji of an expression at rest, (S, S, 4) uint8 BGRA, straight alpha; memory of its own."""
    return still(emojis.emoji(expression), emojis.shapes([MaskedFace(_NOWHERE, (), expression)])[0])


def is_living(emojis: EmojiSet) -> bool:
    """Whether it moves with the face."""
    return any(emojis.shapes([MaskedFace(_NOWHERE, (), "neutral")]))
