"""From an emoji's six key points to a face's: the transform that lays the emoji on the head.

A homography follows the pose best, but six noisy points that do not quite lie in one plane can also give one that
folds or tears. So it is checked over the emoji's whole disc, and where it fails an affine transform is taken with its
stretch held within bounds, and where even that fails a similarity.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emojimask.geometry.similarity import similarity
from emojimask.geometry.transform import Transform
from emojimask.types import Points

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
    homography = least_squares(source, target)
    affine = bounded_affine(source, target)
    return homography if homography is not None and _is_sane(homography, affine, disc) else affine


def least_squares(source: Points, target: Points) -> Transform | None:
    """The homography of the least squares of errors times depth; None where the points do not tell of one.

    A point's depth is w = 1 + g x + h y, with x and y from the middle of ``source``: near 1 all over a face, so that
    these are very nearly the errors themselves, and far cheaper to find. For given g and h the rest is linear, and what
    it leaves over of u w and v w is so much of them as ``known.residual`` lets through, which is linear in g and h.
    """
    known = _known(source.astype(np.float32).tobytes())
    middle = target.mean(0)
    products = known.basis[..., None] * (target - middle)[:, None]  # (N, 3, 2): u and v times 1, x and y
    left = (known.residual @ products.reshape(-1, 6)).reshape(-1, 3, 2).swapaxes(0, 1).reshape(3, -1)
    (_, p, q), (_, pp, pq), (_, _, qq) = (left @ left.T).tolist()
    determinant = pp * qq - pq * pq
    if not determinant > 1e-9 * pp * qq:
        return None
    g, h = (q * pq - p * qq) / determinant, (p * pq - q * pp) / determinant
    (c, f), (a, d), (b, e) = (known.inverse @ (np.array([1, g, h]) @ products)).tolist()
    (x, y), (u, v) = known.middle, middle.tolist()
    rows = (a + u * g, b + u * h, c + u), (d + v * g, e + v * h, f + v), (g, h, 1.0)
    return np.array([[right, down, shift - right * x - down * y] for right, down, shift in rows])


def bounded_affine(source: Points, target: Points) -> Transform:
    """Least-squares affine transform whose singular values differ by no more than :data:`MAX_STRETCH`.

    A map that mirrors or collapses gives way to the least-squares similarity.
    """
    known = _known(source.astype(np.float32).tobytes())
    (u, v), (a, c), (b, d) = (known.inverse @ target).tolist()
    # The singular values s and t have s t = area and s^2 + t^2 = squares.
    area, squares = a * d - b * c, a * a + b * b + c * c + d * d
    if area <= 1e-6 * max(squares, 1e-9):
        return similarity(source, target, least_scale=1e-3)
    if squares > (MAX_STRETCH + 1 / MAX_STRETCH) * area:
        left, sizes, right = np.linalg.svd([[a, b], [c, d]])
        a, b, c, d = (left * np.maximum(sizes, sizes[0] / MAX_STRETCH) @ right).ravel().tolist()
    x, y = known.middle
    return np.array([[a, b, u - a * x - b * y], [c, d, v - c * x - d * y], [0, 0, 1.0]])


class _Known(NamedTuple):
    """What follows from the source points alone; an emoji's are the same in every frame.

    Attributes:
        middle: their mean.
        basis: (N, 3), each point's 1, x and y about the mean.
        inverse: (3, N), its pseudo-inverse: from values at the points to the linear function nearest to them.
        residual: (N, N), from values at the points to what that function leaves over.
    """

    middle: tuple[float, float]
    basis: NDArray[np.float64]
    inverse: NDArray[np.float64]
    residual: NDArray[np.float64]


@lru_cache(maxsize=64)
def _known(points: bytes) -> _Known:
    """Of float32 points."""
    found = np.frombuffer(points, np.float32).reshape(-1, 2).astype(np.float64)
    x, y = found.mean(0).tolist()
    basis = np.column_stack([np.ones(len(found)), found - (x, y)])
    inverse = np.linalg.pinv(basis)
    return _Known((x, y), basis, inverse, np.eye(len(found)) - basis @ inverse)


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
