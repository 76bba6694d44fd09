"""Drawing on a picture: only the pixels concerned are touched, edges are smooth, what is covered is covered wholly."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.geometry.coverage import SHIFT, corners, coverage
from emojimask.geometry.transform import Transform, project, project_back
from emojimask.media.pixels import Colors, Overlay, YuvImage, blend, colors_of, in_colors, ink, inked, warp_affine
from emojimask.stages import Shape
from emojimask.types import Box, Image, Picture, Points

_FAR = 1 << 24  # lest corners leave 32 bits
_PER_OCTAVE, _LEAST_SIDE = 4, 16  # levels for each halving of the size, and pixels of the smallest
_ENLARGED_FROM = 1.5  # times its size, from which a picture is enlarged beforehand
_CELLS = 32  # to a side: how finely a warp's places are worked out
_LARGE = 900  # pixels to a side of a level from which shapes are painted finely

Channels = tuple[int, int, int, int]
"""Three in a picture's colours, and opacity."""


class Layers:
    """One picture in the sizes in which it is drawn, so that a small copy is drawn without aliasing.

    Args:
        image: (S, S, 4) uint8 BGRA, premultiplied.
    """

    def __init__(self, image: Overlay) -> None:
        self._whole = image
        self._levels: dict[tuple[int, Colors], Overlay] = {}
        self.side = image.shape[0]

    def at_scale(self, scale: float, colors: Colors = Colors.BGR) -> tuple[Overlay, Transform]:
        """The level to draw at ``scale`` (frame pixels for each of the picture's), and level -> picture.

        It is as large as it will be drawn, or up to a fifth larger, but at most twice the picture; made when first
        asked for.
        """
        step = math.floor(-_PER_OCTAVE * math.log2(min(max(scale, _LEAST_SIDE / self.side), 1.0)))
        if scale > _ENLARGED_FROM:
            step = -_PER_OCTAVE
        if (step, colors) not in self._levels:
            side = round(self.side * 2 ** (-step / _PER_OCTAVE))
            # Cubic, or slanting edges would have steps; but no colour may be stronger than its opacity.
            way = cv2.INTER_AREA if step >= 0 else cv2.INTER_CUBIC
            resized = np.asarray(cv2.resize(self._whole, (side, side), interpolation=way), np.uint8)
            self._levels[step, colors] = inked(np.minimum(resized, resized[..., 3:]), colors)
        level = self._levels[step, colors]
        return level, _from_level(self.side / level.shape[0])


def painted(level: Overlay, to_level: Transform, shapes: Sequence[Shape], colors: Colors) -> Overlay:
    """A copy of a level with ``shapes`` drawn over it; ``to_level``: their pixels -> the level's."""
    canvas = level.copy()
    if not shapes:
        return canvas
    points = project(to_level, np.concatenate([shape.outline for shape in shapes]))  # all at once
    paint: Callable[[Overlay, NDArray[Any], Channels, float], None] = _paint_finely
    outlines: NDArray[Any] = points
    if level.shape[0] < _LARGE:
        paint, outlines = _paint, corners(points)
    start = 0
    for outline, color, opacity in shapes:
        polygon, start = outlines[start : start + len(outline)], start + len(outline)
        if opacity > 0:
            paint(canvas, polygon, (*ink(color, colors), 255), min(opacity, 1.0))
    return canvas


def enlarged(level: Overlay, from_level: Transform, scale: float) -> tuple[Overlay, Transform]:
    """A level large enough to draw crisp shapes on at ``scale``; at most four times as large as the picture."""
    times = min(scale, 4.0) * from_level[0, 0]
    if times <= 1:
        return level, from_level
    side = round(level.shape[0] * times)
    larger = cv2.resize(level, (side, side), interpolation=cv2.INTER_LINEAR)
    return np.asarray(larger, np.uint8), from_level @ _from_level(level.shape[0] / side)


def _from_level(factor: float) -> Transform:
    # Pixel centres: a level's pixel u covers the picture's pixels around (u + 1/2) * factor - 1/2.
    offset = 0.5 * factor - 0.5
    return np.array([[factor, 0, offset], [0, factor, offset], [0, 0, 1.0]])


def _paint(canvas: Overlay, outline: NDArray[np.int32], channels: Channels, opacity: float) -> None:
    """Paint a polygon of :func:`corners` quickly: its edges are a little lumpy."""
    if opacity >= 1:
        cv2.fillPoly(canvas, [outline], channels, cv2.LINE_AA, SHIFT)
        return
    left, top, width, height = cv2.boundingRect(outline)
    right, bottom = ((side >> SHIFT) + 2 for side in (left + width, top + height))
    left, top = max(0, (left >> SHIFT) - 1), max(0, (top >> SHIFT) - 1)
    part = canvas[top : max(0, bottom), left : max(0, right)]
    if not part.size:
        return
    covered = part.copy()
    cv2.fillPoly(covered, [outline], channels, cv2.LINE_AA, SHIFT, (-left << SHIFT, -top << SHIFT))
    cv2.addWeighted(part, 1 - opacity, covered, opacity, 0, dst=part)


def _paint_finely(canvas: Overlay, polygon: Points, channels: Channels, opacity: float) -> None:
    """Paint a polygon, (N, 2) in pixels, with edges that stand a close look; takes several times as long."""
    rows, columns, covered = coverage(polygon, *canvas.shape[:2])
    part = canvas[rows, columns]
    if not part.size:
        return
    share = cv2.convertScaleAbs(covered, alpha=opacity)
    over = cv2.merge([cv2.convertScaleAbs(share, alpha=channel / 255) for channel in channels])
    cv2.add(cv2.multiply(part, cv2.bitwise_not(cv2.merge([share] * 4)), scale=1 / 255), over, dst=part)


