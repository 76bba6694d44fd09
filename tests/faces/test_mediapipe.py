"""The default back end on a real face: near, far, tilted, cut off, several; and never on none."""

import cv2
import numpy as np
import pytest

from emojimask.faces.mediapipe import MediapipeDetector, MeshLandmarker, are_one_face, six_points
from emojimask.faces.suppression import surest
from emojimask.faces.tracking import LandmarkTracker
from emojimask.sources.synthetic import FACE_OUTLINE, portrait
from emojimask.stages import Detection
from emojimask.types import Box, Frame

FACE = Box.around(FACE_OUTLINE)


@pytest.fixture(scope="module")
def detector() -> MediapipeDetector:
    return MediapipeDetector()


@pytest.fixture(scope="module")
def landmarker() -> MeshLandmarker:
    return MeshLandmarker()


def placement(width: int, height: int, scale: float, angle: float = 0.0, x: float = 0.5, y: float = 0.5) -> np.ndarray:
    """Portrait -> picture, the face's middle at (x, y) of the picture."""
    turn = cv2.getRotationMatrix2D(FACE.center, angle, scale)
    turn[:, 2] += np.array([width * x, height * y]) - FACE.center
    return turn


def scene(width: int, height: int, scale: float, angle: float = 0.0, x: float = 0.5, y: float = 0.5) -> np.ndarray:
    """The portrait on gray."""
    blurred = cv2.GaussianBlur(portrait(), None, 0.4 / scale) if scale < 1 else portrait()
    turn = placement(width, height, scale, angle, x, y)
    return cv2.warpAffine(blurred, turn, (width, height), borderValue=(128, 128, 128))


EXPECTED = [[193, 100], [256, 103], [223, 136], [202, 139], [246, 141], [221, 177]]
"""Left and right eye's outer corner, philtrum, mouth's corners, chin, read off the portrait by eye."""


def worst_error(detector: MediapipeDetector, landmarker: MeshLandmarker, scale: float, angle: float) -> float:
    """How far off a key point of the nearest face is, in the portrait's pixels; infinite where there is no face."""
    image = scene(640, 480, scale, angle)
    nearest = min(
        detector.detect(image, thorough=True), key=lambda d: np.hypot(d.box.center[0] - 320, d.box.center[1] - 240)
    )
    face = landmarker.locate(image, nearest)
    if face is None:
        return np.inf
    to_portrait = cv2.invertAffineTransform(placement(640, 480, scale, angle))
    return float(np.abs(cv2.transform(face.anchors()[None], to_portrait)[0] - EXPECTED).max())


@pytest.mark.parametrize("scale", [0.4, 1.0, 2.5])
@pytest.mark.parametrize("angle", [-25, 0, 25])
def test_the_face_is_found_with_its_key_points(
    detector: MediapipeDetector, landmarker: MeshLandmarker, scale: float, angle: float
) -> None:
    assert worst_error(detector, landmarker, scale, angle) < 5 / min(scale, 1)


@pytest.mark.parametrize("angle", [135, 150, 210, 225])
def test_a_head_that_hangs_down_is_found_the_right_way_round(
    detector: MediapipeDetector, landmarker: MeshLandmarker, angle: float
) -> None:
    assert worst_error(detector, landmarker, 1.0, angle) < 8


@pytest.mark.parametrize(("scale", "angle", "y"), [(1.5, 0, 0.07), (1.5, 8, 0.02), (1.0, 0, 0.0), (0.7, -12, 0.02)])
def test_a_face_that_the_upper_edge_cuts_is_not_found_upside_down(
    detector: MediapipeDetector, landmarker: MeshLandmarker, scale: float, angle: float, y: float
) -> None:
    frame = Frame(scene(640, 480, scale, angle, y=y), 0, 0.0)
    (track,) = LandmarkTracker(detector, landmarker).update(frame)
    left_eye, *_, chin = track.face.anchors()
    assert chin[1] > left_eye[1]


def test_a_small_face_in_a_large_picture_needs_the_thorough_look(detector: MediapipeDetector) -> None:
    image = scene(1920, 1080, 0.4, x=0.8, y=0.3)  # the face is 38 pixels wide

    def near(found: list[Detection]) -> bool:
        return any(np.hypot(d.box.center[0] - 1536, d.box.center[1] - 324) < 20 for d in found)

    assert not near(detector.detect(image))
    assert near(detector.detect(image, thorough=True))


@pytest.mark.parametrize(("x", "y"), [(0.8, 0.3), (0.93, 0.12), (0.5, 0.5), (0.2, 0.7)])
def test_a_face_of_a_fiftieth_of_the_width_is_surely_found(detector: MediapipeDetector, x: float, y: float) -> None:
    image = scene(1280, 720, 0.28, x=x, y=y)  # 26 pixels wide, as in the corner of a shared screen
    found = detector.detect(image, thorough=True)
    assert any(np.hypot(d.box.center[0] - 1280 * x, d.box.center[1] - 720 * y) < 15 and d.score > 0.6 for d in found)


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (3840, 2160)])
@pytest.mark.parametrize(("x", "y"), [(0.81, 0.31), (0.47, 0.52), (0.2, 0.7)])
def test_in_a_large_picture_a_face_of_24_pixels_is_surely_found(
    detector: MediapipeDetector, width: int, height: int, x: float, y: float
) -> None:
    """As of the people at the back of a lecture hall."""
    found = detector.detect(scene(width, height, 0.26, x=x, y=y), thorough=True)
    assert any(
        np.hypot(d.box.center[0] - width * x, d.box.center[1] - height * y) < 15 and d.score > 0.6 for d in found
    )


