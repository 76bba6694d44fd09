"""A plain head in three dimensions, and which landmarks lie where on it.

Head units: the outer corners of the eyes are one apart, and the origin is half way between them. x points to the
viewer's right, y down, z away from the viewer. The numbers are means over about fifty people, made symmetric.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SIDES = ("eye_outer", "eye_inner", "lid_upper", "lid_lower", "brow_inner", "brow_outer", "corner", "cheek")
"""Parts that a face has twice; the viewer's left one comes first."""
MIDDLE = ("lip_top", "lip_upper", "lip_lower", "lip_bottom")
"""The lips' outer and inner edges, downwards."""


@dataclass(frozen=True)
class Layout:
    """One kind of landmarks.

    Attributes:
        rigid: landmarks that expressions hardly move: (left index, right index, place of the left one); a point on
            the middle line has one index twice.
        parts: the landmarks whose mean is a part, the left or only one; those of the right one; and its depth.
        rest: what a resting face usually measures, (13,): all raw measures but the pose; medians over some 850
            resting faces.
    """

    rigid: tuple[tuple[int, int, tuple[float, float, float]], ...]
    parts: Mapping[str, tuple[tuple[int, ...], tuple[int, ...], float]]
    rest: tuple[float, ...]

    @cached_property
    def indices(self) -> NDArray[np.intp]:
        """The landmarks that are used: the rigid ones, then those of all parts."""
        rigid = [i for left, right, _ in self.rigid for i in ([left] if left == right else [left, right])]
        return np.array(rigid + [i for indices, _ in self._all_parts for i in indices])

    @cached_property
    def matrix(self) -> Floats:
        """(4 + parts, landmarks): times the used landmarks (N, 2) it gives three rows of the affine camera from the
        model to the picture, by least squares; the rigid points' mean; and each part's place."""
        count = len(self._rigid_points)
        matrix = np.zeros((4 + len(self._all_parts), len(self.indices)))
        matrix[:3, :count] = np.linalg.pinv(self._rigid_points - self.rigid_center)
        matrix[3, :count] = 1 / count
        start = count
        for row, (indices, _) in enumerate(self._all_parts, start=4):
            matrix[row, start : start + len(indices)] = 1 / len(indices)
            start += len(indices)
        return matrix

    @cached_property
    def rigid_center(self) -> Floats:
        """(3,) mean of the rigid points."""
        return np.asarray(self._rigid_points.mean(0))

    @cached_property
    def depths(self) -> Floats:
        """(parts, 1) z of each."""
        return np.array([[depth] for _, depth in self._all_parts])

    @cached_property
    def _rigid_points(self) -> Floats:
        rows = []
        for left, right, (x, y, z) in self.rigid:
            rows += [(x, y, z)] if left == right else [(x, y, z), (-x, y, z)]
        return np.array(rows)

    @cached_property
    def _all_parts(self) -> list[tuple[tuple[int, ...], float]]:
        """Left and right of each of ``SIDES``, then ``MIDDLE``."""
        found = []
        for name in SIDES + MIDDLE:
            left, right, depth = self.parts[name]
            found += [(left, depth), (right, depth)] if right else [(left, depth)]
        return found


MESH = Layout(
    rigid=(
        (33, 263, (-0.5, 0.0, 0.0)),  # eyes, outer and inner corners
        (133, 362, (-0.197, 0.008, -0.059)),
        (127, 356, (-0.779, 0.074, 0.546)),  # before the ears
        (234, 454, (-0.77, 0.236, 0.581)),
        (93, 323, (-0.756, 0.402, 0.574)),
        (21, 251, (-0.729, -0.251, 0.315)),  # temples and hairline
        (54, 284, (-0.662, -0.388, 0.189)),
        (109, 338, (-0.211, -0.608, -0.132)),
        (10, 10, (0.0, -0.615, -0.15)),
        (168, 168, (0.0, -0.069, -0.239)),  # nose, downwards
        (6, 6, (0.0, 0.012, -0.292)),
        (197, 197, (0.0, 0.088, -0.352)),
        (195, 195, (0.0, 0.161, -0.418)),
        (5, 5, (0.0, 0.243, -0.485)),
        (4, 4, (0.0, 0.336, -0.517)),
    ),
    parts={
        "eye_outer": ((33,), (263,), 0.0),
        "eye_inner": ((133,), (362,), -0.059),
        "lid_upper": ((160, 159, 158), (387, 386, 385), -0.085),
        "lid_lower": ((144, 145, 153), (373, 374, 380), -0.076),
        "brow_inner": ((107, 55, 66, 65), (336, 285, 296, 295), -0.211),
        "brow_outer": ((70, 46, 63, 53), (300, 276, 293, 283), -0.043),
        "corner": ((61, 78), (291, 308), -0.156),
        "cheek": ((205, 50, 101, 36), (425, 280, 330, 266), -0.142),
        "lip_top": ((0, 37, 267), (), -0.338),
        "lip_upper": ((13, 82, 312), (), -0.284),
        "lip_lower": ((14, 87, 317), (), -0.277),
        "lip_bottom": ((17, 84, 314), (), -0.3),
    },
    rest=(0.29, 0.29, 0.0, -0.08, 0.213, 0.213, 0.043, 0.043, 0.02, 0.515, -0.01, -0.41, -0.357),
)

IBUG = Layout(
    rigid=(
        (36, 45, (-0.49, 0.021, 0.077)),
        (39, 42, (-0.208, 0.027, 0.004)),
        (0, 16, (-0.786, 0.059, 0.591)),
        (1, 15, (-0.777, 0.263, 0.53)),
        (31, 35, (-0.159, 0.47, -0.252)),
        (27, 27, (0.0, -0.033, -0.194)),
        (28, 28, (0.0, 0.093, -0.309)),
        (29, 29, (0.0, 0.213, -0.424)),
        (30, 30, (0.0, 0.341, -0.525)),
        (33, 33, (0.0, 0.513, -0.332)),
    ),
    parts={
        "eye_outer": ((36,), (45,), 0.077),
        "eye_inner": ((39,), (42,), 0.004),
        "lid_upper": ((37, 38), (44, 43), -0.005),
        "lid_lower": ((41, 40), (46, 47), -0.004),
        "brow_inner": ((20, 21), (23, 22), -0.161),
        "brow_outer": ((17, 18), (26, 25), 0.122),
        "corner": ((48, 60), (54, 64), -0.1),
        "cheek": ((31,), (35,), -0.252),  # the nose's wing, which lies still: 68 points say nothing of the cheeks
        "lip_top": ((50, 51, 52), (), -0.309),
        "lip_upper": ((61, 62, 63), (), -0.289),
        "lip_lower": ((65, 66, 67), (), -0.271),
        "lip_bottom": ((56, 57, 58), (), -0.278),
    },
    rest=(0.285, 0.285, 0.0, 0.0, 0.223, 0.223, 0.05, 0.05, 0.04, 0.515, -0.006, -0.42, -0.47),
)

LAYOUTS: Mapping[int, Layout] = {68: IBUG, 468: MESH, 478: MESH}
"""By the number of landmarks."""
