"""From landmarks to raw measures, in the head's own units: free of the picture's size, and nearly of the pose.

The head's pose is the rotation and scale under which the model's rigid points fall nearest to the landmarks. Each
landmark is then put back onto the head seen from the front, on the assumption that it lies as deep as the model has
it; there distances are taken. Raw measures are a float64 array of 16 in the order of ``Measures``' fields:

    eye_left, eye_right                 gap of the lids over the eye's width
    gaze_x, gaze_y                      0 (not to be had from landmarks)
    brow_left, brow_right               middle of the brow above the line of the eye's corners
    brow_left_angle, brow_right_angle   inner end above the outer end
    mouth_open                          gap between the lips
    mouth_width                         distance of the corners
    mouth_corners                       the corners above the middle of the gap
    mouth_round                         half the height of both lips, less the width
    cheeks                              the cheeks' height
    yaw, pitch, roll                    degrees
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from emojimask.measures.head_model import LAYOUTS, SIDES, Floats, Layout
from emojimask.types import Points

FIELDS = 16
POSE = slice(13, 16)
"""Where yaw, pitch and roll are among the measures; all before are calibrated."""

_FARTHEST = 1e6
"""Landmarks further out than this, in pixels, are no landmarks."""
_SMALLEST = 1e-3
"""Nor are those of a head whose eyes are nearer to one another, in pixels."""
_STEEPEST = 0.25
"""Cosine of the angle between head and picture below which a head counts as no further turned."""


class Head(NamedTuple):
    """Where a head is: the first two rows of its rotation, from the model to the picture, and pixels a head unit."""

    across: Floats
    down: Floats
    scale: float

    def towards(self) -> tuple[float, float, float]:
        """The rotation's third row."""
        (a, b, c), (d, e, f) = self.across.tolist(), self.down.tolist()
        return b * f - c * e, c * d - a * f, a * e - b * d

    def angles(self) -> tuple[float, float, float]:
        """Yaw, pitch and roll, degrees: to the viewer's right, down, and clockwise are positive."""
        x, y, z = self.towards()
        roll = math.atan2(self.down[0], self.across[0])
        return math.degrees(math.asin(min(1.0, max(-1.0, x)))), math.degrees(math.atan2(y, z)), math.degrees(roll)


def raw_measures(landmarks: Points) -> Floats | None:
    """(16,) raw measures, all finite; None of six landmarks, and where the landmarks make no face.

    Args:
        landmarks: (N, 2) pixels, N one of 6, 68, 468 and 478.
    """
    layout = LAYOUTS.get(len(landmarks))
    if layout is None:
        return None
    used = landmarks[layout.indices].astype(np.float64)
    if not np.abs(used).max() < _FARTHEST:  # NaN is not below anything
        return None
    placed = layout.matrix @ used
    head = _head(placed[:3].T)
    if head is None:
        return None
    return np.array([*_distances(_frontal(placed[4:] - placed[3], layout, head)), *head.angles()])


def _head(affine: Floats) -> Head | None:
    """The rotation and scale nearest to an affine camera, (2, 3); None where it shows a point or a line.

    The nearest rotation is ``(affine @ affine.T) ** -0.5 @ affine``; of two by two numbers the root has a closed form.
    """
    (a, b), (_, c) = (affine @ affine.T).tolist()
    root = math.sqrt(max(a * c - b * b, 0.0))
    twice = math.sqrt(a + c + 2 * root)  # the root's trace: twice the scale
    if not (root > 1e-4 * (a + c) and twice > 2 * _SMALLEST):
        return None
    factor = 1 / (twice * root)
    first, second = affine
    across = ((c + root) * first - b * second) * factor
    down = ((a + root) * second - b * first) * factor
    return Head(across, down, twice / 2)


def _frontal(parts: Floats, layout: Layout, head: Head) -> Floats:
    """(parts, 2): each part as seen from the front, in head units. ``parts``: from the rigid points' mean, pixels."""
    (a, b, x), (c, d, y) = head.across.tolist(), head.down.tolist()
    flat = parts / head.scale - (layout.depths - layout.rigid_center[2]) * np.array([x, y])
    # The inverse of [[a, b], [c, d]], whose determinant is the rotation's last number; bounded when seen edge on.
    determinant = max(head.towards()[2], _STEEPEST)
    straight = flat @ (np.array([[d, -c], [-b, a]]) / determinant)
    return np.asarray(straight + layout.rigid_center[:2])


def _distances(parts: Floats) -> tuple[float, ...]:
    """(13,): what is measured between the parts, gaze left at 0."""
    points = parts.tolist()
    top, upper, lower, bottom = (y for _, y in points[2 * len(SIDES) :])
    (left_x, left_y), (right_x, right_y) = points[12:14]
    width = math.hypot(right_x - left_x, right_y - left_y)
    eyes, brows, angles = zip(*(_eye_and_brow(points[side:12:2]) for side in (0, 1)), strict=True)
    cheeks = -(points[14][1] + points[15][1]) / 2
    corners = (upper + lower - left_y - right_y) / 2
    return *eyes, 0.0, 0.0, *brows, *angles, lower - upper, width, corners, (bottom - top) / 2 - width, cheeks


def _eye_and_brow(side: list[list[float]]) -> tuple[float, float, float]:
    """Openness of an eye, height and angle of its brow, from one side's parts."""
    (outer_x, outer_y), (inner_x, inner_y), (_, lid_upper), (_, lid_lower), (_, brow_inner), (_, brow_outer) = side
    width = max(math.hypot(inner_x - outer_x, inner_y - outer_y), 0.05)
    return (lid_lower - lid_upper) / width, (outer_y + inner_y - brow_inner - brow_outer) / 2, brow_outer - brow_inner
