"""Pictures of one size in place of another."""

from __future__ import annotations

import cv2
import numpy as np

from emojimask.media.pixels import bgr
from emojimask.types import Picture


def letterbox(picture: Picture, width: int, height: int) -> Picture:
    """``picture`` as large as it fits into ``width`` x ``height`` pixels, centred on black; itself where it fits."""
    old_height, old_width = picture.shape[:2]
    if (old_width, old_height) == (width, height):
        return picture
    image = bgr(picture)
    scale = min(width / old_width, height / old_height)
    new_width, new_height = max(1, round(old_width * scale)), max(1, round(old_height * scale))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.zeros((height, width, 3), np.uint8)
    left, top = (width - new_width) // 2, (height - new_height) // 2
    canvas[top : top + new_height, left : left + new_width] = cv2.resize(
        image, (new_width, new_height), interpolation=interpolation
    )
    return canvas
