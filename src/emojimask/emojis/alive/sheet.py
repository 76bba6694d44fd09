"""Collects outlines back to front, and lays them on the balls: turned with the heads, and never beyond their edge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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

Opacities = Sequence[float] | Sequence[Sequence[float]]
"""For each face one number for all outlines of a kind, or one for each."""


class _Piece(NamedTuple):
    """Outlines of one kind, with the colour of each face's, and for each face the opacity of each of its k."""

    outlines: Curve
    colors: Sequence[Color]
    opacities: Sequence[Sequence[float]]


class Sheet:
    """What is drawn over each of ``count`` heads, back to front."""

    def __init__(self, style: Style, grid: Grid, count: int) -> None:
        self._style = style
        self._cap = grid.cap
        self._count = count
        self._added: list[tuple[Curve | slice, Sequence[Color], Opacities, bool]] = []  # a slice of the strokes
        self._strokes: list[tuple[slice, Curve, Curve, float | Array, float | Array]] = []
        self._stains = 0

    def stain(self, outline: Curve, colors: Sequence[Color], opacities: Sequence[float]) -> None:
        """Draw (n,) that stays where it is however the ball turns, in a colour for each face; before all that turns."""
        self._added.append((outline[None], colors, opacities, False))
        self._stains += 1

    def add(self, outlines: Curve, color: Color, opacities: Opacities | None = None, lifted: bool = False) -> None:
        """Draw (F, k, n), or (k, n) for every face, next; ``lifted`` pieces of paper cast a shadow.

        Args:
            opacities: for each face one, 0 to 1, or one for each of its k; opaque by default.
        """
        self._added.append((outlines, [color] * self._count, opacities or self._opaque, lifted))

    def stroke(
        self,
        upper: Curve,
        lower: Curve,
        above: float | Array,
        below: float | Array,
        color: Color,
        opacities: Opacities | None = None,
    ) -> None:
        """Draw next, lifted, what :func:`thick` makes of curves (F, k, n) along the grid's ``t``."""
        start = self._strokes[-1][0].stop if self._strokes else 0
        rows = slice(start, start + upper.shape[1])
        self._strokes.append((rows, upper, lower, above, below))
        self._added.append((rows, [color] * self._count, opacities or self._opaque, True))

    def shapes(self, yaw: Array, pitch: Array) -> Sequence[Sequence[Shape]]:
        """All that was added, for each face, in the picture's pixels; a ball turns by -1 to 1, (F, 1), of its most."""
        pieces = self._pieces()
        points = np.concatenate([self._flat(piece.outlines) for piece in pieces], 1)
        still = sum(piece.outlines.size for piece in pieces[: self._stains])  # each is the same for every face
        laid = np.stack([points.real, points.imag], 2, dtype=np.float32)
        laid[:, still:] = self._turned(laid[:, still:], _TURN * yaw, _TURN * pitch)
        laid += _CENTER
        return [self._face(pieces, face, outlines) for face, outlines in enumerate(laid)]

    @property
    def _opaque(self) -> Sequence[float]:
        return [1.0] * self._count

    def _flat(self, outlines: Curve) -> Curve:
        """(F, k * n) points."""
        flat = outlines.reshape(1 if outlines.ndim == 2 else self._count, -1)
        return flat if len(flat) == self._count else flat.repeat(self._count, 0)

    def _face(self, pieces: Sequence[_Piece], face: int, points: Points) -> Sequence[Shape]:
        """What is to be seen of one face's pieces, whose points lie one after the other."""
        shapes, start = [], 0
        for outlines, colors, opacities in pieces:
            n = outlines.shape[-1]
            for share in opacities[face]:
                if share > _FAINT:
                    shapes.append(Shape(points[start : start + n], colors[face], min(share, 1.0)))
                start += n
        return shapes

    def _pieces(self) -> list[_Piece]:
        """What was added, the strokes as outlines, and shadows under what is lifted."""
        strokes = self._all_strokes()
        pieces: list[_Piece] = []
        for added, colors, opacities, lifted in self._added:
            outlines = strokes[:, added] if isinstance(added, slice) else added
            each = [[own] * outlines.shape[-2] if isinstance(own, float) else own for own in opacities]
            if lifted and self._style.shadow:
                pieces.append(self._shadows(outlines, each))
            pieces.append(_Piece(outlines, colors, each))
        return pieces

    def _shadows(self, outlines: Curve, opacities: Sequence[Sequence[float]]) -> _Piece:
        *faces, k, n = outlines.shape
        cast = (outlines[..., None, :] + _SHADOWS).reshape(*faces, k * len(_SHADOWS), n)
        shares = [[self._style.shadow * share for share in own for _ in _SHADOWS] for own in opacities]
        return _Piece(cast, [self._style.shade] * self._count, shares)

    def _all_strokes(self) -> Curve:
        """Worked out together, for that takes hardly longer than one."""
        _, upper, lower, _, _ = zip(*self._strokes, strict=True)
        uppers, lowers = np.concatenate(upper, 1), np.concatenate(lower, 1)
        aboves, belows = np.empty(uppers.shape), np.empty(uppers.shape)
        for rows, _, _, above, below in self._strokes:
            aboves[:, rows], belows[:, rows] = above, below
        return thick(uppers, lowers, aboves, belows, self._cap)

    def _turned(self, points: NDArray[np.float32], yaw: Array, pitch: Array) -> NDArray[np.float32]:
        """(F, N, 2) on the front of the balls, after they turned by (F, 1) radians to the viewer's right and down."""
        x, y = np.ascontiguousarray(points.transpose(2, 0, 1))
        if self._style.cut:
            x, y = x + self._style.cut * np.sin(0.11 * y), y + self._style.cut * np.sin(0.11 * x + 2)
        turns = np.array([yaw, pitch], np.float32)
        (right, down), (ahead, upright) = np.sin(turns), np.cos(turns)
        z = np.sqrt(np.maximum(RADIUS**2 - x * x - y * y, 0))
        x, z = x * ahead + z * right, z * ahead - x * right
        y = y * upright + z * down
        beyond = np.sqrt(np.maximum((x * x + y * y) / RADIUS**2, 1))
        return np.stack([x / beyond, y / beyond], 2)
