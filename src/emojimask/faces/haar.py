"""OpenCV's Haar cascades (Viola and Jones 2001): a frontal and a profile one, the latter also in the mirror.

They ship inside OpenCV 4; OpenCV 5 has dropped them. Old and rough, but they err elsewhere than networks do, which
makes them a good second opinion.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.errors import MissingExtraError
from emojimask.faces.upright import upright_points
from emojimask.pixels import gray
from emojimask.stages import Detection
from emojimask.types import Box, Picture

VIEWS = ("frontal", "profile")
_FILES = {"frontal": "haarcascade_frontalface_alt2.xml", "profile": "haarcascade_profileface.xml"}
_SEEN_SIDE, _THOROUGH_SIDE = 480, 960  # the longer side of what the cascades look at, pixels
_SMALLEST = 20  # pixels, of a face in it
_HALF_SURE = {"frontal": 5.0, "profile": 12.0}  # so many agreeing windows make a score of 0.5


class HaarDetector:
    """Finds upright faces seen from the front or from the side.

    The score says how many neighbouring windows agree: 5 of the frontal cascade make 0.5, 15 make 0.75. The profile
    cascade errs more often: 12 and 36.

    Args:
        views: any of :data:`VIEWS`.

    Raises:
        MissingExtraError: the installed OpenCV comes without cascades.
    """

    def __init__(self, views: tuple[str, ...] = VIEWS) -> None:
        self._cascades = {view: _load(_FILES[view]) for view in views}

    def detect(self, image: Picture, thorough: bool = False) -> list[Detection]:
        gray, scale = _small_gray(image, _THOROUGH_SIDE if thorough else _SEEN_SIDE)
        found: list[Detection] = []
        if "frontal" in self._cascades:
            looks = self._look("frontal", gray, scale)
            found += [d._replace(landmarks=upright_points(d.box)) for d in looks]
        if "profile" in self._cascades:
            found += self._look("profile", gray, scale)
            width = image.shape[1]
            for box, score, _ in self._look("profile", np.ascontiguousarray(gray[:, ::-1]), scale):
                found.append(Detection(Box(width - box.x - box.width, box.y, box.width, box.height), score))
        return _surest(found)

    def _look(self, view: str, gray: NDArray[np.uint8], scale: float) -> list[Detection]:
        if min(gray.shape) < _SMALLEST:
            return []
        boxes, counts = self._cascades[view].detectMultiScale2(
            gray, scaleFactor=1.1, minNeighbors=2, minSize=(_SMALLEST, _SMALLEST)
        )
        found = []
        for sides, count in zip(boxes, np.ravel(counts), strict=True):
            box = Box(*(float(side) / scale for side in sides))
            found.append(Detection(box, float(count) / (float(count) + _HALF_SURE[view])))
        return found


def _load(name: str) -> cv2.CascadeClassifier:
    folder = getattr(getattr(cv2, "data", None), "haarcascades", None)
    if folder is None or not hasattr(cv2, "CascadeClassifier") or not (Path(folder) / name).is_file():
        raise MissingExtraError(f"OpenCV {cv2.__version__} comes without Haar cascades; install an OpenCV below 5")
    return cv2.CascadeClassifier(str(Path(folder) / name))


def _small_gray(image: Picture, side: int) -> tuple[NDArray[np.uint8], float]:
    """The picture in gray, at most ``side`` pixels long, and by what it was shrunk."""
    scale = min(1.0, side / max(image.shape[:2]))
    bright = gray(image)
    if scale < 1:
        bright = np.asarray(cv2.resize(bright, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    return bright, scale


def _surest(detections: list[Detection]) -> list[Detection]:
    """Of boxes on one face, the surest."""
    kept: list[Detection] = []
    for candidate in sorted(detections, key=lambda d: d.score, reverse=True):
        if not any(candidate.box.overlap(k.box) > 0.5 for k in kept):
            kept.append(candidate)
    return kept
