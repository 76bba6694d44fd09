"""The outline of a face, hairline to chin, from whatever landmarks there are. What must never be seen."""

from __future__ import annotations

import cv2
import numpy as np

from emojimask.masking.homography import bounded_affine, project
from emojimask.types import Face, Points

# MediaPipe mesh: the ring of the face oval.
_MESH_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip

# An average upright face: its key points and an ellipse around it, in units of the distance between the outer eye
# corners, the middle between them at (0, 0).
_MEAN_KEY_POINTS = np.array([[-0.5, 0], [0.5, 0], [0, 0.66], [-0.28, 0.73], [0.28, 0.73], [0, 1.16]], np.float32)
_angles = np.linspace(0, 2 * np.pi, 36, endpoint=False)
_MEAN_OVAL = np.stack([0.86 * np.sin(_angles), 0.2 - 1.06 * np.cos(_angles)], 1).astype(np.float32)

MARGIN = 1.12
"""How much larger than the face's outline the cover is: room for the landmarks' error and for the hairline."""


def face_oval(face: Face, growth: float = 1.0) -> Points:
    """A convex polygon (N, 2), pixels, around the whole face with a margin.

    Args:
        face: with any of the known kinds of landmarks.
        growth: at least 1; how much larger still, for a face whose place is uncertain.
    """
    if len(face.landmarks) >= 468:
        points = face.landmarks[list(_MESH_OVAL)]
    elif len(face.landmarks) == 68:
        points = np.vstack([face.landmarks, _mean_oval(face)])  # the 68 points end at the brows
    else:
        box = face.box
        corners = _ellipse(box.center, 0.55 * box.width, 0.62 * box.height)
        points = np.vstack([_mean_oval(face), corners])
    hull = cv2.convexHull(points.astype(np.float32))[:, 0]
    center = (hull.min(0) + hull.max(0)) / 2
    up = _upwards(face)
    # The mesh's top lies on the forehead, so the part above the centre is stretched further, up to the hairline.
    height = np.maximum((hull - center) @ up, 0)
    raised = hull + (0.18 if len(face.landmarks) >= 468 else 0.05) * height[:, None] * up
    return np.asarray(center + (raised - center) * (MARGIN * growth), np.float32)


def _mean_oval(face: Face) -> Points:
    return project(bounded_affine(_MEAN_KEY_POINTS, face.anchors()), _MEAN_OVAL)


def _upwards(face: Face) -> Points:
    """Unit vector (2,) from chin to forehead, along the normal of the line of the eyes."""
    left, right = face.anchors()[:2]
    x, y = right - left
    length = float(np.hypot(x, y))
    return np.array([y / length, -x / length] if length > 1e-3 else [0.0, -1.0], np.float32)


def _ellipse(center: tuple[float, float], half_width: float, half_height: float) -> Points:
    ring = np.stack([half_width * np.sin(_angles), half_height * np.cos(_angles)], 1)
    return np.asarray(ring + np.array(center), np.float32)
