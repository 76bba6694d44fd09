"""dlib's detector and 68 landmarks, with the real library."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("dlib", reason="the extra [dlib] is not installed")

from emojimask.build import face_back_end
from emojimask.faces.tracking import LandmarkTracker
from emojimask.sources.synthetic import FACE_OUTLINE, SyntheticSource, portrait
from emojimask.stages import Detection
from emojimask.types import Box, TrackState


@pytest.fixture(scope="module")
def models():
    return face_back_end("hog")


def test_the_face_is_found(models):
    best = max(models.detector.detect(portrait()), key=lambda d: d.score)
    assert best.score > 0.95
    assert best.box.iou(Box.around(FACE_OUTLINE)) > 0.5


def test_the_landmarks_lie_where_they_should(models):
    face = models.landmarker.locate(portrait(), Detection(Box(185, 85, 85, 85), 1.0))
    assert face is not None
    assert face.landmarks.shape == (68, 2)
    left_eye, right_eye, philtrum, mouth_left, mouth_right, chin = face.anchors()
    assert left_eye[0] < philtrum[0] < right_eye[0]
    assert mouth_left[0] < mouth_right[0]
    assert left_eye[1] < philtrum[1] < chin[1]
    inside = sum(cv2.pointPolygonTest(FACE_OUTLINE, (float(x), float(y)), True) > -12 for x, y in face.landmarks)
    assert inside == 68


def test_there_is_no_face_where_there_is_none(models):
    assert models.landmarker.locate(portrait(), Detection(Box(20, 380, 90, 90), 1.0)) is None
    assert models.landmarker.locate(np.zeros((60, 60, 3), np.uint8), Detection(Box(500, 500, 40, 40), 1.0)) is None


def test_a_line_of_pixels_is_no_trouble(models):
    assert [models.detector.detect(np.zeros((*size, 3), np.uint8)) for size in ((1, 5000), (5000, 1))] == [[], []]


def test_a_face_is_found_again_from_its_landmarks_after_it_moved(models):
    face = models.landmarker.locate(portrait(), Detection(Box(185, 85, 85, 85), 1.0))
    moved = np.roll(portrait(), 12, axis=1)
    again = models.landmarker.locate(moved, face.landmarks)
    assert again is not None
    assert np.abs(again.landmarks - face.landmarks - [12, 0]).mean() < 3


def test_the_tracker_follows_a_face_with_these_models(models):
    tracker = LandmarkTracker(models.detector, models.landmarker)
    with SyntheticSource(width=480, height=270, fps=12, seconds=1.0) as source:
        tracks = [tracker.update(frame) for frame in source]
    assert {track.id for found in tracks for track in found} == {1}
    assert all(found[0].state is TrackState.TRACKED for found in tracks)
