"""OpenCV's Haar cascades (Viola and Jones 2001): a frontal and a profile one, the latter also in the mirror.

They ship inside OpenCV 4; OpenCV 5 has dropped them. Old and rough, but they err elsewhere than networks do, which
makes them a good second opinion.
"""

from __future__ import annotations

import math
from pathlib import Path
from threading import Lock

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.errors import MissingExtraError
from emojimask.faces.suppression import surest
from emojimask.faces.upright import upright_points
from emojimask.media.pixels import gray
from emojimask.stages import Detection
from emojimask.types import Box, Picture

VIEWS = ("frontal", "profile")
_FILES = {"frontal": "haarcascade_frontalface_alt2.xml", "profile": "haarcascade_profileface.xml"}
_SEEN_SIDE, _THOROUGH_SIDE = 480, 960  # the longer side of what the cascades look at, pixels
_SMALLEST = 20  # pixels, of a face in it
_HALF_SURE = {"frontal": 5.0, "profile": 12.0}  # so many agreeing windows make a score of 0.5 ...
_STEP = 1.1  # ... when each size looked for is so many times the last
_ALL_SIZES = (_SMALLEST, 0)  # the smallest and the largest face looked for, pixels; 0: any
_GLANCE_SIDE, _GLANCE_STEP, _GLANCE_SIZES = 320, 1.2, (24, 0)
_SMALL_SIZES = (_SMALLEST, 44)  # where the longer side is _SEEN_SIDE; there a glance sees faces from 36 pixels on


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
        self._lock = Lock()  # a cascade keeps the picture it looks at: threads that share one would see each other's

    def detect(self, image: Picture, thorough: bool = False) -> list[Detection]:
        gray, scale = _small_gray(image, _THOROUGH_SIDE if thorough else _SEEN_SIDE)
        found: list[Detection] = []
        if "frontal" in self._cascades:
            found += self.look("frontal", gray, scale)
        if "profile" in self._cascades:
            found += self.look("profile", gray, scale) + self.look_mirrored(gray, scale)
        return surest(found, _are_one_face)

    def look(
        self, view: str, gray: NDArray[np.uint8], scale: float, step: float = _STEP, sizes: tuple[int, int] = _ALL_SIZES
    ) -> list[Detection]:
        """One view's finds, in pixels of the picture that was shrunk by ``scale`` to ``gray``.

        Args:
            step: each size looked for is so many times the last. Fewer sizes are quicker.
            sizes: the smallest and the largest face in ``gray``, pixels; 0: any.
        """
        if min(gray.shape) < sizes[0]:
            return []
        with self._lock:
            boxes, counts = self._cascades[view].detectMultiScale2(
                gray, scaleFactor=step, minNeighbors=2, minSize=(sizes[0], sizes[0]), maxSize=(sizes[1], sizes[1])
            )
        half_sure = _HALF_SURE[view] * math.log(_STEP) / math.log(step)  # fewer sizes, fewer windows to agree
        found = []
        for sides, count in zip(boxes, np.ravel(counts), strict=True):
            box = Box(*(float(side) / scale for side in sides))
            points = upright_points(box) if view == "frontal" else None
            found.append(Detection(box, float(count) / (float(count) + half_sure), points))
        return found

    def look_mirrored(
        self, gray: NDArray[np.uint8], scale: float, step: float = _STEP, sizes: tuple[int, int] = _ALL_SIZES
    ) -> list[Detection]:
        """Likewise, profiles that look the other way."""
        width = gray.shape[1] / scale
        found = self.look("profile", np.ascontiguousarray(gray[:, ::-1]), scale, step, sizes)
        return [Detection(_mirrored(d.box, width), d.score) for d in found]


class HaarGlances:
    """The same for strict mode: something of it at every frame, all of it by turns. One per stream.

    In the first frame front faces and profiles are looked for from a twenty-fourth of the picture's longer side on.
    From then on front faces are looked for in every frame, from a twelfth on. By turns, each every eighth frame, it
    also looks for profiles, for mirrored profiles, and in six parts of the picture for smaller front faces, from a
    twenty-fourth on.
    """

    def __init__(self) -> None:
        self._haar = HaarDetector()
        self._turn = -1

    def detect(self, image: Picture, thorough: bool = False) -> list[Detection]:
        self._turn += 1
        if thorough or self._turn == 0:
            return self._haar.detect(image, thorough)
        gray, scale = _small_gray(image, _GLANCE_SIDE)
        found = self._haar.look("frontal", gray, scale, _GLANCE_STEP, _GLANCE_SIZES)
        turn = self._turn % 8
        if turn == 0:
            found += self._haar.look("profile", gray, scale, _GLANCE_STEP, _GLANCE_SIZES)
        elif turn == 4:
            found += self._haar.look_mirrored(gray, scale, _GLANCE_STEP, _GLANCE_SIZES)
        else:
            found += self._small_faces(image, (1, 2, 3, 5, 6, 7).index(turn))
        return surest(found, _are_one_face)

    def _small_faces(self, image: Picture, number: int) -> list[Detection]:
        """In one of six parts of the picture, three along its longer side, that overlap by a small face."""
        gray, scale = _small_gray(image, _SEEN_SIDE)
        height, width = gray.shape
        rows, columns = (2, 3) if width >= height else (3, 2)
        top, bottom = _span(number // columns, rows, height)
        left, right = _span(number % columns, columns, width)
        part = np.ascontiguousarray(gray[top:bottom, left:right])
        found = self._haar.look("frontal", part, scale, sizes=_SMALL_SIZES)
        return [d.moved(left / scale, top / scale) for d in found]


def _mirrored(box: Box, width: float) -> Box:
    return Box(width - box.x - box.width, box.y, box.width, box.height)


def _span(number: int, count: int, length: int) -> tuple[int, int]:
    """The ``number``-th of ``count`` parts of a length, with half an overlap at each inner end."""
    low, high = length * number // count, length * (number + 1) // count
    return max(0, low - _SMALL_SIZES[1] // 2), min(length, high + _SMALL_SIZES[1] // 2)


def _load(name: str) -> cv2.CascadeClassifier:
    folder = getattr(getattr(cv2, "data", None), "haarcascades", None)
    if folder is None or not hasattr(cv2, "CascadeClassifier") or not (Path(folder) / name).is_file():
        raise MissingExtraError(f"OpenCV {cv2.__version__} comes without Haar cascades; install an OpenCV below 5")
    return cv2.CascadeClassifier(str(Path(folder) / name))


def _small_gray(image: Picture, side: int) -> tuple[NDArray[np.uint8], float]:
    """The picture in gray, at most ``side`` pixels long, and by what it was shrunk."""
    height, width = image.shape[:2]
    scale = min(1.0, side / max(height, width))
    bright = gray(image)
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))  # of a line of pixels nothing would be left
        bright = np.asarray(cv2.resize(bright, size, interpolation=cv2.INTER_AREA), np.uint8)
    return bright, scale


def _are_one_face(a: Box, b: Box) -> bool:
    return a.overlap(b) > 0.5
