"""Collects outlines back to front, and lays them on the ball: turned with the head, and never beyond its edge."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from emojimask.emojis.alive.curves import Curve
from emojimask.emojis.alive.style import Color, Style
from emojimask.emojis.picture import SIZE
from emojimask.stages import Shape

RADIUS = 246.0
"""Of the ball, pixels of its picture."""
_CENTER = (1 + 1j) * (SIZE - 1) / 2
_TURN = 0.15
"""Radians by which the ball turns at most, beyond what the homography shows of the head's turn already."""
_SHADOWS = (4 + 6j, 2 + 3j)
_FAINT = 1 / 255


class Sheet:
    """What is drawn over one head, back to front."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._outlines: list[Curve] = []
        self._looks: list[tuple[Color, float]] = []
        self._still = 0

    def stain(self, outline: Curve, color: Color, opacity: float) -> None:
        """Draw (n,) that stays where it is however the ball turns; before all that does turn."""
        self._put(outline, color, opacity)
        self._still = sum(map(len, self._outlines))

    def add(self, outlines: Curve, color: Color, opacity: float | Sequence[float] = 1.0, lifted: bool = False) -> None:
        """Draw (k, n) next, with an opacity for all or for each; ``lifted`` pieces of paper cast a shadow."""
        opacities = [opacity] * len(outlines) if isinstance(opacity, float) else opacity
        if lifted and self._style.shadow:
            for outline, share in zip(outlines, opacities, strict=True):
                for shift in _SHADOWS:
                    self._put(outline + shift, self._style.shade, share * self._style.shadow)
        for outline, share in zip(outlines, opacities, strict=True):
            self._put(outline, color, share)

    def _put(self, outline: Curve, color: Color, opacity: float) -> None:
        if opacity > _FAINT:
            self._outlines.append(outline)
            self._looks.append((color, min(opacity, 1.0)))

    def shapes(self, yaw: float, pitch: float) -> Sequence[Shape]:
        """Everything added, in the picture's pixels, on a ball turned by -1 to 1 of what it can."""
        points = np.concatenate(self._outlines)
        points[self._still :] = self._laid(points[self._still :], _TURN * yaw, _TURN * pitch)
        points += _CENTER
        pixels = points.view(np.float64).reshape(-1, 2).astype(np.float32)
        shapes, start = [], 0
        for outline, (color, opacity) in zip(self._outlines, self._looks, strict=True):
            end = start + len(outline)
            shapes.append(Shape(pixels[start:end], color, opacity))
            start = end
        return shapes

    def _laid(self, points: Curve, yaw: float, pitch: float) -> Curve:
        """(N,) on the front of the ball, after it turned by so many radians to the viewer's right and down."""
        x, y = points.real, points.imag
        if self._style.cut:
            x, y = x + self._style.cut * np.sin(0.11 * y), y + self._style.cut * np.sin(0.11 * x + 2)
        z = np.sqrt(np.maximum(RADIUS**2 - x * x - y * y, 0))
        x, z = x * math.cos(yaw) + z * math.sin(yaw), z * math.cos(yaw) - x * math.sin(yaw)
        y = y * math.cos(pitch) + z * math.sin(pitch)
        return np.asarray((x + 1j * y) / np.sqrt(np.maximum((x * x + y * y) / RADIUS**2, 1)))
