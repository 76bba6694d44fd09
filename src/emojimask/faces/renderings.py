"""Other renderings of a picture, in which detectors know a face that it hides from them as it is.

They were taught photographs in ordinary light. A face in coloured or in hardly any light, on a film negative or in
print is one to people all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from emojimask.pixels import bgr, resized
from emojimask.types import Frame, Image, Picture

Rendering = Callable[[Picture], Image]
"""The whole picture, in its own size, as (H, W, 3) uint8 BGR."""

_SAMPLES = 256  # across the shorter side, from which levels are read
_ENDS = 1, 99  # percent of the pixels that black lies above, and white
_LEAST = 20  # gray levels from black to white: with fewer, a bare wall's grain would be drawn out
_DOTS = 260  # pixels of the longer side to which a picture is shrunk so that dots and grain merge


def levelled(picture: Picture) -> Image:
    """Of its three colours the one that shows most, in gray, from black to white."""
    image: Image = bgr(picture)
    step = max(1, min(image.shape[:2]) // _SAMPLES)
    low, high = np.percentile(image[::step, ::step], _ENDS, axis=(0, 1))
    channel = int(np.argmax(high - low))
    levels = (np.arange(256) - low[channel]) * 255 / max(_LEAST, high[channel] - low[channel])
    table = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    gray = cv2.LUT(np.ascontiguousarray(image[..., channel]), table)
    return np.asarray(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR), np.uint8)


def negative(picture: Picture) -> Image:
    """The same, with black for white."""
    return np.asarray(cv2.bitwise_not(levelled(picture)), np.uint8)


def merged(picture: Picture) -> Image:
    """Out of focus, so that a print's dots and a film's grain become what they stand for."""
    height, width = picture.shape[:2]
    scale = min(1.0, _DOTS / max(height, width))
    small = resized(picture, max(1, round(width * scale)), max(1, round(height * scale)))
    return resized(np.asarray(cv2.GaussianBlur(small, (0, 0), 0.8), np.uint8), width, height)


RENDERINGS: tuple[Rendering, ...] = (levelled, negative, merged)
"""In the order in which they are tried."""


class Views:
    """A frame as it is, and in renderings, each of which is made when it is first asked for."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self._made: dict[Rendering, Frame] = {}

    def through(self, rendering: Rendering | None) -> Frame:
        """``None``: as it is."""
        if rendering is None:
            return self.frame
        if rendering not in self._made:
            self._made[rendering] = replace(self.frame, picture=rendering(self.frame.picture))
        return self._made[rendering]
