"""The three cascaded networks of MTCNN (Zhang et al. 2016), by the ``mtcnn`` package.

The package carries its weights and runs them on TensorFlow: about 1 GB more on disk and seconds more to start.
"""

from __future__ import annotations

import os
from threading import Lock
from typing import Any

import cv2
import numpy as np

from emojimask.media.pixels import bgr
from emojimask.stages import Detection
from emojimask.types import Box, Picture, Points

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow gives notices on standard error as it is imported

from mtcnn import MTCNN


class MtcnnDetector:
    """Finds faces of at least 20 pixels that are more frontal than not; the last network's confidence is the score.

    A thorough look is no other: the package's own smallest size already finds the small ones, and with other sizes
    its pyramid of scales misses faces at random.
    """

    def __init__(self) -> None:
        self._networks = MTCNN()
        self._lock = Lock()

    def detect(self, image: Picture, thorough: bool = False) -> list[Detection]:  # noqa: ARG002
        if min(image.shape[:2]) < 24:  # smaller than what the networks read
            return []
        rgb = cv2.cvtColor(bgr(image), cv2.COLOR_BGR2RGB)
        with self._lock:
            found = self._networks.detect_faces(rgb, fit_to_image=False, threshold_onet=0.5, threshold_rnet=0.6)
        return [
            Detection(Box(*map(float, face["box"])), float(face["confidence"]), _six_points(face)) for face in found
        ]


def _six_points(face: dict[str, Any]) -> Points:
    """The five points (eye centres, nose, mouth corners) as the six key points, by usual proportions."""
    names = ("left_eye", "right_eye", "mouth_left", "mouth_right")
    left_eye, right_eye, mouth_left, mouth_right = (np.array(face["keypoints"][name], np.float32) for name in names)
    across, mouth = right_eye - left_eye, (mouth_left + mouth_right) / 2
    down = mouth - (left_eye + right_eye) / 2
    points = (left_eye - 0.22 * across, right_eye + 0.22 * across, mouth - 0.18 * down)
    return np.asarray(np.stack([*points, mouth_left, mouth_right, mouth + 0.62 * down]), np.float32)
