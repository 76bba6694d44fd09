"""The mouth: two lips, and teeth and tongue that never reach beyond them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emojimask.emojis.alive.curves import Array, Curve, Grid, between, column, line
from emojimask.emojis.alive.pose import Pose
from emojimask.emojis.alive.sheet import Sheet
from emojimask.emojis.alive.style import Style

_Y = 112.0
_TALL = 98.0  # of a mouth wide open
_BOW = 52.0  # from a lifted corner down to the middle
_GAPS, _FEW_GAPS = (-0.66, -0.23, 0.23, 0.66), (-0.4, 0.4)  # between clenched teeth


class _Mouths:
    """Where both lips of every mouth are.

    Attributes:
        x: (F, n). lips: (F, 2, n), heights of the upper and the lower lip over ``x``.
        middle, width: (F, 1). tall: (F, 1), how tall it opens.
        clear: of each, 0 to 1: what is inside fades in, lest it flash as the lips part.
    """

    def __init__(self, poses: Sequence[Pose], grid: Grid) -> None:
        self.tall = column(_TALL * pose.open for pose in poses)
        self.middle = column(10 * pose.smirk for pose in poses)
        self.width = column(pose.width * (1 - 0.55 * pose.round) for pose in poses)
        self.x = self.middle + self.width * grid.t
        self.lips = np.array([_lips(pose, _TALL * pose.open) for pose in poses]) @ grid.lip
        self.upper, self.lower = self.lips[:, 0], self.lips[:, 1]
        self.clear = [min(_TALL * pose.open / 14, 1.0) for pose in poses]


def _lips(pose: Pose, tall: float) -> list[tuple[float, ...]]:
    """How much there is of each of the grid's ``lip`` in the upper and the lower lip."""
    # Both are the line of the corners, lifted, smirking and waving, and a share of the opening's form.
    line = (
        _Y - 0.22 * tall * pose.drop + 0.55 * _BOW * pose.lift + 2.5 * pose.smirk,
        -25 * pose.smirk,
        -_BOW * pose.lift - 12.5 * pose.smirk,
        7 * pose.wave,
    )
    shares = ((pose.drop - 1) * tall, pose.drop * tall)
    return [(*line, share * (1 - pose.square), share * pose.square) for share in shares]


def draw_mouth(sheet: Sheet, poses: Sequence[Pose], style: Style, grid: Grid) -> None:
    mouths = _Mouths(poses, grid)
    upper, lower = _curve(mouths.x, mouths.upper), _curve(mouths.x, mouths.lower)
    sheet.stroke(upper, lower, style.mouth, style.mouth, style.lips)
    if max(mouths.clear) > 0:
        sheet.add(between(upper, lower), style.throat, mouths.clear)
        _draw_tongue(sheet, mouths, poses, style, grid)
        _draw_teeth(sheet, mouths, poses, style, grid)
    if any(pose.tongue_out > 0 for pose in poses):
        _draw_tongue_out(sheet, mouths, poses, style, grid)
    if any(pose.smirk > 0 for pose in poses) and not style.spare:
        _draw_crease(sheet, mouths, poses, style, grid)


def _draw_tongue(sheet: Sheet, mouths: _Mouths, poses: Sequence[Pose], style: Style, grid: Grid) -> None:
    x = mouths.middle + 0.8 * mouths.width * grid.t
    inner = mouths.lips @ grid.inner
    high, low = inner[:, 0], inner[:, 1]
    top = np.maximum(low - 0.42 * column(pose.tongue for pose in poses) * mouths.tall * grid.round, high)
    shown = [
        clear * min(4 * max(pose.tongue, 0.0), 1.0) * (1 - max(pose.tongue_out, 0.0))
        for clear, pose in zip(mouths.clear, poses, strict=True)
    ]
    sheet.add(between(_curve(x, top), _curve(x, low)), style.tongue, shown)


def _draw_teeth(sheet: Sheet, mouths: _Mouths, poses: Sequence[Pose], style: Style, grid: Grid) -> None:
    """A row below the upper lip; clenched, it fills the mouth."""
    clench, high, low = column(pose.clench for pose in poses), mouths.upper, mouths.lower
    edge = np.minimum(high + 0.3 * column(pose.teeth for pose in poses) * mouths.tall * grid.square, low)
    edge = edge + (low - edge) * clench
    shown = [
        clear * min(4 * max(pose.teeth, pose.clench, 0.0), 1.0) for clear, pose in zip(mouths.clear, poses, strict=True)
    ]
    sheet.add(between(_curve(mouths.x, high), _curve(mouths.x, edge)), style.teeth, shown)
    clenched = [clear * pose.clench for clear, pose in zip(mouths.clear, poses, strict=True)]
    if max(clenched) > 0:
        bite = _curve(mouths.x, (high + low) / 2)[..., 1:-1]
        sheet.add(line(bite, 0.4 * style.mouth, grid.half_turn), style.ink, clenched)
        gaps, half = np.array(_FEW_GAPS if style.spare else _GAPS), 0.34 * style.mouth
        x = mouths.middle + mouths.width * gaps
        top, end = (np.array([np.interp(gaps, grid.t, heights) for heights in lip]) for lip in (high, low))
        bars = [x - half + 1j * top, x + half + 1j * top, x + half + 1j * end, x - half + 1j * end]
        sheet.add(np.stack(bars, -1), style.ink, clenched)


def _draw_tongue_out(sheet: Sheet, mouths: _Mouths, poses: Sequence[Pose], style: Style, grid: Grid) -> None:
    x, out = mouths.middle + mouths.width * (0.1 + 0.44 * grid.t), column(pose.tongue_out for pose in poses)
    root = np.array([np.interp(*lip) for lip in zip(x, mouths.x, mouths.lower, strict=True)])
    middle = x.shape[1] // 2
    below = 66 + root[:, middle, None] - root  # the tip is even, however the lip bends
    upper, tip = _curve(x, root), _curve(x, root + below * out * grid.square)
    shown = [min(3 * pose.tongue_out, 1.0) for pose in poses]
    sheet.stroke(upper, tip, 0.5, 0.8 * style.mouth, style.lips, shown)
    sheet.add(between(upper, tip), style.tongue, shown)
    furrow = x[:, middle, None] + 1j * (root[:, middle, None] + 66 * out * np.linspace(0.2, 0.6, 4))
    sheet.add(line(furrow[:, None], 3.0, grid.half_turn), style.groove, shown)


def _draw_crease(sheet: Sheet, mouths: _Mouths, poses: Sequence[Pose], style: Style, grid: Grid) -> None:
    """The fold beside a smirk."""
    smirks = [pose.smirk for pose in poses]
    corner = mouths.x[:, -1:] + 9 + 1j * mouths.upper[:, -1:]
    bend = corner + column(smirks) * np.array([-6 - 26j, 12 - 16j, 14 + 2j, 5 + 16j])
    sheet.add(line((bend @ grid.bezier.T)[:, None], 4.5, grid.half_turn), style.ink, smirks)


def _curve(x: Array, y: Array) -> Curve:
    """(F, n) as one curve of a kind: (F, 1, n)."""
    return np.asarray((x + 1j * y)[:, None])
