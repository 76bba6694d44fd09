"""The outline of a face, hairline to chin, from whatever landmarks there are. What must never be seen."""

from __future__ import annotations

import math

import cv2
import numpy as np

from emojimask.geometry.transform import project
from emojimask.masking.homography import bounded_affine
from emojimask.types import MESH_POINTS, Face, Points

# An average upright face: its key points and an ellipse around it, in units of the distance between the outer eye
# corners, the middle between them at (0, 0).
_MEAN_KEY_POINTS = np.array([[-0.5, 0], [0.5, 0], [0, 0.66], [-0.28, 0.73], [0.28, 0.73], [0, 1.16]], np.float32)
_angles = np.linspace(0, 2 * np.pi, 36, endpoint=False)
_RING = np.stack([np.sin(_angles), -np.cos(_angles)], 1).astype(np.float32)
_MEAN_OVAL = _RING * np.array([0.86, 1.06], np.float32) + np.array([0, 0.2], np.float32)

FAR = 1e7
"""Pixels; what lies farther off than this, or nowhere, is no place in a picture."""
MARGIN = 1.12
"""How much larger than the face's outline the cover is: room for the landmarks' error and for the hairline."""


def face_oval(face: Face, growth: float = 1.0) -> Points:
    """A convex polygon (N, 2), pixels, around the whole face with a margin.

    Args:
        face: with any of the known kinds of landmarks.
        growth: at least 1; how much larger still, for a face whose place is uncertain.

    Raises:
        ValueError: the face's landmarks or box are not finite; what would be drawn then covers nothing.
    """
    box = face.box
    ends = face.landmarks.min(), face.landmarks.max(), box.x, box.y, box.width, box.height
    if not np.abs(ends).max() < FAR:  # nor is NaN
        raise ValueError("a face's landmarks or box are not finite, so that it cannot be covered")
    is_mesh = len(face.landmarks) >= MESH_POINTS
    # All of the mesh, not the ring around it alone: in profile the nose stands out of that.
    hull = cv2.convexHull(face.landmarks if is_mesh else _around(face))[:, 0]
    center = (hull.min(0) + hull.max(0)) / 2
    outline, up = hull - center, _upwards(face)
    # The mesh's top lies on the forehead, so the part above the centre is stretched further, up to the hairline.
    height = np.maximum(outline @ up, 0)
    raised = outline + height[:, None] * ((0.18 if is_mesh else 0.05) * up)
    return np.asarray(center + raised * np.float32(MARGIN * growth), np.float32)


def _around(face: Face) -> Points:
    """Points around a face of few landmarks."""
    mean_oval = project(bounded_affine(_MEAN_KEY_POINTS, face.anchors()), _MEAN_OVAL)
    if len(face.landmarks) == 68:
        return np.concatenate([face.landmarks, mean_oval])  # the 68 points end at the brows
    box = face.box
    ellipse = _RING * np.array([0.55 * box.width, 0.62 * box.height], np.float32) + np.array(box.center, np.float32)
    return np.concatenate([mean_oval, ellipse])


def _upwards(face: Face) -> Points:
    """Unit vector (2,) from chin to forehead, along the normal of the line of the eyes."""
    left, right = face.anchors()[:2].tolist()
    x, y = right[0] - left[0], right[1] - left[1]
    length = math.hypot(x, y)
    return np.array([y / length, -x / length] if length > 1e-3 else [0.0, -1.0], np.float32)
