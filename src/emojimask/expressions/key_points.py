"""Landmarks drawn on a face, for networks that learned from faces with them, as in the work on key points.

Brows, eyes, nose, lips and jaw of the face mesh, as white dots of a pixel each.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emojimask.geometry.similarity import similarity
from emojimask.geometry.transform import project
from emojimask.types import MESH_POINTS, Face, Points

DRAWN = (
    (70, 63, 105, 66, 107), (336, 296, 334, 293, 300),  # brows
    (33, 160, 158, 133, 153, 144), (362, 385, 387, 263, 373, 380),  # eyes
    (168, 197, 195, 4), (98, 97, 2, 326, 327),  # nose: ridge and base
    (61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91), (78, 82, 13, 312, 308, 317, 14, 87),  # lips
    (234, 132, 172, 150, 176, 152, 400, 379, 397, 361, 454),  # jaw
)  # fmt: skip
"""Landmarks of the mesh, part by part."""


def drawn_of(landmarks: Points) -> Points:
    """(N, 2), the landmarks of :data:`DRAWN` out of those of a mesh."""
    return landmarks[[index for part in DRAWN for index in part]]


def draw_face(crop: NDArray[np.uint8], face: Face, key_points: Points) -> None:
    """Draw a face's landmarks into its crop. Without a mesh it stays plain, as such faces did in training.

    Args:
        crop: (48, 48) uint8, what :func:`emojimask.expressions.preprocess.crop_face` made of the face; drawn on.
        face: in pixels of the picture that the crop is from.
        key_points: (6, 2), where its anchors came to lie in the crop.
    """
    if len(face.landmarks) < MESH_POINTS:
        return
    to_crop = similarity(face.anchors(), key_points)
    draw(crop, project(to_crop, drawn_of(face.landmarks)))


def draw(image: NDArray[np.uint8], points: Points) -> None:
    """Draw (N, 2) points into a gray picture, those inside it."""
    x, y = np.rint(points).astype(int).T
    height, width = image.shape
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    image[y[inside], x[inside]] = 255
