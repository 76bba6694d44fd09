"""Polygons as OpenCV fills them, and how much of each pixel one covers."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.types import Points

SHIFT = 4
"""cv2 takes polygon corners in sixteenths of a pixel."""
_FINER, _COARSER = 4, 2  # filled at so many times the size, for cv2's own smooth edges are lumpy
_LARGE = 1 << 20  # pixels from which the coarser must do


def corners(polygon: NDArray[np.floating[Any]]) -> NDArray[np.int32]:
    """(N, 2) pixels as cv2 takes them, with :data:`SHIFT`."""
    return np.asarray(np.rint(polygon * (1 << SHIFT)), np.int32)


def coverage(outline: Points, height: int, width: int) -> tuple[slice, slice, NDArray[np.uint8]]:
    """Where a polygon lies in a picture of ``height`` x ``width`` pixels, and its share of each pixel there.

    Args:
        outline: (N, 2) pixels; not necessarily convex, and may reach beyond the picture.

    Returns:
        Rows, columns, and (rows, columns) uint8, 255 where it covers all of a pixel; all empty where it lies outside.
    """
    limits = width, height
    left, top = np.clip(np.floor(outline.min(0)).astype(int) - 1, 0, limits).tolist()
    right, bottom = np.clip(np.ceil(outline.max(0)).astype(int) + 2, 0, limits).tolist()
    rows, columns = slice(top, bottom), slice(left, right)
    size = right - left, bottom - top
    if 0 in size:
        return slice(0), slice(0), np.zeros((0, 0), np.uint8)
    finer = _FINER if size[0] * size[1] < _LARGE else _COARSER
    # A pixel's centre lies amid the fine pixels that make it up.
    fine = (outline.astype(np.float64) - (left, top) + 0.5) * finer - 0.5
    mask = np.zeros((size[1] * finer, size[0] * finer), np.uint8)
    cv2.fillPoly(mask, [corners(fine)], (255,), cv2.LINE_8, SHIFT)
    return rows, columns, np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.uint8)
