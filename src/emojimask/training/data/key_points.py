"""FER2013 with the landmarks drawn on each face, as in the work on recognition from key points.

The face mesh looks where FER2013 frames faces. A row in which it finds no face keeps its plain picture, so that every
protocol keeps its rows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.build import face_back_end
from emojimask.expressions.key_points import draw, drawn_of
from emojimask.expressions.preprocess import FER2013_KEY_POINTS
from emojimask.training.data.fer2013 import SIDE, FerSplit
from emojimask.types import Face, Image, Points

_log = logging.getLogger(__name__)

ENLARGED = 4
"""How much larger the picture is made for the face mesh."""
LOOKS = 3
"""A tilted face draws the mesh to it only part of the way, so it looks again from where it came to."""
Locate = Callable[[Image, Points], Face | None]


def with_key_points(split: FerSplit, locate: Locate | None = None) -> FerSplit:
    """The same rows with landmarks drawn in.

    Args:
        locate: finds the mesh of the face in an enlarged picture, near (6, 2) key points; by default the runtime's.
    """
    images, found = drawn_on(split.images, locate)
    _log.info("landmarks drawn on %d of %d faces", found, len(images))
    source = f"{split.source}; landmarks drawn on {found} of {len(images)} faces"
    return FerSplit(images, split.labels, split.votes, split.classes, source)


def drawn_on(faces: NDArray[np.uint8], locate: Locate | None = None) -> tuple[NDArray[np.uint8], int]:
    """A copy of (N, 48, 48) faces with landmarks drawn in, and on how many; ``locate`` as above."""
    locate = locate or face_back_end("mediapipe").landmarker.locate
    images = faces.copy()
    found = 0
    for image in images:
        points = landmarks(image, locate)
        if points is not None:
            draw(image, points)
            found += 1
    return images, found


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
    return np.asarray((drawn_of(near) - shift) / ENLARGED, np.float32)
