"""What a person looks like at a glance: colours of hair, face and collar. Tells people apart when they cross."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emojimask.media.pixels import cut_out, resized, sparse
from emojimask.types import Box, Image, Picture

Appearance = NDArray[np.float32]
"""(S, S, 3) float32, Lab colours of the head and what is just below it; L from 0 to 255."""

_SIDE, _SAMPLES = 6, 8  # large pixels, and samples of each, across and down
_XYZ_OF_BGR = np.array(  # IEC 61966-2-1, each column as a share of the white's
    [
        [0.1804375 / 0.95047, 0.0721750, 0.9503041 / 1.08883],
        [0.3575761 / 0.95047, 0.7151522, 0.1191920 / 1.08883],
        [0.4124564 / 0.95047, 0.2126729, 0.0193339 / 1.08883],
    ],
    np.float32,
)


def appearance(image: Picture, box: Box) -> Appearance | None:
    """A face's surroundings, 1.8 boxes wide, in a few large pixels; None where none of it lies in the picture."""
    around = Box(box.x, box.y + 0.15 * box.height, box.width, box.height).scaled(1.8)
    region, _, _ = cut_out(image, around)
    side = min(region.shape[:2])
    if side < _SIDE:
        return None
    step = max(1, side // (_SIDE * _SAMPLES))
    small = resized(sparse(region, step), _SIDE, _SIDE)
    return _lab(small)


def difference(a: Appearance | None, b: Appearance | None) -> float:
    """0 for alike, about 1 for two different people; 0.5 where one is unknown."""
    if a is None or b is None:
        return 0.5
    return min(1.0, float(np.abs(a - b).mean()) / 25.0)


def _lab(image: Image) -> Appearance:
    """CIELAB of sRGB under D65. OpenCV's takes a tenth of a second to draw up its tables, at somebody's first face."""
    encoded = image.astype(np.float32) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _XYZ_OF_BGR
    x, y, z = np.moveaxis(np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116), -1, 0)
    return np.asarray(np.stack([2.55 * (116 * y - 16), 500 * (x - y), 200 * (y - z)], axis=-1), np.float32)
