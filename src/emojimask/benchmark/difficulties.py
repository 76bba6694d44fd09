"""Real faces made harder: turned, in bad light, blurred, small, or partly covered. One difficulty each."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from emojimask.types import Face, Image, Points

Spoil = Callable[[Image, Face], Image]
"""A picture and the largest face in it to a picture of the same size."""

SMALL_FACE = 32.0
"""Pixels from ear to ear."""


def turned(degrees: float) -> Spoil:
    """The picture turned in its plane about the face."""

    def spoil(image: Image, face: Face) -> Image:
        matrix = cv2.getRotationMatrix2D(face.box.center, degrees, 1.0)
        size = (image.shape[1], image.shape[0])
        return _image(cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE))

    return spoil


def aside(degrees: float) -> Spoil:
    """The picture as a poster that is turned away about an upright axis through the face; no true profile."""

    def spoil(image: Image, face: Face) -> Image:
        height, width = image.shape[:2]
        distance = 1.5 * max(height, width)
        x, y = face.box.center
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        across, down = (corners - np.array([x, y], np.float32)).T
        depth = distance / (distance + across * math.sin(math.radians(degrees)))
        seen = np.stack([x + across * math.cos(math.radians(degrees)) * depth, y + down * depth], 1)
        matrix = cv2.getPerspectiveTransform(corners, seen.astype(np.float32))
        return _image(cv2.warpPerspective(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE))

    return spoil


def dim(image: Image, _: Face) -> Image:
    """Two stops and more too dark, the shadows most of all."""
    return _image(255 * (image / 255.0) ** 3)


def glaring(image: Image, _: Face) -> Image:
    """Over-exposed: what is bright is lost."""
    return _image(cv2.convertScaleAbs(image, alpha=2.2))


def lit_from_the_side(image: Image, face: Face) -> Image:
    """Light falls off across the face to an eighth."""
    x = (np.arange(image.shape[1]) - face.box.x) / face.box.width
    light = np.interp(x, [0, 1], [1, 0.125])
    return _image(image * light[None, :, None])


def noisy(image: Image, _: Face) -> Image:
    """The noise of a camera in the dark."""
    return _image(image + np.random.default_rng(1).normal(0, 25, image.shape))


def blurred(image: Image, face: Face) -> Image:
    """Out of focus by a fortieth of the face's width."""
    return _image(cv2.GaussianBlur(image, (0, 0), face.box.width / 40))


def small(image: Image, face: Face) -> Image:
    """As from a camera that gives the face 32 pixels."""
    height, width = image.shape[:2]
    scale = SMALL_FACE / face.box.width
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    coarse = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return _image(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR))


def bar_over_eyes(image: Image, face: Face) -> Image:
    """A black bar from temple to temple."""
    left, right = face.anchors()[:2]
    return _barred(image, face, (left + right) / 2, 1.5, 0.4)


def bar_over_mouth(image: Image, face: Face) -> Image:
    """A black bar from cheek to cheek."""
    left, right = face.anchors()[3:5]
    return _barred(image, face, (left + right) / 2, 1.3, 0.5)


DIFFICULTIES: dict[str, tuple[str, Spoil]] = {
    "turned by 20 degrees": ("pose", turned(20)),
    "turned by 45 degrees": ("pose", turned(45)),
    "aside by 35 degrees": ("pose", aside(35)),
    "aside by 50 degrees": ("pose", aside(50)),
    "dim": ("light", dim),
    "glaring": ("light", glaring),
    "lit from the side": ("light", lit_from_the_side),
    "noise": ("camera", noisy),
    "out of focus": ("camera", blurred),
    "32 pixels wide": ("camera", small),
    "bar over the eyes": ("occlusion", bar_over_eyes),
    "bar over the mouth": ("occlusion", bar_over_mouth),
}
"""By name: what kind it is of, and what it does."""


def _barred(image: Image, face: Face, center: Points, width: float, height: float) -> Image:
    """``width`` and ``height``: in units of the distance between the outer eye corners."""
    across = np.asarray(face.anchors()[1] - face.anchors()[0], np.float64)
    down = np.array([-across[1], across[0]])
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) / 2
    corners = center + signs[:, :1] * width * across + signs[:, 1:] * height * down
    barred = image.copy()
    cv2.fillConvexPoly(barred, np.rint(corners).astype(np.int32), (0, 0, 0))
    return barred


def _image(values: MatLike | NDArray[np.float64]) -> Image:
    return np.clip(values, 0, 255).astype(np.uint8)
