"""A soft contact shadow, so that an emoji sits on the picture and not before it. Drawn once, when a set is loaded."""

from __future__ import annotations

import cv2
import numpy as np

from emojimask.media.pixels import Overlay

MARGIN = 0.06
"""Room around the emoji for its shadow, as a share of its size."""
_DEPTH, _SOFTNESS, _DROP = 0.38, 0.018, 0.014  # opacity under the emoji; blur and offset as shares of its size


def with_shadow(image: Overlay) -> Overlay:
    """The same on a soft shadow, :data:`MARGIN` larger on every side. It is black: opacity without a colour."""
    side = image.shape[0]
    margin = margin_of(side)
    room = np.pad(image, ((margin, margin), (margin, margin), (0, 0)))
    opacity = room[..., 3].astype(np.float32) / 255
    dropped = cv2.warpAffine(opacity, np.array([[1.0, 0, 0], [0, 1, _DROP * side]]), opacity.shape[::-1])
    shadow = _DEPTH * cv2.GaussianBlur(dropped, (0, 0), _SOFTNESS * side)
    room[..., 3] = np.rint(255 * (opacity + shadow * (1 - opacity)))
    return np.asarray(room, np.uint8)


def margin_of(side: int) -> int:
    """Pixels."""
    return round(MARGIN * side)
