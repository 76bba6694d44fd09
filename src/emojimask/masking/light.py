"""The scene's light, gently, on the emoji: it darkens in a dim room and takes on a little of the room's colour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emojimask.media.pixels import mean_color
from emojimask.types import Picture

USUAL = 110.0
"""Mean brightness of a well-lit scene, 0 to 255, in which nothing changes."""
DARKEST, BRIGHTEST = 0.55, 1.08
"""Bounds of the factor for the brightness."""
TINT, MOST_TINT = 0.25, 14.0
"""The share of the scene's colour cast that is taken on, and its bound in levels of 255."""


def scene_light(picture: Picture) -> NDArray[np.float64]:
    """(4, 4) matrix for premultiplied blue, green, red and opacity, 0 to 255, that puts them in the picture's light."""
    mean = mean_color(picture)
    level = float(mean.mean())
    gain = float(np.clip((level / USUAL) ** 0.5, DARKEST, BRIGHTEST))
    cast = np.clip(TINT * (mean - level), -MOST_TINT, MOST_TINT)
    matrix = np.diag([gain, gain, gain, 1.0])
    matrix[:3, 3] = cast / 255
    return matrix
