"""Other renderings of a picture, in which detectors know a face that it hides from them as it is.

They were taught photographs in ordinary light. A face in coloured or in hardly any light, on a film negative or in
print is one to people all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.media.pixels import bgr, resized
from emojimask.types import Frame, Image, Picture

Rendering = Callable[[Picture], Image]
"""The whole picture, in its own size, as (H, W, 3) uint8 BGR."""

_SAMPLES = 256  # across the shorter side, from which levels are read
_ENDS = 1, 99  # percent of the pixels that black lies above, and white
_LEAST = 20  # gray levels from black to white: with fewer, a bare wall's grain would be drawn out
OTHERWISE_S = 0.4
"""So often at the most a file is looked at in other renderings while nobody is in sight, but twice at least within the
time over which who is found late is traced back; ..."""
STILL_S = 6.4
"""... and where nothing changes only so often."""
_CHANGED = 2  # levels by which a cell's mean must differ: in hardly any light a face is about as dark as all else
_CELLS = 64, 48  # across and down
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


class Cadence:
    """When a file in which nobody is in sight is looked at in other renderings. One per stream."""

    def __init__(self) -> None:
        self._seen: NDArray[np.int16] | None = None  # at the latest look, a cell in each place
        self._looked_s = self._asked_s = -np.inf

    def is_due(self, frame: Frame, hindsight_s: float, at_once: bool) -> bool:
        """Whether it is time; then it counts as looked at.

        Args:
            hindsight_s: for so long who is found late is traced back.
            at_once: it is time in any case.
        """
        if not at_once and frame.time_s - self._asked_s < min(OTHERWISE_S, hindsight_s / 2) - 1e-6:
            return False
        self._asked_s = frame.time_s
        # In colour: in blue light hardly anything differs in brightness.
        cells = resized(frame.picture, *_CELLS).astype(np.int16)
        still = self._seen is not None and bool((np.abs(cells - self._seen) < _CHANGED).all())
        if still and not at_once and frame.time_s - self._looked_s < STILL_S:
            return False
        self._seen, self._looked_s = cells, frame.time_s
        return True
