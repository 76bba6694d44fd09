"""From an emoji's six key points to a face's: the transform that lays the emoji on the head.

A homography follows the pose best, but six noisy points that do not quite lie in one plane can also give one that
folds or tears. So its perspective is held within bounds over the emoji's whole disc, and then its stretch. Held, and
not given up: at a bound nothing leaps, and a small turn of the head moves the emoji a little.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emojimask.geometry.similarity import similarity
from emojimask.geometry.transform import Transform
from emojimask.types import Points

MAX_STRETCH = 2.2
"""The most that one direction may be longer than the other, in the middle of the key points; about what a head turned
to profile needs."""
_NARROW = MAX_STRETCH + 1 / MAX_STRETCH  # the sum of squares over the area, where one direction is so much longer
MAX_PERSPECTIVE = 1.7
"""The most that the near side of the disc may be larger than the far side."""
NEAREST, FARTHEST = 0.7, 1.45
"""Depths of the disc, where the middle of the key points has 1: areas go by depth^-3, so 0.33 to 2.9 times its."""


def fit(source: Points, target: Points, disc: Points) -> Transform:
    """The best sane transform from ``source`` to ``target``.

    Of the homographies within bounds, about the one with the least squares of errors times depth. A point's depth is
    w = 1 + g x + h y, with x and y from the middle of ``source``: near 1 all over a face, so that these are very nearly
    the errors themselves, and far cheaper to find: for given g and h the rest is linear.

    Args:
        source: (6, 2) key points of the emoji, in its pixels.
        target: (6, 2) key points of the face, in the frame's pixels; need not be distinct.
        disc: (N, 2) points around the emoji's outline, over which the perspective is held within bounds.

    Returns:
        A transform that keeps the disc's orientation and stretches it no more than the limits above allow.
    """
    known, middle = _known(source.astype(np.float32).tobytes()), target.mean(0)
    products = known.basis[..., None] * (target - middle)[:, None]  # (N, 3, 2): u and v times 1, x and y
    g, h = _within_bounds(*_perspective(known, products), disc - known.middle)
    solved = _solved(known, middle, np.array([1, g, h]) @ products, g, h)
    return bounded_affine(source, target) if solved is None else solved


def bounded_affine(source: Points, target: Points) -> Transform:
    """Least-squares affine transform whose singular values differ by no more than :data:`MAX_STRETCH`.

    A map that mirrors or collapses gives way to the least-squares similarity; one that mirrors narrowly, as of a head
    turned beyond profile, to the nearest that does not.
    """
    middle = target.mean(0)
    solved = _solved(_known(source.astype(np.float32).tobytes()), middle, target - middle)
    return similarity(source, target, least_scale=1e-3) if solved is None else solved


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


def _perspective(known: _Known, products: NDArray[np.float64]) -> tuple[float, float]:
    """g and h of the least squares; 0 and 0 where the points do not tell of any.

    What the linear functions leave over of u w and v w is so much of them as ``known.residual`` lets through, which is
    linear in g and h.
    """
    left = (known.residual @ products.reshape(-1, 6)).reshape(-1, 3, 2).swapaxes(0, 1).reshape(3, -1)
    (_, p, q), (_, pp, pq), (_, _, qq) = (left @ left.T).tolist()
    determinant = pp * qq - pq * pq
    if not determinant > 1e-9 * pp * qq:
        return 0.0, 0.0
    return (q * pq - p * qq) / determinant, (p * pq - q * pp) / determinant


def _within_bounds(g: float, h: float, disc: NDArray[np.float64]) -> tuple[float, float]:
    """As much of the perspective as the bounds allow over ``disc``, (N, 2) about the middle of the source."""
    beyond = (disc @ (g, h)).tolist()
    near, far = min(-1e-12, *beyond), max(1e-12, *beyond)
    most = min(1.0, (NEAREST - 1) / near, (FARTHEST - 1) / far, (MAX_PERSPECTIVE - 1) / (far - MAX_PERSPECTIVE * near))
    return most * g, most * h


def _solved(
    known: _Known, middle: NDArray[np.floating[Any]], values: NDArray[np.floating[Any]], g: float = 0.0, h: float = 0.0
) -> Transform | None:
    """The transform of perspective ``g`` and ``h`` and the least squares of errors times depth, its stretch bounded.

    None where it mirrors or collapses; but where it mirrors narrowly, it keeps its direction and does not mirror.

    Args:
        known: the source points.
        middle: (2,) mean of the target points.
        values: (N, 2) the target points from there, times their depths.
        g, h: of the depth 1 + g x + h y.
    """
    (right, down), *slopes = (known.inverse @ values).tolist()
    # What a step in x and in y moves, in the middle of the source: its singular values s and t have s t = area and
    # s^2 + t^2 = squares.
    (a, d), (b, e) = ((u - tilt * right, v - tilt * down) for (u, v), tilt in zip(slopes, (g, h), strict=True))
    area, squares = a * e - b * d, a * a + b * b + d * d + e * e
    if not squares > max(1e-6, -_NARROW * area):
        return None
    if squares > _NARROW * area:
        left, sizes, turned = np.linalg.svd([[a, b], [d, e]])
        left[:, 1] *= np.copysign(1, np.linalg.det(left @ turned))  # so that nothing leaps where ``area`` passes 0
        a, b, d, e = (left * np.maximum(sizes, sizes[0] / MAX_STRETCH) @ turned).ravel().tolist()
    (x, y), (u, v) = known.middle, (middle + np.array([right, down])).tolist()
    rows = (a + u * g, b + u * h, u), (d + v * g, e + v * h, v), (g, h, 1.0)
    return np.array([[p, q, shift - p * x - q * y] for p, q, shift in rows])


def grown(transform: Transform, center: Points, factor: float) -> Transform:
    """``transform``, then scaled by ``factor`` about ``center`` (2,), in the target's pixels."""
    x, y = center.tolist()
    return np.array([[factor, 0, x * (1 - factor)], [0, factor, y * (1 - factor)], [0, 0, 1.0]]) @ transform
