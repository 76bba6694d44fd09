"""Eyes and brows: the opening between two lids, what is seen through it, and what frowns above it."""

from __future__ import annotations

import numpy as np

from emojimask.emojis.alive.curves import Array, Curve, Grid, between, line, thick
from emojimask.emojis.alive.pose import Pose
from emojimask.emojis.alive.sheet import Sheet
from emojimask.emojis.alive.style import Style

_SIDES = np.array([-1.0, 1.0])
_EYE_Y = -34.0

# Control points of the right brow from its inner end: where they are at rest, and how bow and tilt move them.
_BROW_X = np.array([-32.0, -2.0, 34.0, 62.0])
_BROW_Y = -116.0
_BROW_BOW = np.array([8.0, -14.0, -16.0, 10.0])
_BROW_TILT = np.array([-24.0, -14.0, 2.0, 20.0])

# What is seen of a pupil: its parts' places and sizes in radii of the iris.
_PARTS = np.array([0, 0, 0.34 + 0.42j, -0.3 - 0.36j])
_PART_SIZES = np.array([1, 0.66, 0.15, 0.3])


class _Eyes:
    """Both openings: where their lids are over every x. x and y are from an eye's centre, t is x from -1 to 1."""

    def __init__(self, pose: Pose, style: Style) -> None:
        laugh = min(style.laugh * max(pose.smile_eyes, 0.0), 1.0)
        opened = np.minimum(pose.eyes, 1) * (1 - laugh)
        self.width = style.eye[0] * pose.wide * (1 + 0.35 * laugh if style.dots else 1)
        self.heights = style.eye[1] * pose.wide * (0.7 + 0.3 * np.maximum(pose.eyes, 1))
        self.upper = opened
        self.lower = (1 - (1 - opened) ** 2) * (1 - 0.85 * pose.squint)
        self.slope = pose.slope
        self.bow = -0.42 * pose.smile_eyes * (1 + 0.6 * laugh)
        self.centers = _SIDES * style.spread + 1j * _EYE_Y
        if style.dots:
            self.centers = self.centers + (14 * pose.gaze_x + 12j * pose.gaze_y)

    def lids(self, t: Array, dome: Array) -> tuple[Array, Array, Array]:
        """y of the upper and the lower lid and of the ball's upper edge, (n, 2), over (n, 1) or (n, 2)."""
        ball = self.heights * dome
        shut = self.bow * ball + 0.12 * self.heights * (1 - self.upper)
        # A sloping lid is lower at one end: the inner one in anger, the outer one in grief.
        drawn = self.upper * (1 - 0.42 * (np.abs(self.slope) + self.slope * _SIDES * t))
        return shut - (ball + shut) * drawn, shut + (ball - shut) * self.lower, -ball

    def seen(self, outlines: Curve) -> Curve:
        """What is seen of (n, 2) outlines about each eye's centre: held between the lids."""
        t = np.minimum(np.maximum(outlines.real / self.width, -0.999), 0.999)
        upper, lower, _ = self.lids(t, np.sqrt(1 - t * t))
        held = np.minimum(np.maximum(outlines.imag, upper), lower)
        return np.asarray(self.width * t + 1j * held + self.centers)


def draw_eyes(sheet: Sheet, pose: Pose, style: Style, grid: Grid) -> None:
    eyes = _Eyes(pose, style)
    heights = eyes.lids(grid.t[:, None], grid.round[:, None])
    middle = eyes.centers + (eyes.width * grid.t)[:, None]
    upper, lower, top = ((middle + 1j * y).T for y in heights)
    clear = np.minimum((heights[1] - heights[0]).max(0) / 8, 1)

    if not style.spare:
        sheet.add(between(top, upper), style.ink, 0.14 * np.minimum(np.maximum(2 * (1 - pose.eyes), 0), 1))
    above = style.rim_below + (style.rim_above - style.rim_below) * grid.round
    sheet.add(thick(upper, lower, above, style.rim_below, grid.cap), style.ink, lifted=True)
    if not style.dots:
        sheet.add(between(upper, lower), style.white, clear)
        halfway = (heights[0] + heights[1])[len(grid.t) // 2] / 2
        _draw_pupils(sheet, eyes, pose, style, grid, halfway, clear)


def _draw_pupils(sheet: Sheet, eyes: _Eyes, pose: Pose, style: Style, grid: Grid, halfway: Array, clear: Array) -> None:
    radius = 0.62 * eyes.width * pose.pupil
    # Pupils turn in a little, and keep to the middle of what is open, so that lowered lids do not hide them.
    x = 0.8 * pose.gaze_x * (eyes.width - radius) - 3 * _SIDES
    y = 0.75 * pose.gaze_y * (eyes.heights - radius) + 0.55 * halfway
    parts = _PARTS[:, None] + _PART_SIZES[:, None] * grid.ring
    outlines = eyes.seen(radius * parts.reshape(-1, 1) + (x + 1j * y))
    iris, pupil, gleam, glint = outlines.T.reshape(2, len(_PARTS), -1).swapaxes(0, 1)
    sheet.add(iris, style.iris, clear)
    if not style.spare:
        sheet.add(pupil, style.pupil, clear)
        sheet.add(gleam, style.glint, 0.55 * clear)
    sheet.add(glint, style.glint, clear)


def draw_brows(sheet: Sheet, pose: Pose, style: Style, grid: Grid) -> None:
    angles = pose.angles[:, None]
    y = _BROW_Y - 30 * pose.brows[:, None] + _BROW_TILT * angles + _BROW_BOW * (1 - 0.75 * np.abs(angles))
    left, right = grid.bezier @ ((style.spread + _BROW_X) + 1j * y)[..., None]
    curves = np.concatenate([-left.conj()[::-1], right], 1).T
    width = style.brow if style.spare else style.brow * (0.62 + 0.38 * grid.round)
    sheet.add(line(curves, width, grid.half_turn), style.brows, lifted=True)
