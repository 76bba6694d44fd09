"""Where the eyes look, from the picture: the mesh has no irises, but between the lids the iris is what is dark."""

from __future__ import annotations

import math

import cv2
import numpy as np

from emojimask.measures.head_model import Floats
from emojimask.media.pixels import gray, part
from emojimask.types import MESH_POINTS, Picture, Points

_MOST = 32.0
"""A wider eye is looked at with only so many pixels across."""
_LEAST = 12.0
"""An eye narrower than this in the picture, in pixels, shows no gaze."""
_LEAST_OPEN = 0.16
"""Nor does one whose lids are closer than this share of its width."""

_OUTLINES = np.array(
    [
        [33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7],
        [362, 398, 384, 385, 386, 387, 388, 466, 263, 249, 390, 373, 374, 380, 381, 382],
    ]
)
"""Landmarks around each eye, from its left corner over the upper lid; the ninth is its right corner."""


def find_gaze(picture: Picture, landmarks: Points) -> Floats | None:
    """Where the irises are in the eyes: (2,) right and down of the middle, in halves of the eye's width.

    None where the eyes are too small or too far closed, or are not outlined by the landmarks.
    """
    if len(landmarks) < MESH_POINTS:
        return None
    found = [_iris(picture, landmarks[outline].astype(np.float64)) for outline in _OUTLINES]
    seen = [place for place in found if place is not None]
    return np.mean(seen, axis=0) if seen else None


def _iris(picture: Picture, outline: Floats) -> Floats | None:
    """The middle of what is dark within ``outline`` (16, 2) pixels."""
    left, right = outline[0], outline[8]
    ux, uy = (right - left).tolist()
    width = math.hypot(ux, uy)
    if not width >= _LEAST:
        return None
    to_eye = np.array([[ux, uy], [-uy, ux]]) * (2 / width**2)
    if np.ptp(outline @ to_eye[1]) < 2 * _LEAST_OPEN:
        return None
    (x0, y0), (x1, y1) = outline.min(0).tolist(), outline.max(0).tolist()
    height, length = picture.shape[:2]
    if not (x0 >= 1 and y0 >= 1 and x1 < length - 1 and y1 < height - 1):
        return None
    x, y, step = int(x0) // 2 * 2, int(y0) // 2 * 2, max(1, round(width / _MOST))
    bright = np.ascontiguousarray(gray(part(picture, slice(y, int(y1) + 2), slice(x, int(x1) + 2)))[::step, ::step])
    mask = np.zeros_like(bright)
    cv2.fillPoly(mask, [np.rint((outline - (x, y)) / step).astype(np.int32)], (255,))
    dark = cv2.subtract(np.full_like(bright, int(cv2.mean(bright, mask)[0])), bright, mask=mask).astype(np.float32)
    moments = cv2.moments(dark * dark)
    if moments["m00"] < 1:
        return None
    place = np.array([moments["m10"], moments["m01"]]) * (step / moments["m00"]) + (x, y)
    return np.asarray(to_eye @ (place - (left + right) / 2))
