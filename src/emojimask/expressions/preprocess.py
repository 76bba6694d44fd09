"""From a frame and six key points to the picture that the network reads. Training uses this file too.

The crop decides: FER2013 faces are framed in one particular way, and a network trained on them reads a face right
only in that framing. So a face is brought onto it by a similarity transform of its six key points.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 48
MEAN = 0.5077
"""Mean gray value of FER2013's Training rows, 0 to 1."""
STD = 0.2550
"""Standard deviation of the same."""


def normalise(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(N, 48, 48) uint8 gray -> (N, 1, 48, 48) float32 with the training set's mean 0 and deviation 1."""
    return ((crops.astype(np.float32) / 255.0 - MEAN) / STD)[:, None]
