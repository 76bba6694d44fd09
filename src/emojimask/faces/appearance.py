"""What a person looks like at a glance: colours of hair, face and collar. Tells people apart when they cross."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.pixels import part, resized, sparse
from emojimask.types import Box, Picture

Appearance = NDArray[np.float32]
"""(S, S, 3) float32, Lab colours of the head and what is just below it."""

_SIDE, _SAMPLES = 6, 8  # large pixels, and samples of each, across and down


def appearance(image: Picture, box: Box) -> Appearance | None:
    """A face's surroundings, 1.8 boxes wide, in a few large pixels; None where none of it lies in the picture."""
    around = Box(box.x, box.y + 0.15 * box.height, box.width, box.height).scaled(1.8)
    height, width = image.shape[:2]
    left, top = max(0, int(around.x)) // 2 * 2, max(0, int(around.y)) // 2 * 2
    right, bottom = min(width, int(around.x + around.width)), min(height, int(around.y + around.height))
    if right - left < _SIDE or bottom - top < _SIDE:
        return None
    region = part(image, slice(top, bottom), slice(left, right))
    step = max(1, min(right - left, bottom - top) // (_SIDE * _SAMPLES))
    small = resized(sparse(region, step), _SIDE, _SIDE)
    return cv2.cvtColor(small, cv2.COLOR_BGR2LAB).astype(np.float32)


def difference(a: Appearance | None, b: Appearance | None) -> float:
    """0 for alike, about 1 for two different people; 0.5 where one is unknown."""
    if a is None or b is None:
        return 0.5
    return min(1.0, float(np.abs(a - b).mean()) / 25.0)
