"""FER2013 with the landmarks drawn on each face, as in the work on recognition from key points.

The face mesh looks where FER2013 frames faces; brows, eyes, nose, lips and jaw are drawn as white dots of a pixel
each. A row in which it finds no face keeps its plain picture, so that every protocol keeps its rows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.build import face_back_end
from emojimask.expressions.preprocess import FER2013_KEY_POINTS
from emojimask.training.data.fer2013 import SIDE, FerSplit
from emojimask.types import Face, Image, Points

_log = logging.getLogger(__name__)

ENLARGED = 4
"""How much larger the picture is made for the face mesh."""
LOOKS = 3
"""A tilted face draws the mesh to it only part of the way, so it looks again from where it came to."""
DRAWN = (
    (70, 63, 105, 66, 107), (336, 296, 334, 293, 300),  # brows
    (33, 160, 158, 133, 153, 144), (362, 385, 387, 263, 373, 380),  # eyes
    (168, 197, 195, 4), (98, 97, 2, 326, 327),  # nose: ridge and base
    (61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91), (78, 82, 13, 312, 308, 317, 14, 87),  # lips
    (234, 132, 172, 150, 176, 152, 400, 379, 397, 361, 454),  # jaw
)  # fmt: skip
"""Landmarks of the mesh, part by part."""

Locate = Callable[[Image, Points], Face | None]


def with_key_points(split: FerSplit, locate: Locate | None = None) -> FerSplit:
    """The same rows with landmarks drawn in.

    Args:
        locate: finds the mesh of the face in an enlarged picture, near (6, 2) key points; by default the runtime's.
    """
    locate = locate or face_back_end("mediapipe").landmarker.locate
    images = split.images.copy()
    found = 0
    for image in images:
        points = landmarks(image, locate)
        if points is not None:
            draw(image, points)
            found += 1
    _log.info("landmarks drawn on %d of %d faces", found, len(images))
    source = f"{split.source}; landmarks drawn on {found} of {len(images)} faces"
    return FerSplit(images, split.labels, split.votes, split.classes, source)


def landmarks(image: NDArray[np.uint8], locate: Locate) -> Points | None:
    """(N, 2) float32, the landmarks of :data:`DRAWN` in the pixels of a (48, 48) picture; None where no face is."""
    side = SIDE * ENLARGED
    large = cv2.cvtColor(cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2BGR)
    # Coordinates count from pixel centres, so that growing by a factor moves them by half of what it adds.
    shift = (ENLARGED - 1) / 2
    near = np.asarray(FER2013_KEY_POINTS * ENLARGED + shift, np.float32)
    for _ in range(LOOKS):
        face = locate(np.asarray(large, np.uint8), near)
        if face is None:
            return None
        near = face.landmarks
    return np.asarray((near[[i for part in DRAWN for i in part]] - shift) / ENLARGED, np.float32)


def draw(image: NDArray[np.uint8], points: Points) -> None:
    """Draw (N, 2) points into a (48, 48) picture, those inside it."""
    x, y = np.rint(points).astype(int).T
    inside = (x >= 0) & (x < SIDE) & (y >= 0) & (y < SIDE)
    image[y[inside], x[inside]] = 255
