"""From an emoji's six key points to a face's: the transform that lays the emoji on the head.

A homography follows the pose best, but six noisy points that do not quite lie in one plane can also give one that
folds or tears. So it is checked over the emoji's whole disc, and where it fails an affine transform is taken with its
stretch held within bounds, and where even that fails a similarity.
"""

from __future__ import annotations

from functools import lru_cache
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.geometry.similarity import similarity
from emojimask.types import Points

Transform = NDArray[np.float64]
"""(3, 3) float64, acts on column vectors (x, y, 1)."""

MAX_STRETCH = 2.2
"""The most that one direction may be longer than the other; about what a head turned to profile needs."""
MAX_PERSPECTIVE = 1.7
"""The most that the near side of the disc may be larger than the far side."""


def fit(source: Points, target: Points, disc: Points) -> Transform:
    """The best sane transform from ``source`` to ``target``.

    Args:
        source: (6, 2) key points of the emoji, in its pixels.
        target: (6, 2) key points of the face, in the frame's pixels; need not be distinct.
        disc: (N, 2) points around the emoji's outline, over which the transform must be sane.

    Returns:
        A transform that keeps the disc's orientation and stretches it no more than the limits above allow.
    """
    found = cv2.findHomography(source.astype(np.float64), target.astype(np.float64), 0)[0]
    homography = cast("Transform | None", found)  # OpenCV's annotations do not tell of the None
    affine = bounded_affine(source, target)
    return homography if homography is not None and _is_sane(homography, affine, disc) else affine


def bounded_affine(source: Points, target: Points) -> Transform:
    """Least-squares affine transform whose singular values differ by no more than :data:`MAX_STRETCH`.

    A map that mirrors or collapses gives way to the least-squares similarity.
    """
    a, b = source.astype(np.float64), target.astype(np.float64)
    b0 = b - b.mean(0)
    linear = (_inverse_of_centred(source.astype(np.float32).tobytes()) @ b0).T
    u, sizes, vt = np.linalg.svd(linear)
    if np.linalg.det(linear) <= 1e-6 * max(sizes[0], 1e-9) ** 2:
        return similarity(source, target, least_scale=1e-3)
    linear = u @ np.diag(np.maximum(sizes, sizes[0] / MAX_STRETCH)) @ vt
    return _compose(linear, b.mean(0) - linear @ a.mean(0))


@lru_cache(maxsize=64)
def _inverse_of_centred(source: bytes) -> Transform:
    """(2, 6) pseudo-inverse of key points about their mean; an emoji's are the same in every frame."""
    points = np.frombuffer(source, np.float32).reshape(-1, 2).astype(np.float64)
    return np.asarray(np.linalg.pinv(points - points.mean(0)), np.float64)


def project(transform: Transform, points: Points) -> Points:
    """(N, 2) points through a transform."""
    homogeneous = points @ transform[:, :2].T + transform[:, 2]
    return np.asarray(homogeneous[:, :2] / homogeneous[:, 2:], np.float32)


def grown(transform: Transform, center: Points, factor: float) -> Transform:
    """``transform``, then scaled by ``factor`` about ``center`` (2,), in the target's pixels."""
    x, y = (float(v) for v in center)
    return np.array([[factor, 0, x * (1 - factor)], [0, factor, y * (1 - factor)], [0, 0, 1.0]]) @ transform


def _compose(linear: NDArray[np.float64], shift: NDArray[np.float64]) -> Transform:
    return np.vstack([np.column_stack([linear, shift]), [0.0, 0.0, 1.0]])


def _is_sane(h: Transform, affine: Transform, disc: Points) -> bool:
    """No fold, no mirror, bounded stretch and perspective, and a size like the affine transform's, over the disc."""
    if not np.isfinite(h).all():
        return False
    x, y, w = h[:, :2] @ disc.T + h[:, 2:]
    if w.min() * w.max() <= 0 or np.abs(w).max() > MAX_PERSPECTIVE * np.abs(w).min():
        return False
    # Jacobian of (x/w, y/w) at every point, each entry (N,).
    (a, b), (c, d) = [[(h[i, j] * w - v * h[2, j]) / w**2 for j in (0, 1)] for i, v in ((0, x), (1, y))]
    area, squares = a * d - b * c, a * a + b * b + c * c + d * d
    # The singular values s and t have s t = area and s^2 + t^2 = squares; so s / t + t / s is their quotient.
    most = 1.25 * MAX_STRETCH
    if area.min() <= 0 or (squares > (most + 1 / most) * area).any():
        return False
    relative = area / max(affine[0, 0] * affine[1, 1] - affine[0, 1] * affine[1, 0], 1e-12)
    return bool(relative.min() > 0.3 and relative.max() < 3.0)
