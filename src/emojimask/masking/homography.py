"""From an emoji's six key points to a face's: the transform that lays the emoji on the head.

A homography follows the pose best, but six noisy points that do not quite lie in one plane can also give one that
folds or tears. So it is checked over the emoji's whole disc, and where it fails an affine transform is taken with its
stretch held within bounds, and where even that fails a similarity.
"""

from __future__ import annotations

from functools import lru_cache
from operator import mul
from typing import Any, cast

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
    found = cv2.findHomography(source, target, 0)[0]
    homography = cast("Transform | None", found)  # OpenCV's annotations do not tell of the None
    affine = bounded_affine(source, target)
    return homography if homography is not None and _is_sane(homography, affine, disc) else affine


def bounded_affine(source: Points, target: Points) -> Transform:
    """Least-squares affine transform whose singular values differ by no more than :data:`MAX_STRETCH`.

    A map that mirrors or collapses gives way to the least-squares similarity.
    """
    (x, y), inverse = _about_middle(source.astype(np.float32).tobytes())
    us, vs = target.T.tolist()
    (a, b), (c, d) = ([sum(map(mul, row, values)) for row in inverse] for values in (us, vs))
    # The singular values s and t have s t = area and s^2 + t^2 = squares.
    area, squares = a * d - b * c, a * a + b * b + c * c + d * d
    if area <= 1e-6 * max(squares, 1e-9):
        return similarity(source, target, least_scale=1e-3)
    if squares > (MAX_STRETCH + 1 / MAX_STRETCH) * area:
        u, sizes, vt = np.linalg.svd([[a, b], [c, d]])
        a, b, c, d = (u * np.maximum(sizes, sizes[0] / MAX_STRETCH) @ vt).ravel().tolist()
    u, v = sum(us) / len(us), sum(vs) / len(vs)
    return np.array([[a, b, u - a * x - b * y], [c, d, v - c * x - d * y], [0, 0, 1.0]])


@lru_cache(maxsize=64)
def _about_middle(points: bytes) -> tuple[tuple[float, float], list[list[float]]]:
    """The mean of float32 points and their (2, N) pseudo-inverse about it; an emoji's are the same in every frame."""
    found = np.frombuffer(points, np.float32).reshape(-1, 2).astype(np.float64)
    x, y = found.mean(0).tolist()
    return (x, y), np.linalg.pinv(found - (x, y)).tolist()


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


def grown(transform: Transform, center: Points, factor: float) -> Transform:
    """``transform``, then scaled by ``factor`` about ``center`` (2,), in the target's pixels."""
    x, y = center.tolist()
    return np.array([[factor, 0, x * (1 - factor)], [0, factor, y * (1 - factor)], [0, 0, 1.0]]) @ transform


def _is_sane(h: Transform, affine: Transform, disc: Points) -> bool:
    """No fold, no mirror, bounded stretch and perspective, and a size like the affine transform's, over the disc."""
    if not np.isfinite(h).all():
        return False
    (a, b, c), (d, e, f), (g, i, j) = h.tolist()
    usual = max(float(affine[0, 0] * affine[1, 1] - affine[0, 1] * affine[1, 0]), 1e-12)
    determinant, most = float(np.linalg.det(h)), 1.25 * MAX_STRETCH
    depths: list[float] = []
    for x, y in disc.tolist():
        w = g * x + i * y + j
        if abs(w) < 1e-6:
            return False
        # Jacobian of (u, v). Its singular values s and t have s t = area and s^2 + t^2 = squares; so s / t + t / s is
        # their quotient.
        u, v = (a * x + b * y + c) / w, (d * x + e * y + f) / w
        squares = ((a - u * g) ** 2 + (b - u * i) ** 2 + (d - v * g) ** 2 + (e - v * i) ** 2) / w**2
        area = determinant / w**3
        if not 0.3 * usual < area < 3.0 * usual or squares > (most + 1 / most) * area:
            return False
        depths.append(w)
    near, far = min(depths), max(depths)
    return near * far > 0 and 1 / MAX_PERSPECTIVE <= near / far <= MAX_PERSPECTIVE
