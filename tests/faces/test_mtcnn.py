"""MTCNN by the real package. TensorFlow is 1 GB, so this runs only where somebody has installed it."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from emojimask.errors import MissingExtraError
from emojimask.sources.synthetic import FACE_OUTLINE, portrait
from emojimask.types import Box


def test_what_is_missing_is_named(monkeypatch):
    from emojimask.build import _mtcnn

    _mtcnn.cache_clear()
    monkeypatch.delitem(sys.modules, "emojimask.faces.mtcnn", raising=False)
    monkeypatch.setitem(sys.modules, "mtcnn", None)
    with pytest.raises(MissingExtraError, match=r"emojimask\[mtcnn\]"):
        _mtcnn()


@pytest.fixture(scope="module")
def detector():
    pytest.importorskip("tensorflow", reason="the extra [mtcnn] is not installed")
    pytest.importorskip("mtcnn", reason="the extra [mtcnn] is not installed")
    from emojimask.faces.mtcnn import MtcnnDetector

    return MtcnnDetector()


def test_the_face_is_found_with_its_key_points_in_order(detector):
    best = detector.detect(portrait())[0]
    assert best.score > 0.9
    assert best.box.iou(Box.around(FACE_OUTLINE)) > 0.5
    left_eye, right_eye, philtrum, mouth_left, mouth_right, chin = best.landmarks
    assert left_eye[0] < mouth_left[0] < philtrum[0] < mouth_right[0] < right_eye[0]
    assert left_eye[1] < philtrum[1] < mouth_left[1] < chin[1]


def test_nothing_is_found_where_nothing_is(detector):
    assert detector.detect(np.zeros((120, 160, 3), np.uint8)) == []
    assert detector.detect(np.zeros((5, 5, 3), np.uint8)) == []
