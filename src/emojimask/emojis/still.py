"""One emoji as a still picture: what a page, an icon or a shield shows of a set, living or not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emojimask.geometry.coverage import coverage
from emojimask.stages import Emoji, Shape


def still(emoji: Emoji, shapes: Sequence[Shape]) -> NDArray[np.uint8]:
    """The emoji's picture, (S, S, 4) uint8 BGRA, with ``shapes`` painted over it; memory of its own."""
    picture = emoji.image.copy()
    for outline, color, opacity in shapes:
        rows, columns, covered = coverage(outline, *picture.shape[:2])
        patch = picture[rows, columns, :3]
        share = covered[..., None] * np.float32(opacity / 255)
        patch[...] = np.rint(patch + (np.array(color, np.float32) - patch) * share)
    return picture