class Sheet:
    """A transparent sheet over a part of a picture: drawn on in the picture's own colours, then laid down at once.

    Args:
        picture: only its size and colours count.
        box: the part; what of it lies outside the picture is left out.
    """

    def __init__(self, picture: Picture, box: Box) -> None:
        height, width = picture.shape[:2]
        self.colors = colors_of(picture)
        self._left, right = _even_span(box.x, box.x + box.width, width)
        self._top, bottom = _even_span(box.y, box.y + box.height, height)
        self._drawn: Overlay | None = None
        self._size = max(0, right - self._left), max(0, bottom - self._top)
        self._from_picture: Transform = np.array([[1, 0, -self._left], [0, 1, -self._top], [0, 0, 1.0]])

    @property
    def is_empty(self) -> bool:
        return 0 in self._size

    @property
    def _pixels(self) -> Overlay:
        if self._drawn is None:
            self._drawn = np.zeros((self._size[1], self._size[0], 4), np.uint8)
        return self._drawn

    def overlaps(self, other: Sheet) -> bool:
        """Whether the two have a pixel of the picture in common."""
        (width, height), (other_width, other_height) = self._size, other._size
        return (
            self._left < other._left + other_width
            and other._left < self._left + width
            and self._top < other._top + other_height
            and other._top < self._top + height
        )

    def fill(self, polygon: Points, color: tuple[int, int, int]) -> None:
        """Paint a polygon, (N, 2) in the picture's pixels, with smooth edges. ``color``: blue, green, red."""
        outline = corners((polygon - np.array([self._left, self._top])).clip(-_FAR, _FAR))
        cv2.fillPoly(self._pixels, [outline], (*ink(color, self.colors), 255), cv2.LINE_AA, SHIFT)

    def draw(self, level: Overlay, transform: Transform) -> None:
        """Lay a picture, in the sheet's colours, over what is drawn; ``transform``: its pixels -> the frame's."""
        over = _warped(level, self._from_picture @ transform, self._size)
        if self._drawn is None:
            self._drawn = over
            return
        kept = cv2.merge([cv2.bitwise_not(cv2.extractChannel(over, 3))] * 4)
        cv2.add(cv2.multiply(self._drawn, kept, scale=1 / 255), over, dst=self._drawn)

    def light(self, matrix: NDArray[np.float64]) -> None:
        """Change all colours by a (4, 4) ``matrix`` for premultiplied blue, green, red and opacity."""
        self._drawn = np.asarray(cv2.transform(self._pixels, in_colors(matrix, self.colors)), np.uint8)

    def lay_on(self, picture: Image | YuvImage) -> None:
        """Blend the sheet into a picture of the same size and colours."""
        if not self.is_empty:
            blend(picture, self._pixels, self._left, self._top)


def draw_warped(picture: Image | YuvImage, layers: Layers, transform: Transform, outline: Points) -> None:
    """Blend a picture through ``transform`` into ``picture``.

    Args:
        transform: the pixels of ``layers`` -> the picture's.
        outline: (N, 2) points of ``layers`` around all that is not transparent.
    """
    corners = project(transform, outline)
    sheet = Sheet(picture, Box.around(corners))
    if not sheet.is_empty:
        level, from_level = layers.at_scale(scale_of(corners, outline), sheet.colors)
        sheet.draw(level, transform @ from_level)
        sheet.lay_on(picture)


def scale_of(after: Points, before: Points) -> float:
    """By how much a polygon was scaled."""
    return float(np.sqrt(cv2.contourArea(after) / max(cv2.contourArea(before), 1e-9)))


def _warped(level: Overlay, transform: Transform, size: tuple[int, int]) -> Overlay:
    """``level`` through ``transform`` on (width, height) transparent pixels.

    Without perspective that is quickest. Else, where a pixel comes from is worked out for the middle of each cell and
    found linearly between them: that differs from cv2.warpPerspective by a few hundredths of a pixel, and takes two
    thirds of its time.
    """
    if not transform[2, :2].any():
        return warp_affine(level, transform[:2] / transform[2, 2], size)
    width, height = size
    cell = max(1, max(size) // _CELLS)
    # With a cell more on every side, for beyond the middle of the last there is nothing to go between.
    columns, rows = (cell * np.arange(-0.5, side / cell + 1) - 0.5 for side in size)
    x, y = project_back(transform, columns[None], rows[:, None])
    coarse = cv2.merge([x, y]).astype(np.float32)
    fine = cv2.resize(coarse, None, fx=cell, fy=cell, interpolation=cv2.INTER_LINEAR)
    places = fine[cell : cell + height, cell : cell + width]
    none = np.empty(0)  # both coordinates are in ``places``
    return np.asarray(cv2.remap(level, places, none, cv2.INTER_LINEAR), np.uint8)


def _even_span(low: float, high: float, limit: int) -> tuple[int, int]:
    """Even first and end of the pixels between ``low`` and ``high``, one wider; the end may be the odd limit."""
    first, end = int(min(max(low - 1, 0), limit)), math.ceil(min(max(high + 2, 0), limit))
    return first // 2 * 2, min(limit, (end + 1) // 2 * 2)
