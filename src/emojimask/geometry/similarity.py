"""The rotation, scale and shift that bring points nearest to others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emojimask.types import Points


def similarity(source: Points, target: Points, least_scale: float | None = None) -> NDArray[np.float64]:
    """Rotation, one scale and shift that bring ``source`` nearest to ``target`` (Umeyama 1991, never a reflection).

    With points as complex numbers it is ``z * factor + shift``, and least squares has a closed form.

    Args:
        source, target: (N, 2) points.
        least_scale: a smaller scale, as of points in one spot, gives way to this one, unrotated; None: it is an error.

    Returns:
        (3, 3) float64 matrix.

    Raises:
        ValueError: without ``least_scale``, where the points are not finite, lie in one spot, or are so mirrored that
            no rotation fits.
    """
    if least_scale is None and not np.isfinite(source).all():
        raise ValueError("key points: not finite")
    a, b = (points.astype(np.float64) @ np.array([1, 1j]) for points in (source, target))
    a_centred, b_centred = a - a.mean(), b - b.mean()
    spread = np.vdot(a_centred, a_centred).real
    if least_scale is None and not spread > 0:
        raise ValueError("key points: all in one spot")
    factor = np.vdot(a_centred, b_centred) / (spread if least_scale is None else max(spread, 1e-12))
    if least_scale is not None:
        factor = factor if abs(factor) >= least_scale else complex(least_scale)
    elif not 1e-6 < abs(factor) < 1e6:
        raise ValueError(f"key points: fit only with a scale of {abs(factor):.2g}")
    shift = b.mean() - factor * a.mean()
    return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag], [0, 0, 1]])
