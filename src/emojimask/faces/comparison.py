"""How two sights of a face compare: whether they can be the same, and what one tells of the other."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from emojimask.geometry.points import extent, middle
from emojimask.types import Box, Face, Picture, Points

MAX_RESHAPE = 1.15
"""The most that a followed face's width to height may change from one frame to the next."""
HEAD = 1.5
"""How much larger than the face the head is that hides who goes behind it."""
SQUEEZED_S = 0.5
"""So long after it was last seen whole, a face that goes behind another is expected to have kept its size."""


def distance(before: Points, after: Points) -> float:
    """How far a face's middle moved, in face sizes."""
    return float(np.hypot(*(middle(after) - middle(before)))) / max(extent(after), 1.0)


def moved(before: Points, face: Face) -> float:
    """How far a face's fastest landmark moved, in face sizes; infinite where there were other landmarks before."""
    if before.shape != face.landmarks.shape:
        return float(np.inf)
    return float(np.abs(face.landmarks - before).max()) / max(face.box.width, face.box.height, 1.0)


def are_of_like_size(a: Points, b: Points) -> bool:
    """From one frame to the next a face does not grow or shrink by more than a quarter."""
    return 0.8 < extent(a) / max(extent(b), 1.0) < 1.25


def is_plausible(face: Face, expected: Points) -> bool:
    """The landmarker may slip: the face found must lie on the one expected, be of like size, and of like shape.

    Drawn half onto a head that has jumped, it stretches over head and background; the detector must look then.
    """
    box = Box.around(expected)
    (width, height), (found_width, found_height) = (_size_in_its_axes(p) + 1 for p in (expected, face.landmarks))
    reshaped = found_width * height / (found_height * width)
    return (
        face.box.iou(box) > 0.25
        and 0.5 < (face.box.area + 1) / (box.area + 1) < 2.0
        and 1 / MAX_RESHAPE < reshaped < MAX_RESHAPE
    )


def _size_in_its_axes(points: Points) -> Points:
    """(2,) how far landmarks reach along and across the line of the eyes: a head that rolls keeps its shape."""
    left, right = Face(Box.around(points), points, 1.0).anchors()[:2]
    across = (right - left) / max(float(np.hypot(*(right - left))), 1e-6)
    to_axes = np.array([[across[0], -across[1]], [across[1], across[0]]], np.float32)
    return np.asarray(np.ptp(points @ to_axes, axis=0), np.float32)


def is_cut_off(face: Face, picture: Picture) -> bool:
    """True where the picture's edge cuts more than a tenth off a face."""
    return share_inside(face.box, picture) < 0.9


def share_inside(box: Box, picture: Picture) -> float:
    """The share of a box that lies in the picture, 0 to 1."""
    height, width = picture.shape[:2]
    return box.intersection(Box(0, 0, width, height)) / max(box.area, 1e-6)


def grown_within(box: Box, least: Box, picture: Picture) -> Box:
    """The part of a picture that holds what of a box lies in it, and is no smaller than ``least``, if that fits."""

    def span(low: float, high: float, least: float, pixels: float) -> tuple[float, float]:
        low, high = max(0.0, low), min(pixels, high)
        grown = min(max(high - low, least), pixels)
        low = min(max(0.0, (low + high - grown) / 2), pixels - grown)
        return low, low + grown

    height, width = picture.shape[:2]
    left, right = span(box.x, box.x + box.width, least.width, width)
    top, bottom = span(box.y, box.y + box.height, least.height, height)
    return Box(left, top, right - left, bottom - top)


def goes_behind(face: Face, expected: Box, since_s: float, others: Iterable[Face]) -> bool:
    """True where a face is squeezed into what another person leaves of it to be seen.

    Args:
        expected: where the whole face should be. since_s: for how long it was not seen.
    """
    if since_s > SQUEEZED_S or not any(expected.intersection(other.box.scaled(HEAD)) > 0 for other in others):
        return False
    return MAX_RESHAPE * face.box.width < expected.width or MAX_RESHAPE * face.box.height < expected.height


def stretched(face: Face, over: Box) -> Face:
    """The face made so large that its box holds ``over``."""
    box = face.box
    left, top = min(box.x, over.x), min(box.y, over.y)
    right, bottom = max(box.x + box.width, over.x + over.width), max(box.y + box.height, over.y + over.height)
    times = np.array([(right - left) / max(box.width, 1.0), (bottom - top) / max(box.height, 1.0)], np.float32)
    landmarks = np.array([left, top], np.float32) + (face.landmarks - np.array([box.x, box.y], np.float32)) * times
    return Face(Box(left, top, right - left, bottom - top), landmarks.astype(np.float32), face.score)


def covers(known: Box, found: Box) -> bool:
    """Whether a find is of a face that is known, or lies so that this one's mask hides it all.

    One of another size may be of somebody else, a child before its parent, of whom the mask hides a part.
    """
    like = min(known.area, found.area) > 0.4 * max(known.area, found.area)
    return known.overlap(found) > (0.4 if like else 0.75)


def hides(known: Box, found: Box) -> bool:
    """Whether a face that is known lies where a clear find does, or so that its mask hides it.

    A face that was followed over a cut may lie half on another one, and half beside it.
    """
    return known.iou(found) > 0.4 or known.intersection(found) > 0.75 * found.area


def is_near(found: Box, lost: Box, expected: Box, since_s: float) -> bool:
    """Whether a detection may be of a face that was lost ``since_s`` seconds ago and should be at ``expected``."""
    around = expected.scaled(1.5 + min(2.0, since_s))
    x, y = found.center
    within = around.x <= x <= around.x + around.width and around.y <= y <= around.y + around.height
    return within and 0.3 < (found.area + 1) / (lost.area + 1) < 3.0
