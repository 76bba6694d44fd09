"""Haar cascades: find the face where it is, from the front and mirrored, and say nothing of an empty wall."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from emojimask.errors import MissingExtraError
from emojimask.faces import haar
from emojimask.faces.haar import HaarDetector, HaarGlances
from emojimask.sources.synthetic import FACE_OUTLINE, portrait
from emojimask.types import Box


@pytest.fixture(scope="module")
def detector():
    return HaarDetector()


@pytest.mark.parametrize("scale", [0.25, 1.0, 2.5])
def test_the_face_is_found_at_any_size(detector, scale):
    image = cv2.resize(portrait(), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    best = detector.detect(image)[0]
    assert best.score > 0.5
    assert best.box.iou(Box.around(FACE_OUTLINE * np.float32(scale))) > 0.5
    assert best.landmarks is not None
    assert best.landmarks.shape == (6, 2)


def test_two_threads_that_share_it_each_find_their_own_face(detector):
    small = cv2.resize(portrait(), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    pictures = [portrait(), cv2.copyMakeBorder(small, 0, 256, 256, 0, cv2.BORDER_REPLICATE)]
    alone = [detector.detect(picture) for picture in pictures]
    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(lambda picture: [detector.detect(picture) for _ in range(8)], pictures))
    for finds, expected in zip(together, alone, strict=True):
        assert [[(d.box, d.score) for d in find] for find in finds] == 8 * [[(d.box, d.score) for d in expected]]


def test_one_face_is_reported_once(detector):
    around = Box.around(FACE_OUTLINE)
    assert sum(d.box.intersection(around) > 0.3 * around.area for d in detector.detect(portrait())) == 1


def test_a_profile_is_found_in_either_direction_at_its_mirrored_place(monkeypatch):
    """The cascade knows one direction; here one that 'finds' the brightest spot stands in for it."""

    class Brightest:
        def detectMultiScale2(self, gray, **_):  # noqa: N802
            y, x = np.unravel_index(int(gray.argmax()), gray.shape)
            return ([[x, y, 30, 30]], [12]) if x < gray.shape[1] // 2 else ([], [])

    monkeypatch.setattr(haar, "_load", lambda _: Brightest())
    image = np.zeros((100, 200, 3), np.uint8)
    image[40, 150] = 255
    (found,) = HaarDetector(("profile",)).detect(image)
    assert found.box == Box(200 - 49 - 30, 40, 30, 30)
    assert found.score == 0.5


def test_a_plain_wall_has_no_face(detector):
    wall = np.clip(np.random.default_rng(5).normal(128, 6, (240, 320, 3)), 0, 255).astype(np.uint8)
    assert detector.detect(wall) == []


def test_a_picture_of_a_few_pixels_is_no_trouble(detector):
    for size in ((7, 9), (1, 5000), (5000, 1)):
        assert detector.detect(np.zeros((*size, 3), np.uint8)) == []


def test_an_opencv_without_cascades_is_told(monkeypatch):
    monkeypatch.setattr(cv2.data, "haarcascades", "/nowhere/")
    with pytest.raises(MissingExtraError, match="OpenCV"):
        HaarDetector()


def in_a_room(scale: float, x: int, y: int) -> np.ndarray:
    face = cv2.resize(portrait(), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    room = np.full((360, 640, 3), 120, np.uint8)
    room[y : y + face.shape[0], x : x + face.shape[1]] = face
    return room


def finds(detector: HaarGlances, room: np.ndarray, scale: float, x: int, y: int) -> list[bool]:
    """For each of nine frames whether the face is found."""
    truth = Box.around(FACE_OUTLINE * np.float32(scale) + np.array([x, y], np.float32))
    return [any(d.box.overlap(truth) > 0.5 for d in detector.detect(room)) for _ in range(9)]


def test_glances_find_a_large_face_in_every_frame():
    assert finds(HaarGlances(), in_a_room(0.6, 100, 20), 0.6, 100, 20) == [True] * 9


@pytest.mark.parametrize(("x", "y"), [(20, 20), (290, 100), (500, 220)])
def test_glances_find_a_small_face_at_once_and_then_once_in_eight_frames(x, y):
    found = finds(HaarGlances(), in_a_room(0.25, x, y), 0.25, x, y)
    assert found[0]
    assert any(found[1:])
