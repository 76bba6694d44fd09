"""Where the key points of an upright face lie in a detector's box, for detectors that tell no points of their own.

Rough, as the landmarker only needs to know where to look. Measured once on frontal faces of a dozen people.
"""

from __future__ import annotations

import numpy as np

from emojimask.types import Box, Points

# In shares of the box's width and height; every face to its left and right alike.
_IN_BOX = np.array([[0.24, 0.39], [0.76, 0.39], [0.5, 0.69], [0.36, 0.8], [0.64, 0.8], [0.5, 1.06]], np.float32)


def upright_points(box: Box, rise: float = 0.0) -> Points:
    """The six key points, (6, 2) pixels, of an upright face in ``box``.

    Args:
        rise: how much higher than in a Haar box they lie, as a share of the box's height.
    """
    return _IN_BOX * np.array([box.width, box.height], np.float32) + np.array(
        [box.x, box.y - rise * box.height], np.float32
    )
