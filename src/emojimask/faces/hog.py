"""dlib's detector (histograms of oriented gradients + SVM) and its 68 landmarks (Kazemi and Sullivan 2014).

The 68-point model was trained on iBUG 300-W, whose licence excludes commercial use; so is the model's, therefore.
The package that carries it says only that dlib's author gave it into the public domain where he could.
"""

from __future__ import annotations

from pathlib import Path
from threading import Lock

import cv2
import dlib
import numpy as np

from emojimask.errors import ModelError
from emojimask.faces.upright import upright_points
from emojimask.files.packaged import packaged
from emojimask.media.pixels import bgr
from emojimask.stages import Detection
from emojimask.types import Box, Face, Image, Picture, Points

_WEAKEST = -0.5  # the SVM's margin below which a find is not even reported
_SEEN_SIDE, _THOROUGH_SIDE = 960, 1600  # the longer side of what is looked at, pixels; faces need 80 there
_IS_FACE = 0.35  # least score of the landmarker's own close look
_CROP_FACE = 110.0  # pixels: how large a face is made before the landmarker looks for it; HOG needs 80
_REACH = 2.2  # the landmarker looks this many face sizes around


class HogDetector:
    """Finds upright frontal faces from a twelfth of the picture's length, or a twentieth in a thorough look.

    The score is the SVM's margin m as 1 / (1 + exp(-4 m)).
    """

    def __init__(self) -> None:
        self._detector = dlib.get_frontal_face_detector()
        self._lock = Lock()  # its work space is not shared between threads

    def detect(self, image: Picture, thorough: bool = False) -> list[Detection]:
        return self.detect_scaled(bgr(image), (_THOROUGH_SIDE if thorough else _SEEN_SIDE) / max(image.shape[:2]))

    def detect_scaled(self, image: Image, scale: float = 1.0) -> list[Detection]:
        """Faces that are at least 80 pixels large once the picture is scaled by ``scale``."""
        rgb = cv2.cvtColor(_scaled(image, scale), cv2.COLOR_BGR2RGB)
        with self._lock:
            boxes, margins, _ = self._detector.run(rgb, 0, _WEAKEST)
        found = []
        for rectangle, margin in zip(boxes, margins, strict=True):
            sides = rectangle.left(), rectangle.top(), rectangle.width(), rectangle.height()
            box = Box(*(side / scale for side in sides))
            found.append(Detection(box, float(1 / (1 + np.exp(-4 * margin))), upright_points(box, rise=0.1)))
        return found


class Dlib68Landmarker:
    """The 68 points of iBUG 300-W. They alone never deny a face, so the detector looks closely first.

    Raises:
        ModelError: the package with the model is not installed, or came without it.
    """

    def __init__(self) -> None:
        self._detector = HogDetector()
        self._predictor = dlib.shape_predictor(str(landmark_model()))

    def locate(self, image: Picture, near: Detection | Points) -> Face | None:
        box = near.box if isinstance(near, Detection) else _detector_box(near)
        crop, left, top, scale = _close_up(bgr(image), box)
        if min(crop.shape[:2]) < 24:
            return None
        found = [d for d in self._detector.detect_scaled(crop) if d.score >= _IS_FACE]
        middle = np.array([(box.center[0] - left) * scale, (box.center[1] - top) * scale])
        best = min(found, key=lambda d: float(np.linalg.norm(np.subtract(d.box.center, middle))), default=None)
        if best is None or np.linalg.norm(np.subtract(best.box.center, middle)) > 0.8 * best.box.width:
            return None
        points = self._points(crop, best.box) / np.float32(scale) + np.array([left, top], np.float32)
        return Face(Box.around(points), points, best.score)

    def _points(self, crop: Image, box: Box) -> Points:
        x, y, width, height = (round(v) for v in (box.x, box.y, box.width, box.height))
        rectangle = dlib.rectangle(x, y, x + width, y + height)
        shape = self._predictor(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB), rectangle)
        return np.array([[p.x, p.y] for p in shape.parts()], np.float32)


def _detector_box(points: Points) -> Box:
    """The box that the detector would give for these landmarks, roughly: the brows to the chin, square."""
    around = Box.around(points)
    side = 1.05 * around.side
    x, y = around.center
    return Box(x - side / 2, y - side / 2, side, side)


def _close_up(image: Image, box: Box) -> tuple[Image, int, int, float]:
    """The surroundings of ``box`` with the face made about 110 pixels large; and their place and scale."""
    around = box.scaled(_REACH)
    height, width = image.shape[:2]
    left, top = max(0, int(around.x)), max(0, int(around.y))
    right, bottom = min(width, int(around.x + around.width)), min(height, int(around.y + around.height))
    if right - left < 8 or bottom - top < 8:
        return np.zeros((1, 1, 3), np.uint8), 0, 0, 1.0
    scale = _CROP_FACE / max(box.width, 1.0)
    return _scaled(image[top:bottom, left:right], scale), left, top, scale


def _scaled(image: Image, scale: float) -> Image:
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return np.asarray(
        cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR), np.uint8
    )


def landmark_model() -> Path:
    """The file of the 68-point model. Raises ModelError."""
    path = packaged("face_recognition_models", "models", "shape_predictor_68_face_landmarks.dat")
    if path is None:
        raise ModelError('the 68-point landmark model is missing; install it with: pip install "emojimask[dlib]"')
    return path
