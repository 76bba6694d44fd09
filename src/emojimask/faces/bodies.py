"""Where heads are, by the bodies that they are on: BlazePose (Bazarevsky et al. 2020), as MediaPipe's wheel has it.

Whose face is behind a hand, a mask or a hat is found by shoulders and posture. So are people seen from behind.
"""

from __future__ import annotations

import math
from functools import cached_property

import cv2
import numpy as np

from emojimask.faces.mediapipe import are_one_face, six_points, upright_crop
from emojimask.faces.single_shot import Shot, SingleShot
from emojimask.faces.suppression import surest
from emojimask.faces.tflite import TfliteModel
from emojimask.stages import Detection
from emojimask.types import Box, Picture, Points

_IS_BODY, _IS_POSED = 0.65, 0.8
"""The detector's confidence, and then the pose network's, from which there is a body: of open hands, rings and maps
that pass for one, hardly any has both."""
_HIPS, _TOP = 0, 1
"""Of the detector's points: the middle of the hips, and a point as far from it as the body reaches."""
_AROUND = 1.25
"""How much larger than the body the square is that the pose network wants to see."""
_NOSE, _EYES, _EARS, _MOUTH = 0, (5, 2), (8, 7), (10, 9)
"""Numbers of the pose network's landmarks; of two the person's right one first."""
_PER_POINT = 5
"""Numbers for each: x, y, depth, and how surely it shows and is there."""
_BELOW_EYES, _BY_EARS, _BY_MOUTH = 0.6, 1.25, 2.6
"""Where the middle of a face is, in distances from eyes to mouth below the eyes; and its size by that of the ears from
one another and by that of the mouth from the eyes."""


class BodyDetector:
    """Heads of the people in a picture who fill a fair part of it. Its networks are loaded when it is first asked."""

    def detect(self, image: Picture, thorough: bool = False) -> list[Detection]:  # noqa: ARG002
        bodies = surest(self._bodies.finds(image, _IS_BODY), _are_one_body)
        heads = (self._head(image, body) for body in bodies)
        return surest((head for head in heads if head is not None), are_one_face)

    def _head(self, image: Picture, body: Shot) -> Detection | None:
        hips, top = body.points[_HIPS], body.points[_TOP]
        up = top - hips
        side, angle = 2 * _AROUND * float(np.hypot(*up)), math.atan2(float(up[0]), float(-up[1]))
        crop, to_crop = upright_crop(image, (float(hips[0]), float(hips[1])), side, angle, self._pose.side)
        values, score = self._pose.run(crop)
        if score[0] < _IS_POSED:
            return None
        points = values.reshape(-1, _PER_POINT)[:, :2].astype(np.float32)
        return _head_of(cv2.transform(points[None], cv2.invertAffineTransform(to_crop))[0], float(score[0]))

    @cached_property
    def _bodies(self) -> SingleShot:
        return SingleShot(TfliteModel("pose_detection/pose_detection.tflite", -1.0), ((28, 2), (14, 2), (7, 6)), 4)

    @cached_property
    def _pose(self) -> TfliteModel:
        return TfliteModel("pose_landmark/pose_landmark_full.tflite", 0.0)


def _are_one_body(a: Box, b: Box) -> bool:
    return a.iou(b) >= 0.3


def _head_of(points: Points, score: float) -> Detection:
    eyes, ears, mouth = (points[list(pair)] for pair in (_EYES, _EARS, _MOUTH))
    middle = eyes.mean(0)
    down = mouth.mean(0) - middle
    size = max(_BY_EARS * float(np.hypot(*(ears[1] - ears[0]))), _BY_MOUTH * float(np.hypot(*down)))
    center = middle + _BELOW_EYES * down
    box = Box(float(center[0]) - size / 2, float(center[1]) - size / 2, size, size)
    return Detection(box, score, six_points(np.array([*eyes, points[_NOSE], mouth.mean(0)], np.float32), box))
