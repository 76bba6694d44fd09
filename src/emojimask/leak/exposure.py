"""How much of a face in an original frame still shows in the masked one.

Equality would say nothing after re-encoding, and brightness alone little. So small windows are compared by their
structure: the fine pattern of light and dark, freed of slow shading, must agree in shape and in contrast, and the
mean colour must be near. An emoji drawn over a face has eyes and a mouth in the same places, but not the same
pattern, contrast and colour. Where the pattern agrees nearly to the last detail it is the face's whatever its colour:
one that is darkened, gray, a negative or shines through an emoji can be recognised. Windows in which the original is
flat say nothing and do not count.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emojimask.types import Box, Image

_SIDE = 48  # pixels; a larger face is shrunk to about this, as its coarse structure is what tells who it is
_ALIKE = 0.7  # normalised correlation from which a window's structure counts as the original's
_CONTRAST = 0.45, 1.7  # the masked window's contrast over the original's, within which it does
_COLOR = 24.0  # gray levels; by how much a window's mean colour may differ in any channel
_SAME = 0.9  # correlation, of either sign, from which colour no longer matters ...
_FAINT = 0.25, 1.7  # ... and the contrast within which it may be
_TELLING = 2.5  # gray levels; standard deviation of structure below which a window is flat
_SAME_COLOR = 6.0  # gray levels; where all of a face is flat, pixels this near count as uncovered
_MARGINS = 2.2, 1.6  # times a face's box: beyond it a mask hardly reaches, so that the picture is the original's
_ENOUGH = 0.02  # share of the picture that must lie outside and tell something
_RESEMBLES = 0.25  # share of what tells something that shows the original there, unless it is another picture
_RESEMBLES_PLAIN = 0.9  # where all is flat, the same of the pixels, within so many gray levels:
_PLAIN_COLOR = 12.0
_WIDTH, _HEIGHT = 0.72, 0.92  # of a detector's box: the oval that is surely face

_Plane = NDArray[np.float32]


class Exposure(NamedTuple):
    """``uncovered``: 0 to 1, share of the face's oval that still shows the original.

    ``visible``: false where the face lies outside the picture, so that there is nothing to show.
    """

    uncovered: float
    visible: bool


def exposure(original: Image, masked: Image, box: Box) -> Exposure:
    """Compare one face's oval in two pictures of the same size. ``box``: the face in ``original``, pixels."""
    region = _region(box, original.shape[0], original.shape[1])
    if region is None:
        return Exposure(0.0, False)
    rows, columns, inside = region
    factor = max(1, round(box.width / _SIDE))
    inside = _pooled(inside[..., None].astype(np.float32), factor)[..., 0] > 0.5
    if inside.sum() < 9:
        return Exposure(0.0, False)
    a, b = (_pooled(image[rows, columns].astype(np.float32), factor) for image in (original, masked))
    telling, shown = _compare(a, b, size=max(3.0, box.width / factor))
    if (telling & inside).sum() < 0.05 * inside.sum():
        shown = np.abs(a - b).max(2) <= _SAME_COLOR
        return Exposure(float(shown[inside].mean()), True)
    return Exposure(float(shown[telling & inside].mean()), True)


def resembles(original: Image, masked: Image, faces: list[Box]) -> bool | None:
    """Does what lies around ``faces`` show the original? None where too little is left to tell.

    Masks reach beyond the boxes, so what is near them is only looked at where nothing else tells; colour alone, without
    structure, must be right nearly everywhere.
    """
    factor = max(1, round(max(original.shape[:2]) / 240))
    a, b = (_pooled(image.astype(np.float32), factor) for image in (original, masked))
    telling, shown = _compare(a, b, size=48.0)
    around = [_outside(a, faces, factor, margin) for margin in _MARGINS]
    for outside in around:
        if (telling & outside).sum() >= _ENOUGH * outside.size:
            return bool(shown[telling & outside].mean() >= _RESEMBLES)
    near = np.abs(a - b).max(2) <= _PLAIN_COLOR
    for outside in around:
        if outside.sum() >= _ENOUGH * outside.size:
            return bool(near[outside].mean() >= _RESEMBLES_PLAIN)
    return None


def _outside(plane: _Plane, faces: list[Box], factor: int, margin: float) -> NDArray[np.bool_]:
    """(H, W): true where no box is, each ``margin`` times as large. ``factor``: the boxes' pixels in one of these."""
    outside = np.ones(plane.shape[:2], bool)
    for face in faces:
        box = face.scaled(margin)
        left, top = max(0, int(box.x / factor)), max(0, int(box.y / factor))
        right, bottom = int((box.x + box.width) / factor) + 1, int((box.y + box.height) / factor) + 1
        outside[top : max(bottom, 0), left : max(right, 0)] = False
    return outside


def _compare(a: _Plane, b: _Plane, size: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For the window around every pixel: does the original ``a`` tell anything there, and does ``b`` show it?

    ``a``, ``b``: (H, W, 3). ``size``: a face's width in pixels, which sets the windows' size.
    """
    slow, window = max(2, round(size / 8)), max(1, round(size / 12))
    x, y = (_mean(gray, 1 if size > 24 else 0) - _mean(gray, slow) for gray in (a.mean(2), b.mean(2)))
    xx, yy, xy = _mean(x * x, window), _mean(y * y, window), _mean(x * y, window)
    telling = xx > _TELLING**2
    correlation = xy / np.sqrt(np.maximum(xx * yy, 1e-6))
    contrast = xy / np.maximum(xx, 1e-6)
    color = np.max([np.abs(_mean(a[..., k] - b[..., k], window)) for k in range(3)], axis=0)
    alike = (correlation > _ALIKE) & _within(contrast, _CONTRAST) & (color < _COLOR)
    same = (np.abs(correlation) > _SAME) & _within(np.abs(contrast), _FAINT)
    return telling, alike | same


def _within(values: _Plane, bounds: tuple[float, float]) -> NDArray[np.bool_]:
    return (values > bounds[0]) & (values < bounds[1])


def _region(box: Box, height: int, width: int) -> tuple[slice, slice, NDArray[np.bool_]] | None:
    """The box's rows and columns within the picture, and which of those pixels lie in the face's oval."""
    left, top = max(0, int(box.x)), max(0, int(box.y))
    right, bottom = min(width, int(box.x + box.width) + 1), min(height, int(box.y + box.height) + 1)
    if right - left < 3 or bottom - top < 3:
        return None
    x, y = box.center
    across = (np.arange(left, right) - x) / (_WIDTH / 2 * box.width)
    down = (np.arange(top, bottom) - y) / (_HEIGHT / 2 * box.height)
    return slice(top, bottom), slice(left, right), across[None] ** 2 + down[:, None] ** 2 <= 1


def _pooled(image: _Plane, factor: int) -> _Plane:
    """Means of ``factor`` by ``factor`` pixels; what does not fill a whole one at the end is left out."""
    if factor == 1:
        return image
    height, width = max(1, image.shape[0] // factor), max(1, image.shape[1] // factor)
    image = image[: height * factor, : width * factor]
    blocks = image.reshape(height, image.shape[0] // height, width, image.shape[1] // width, image.shape[2])
    return np.asarray(blocks.mean((1, 3)), np.float32)


def _mean(plane: NDArray[Any], reach: int) -> _Plane:
    """The mean over the square of ``2 * reach + 1`` pixels around each; edges repeat."""
    if reach == 0:
        return np.asarray(plane, np.float32)
    side = 2 * reach + 1
    sums = np.pad(np.pad(plane.astype(np.float64), reach, mode="edge").cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    total = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return np.asarray(total / side**2, np.float32)
