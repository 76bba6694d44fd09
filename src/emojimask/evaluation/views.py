"""Several looks at the same face, whose probabilities are averaged: test-time augmentation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
"""(N, 48, 48) uint8, gray."""

VIEWS = {"single": 1, "flip": 2, "ten_crop": 10}
"""A column's name, and how many of the looks that :func:`looks` gives it averages."""

_SHIFT = 2  # pixels; what a window of 44x44 in the corner of a picture of 48x48 is off its centre
_CORNERS = ((0, 0), (-_SHIFT, -_SHIFT), (-_SHIFT, _SHIFT), (_SHIFT, -_SHIFT), (_SHIFT, _SHIFT))


def looks(images: Images) -> Iterator[Images]:
    """Ten of them: as it is, and moved two pixels towards each corner (the border repeated); each also mirrored.

    To a network that reads the central 44x44 pixels these are the usual ten crops.
    """
    for dx, dy in _CORNERS:
        moved = _moved(images, dx, dy)
        yield moved
        yield np.ascontiguousarray(moved[:, :, ::-1])


def _moved(images: Images, dx: int, dy: int) -> Images:
    _, height, width = images.shape
    padded = np.pad(images, ((0, 0), (_SHIFT, _SHIFT), (_SHIFT, _SHIFT)), mode="edge")
    return padded[:, _SHIFT - dy : _SHIFT - dy + height, _SHIFT - dx : _SHIFT - dx + width]
