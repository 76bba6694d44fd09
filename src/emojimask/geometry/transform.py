"""Points through a transform of the plane, and back."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.types import Points

Transform = NDArray[np.float64]
"""(3, 3) float64, acts on column vectors (x, y, 1)."""


def project(transform: Transform, points: Points) -> Points:
    """(N, 2) points through a transform."""
    return np.asarray(cv2.perspectiveTransform(points[None], transform)[0], np.float32)


def project_back(
    transform: Transform, x: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]]
) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
    """Where points of the target come from, as x and y; far away for those beyond the transform's horizon.

    Args:
        x, y: the points, two arrays that go together.
    """
    # Not numpy's inv: that wakes the threads of its BLAS, which then keep a core busy with waiting.
    (a, b, c), (d, e, f), (g, h, i) = np.asarray(cv2.invert(transform)[1]).tolist()
    w = np.maximum(g * x + h * y + i, 1e-3)
    return (a * x + b * y + c) / w, (d * x + e * y + f) / w