@pytest.mark.parametrize(("scale", "x"), [(2.0, 0.463), (2.3, 0.54), (2.6, 0.39)])
def test_in_a_very_large_picture_a_face_that_tiles_cut_is_found(
    detector: MediapipeDetector, scale: float, x: float
) -> None:
    """As in a group's picture from a camera of 24 megapixels."""
    found = detector.detect(scene(6000, 4000, scale, x=x), thorough=True)
    assert any(np.hypot(d.box.center[0] - 6000 * x, d.box.center[1] - 2000) < 60 and d.score > 0.5 for d in found)


@pytest.mark.parametrize(("x", "y"), [(0.15, 0.6), (0.5, 0.3), (0.5, 0.6), (0.8, 0.3)])
def test_a_small_blurred_face_is_covered_at_once(
    detector: MediapipeDetector, landmarker: MeshLandmarker, x: float, y: float
) -> None:
    """As of somebody who walks in the background; the landmarker denies it."""
    sharp = scene(1280, 720, 30 / max(FACE.width, FACE.height), x=x, y=y)
    frame = Frame(cv2.GaussianBlur(sharp, None, 2.0), 0, 0.0)
    found = [track.face.box.center for track in LandmarkTracker(detector, landmarker).update(frame)]
    assert any(np.hypot(left - 1280 * x, top - 720 * y) < 8 for left, top in found)


def test_several_faces_are_each_found_once(detector: MediapipeDetector) -> None:
    image = np.hstack([scene(300, 300, 1.0), scene(300, 300, 1.3, 10), scene(300, 300, 0.8, -10)])
    centers = sorted(d.box.center[0] for d in detector.detect(image, thorough=True) if d.score > 0.5)
    assert np.allclose(centers, [150, 450, 750], atol=25)


def test_a_face_half_out_of_the_picture_is_found(detector: MediapipeDetector, landmarker: MeshLandmarker) -> None:
    image = scene(640, 480, 2.0, x=0.97)
    best = max(detector.detect(image, thorough=True), key=lambda d: d.score)
    assert best.score > 0.6
    assert best.box.intersection(Box(550, 130, 90, 220)) > 0
    assert landmarker.locate(image, best) is not None


def test_nothing_is_found_where_no_face_is(detector: MediapipeDetector, landmarker: MeshLandmarker) -> None:
    helmet = portrait()[330:, 250:]
    noise = np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8)
    for image in (helmet, noise, np.zeros((480, 640, 3), np.uint8)):
        assert not [d for d in detector.detect(np.ascontiguousarray(image), thorough=True) if d.score > 0.5]
        assert landmarker.locate(image, Detection(Box(50, 50, 80, 80), 0.9)) is None


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 700, 3), (900, 3, 3)])
def test_odd_pictures_are_no_fault(
    detector: MediapipeDetector, landmarker: MeshLandmarker, shape: tuple[int, int, int]
) -> None:
    image = np.full(shape, 90, np.uint8)
    assert [d for d in detector.detect(image, thorough=True) if d.score > 0.5] == []
    assert landmarker.locate(image, Detection(Box(0, 0, 1, 1), 0.5)) is None
    assert landmarker.locate(image, Detection(Box(-1e6, 0, 1e7, 1e7), 0.5)) is None


def test_of_overlapping_boxes_the_surest_stays() -> None:
    boxes = [Detection(Box(0, 0, 10, 10), 0.5), Detection(Box(1, 1, 10, 10), 0.9), Detection(Box(50, 0, 10, 10), 0.4)]
    assert [d.score for d in surest(boxes, are_one_face)] == [0.9, 0.4]


def test_rough_points_that_contradict_the_box_give_way_to_it() -> None:
    """Else a large cover would be filled around an emoji the size of a button."""
    box = Box(100, 100, 80, 80)
    huddled = np.full((6, 2), 140, np.float32) + np.float32([[-1, -1], [1, -1], [0, 0], [0, 1], [-2, 0], [2, 0]])
    left_eye, right_eye, *_, chin = six_points(huddled, box)
    assert 35 < right_eye[0] - left_eye[0] < 80
    assert 40 < chin[1] - left_eye[1] < 80


def test_a_profile_looking_aside_is_not_taken_for_a_head_lying_down() -> None:
    """There the line from the eyes to the mouth runs along the profile."""
    box = Box(100, 100, 80, 80)
    aside = np.float32([[145, 130], [152, 134], [135, 130], [124, 140], [160, 140], [165, 140]])
    left_eye, right_eye, *_ = six_points(aside, box)
    assert abs(right_eye[1] - left_eye[1]) < 0.1 * (right_eye[0] - left_eye[0])
    bowed = np.float32([[145, 130], [152, 133], [140, 140], [130, 165], [160, 140], [165, 140]])
    left_eye, right_eye, *_ = six_points(bowed, box)
    assert 10 < np.degrees(np.arctan2(right_eye[1] - left_eye[1], right_eye[0] - left_eye[0])) < 45
