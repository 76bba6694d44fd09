"""From a frame and six key points to the picture that the network reads. Training uses this file too.

The crop decides: FER2013 faces are framed in one particular way, and a network trained on them reads a face right
only in that framing. So a face is brought onto it by a similarity transform of its six key points.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.geometry.similarity import similarity
from emojimask.media.pixels import YuvImage, full_range, gray, part, warp_affine
from emojimask.types import Picture, Points

SIDE = 48
MEAN = 0.5077
"""Mean gray value of FER2013's Training rows, 0 to 1."""
STD = 0.2550
"""Standard deviation of the same."""

FER2013_KEY_POINTS: Points = np.array(
    [[10.9, 18.0], [36.1, 18.0], [23.5, 32.2], [16.4, 36.2], [30.6, 36.2], [23.5, 47.0]], np.float32
)
"""(6, 2) pixels: where the six key points lie in FER2013's frame (medians over PublicTest, made symmetric)."""


def normalise(crops: NDArray[np.uint8], mean: float = MEAN, std: float = STD) -> NDArray[np.float32]:
    """(N, 48, 48) uint8 gray -> (N, 1, 48, 48) float32; of the training set this has mean 0 and deviation 1."""
    return ((crops.astype(np.float32) / 255.0 - mean) / std)[:, None]


def crop_face(image: Picture, anchors: Points, key_points: Points = FER2013_KEY_POINTS) -> NDArray[np.uint8]:
    """The face upright and framed as the network knows faces. Beyond the picture's edge its border is repeated.

    Args:
        image: the whole picture.
        anchors: (6, 2) the face's key points in the picture, pixels.
        key_points: (6, 2) where they belong in the crop, pixels.

    Returns:
        (48, 48) uint8 gray.

    Raises:
        ValueError: the anchors are not finite or fit no face's shape, so that there is nothing to frame.
    """
    to_image = np.vstack([cv2.invertAffineTransform(similarity(anchors, key_points)[:2]), [0, 0, 1]])
    scale = float(np.hypot(to_image[0, 0], to_image[1, 0]))
    # The face's region alone is made gray and halved until its pixels are at least half the size of the crop's; a
    # bilinear warp onto a grid twice as fine as the crop and its 2x2 means do the rest, so that no pixel is skipped.
    block = 2 ** max(0, int(np.log2(scale)))
    region, left, top = _region(image, to_image, block)
    # Coordinates count from pixel centres: 0 is half a pixel inside the edge, whatever the size of a pixel.
    to_region = np.array([[1, 0, 0.5 - left - block / 2], [0, 1, 0.5 - top - block / 2], [0, 0, block]]) / block
    from_fine = np.array([[0.5, 0, -0.25], [0, 0.5, -0.25], [0, 0, 1]])
    mapping = (to_region @ to_image @ from_fine)[:2]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    fine = warp_affine(region, mapping, (2 * SIDE, 2 * SIDE), cv2.BORDER_REPLICATE, flags=flags)
    crop = np.asarray(cv2.resize(fine, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
    return full_range(crop) if isinstance(image, YuvImage) else crop


def _region(image: Picture, to_image: NDArray[np.float64], block: int) -> tuple[NDArray[np.uint8], int, int]:
    """The part of the picture that the crop looks at, each block of pixels made one; its left; its top.

    In gray, or in a video's own brightness.
    """
    corners = (to_image @ np.array([[0, SIDE, 0, SIDE], [0, 0, SIDE, SIDE], [1, 1, 1, 1]]))[:2]
    low, high = corners.min(1) - 2 * block, corners.max(1) + 2 * block
    left, right = _blocks(low[0], high[0], image.shape[1], block)
    top, bottom = _blocks(low[1], high[1], image.shape[0], block)
    seen = part(image, slice(top, bottom), slice(left, right))
    bright = np.ascontiguousarray(seen.y) if isinstance(seen, YuvImage) else gray(seen)
    while block > 1:
        size = (max(1, bright.shape[1] // 2), max(1, bright.shape[0] // 2))
        bright, block = np.asarray(cv2.resize(bright, size, interpolation=cv2.INTER_AREA), np.uint8), block // 2
    return bright, left, top


def _blocks(low: float, high: float, size: int, block: int) -> tuple[int, int]:
    """Even first and end of the whole blocks between ``low`` and ``high`` inside the picture; at least one pixel."""
    first = int(min(max(low, 0), size - 1)) // 2 * 2
    whole = (min(max(math.ceil(high), first), size) - first) // block * block
    return first, first + max(whole, 1)
