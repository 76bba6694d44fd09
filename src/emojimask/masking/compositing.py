"""Drawing on a picture: only the pixels concerned are touched, edges are smooth, what is covered is covered wholly."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.masking.homography import Transform, project
from emojimask.pixels import Colors, Overlay, YuvImage, blend, colors_of, in_colors, ink, inked
from emojimask.types import Box, Image, Points

_SHIFT = 4  # cv2 takes polygon corners in sixteenths of a pixel


class Layers:
    """One picture in several sizes, premultiplied, so that a small copy is drawn without aliasing.

    Args:
        image: (S, S, 4) uint8 BGRA, straight alpha.
    """

    def __init__(self, image: NDArray[np.uint8]) -> None:
        alpha = image[..., 3:].astype(np.float32) / 255
        levels = [np.dstack([image[..., :3] * alpha, image[..., 3:]]).round().astype(np.uint8)]
        while min(levels[-1].shape[:2]) > 16:
            height, width = levels[-1].shape[:2]
            half = cv2.resize(levels[-1], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
            levels.append(np.asarray(half, np.uint8))
        self._levels = {Colors.BGR: levels}
        self.side = image.shape[0]

    def at_scale(self, scale: float, colors: Colors = Colors.BGR) -> tuple[Overlay, Transform]:
        """The level to draw at ``scale`` (frame pixels for each of the picture's), and level -> picture."""
        if colors not in self._levels:
            self._levels[colors] = [inked(level, colors) for level in self._levels[Colors.BGR]]
        levels = self._levels[colors]
        steps = int(np.clip(np.floor(np.log2(1 / max(scale, 1e-6))), 0, len(levels) - 1))
        factor = self.side / levels[steps].shape[0]
        # Pixel centres: a level's pixel u covers the picture's pixels around (u + 1/2) * factor - 1/2.
        offset = 0.5 * factor - 0.5
        return levels[steps], np.array([[factor, 0, offset], [0, factor, offset], [0, 0, 1.0]])


class Sheet:
    """A transparent sheet over a part of a picture: drawn on in the picture's own colours, then laid down at once.

    Args:
        picture: written into by :meth:`lay`.
        box: the part; what of it lies outside the picture is left out.
    """

    def __init__(self, picture: Image | YuvImage, box: Box) -> None:
        height, width = picture.shape[:2]
        self._picture = picture
        self._colors = colors_of(picture)
        self._left, right = _even_span(box.x, box.x + box.width, width)
        self._top, bottom = _even_span(box.y, box.y + box.height, height)
        self._size = max(0, right - self._left), max(0, bottom - self._top)

    @property
    def is_empty(self) -> bool:
        return 0 in self._size

    @cached_property
    def _pixels(self) -> Overlay:
        return np.zeros((self._size[1], self._size[0], 4), np.uint8)

    def fill(self, polygon: Points, color: tuple[int, int, int], opacity: float = 1.0) -> None:
        """Paint a polygon, (N, 2) in the picture's pixels, with smooth edges. ``color``: blue, green, red."""
        corners = _corners(polygon - np.array([self._left, self._top]))
        channels = (*ink(color, self._colors), 255)
        if opacity >= 1:
            cv2.fillPoly(self._pixels, [corners], channels, cv2.LINE_AA, _SHIFT)
            return
        region = _even_region(Box.around(polygon), self._left, self._top, self._size)
        if region is None:
            return
        part = self._pixels[region]
        mask = np.zeros(part.shape[:2], np.uint8)
        origin = np.array([region[1].start, region[0].start]) << _SHIFT
        cv2.fillPoly(mask, [(corners - origin).astype(np.int32)], (round(255 * max(opacity, 0)),), cv2.LINE_AA, _SHIFT)
        share = cv2.merge([mask] * 4)
        painted = cv2.multiply(share, np.array(channels, np.float64), scale=1 / 255)
        cv2.add(cv2.multiply(part, cv2.bitwise_not(share), scale=1 / 255), painted, dst=part)

    def draw(self, layers: Layers, transform: Transform, scale: float) -> None:
        """Lay a picture over what is drawn so far; ``transform``: its pixels -> the frame's; ``scale``: its size."""
        level, from_level = layers.at_scale(scale, self._colors)
        to_sheet = np.array([[1, 0, -self._left], [0, 1, -self._top], [0, 0, 1.0]])
        mapping = to_sheet @ transform @ from_level
        over = cv2.warpPerspective(level, mapping, self._size, flags=cv2.INTER_LINEAR)
        kept = cv2.merge([cv2.bitwise_not(np.ascontiguousarray(over[..., 3]))] * 4)
        cv2.add(cv2.multiply(self._pixels, kept, scale=1 / 255), over, dst=self._pixels)

    def light(self, matrix: NDArray[np.float64]) -> None:
        """Change all colours by a (4, 4) ``matrix`` for premultiplied blue, green, red and opacity."""
        self._pixels = np.asarray(cv2.transform(self._pixels, in_colors(matrix, self._colors)), np.uint8)

    def lay(self) -> None:
        """Blend the sheet into the picture."""
        blend(self._picture, self._pixels, self._left, self._top)


def draw_warped(picture: Image | YuvImage, layers: Layers, transform: Transform, outline: Points) -> None:
    """Blend a picture through ``transform`` into ``picture``.

    Args:
        transform: the pixels of ``layers`` -> the picture's.
        outline: (N, 2) points of ``layers`` around all that is not transparent.
    """
    corners = project(transform, outline)
    sheet = Sheet(picture, Box.around(corners))
    if not sheet.is_empty:
        sheet.draw(layers, transform, scale_of(corners, outline))
        sheet.lay()


def scale_of(after: Points, before: Points) -> float:
    """By how much a polygon was scaled."""
    return float(np.sqrt(_area(after) / max(_area(before), 1e-9)))


def _even_span(low: float, high: float, limit: int) -> tuple[int, int]:
    """Even first and end of the pixels between ``low`` and ``high``, one wider; the end may be the odd limit."""
    first, end = int(np.clip(np.floor(low) - 1, 0, limit)), int(np.clip(np.ceil(high) + 2, 0, limit))
    return first // 2 * 2, min(limit, (end + 1) // 2 * 2)


def _even_region(box: Box, left: int, top: int, size: tuple[int, int]) -> tuple[slice, slice] | None:
    first_column, end_column = _even_span(box.x - left, box.x + box.width - left, size[0])
    first_row, end_row = _even_span(box.y - top, box.y + box.height - top, size[1])
    if end_column <= first_column or end_row <= first_row:
        return None
    return slice(first_row, end_row), slice(first_column, end_column)


def _corners(polygon: NDArray[np.floating[Any]]) -> NDArray[np.int32]:
    corners = np.round(polygon.astype(np.float64) * (1 << _SHIFT))
    limit = 1 << 28  # cv2 keeps corners in 32 bits
    return np.asarray(np.clip(corners, -limit, limit), np.int32)


def _area(polygon: Points) -> float:
    """Shoelace formula, square pixels."""
    x, y = polygon[:, 0].astype(np.float64), polygon[:, 1].astype(np.float64)
    return 0.5 * abs(float(x @ np.roll(y, 1) - y @ np.roll(x, 1)))
