"""Drawing on a frame: only the pixels concerned are touched, edges are smooth, what is covered is covered wholly."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.masking.homography import Transform, project
from emojimask.types import Box, Image, Points

_SHIFT = 4  # cv2 takes polygon corners in sixteenths of a pixel


class Layers:
    """One picture in several sizes, premultiplied, so that a small copy is drawn without aliasing.

    Args:
        image: (S, S, 4) uint8 BGRA, straight alpha.
    """

    def __init__(self, image: NDArray[np.uint8]) -> None:
        alpha = image[..., 3:].astype(np.float32) / 255
        self._levels = [np.dstack([image[..., :3] * alpha, image[..., 3:]]).round().astype(np.uint8)]
        while min(self._levels[-1].shape[:2]) > 16:
            height, width = self._levels[-1].shape[:2]
            half = cv2.resize(self._levels[-1], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
            self._levels.append(np.asarray(half, np.uint8))

    def at_scale(self, scale: float) -> tuple[NDArray[np.uint8], Transform]:
        """The level to draw at ``scale`` (frame pixels for each of the picture's), and picture -> level."""
        steps = int(np.clip(np.floor(np.log2(1 / max(scale, 1e-6))), 0, len(self._levels) - 1))
        level = self._levels[steps]
        factor = level.shape[0] / self._levels[0].shape[0]
        # Pixel centres: a level's pixel u covers the picture's pixels around (u + 1/2) / factor - 1/2.
        offset = 0.5 * factor - 0.5
        return level, np.array([[factor, 0, offset], [0, factor, offset], [0, 0, 1.0]])


def clip(box: Box, image: Image) -> tuple[slice, slice] | None:
    """The box's rows and columns within the picture, one pixel wider all round; None where nothing is left."""
    height, width = image.shape[:2]
    left, top = max(0, int(np.floor(box.x)) - 1), max(0, int(np.floor(box.y)) - 1)
    right = min(width, int(np.ceil(box.x + box.width)) + 2)
    bottom = min(height, int(np.ceil(box.y + box.height)) + 2)
    return (slice(top, bottom), slice(left, right)) if right > left and bottom > top else None


def fill_polygon(image: Image, polygon: Points, color: tuple[int, int, int]) -> None:
    """Paint a polygon opaquely, with smooth edges, into ``image``."""
    corners = np.round(polygon.astype(np.float64) * (1 << _SHIFT)).astype(np.int64)
    limit = np.int64(1) << 28  # cv2 keeps corners in 32 bits
    cv2.fillPoly(image, [np.clip(corners, -limit, limit).astype(np.int32)], color, cv2.LINE_AA, _SHIFT)


def draw_warped(image: Image, layers: Layers, transform: Transform, outline: Points) -> None:
    """Blend a picture through ``transform`` into ``image``.

    Args:
        image: (H, W, 3) uint8 BGR, written into.
        layers: the picture.
        transform: the picture's pixels -> the image's.
        outline: (N, 2) points of the picture around all that is not transparent.
    """
    corners = project(transform, outline)
    region = clip(Box.around(corners), image)
    if region is None:
        return
    rows, columns = region
    level, to_level = layers.at_scale(float(np.sqrt(_area(corners) / max(_area(outline), 1e-9))))
    to_patch = np.array([[1, 0, -columns.start], [0, 1, -rows.start], [0, 0, 1.0]])
    patch = image[rows, columns]
    size = (patch.shape[1], patch.shape[0])
    warped = cv2.warpPerspective(level, to_patch @ transform @ np.linalg.inv(to_level), size, flags=cv2.INTER_LINEAR)
    kept = cv2.merge([255 - warped[..., 3]] * 3)
    cv2.add(cv2.multiply(patch, kept, scale=1 / 255), warped[..., :3], dst=patch)


def _area(polygon: Points) -> float:
    """Shoelace formula, square pixels."""
    x, y = polygon[:, 0].astype(np.float64), polygon[:, 1].astype(np.float64)
    return 0.5 * abs(float(x @ np.roll(y, 1) - y @ np.roll(x, 1)))
