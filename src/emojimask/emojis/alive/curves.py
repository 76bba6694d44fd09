"""Outlines of features, made of curves sampled at fixed places: cheap, and never torn or crossed.

A point is a complex number, x + iy: pixels of the head's picture from its centre, x to the viewer's right, y down. So
a turn is a product, and a curve of n points an array (n,). Leading axes hold the F faces, worked out together,
and the k curves of one kind, such as those of both eyes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Curve = NDArray[np.complex128]


class Grid(NamedTuple):
    """Where curves are sampled, and what depends on that alone. Coarse grids look cut by scissors.

    Attributes:
        t: (n,) from -1 to 1, denser towards the ends; n is odd, so that the middle is among them.
        round: (n,) the height of a half circle over ``t``.
        square: (n,) the same of a rounded rectangle.
        bezier: (n, 4) turns the control points of a cubic Bezier curve into its points at even steps.
        cap: (c,) shares of the way around a corner. half_turn: (c,) the turns of a line's round end.
        lid: (4, n) what the line of a lid is made of: 1, t, round and t * round.
        lip: (6, n) what the line of a lip is made of: 1, t, t squared, a wave, round and square.
        inner: (n, n) takes the heights of a curve at ``t`` to those at 0.8 ``t``.
        ring: (r,) the unit circle.
        drop: (r,) a falling drop of radius 1 about its belly, with its tip 2.2 above it.
    """

    t: Array
    round: Array
    square: Array
    bezier: Array
    cap: Array
    half_turn: Curve
    lid: Array
    lip: Array
    inner: Array
    ring: Curve
    drop: Curve


def grid(samples: int) -> Grid:
    """A grid of ``samples`` places along a curve: an odd number, at least 5."""
    t = np.sin(np.linspace(-np.pi / 2, np.pi / 2, samples))
    u = np.linspace(0, 1, samples)
    ring = np.exp(1j * np.linspace(0, 2 * np.pi, 2 * samples - 2, endpoint=False))
    cap = np.linspace(0, 1, max(samples // 3, 3))
    up = np.maximum(-ring.imag, 0)
    one, round_, square = np.ones(samples), np.sqrt(np.maximum(1 - t**2, 0)), np.maximum(1 - np.abs(t) ** 5, 0) ** 0.2
    return Grid(
        t=t,
        round=round_,
        square=square,
        bezier=np.stack([(1 - u) ** 3, 3 * u * (1 - u) ** 2, 3 * u**2 * (1 - u), u**3], 1),
        cap=cap,
        half_turn=np.exp(1j * np.pi * cap),
        lid=np.stack([one, t, round_, t * round_]),
        lip=np.stack([one, t, t**2, np.cos(6.3 * t), round_, square]),
        inner=np.stack([np.interp(0.8 * t, t, row) for row in np.eye(samples)]),
        ring=ring,
        drop=ring.real * (1 - 0.55 * up) + 1j * (ring.imag - 1.2 * up**3),
    )


def column(values: Iterable[float]) -> Array:
    """A number for each face, as (F, 1)."""
    return np.array([[value] for value in values])


def between(upper: Curve, lower: Curve) -> Curve:
    """The area between two curves, (..., n) each, from left to right: (..., 2n)."""
    return np.concatenate([upper, lower[..., ::-1]], -1)


def thick(upper: Curve, lower: Curve, above: Array, below: Array, cap: Array) -> Curve:
    """The area between two curves with a border around it; a line with round ends where both are the same.

    Args:
        upper, lower: (..., k, n), from left to right, with common ends.
        above, below: the border's width over the upper and under the lower curve, (..., k, n).
        cap: of the grid.

    Returns:
        (..., k, 2n + 2c).
    """
    rows = upper.shape[-2]
    normals = _upwards(np.concatenate([upper, lower], -2))
    over, under = above * normals[..., :rows, :], -below * normals[..., rows:, :]
    corners = _corners(
        np.concatenate([upper[..., -1:], lower[..., :1]], -2),
        np.concatenate([over[..., -1:], under[..., :1]], -2),
        np.concatenate([under[..., -1:], over[..., :1]], -2),
        cap,
    )
    right, left = corners[..., :rows, :], corners[..., rows:, :]
    return np.concatenate([upper + over, right, (lower + under)[..., ::-1], left], -1)


def line(curve: Curve, width: float | Array, half_turn: Curve) -> Curve:
    """A stroke with round ends along (..., n), ``width`` to either side; ``half_turn`` of the grid. (..., 2n + 2c)."""
    over = width * _upwards(curve)
    right, left = curve[..., -1:] + over[..., -1:] * half_turn, curve[..., :1] - over[..., :1] * half_turn
    return np.concatenate([curve + over, right, (curve - over)[..., ::-1], left], -1)


def _upwards(curve: Curve) -> Curve:
    """Unit vectors (..., n) to the left of the way, which is up for a curve from left to right."""
    longer = np.concatenate([curve[..., :1], curve, curve[..., -1:]], -1)
    along = longer[..., 2:] - longer[..., :-2]
    return np.asarray(along * (-1j / (np.abs(along) + 1e-9)))


def _corners(at: Curve, start: Curve, end: Curve, cap: Array) -> Curve:
    """Arcs (..., c) around points (..., 1), clockwise from one arm to another; none where the arms already cross."""
    way = np.log(end / start)  # the imaginary part is the turn
    way.imag = np.where(way.imag < -np.pi / 2, way.imag + 2 * np.pi, np.maximum(way.imag, 0))
    return np.asarray(at + start * np.exp(way * cap))
