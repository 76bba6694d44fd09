"""Where a face is in a frame between two in which it was seen."""

from __future__ import annotations

import numpy as np

from emojimask.types import Box, Face

BEND = 0.01
"""A face may be put between two sights of it where no landmark moved by a larger share of its size times the seconds
from one to the other. How far it may then be off goes with that product: with how bent its way can be."""
BRIEF_S = 0.1
"""So short a time counts no less than this: heads do not turn about within it."""


def between(a: Face, b: Face, share: float) -> Face:
    """A face ``share`` (0 to 1) of the way from ``a`` to ``b``."""
    if a.landmarks.shape != b.landmarks.shape:
        return a if share < 0.5 else b
    landmarks = (a.landmarks + np.float32(share) * (b.landmarks - a.landmarks)).astype(np.float32)
    box = Box(*(u + share * (v - u) for u, v in zip(_sides(a.box), _sides(b.box), strict=True)))
    return Face(box, landmarks, min(a.score, b.score))


def is_straight(moved: float, seconds: float) -> bool:
    """Whether a face that moved by so many of its sizes in that time can be put anywhere on its way."""
    return moved * max(seconds, BRIEF_S) <= BEND


def _sides(box: Box) -> tuple[float, float, float, float]:
    return box.x, box.y, box.width, box.height
