"""Eyes and brows: the opening between two lids, what is seen through it, and what frowns above it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emojimask.emojis.alive.curves import Array, Curve, Grid, between, column
from emojimask.emojis.alive.pose import Pose
from emojimask.emojis.alive.sheet import Sheet
from emojimask.emojis.alive.style import Style

_SIDES = (-1.0, 1.0)
_EYE_Y = -34.0

# Control points of the right brow from its inner end: x; and y at rest, for every 1 of height, of angle either way, and
# of angle whichever way, which takes the bow out of it.
_BROW_X = np.array([-32.0, -2.0, 34.0, 62.0])
_BROW_BOW = np.array([8.0, -14.0, -16.0, 10.0])
_BROW_Y = np.stack([-116 + _BROW_BOW, np.full(4, -30.0), np.array([-24.0, -14.0, 2.0, 20.0]), -0.75 * _BROW_BOW])

# What is seen of a pupil: its parts' places and sizes in radii of the iris.
_PARTS = np.array([0, 0, 0.34 + 0.42j, -0.3 - 0.36j])
_PART_SIZES = np.array([1, 0.66, 0.15, 0.3])

Lid = tuple[float, float, float, float]


class _Eyes:
    """Both openings of one face. x and y are from an eye's centre, t is x from -1 to 1.

    Attributes:
        width, heights: half of an eye's.
        lids: for each eye the upper lid, the lower lid and the ball's upper edge: how much there is in the y of each
            of 1, t, dome and t * dome, where dome is the height of a half circle.
        centers: of either eye.
        pupils: where they are, from the eyes' centres. radius: of an iris.
    """

    def __init__(self, pose: Pose, style: Style) -> None:
        laugh = min(style.laugh * max(pose.smile_eyes, 0.0), 1.0)
        bow = -0.42 * pose.smile_eyes * (1 + 0.6 * laugh)
        self.width = style.eye[0] * pose.wide * (1 + 0.35 * laugh if style.dots else 1)
        self.heights = [style.eye[1] * pose.wide * (0.7 + 0.3 * max(eye, 1.0)) for eye in pose.eyes]
        opened = [min(eye, 1.0) * (1 - laugh) for eye in pose.eyes]
        slopes = [slope * side for slope, side in zip(pose.slope, _SIDES, strict=True)]
        self.lids = [_lids(bow, *eye) for eye in zip(self.heights, opened, pose.squint, slopes, strict=True)]
        shift = complex(14 * pose.gaze_x, 12 * pose.gaze_y) if style.dots else 0
        self.centers = [side * style.spread + 1j * _EYE_Y + shift for side in _SIDES]
        self.radius = radius = 0.62 * self.width * pose.pupil
        # Pupils turn in a little, and keep to the middle of what is open, so that lowered lids do not hide them.
        x = 0.8 * pose.gaze_x * (self.width - radius)
        self.pupils = [
            complex(x - 3 * side, 0.75 * pose.gaze_y * (height - radius) + 0.55 * _halfway(*lids))
            for side, height, lids in zip(_SIDES, self.heights, self.lids, strict=True)
        ]


def _lids(bow: float, height: float, opened: float, squint: float, slope: float) -> tuple[Lid, Lid, Lid]:
    """One eye's rows of :attr:`_Eyes.lids`. ``slope``: of the upper lid, down to the viewer's left."""
    # Shut, the lids meet in a line of a bow and a sag; from there each opens towards its edge of the ball.
    bow, sag = bow * height, 0.12 * height * (1 - opened)
    # A sloping lid is lower at one end: the inner one in anger, the outer one in grief.
    up, tilt = opened * (1 - 0.42 * abs(slope)), 0.42 * opened * slope
    down = (1 - (1 - opened) ** 2) * (1 - 0.85 * squint)
    return (
        (sag * (1 - up), sag * tilt, bow * (1 - up) - height * up, (bow + height) * tilt),
        (sag * (1 - down), 0.0, bow * (1 - down) + height * down, 0.0),
        (0.0, 0.0, -height, 0.0),
    )


def _halfway(upper: Lid, lower: Lid, _: Lid) -> float:
    """The y between both lids in the middle of an eye, where the dome's height is 1."""
    return (upper[0] + upper[2] + lower[0] + lower[2]) / 2


def draw_eyes(sheet: Sheet, poses: Sequence[Pose], style: Style, grid: Grid) -> None:
    eyes = [_Eyes(pose, style) for pose in poses]
    lids = np.array([eye.lids for eye in eyes])
    centers = np.array([eye.centers for eye in eyes])[..., None]
    widths = column(eye.width for eye in eyes)
    heights = lids @ grid.lid
    curves = (centers + (widths * grid.t)[:, None])[:, :, None] + 1j * heights
    upper, lower, top = curves[:, :, 0], curves[:, :, 1], curves[:, :, 2]
    clear = np.minimum((heights[:, :, 1] - heights[:, :, 0]).max(2) / 8, 1).tolist()

    if not style.spare:
        lowered = [[0.14 * min(max(2 * (1 - eye), 0.0), 1.0) for eye in pose.eyes] for pose in poses]
        sheet.add(between(top, upper), style.ink, lowered)
    above = style.rim_below + (style.rim_above - style.rim_below) * grid.round
    sheet.stroke(upper, lower, above, style.rim_below, style.ink)
    if not style.dots:
        sheet.add(between(upper, lower), style.white, clear)
        parts = column(eye.radius for eye in eyes) * (_PARTS[:, None] + _PART_SIZES[:, None] * grid.ring).ravel()
        pupils = parts[:, None] + np.array([eye.pupils for eye in eyes])[..., None]
        _draw_pupils(sheet, centers + _between_lids(pupils, lids, widths[:, None]), style, clear)


def _between_lids(outlines: Curve, lids: Array, width: Array) -> Curve:
    """What is seen of (F, 2, n) outlines about each eye's centre."""
    t = np.minimum(np.maximum(outlines.real / width, -0.999), 0.999)
    dome = np.sqrt(1 - t * t)
    (a, b, c, d), (e, _, f, _), _ = lids.transpose(2, 3, 0, 1)[..., None]
    held = np.minimum(np.maximum(outlines.imag, a + b * t + (c + d * t) * dome), e + f * dome)
    return np.asarray(width * t + 1j * held)


def _draw_pupils(sheet: Sheet, outlines: Curve, style: Style, clear: list[list[float]]) -> None:
    iris, pupil, gleam, glint = outlines.reshape(*outlines.shape[:2], len(_PARTS), -1).transpose(2, 0, 1, 3)
    sheet.add(iris, style.iris, clear)
    if not style.spare:
        sheet.add(pupil, style.pupil, clear)
        sheet.add(gleam, style.glint, [[0.55 * share for share in face] for face in clear])
    sheet.add(glint, style.glint, clear)


def draw_brows(sheet: Sheet, poses: Sequence[Pose], style: Style, grid: Grid) -> None:
    moves = [
        [(1, height, angle, abs(angle)) for height, angle in zip(pose.brows, pose.angles, strict=True)]
        for pose in poses
    ]
    curves = (style.spread + _BROW_X + 1j * (np.array(moves) @ _BROW_Y)) @ grid.bezier.T
    curves[:, 0] = -curves[:, 0, ::-1].conj()
    width = style.brow if style.spare else style.brow * (0.62 + 0.38 * grid.round)
    sheet.stroke(curves, curves, width, width, style.brows)
