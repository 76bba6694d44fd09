"""Two simpler ways of masking, to compare with: without memory, and as the first published pipeline of this kind does.

Both look at each frame by itself. Neither is offered for use.
"""

from __future__ import annotations

import cv2
import numpy as np

from emojimask.errors import MissingExtraError
from emojimask.masking.compositing import Layers, draw_warped
from emojimask.media.pixels import bgr, premultiplied
from emojimask.stages import EmojiSet, FaceDetector, FaceLandmarker, MaskRenderer
from emojimask.types import Box, Face, Frame, Image, MaskedFace, Track


class PerFrame:
    """The same models and the same renderer as ours, but every face that the detector is sure of, frame by frame."""

    def __init__(self, detector: FaceDetector, landmarker: FaceLandmarker, renderer: MaskRenderer) -> None:
        self._detector, self._landmarker, self._renderer = detector, landmarker, renderer

    def mask(self, frame: Frame) -> Image:
        found = [d for d in self._detector.detect(frame.image) if d.score >= 0.5]
        faces = [face for d in found if (face := self._landmarker.locate(frame.image, d)) is not None]
        masked = [MaskedFace(Track(number, face), (), "neutral") for number, face in enumerate(faces)]
        return bgr(self._renderer.render(frame.image, masked))


class FirstFaceByHog:
    """dlib's HOG detector and 68 landmarks; the first face only; a homography of six key points; nothing held.

    After Wang, Wu and Xia 2020 (arXiv:2012.13447), with their detector at its own scale and threshold: the emoji is
    warped as it is and laid over; where no face is found, the frame passes.

    Raises:
        MissingExtraError, ModelError: the extra [dlib] is not installed.
    """

    def __init__(self, emojis: EmojiSet) -> None:
        try:
            import dlib
        except ImportError as error:
            raise MissingExtraError(
                'the reference needs dlib; install it with: pip install "emojimask[dlib]"'
            ) from error
        from emojimask.faces.hog import landmark_model

        self._detect = dlib.get_frontal_face_detector()
        self._landmarks = dlib.shape_predictor(str(landmark_model()))
        emoji = emojis.emoji("neutral")
        self._layers, self._key_points = Layers(premultiplied(emoji.image)), emoji.key_points
        height, width = emoji.image.shape[:2]
        self._corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)

    def mask(self, frame: Frame) -> Image:
        image = frame.image.copy()
        rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        boxes = self._detect(rgb, 0)
        if not boxes:
            return image
        points = np.array([[p.x, p.y] for p in self._landmarks(rgb, boxes[0]).parts()], np.float32)
        anchors = Face(Box.around(points), points, 1.0).anchors()
        homography, _ = cv2.findHomography(self._key_points.astype(np.float64), anchors.astype(np.float64), 0)
        if homography is not None:
            draw_warped(image, self._layers, np.asarray(homography, np.float64), self._corners)
        return image
