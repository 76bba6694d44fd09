"""The mouth: two lips, and teeth and tongue that never reach beyond them."""

from __future__ import annotations

import numpy as np

from emojimask.emojis.alive.curves import Array, Curve, Grid, between, line
from emojimask.emojis.alive.pose import Pose
from emojimask.emojis.alive.sheet import Sheet
from emojimask.emojis.alive.style import Style

_Y = 112.0
_TALL = 98.0  # of a mouth wide open
_BOW = 52.0  # from a lifted corner down to the middle
_GAPS, _FEW_GAPS = (-0.66, -0.23, 0.23, 0.66), (-0.4, 0.4)  # between clenched teeth


class _Mouth:
    """Where both lips are: heights ``lips`` (2, n), upper and lower, over ``x`` (n,), and how tall it opens."""

    def __init__(self, pose: Pose, grid: Grid) -> None:
        self.tall = tall = _TALL * pose.open
        self.middle, self.width = 10 * pose.smirk, pose.width * (1 - 0.55 * pose.round)
        self.x = self.middle + self.width * grid.t
        # Both are the line of the corners, lifted, smirking and waving, and a share of the opening's form.
        line = (
            _Y - 0.22 * tall * pose.drop + 0.55 * _BOW * pose.lift + 2.5 * pose.smirk,
            -25 * pose.smirk,
            -_BOW * pose.lift - 12.5 * pose.smirk,
            7 * pose.wave,
        )
        forms = [
            (share * (1 - pose.square), share * pose.square) for share in ((pose.drop - 1) * tall, pose.drop * tall)
        ]
        self.lips = np.array([line + form for form in forms]) @ grid.lip
        self.upper, self.lower = self.lips
        self.clear = min(tall / 14, 1.0)  # what is inside fades in, lest it flash as the lips part

    def at(self, x: Array) -> tuple[Array, Array]:
        """Heights of both lips at other places."""
        return np.interp(x, self.x, self.upper), np.interp(x, self.x, self.lower)


def draw_mouth(sheet: Sheet, pose: Pose, style: Style, grid: Grid) -> None:
    mouth = _Mouth(pose, grid)
    upper, lower = _curve(mouth.x, mouth.upper), _curve(mouth.x, mouth.lower)
    sheet.stroke(upper, lower, style.mouth, style.mouth, style.lips, lifted=True)
    if mouth.clear > 0:
        sheet.add(between(upper, lower), style.throat, mouth.clear)
        _draw_tongue(sheet, mouth, pose, style, grid)
        _draw_teeth(sheet, mouth, pose, style, grid)
    if pose.tongue_out > 0:
        _draw_tongue_out(sheet, mouth, pose.tongue_out, style, grid)
    if pose.smirk > 0 and not style.spare:
        _draw_crease(sheet, mouth, pose.smirk, style, grid)


def _draw_tongue(sheet: Sheet, mouth: _Mouth, pose: Pose, style: Style, grid: Grid) -> None:
    x = mouth.middle + 0.8 * mouth.width * grid.t
    high, low = mouth.lips @ grid.inner
    top = np.maximum(low - 0.42 * mouth.tall * pose.tongue * grid.round, high)
    shown = mouth.clear * min(4 * max(pose.tongue, 0.0), 1.0) * (1 - max(pose.tongue_out, 0.0))
    sheet.add(between(_curve(x, top), _curve(x, low)), style.tongue, shown)


def _draw_teeth(sheet: Sheet, mouth: _Mouth, pose: Pose, style: Style, grid: Grid) -> None:
    """A row below the upper lip; clenched, it fills the mouth."""
    clench, high, low = pose.clench, mouth.upper, mouth.lower
    edge = np.minimum(high + 0.3 * mouth.tall * pose.teeth * grid.square, low)
    edge = edge + (low - edge) * clench
    shown = mouth.clear * min(4 * max(pose.teeth, clench, 0.0), 1.0)
    sheet.add(between(_curve(mouth.x, high), _curve(mouth.x, edge)), style.teeth, shown)
    if clench > 0:
        bite = _curve(mouth.x, (high + low) / 2)[:, 1:-1]
        sheet.add(line(bite, 0.4 * style.mouth, grid.half_turn), style.ink, mouth.clear * clench)
        gaps = np.array(_FEW_GAPS if style.spare else _GAPS)
        x = np.interp(gaps, grid.t, mouth.x)
        ends, half = mouth.at(x), 0.34 * style.mouth
        bars = [x - half + 1j * ends[0], x + half + 1j * ends[0], x + half + 1j * ends[1], x - half + 1j * ends[1]]
        sheet.add(np.stack(bars, 1), style.ink, mouth.clear * clench)


def _draw_tongue_out(sheet: Sheet, mouth: _Mouth, out: float, style: Style, grid: Grid) -> None:
    x = 8 + 34 * grid.t
    root = mouth.at(x)[1]
    upper, tip = _curve(x, root), _curve(x, root + 66 * out * grid.square)
    shown = min(3 * out, 1.0)
    sheet.stroke(upper, tip, 0.5, 0.8 * style.mouth, style.lips, shown, lifted=True)
    sheet.add(between(upper, tip), style.tongue, shown)
    middle = len(x) // 2
    furrow = x[middle] + 1j * (root[middle] + 66 * out * np.linspace(0.2, 0.6, 4))
    sheet.add(line(furrow[None], 3.0, grid.half_turn), style.groove, shown)


def _draw_crease(sheet: Sheet, mouth: _Mouth, smirk: float, style: Style, grid: Grid) -> None:
    """The fold beside a smirk."""
    bend = mouth.x[-1] + 9 + 1j * mouth.upper[-1] + smirk * np.array([-6 - 26j, 12 - 16j, 14 + 2j, 5 + 16j])
    sheet.add(line((grid.bezier @ bend)[None], 4.5, grid.half_turn), style.ink, smirk)


def _curve(x: Array, y: Array) -> Curve:
    return (x + 1j * y)[None]
