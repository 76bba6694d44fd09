"""Collects outlines back to front, and lays them on the ball: turned with the head, and never beyond its edge."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from emojimask.emojis.alive.curves import Array, Curve, Grid, thick
from emojimask.emojis.alive.style import Color, Style
from emojimask.emojis.picture import SIZE
from emojimask.stages import Shape
from emojimask.types import Points

RADIUS = 246.0
"""Of the ball, pixels of its picture."""
_CENTER = np.float32((SIZE - 1) / 2)
_TURN = 0.15
"""Radians by which the ball turns at most, beyond what the homography shows of the head's turn already."""
_SHADOWS = np.array([[4 + 6j], [2 + 3j]])
_FAINT = 0.01  # two or three levels of 255


class Sheet:
    """What is drawn over one head, back to front."""

    def __init__(self, style: Style, grid: Grid) -> None:
        self._style = style
        self._cap = grid.cap
        self._added: list[tuple[Curve | slice, Color, float | Sequence[float], bool]] = []  # a slice of the strokes
        self._strokes: list[tuple[slice, Curve, Curve, float | Array, float | Array]] = []
        self._outlines: list[Curve] = []  # (k * n,) each
        self._looks: list[tuple[int, Color, float]] = []  # n, color and opacity of every single one
        self._still = 0

    def stain(self, outline: Curve, color: Color, opacity: float) -> None:
        """Draw (n,) that stays where it is however the ball turns; lies under all that does turn."""
        self._put(outline[None], color, [opacity])
        self._still = sum(map(len, self._outlines))

    def add(self, outlines: Curve, color: Color, opacity: float | Sequence[float] = 1.0, lifted: bool = False) -> None:
        """Draw (k, n) next, with an opacity for all or for each; ``lifted`` pieces of paper cast a shadow."""
        self._added.append((outlines, color, opacity, lifted))

    def stroke(
        self,
        upper: Curve,
        lower: Curve,
        above: float | Array,
        below: float | Array,
        color: Color,
        opacity: float = 1.0,
        lifted: bool = False,
    ) -> None:
        """Draw next what :func:`thick` makes of curves (k, n) along the grid's ``t``."""
        start = self._strokes[-1][0].stop if self._strokes else 0
        rows = slice(start, start + len(upper))
        self._strokes.append((rows, upper, lower, above, below))
        self._added.append((rows, color, opacity, lifted))

    def shapes(self, yaw: float, pitch: float) -> Sequence[Shape]:
        """Everything added, in the picture's pixels, on a ball turned by -1 to 1 of what it can."""
        strokes = self._all_strokes()
        for outlines, color, opacity, lifted in self._added:
            self._lay(strokes[outlines] if isinstance(outlines, slice) else outlines, color, opacity, lifted)
        points = np.concatenate(self._outlines).view(np.float64).reshape(-1, 2).astype(np.float32)
        points[self._still :] = self._turned(points[self._still :], _TURN * yaw, _TURN * pitch)
        points += _CENTER
        shapes, start = [], 0
        for length, color, opacity in self._looks:
            shapes.append(Shape(points[start : start + length], color, opacity))
            start += length
        return shapes

    def _all_strokes(self) -> Curve:
        """Worked out together, for that takes hardly longer than one."""
        _, upper, lower, _, _ = zip(*self._strokes, strict=True)
        uppers, lowers = np.concatenate(upper), np.concatenate(lower)
        aboves, belows = np.empty(uppers.shape), np.empty(uppers.shape)
        for rows, _, _, above, below in self._strokes:
            aboves[rows], belows[rows] = above, below
        return thick(uppers, lowers, aboves, belows, self._cap)

    def _lay(self, outlines: Curve, color: Color, opacity: float | Sequence[float], lifted: bool) -> None:
        opacities = [opacity] * len(outlines) if isinstance(opacity, float) else opacity
        if lifted and self._style.shadow:
            for outline, share in zip(outlines, opacities, strict=True):
                self._put(outline + _SHADOWS, self._style.shade, [share * self._style.shadow] * len(_SHADOWS))
        self._put(outlines, color, opacities)

    def _put(self, outlines: Curve, color: Color, opacities: Sequence[float]) -> None:
        shown = [i for i, opacity in enumerate(opacities) if opacity > _FAINT]
        if shown:
            self._outlines.append((outlines if len(shown) == len(outlines) else outlines[shown]).reshape(-1))
            self._looks += [(outlines.shape[1], color, min(opacities[i], 1.0)) for i in shown]

    def _turned(self, points: Points, yaw: float, pitch: float) -> Points:
        """(N, 2) on the front of the ball, after it turned by so many radians to the viewer's right and down."""
        x, y = points.T.copy()
        if self._style.cut:
            x, y = x + self._style.cut * np.sin(0.11 * y), y + self._style.cut * np.sin(0.11 * x + 2)
        z = np.sqrt(np.maximum(RADIUS**2 - x * x - y * y, 0))
        x, z = x * math.cos(yaw) + z * math.sin(yaw), z * math.cos(yaw) - x * math.sin(yaw)
        y = y * math.cos(pitch) + z * math.sin(pitch)
        beyond = np.sqrt(np.maximum((x * x + y * y) / RADIUS**2, 1))
        return np.stack([x / beyond, y / beyond], 1)
