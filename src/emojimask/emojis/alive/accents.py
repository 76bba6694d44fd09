"""What an expression adds to a face: a flush over all of it, blush, a tear, sweat, a wrinkled nose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emojimask.emojis.alive.curves import Curve, Grid, column, line
from emojimask.emojis.alive.pose import Pose
from emojimask.emojis.alive.sheet import Sheet
from emojimask.emojis.alive.style import Style
from emojimask.types import EXPRESSIONS

_CHEEKS = np.array([[-150 + 52j], [150 + 52j]])
_CHEEK = (44.0, 30.0)
_RINGS = (1.0, 0.8, 0.58)
_FINE_RINGS = tuple(np.linspace(1.05, 0.3, 16))  # on a very large face three could be counted
_TEAR, _TEAR_RADIUS = -118 + 62j, 26.0
_SWEAT, _SWEAT_RADIUS = 168 - 118j, 22.0
_FOLDS = ((4.0, 15.0), (26.0, 22.0))  # of the nose: y and half the width


def draw_under(sheet: Sheet, poses: Sequence[Pose], style: Style, grid: Grid, edge: Curve) -> None:
    """What lies under eyes and mouth; ``edge`` is the outline of the head."""
    if style.moods:
        moods = np.array([style.moods[name] for name in EXPRESSIONS])
        mixed = np.rint([pose.weights for pose in poses] @ moods).astype(int).tolist()
        sheet.stain(edge, [(blue, green, red) for blue, green, red in mixed], [1.0] * len(poses))
    for accent, (color, opacity) in style.tints.items():
        shares = [opacity * getattr(pose, accent) for pose in poses]
        if max(shares) > 0:
            sheet.stain(edge, [color] * len(poses), shares)
    _draw_blush(sheet, [style.blush * pose.blush for pose in poses], style, grid)


def draw_over(sheet: Sheet, poses: Sequence[Pose], style: Style, grid: Grid) -> None:
    """What lies over them."""
    _draw_drop(sheet, _TEAR, [_TEAR_RADIUS * pose.tear for pose in poses], style, grid)
    _draw_drop(sheet, _SWEAT, [_SWEAT_RADIUS * pose.sweat for pose in poses], style, grid)
    wrinkles = [0.6 * pose.wrinkle for pose in poses]
    if max(wrinkles) > 0:
        folds = np.stack([half * grid.t + 1j * (y + 7 * grid.round) for y, half in _FOLDS])
        sheet.add(line(folds, 4.0, grid.half_turn), style.ink, wrinkles)


def _draw_blush(sheet: Sheet, blush: Sequence[float], style: Style, grid: Grid) -> None:
    """Rings one over another, each of which lets ``1 - blush`` through; finer ones let as much through together."""
    if max(blush) <= 0:
        return
    rings: tuple[float, ...] = (1.0,) if style.spare else _RINGS
    if not style.spare and len(grid.t) > style.samples:
        rings = _FINE_RINGS
        blush = [1 - (1 - share) ** (len(_RINGS) / len(rings)) for share in blush]
    cheek = _CHEEK[0] * grid.ring.real + 1j * _CHEEK[1] * grid.ring.imag
    for size in rings:
        sheet.add(_CHEEKS + size * cheek, style.cheek, blush, lifted=True)


def _draw_drop(sheet: Sheet, at: complex, radii: Sequence[float], style: Style, grid: Grid) -> None:
    """A drop that swells from nothing."""
    if max(radii) <= 0:
        return
    radius, shown = column(radii), [min(radius / 8, 1.0) for radius in radii]
    sheet.add((at + radius * grid.drop)[:, None], style.water, shown, lifted=True)
    if not style.spare:
        glint = at + radius * (0.3 * grid.ring - 0.36 + 0.2j)
        sheet.add(glint[:, None], style.glint, [0.75 * share for share in shown])
