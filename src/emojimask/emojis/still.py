"""One emoji as a still picture: what a page, an icon or a shield shows of a set, living or not."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.stages import Emoji, Shape

_SHIFT = 4  # cv2 takes polygon corners in sixteenths of a pixel
_FINER = 4  # shapes are filled at so many times the size, since cv2's own smooth edges are lumpy


def still(emoji: Emoji, shapes: Sequence[Shape]) -> NDArray[np.uint8]:
    """The emoji's picture, (S, S, 4) uint8 BGRA, with ``shapes`` painted over it; memory of its own."""
    picture = emoji.image.copy()
    for shape in shapes:
        _paint(picture, shape)
    return picture


def _paint(picture: NDArray[np.uint8], shape: Shape) -> None:
    limit = len(picture)
    left, top = np.clip(np.floor(shape.outline.min(0)).astype(int) - 1, 0, limit)
    right, bottom = np.clip(np.ceil(shape.outline.max(0)).astype(int) + 2, 0, limit)
    if right <= left or bottom <= top:
        return
    # A pixel's centre lies amid the fine pixels that make it up.
    fine = (shape.outline.astype(np.float64) - (left, top) + 0.5) * _FINER - 0.5
    mask = np.zeros(((bottom - top) * _FINER, (right - left) * _FINER), np.uint8)
    cv2.fillPoly(mask, [np.rint(fine * (1 << _SHIFT)).astype(np.int32)], (255,), cv2.LINE_8, _SHIFT)
    covered = cv2.resize(mask, (int(right - left), int(bottom - top)), interpolation=cv2.INTER_AREA)
    share = covered[..., None] * np.float32(shape.opacity / 255)
    patch = picture[top:bottom, left:right, :3]
    patch[...] = np.rint(patch + (np.array(shape.color, np.float32) - patch) * share)
