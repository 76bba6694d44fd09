"""The picture shown in place of the camera's when no face can be vouched for. Made of nothing but its size."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from emojimask.masking.compositing import Layers, draw_warped
from emojimask.types import Image

_TOP, _BOTTOM = (92, 62, 44), (60, 38, 26)  # BGR: a calm dark blue


def draw_shield(height: int, width: int, emoji: Layers) -> Image:
    """(height, width, 3) uint8 BGR: a quiet background with ``emoji`` in the middle. Memory of its own."""
    picture = _background(height, width).copy()
    side = emoji.side
    scale = 0.3 * min(height, width) / side
    shift = np.array([width / 2, height / 2]) - scale * side / 2
    transform = np.array([[scale, 0, shift[0]], [0, scale, shift[1]], [0, 0, 1.0]])
    corners = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32)
    draw_warped(picture, emoji, transform, corners)
    return picture


@lru_cache(maxsize=4)
def _background(height: int, width: int) -> Image:
    shade = np.linspace(0, 1, height)[:, None, None]
    column = (np.asarray(_TOP) * (1 - shade) + np.asarray(_BOTTOM) * shade).round().astype(np.uint8)
    picture = np.broadcast_to(column, (height, width, 3)).copy()
    radius = max(1, round(0.21 * min(height, width)))
    cv2.circle(picture, (width // 2, height // 2), radius, (120, 84, 62), -1, cv2.LINE_AA)
    return picture
