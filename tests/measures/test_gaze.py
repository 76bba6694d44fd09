"""The gaze follows a painted iris, in BGR and in a video's planes; small, shut and cut off eyes show none."""

import cv2
import numpy as np
import pytest

from emojimask.measures.gaze import _OUTLINES, find_gaze
from emojimask.media.pixels import YuvImage


def eyes(width: float, opened: float = 0.35, angle: float = 0.0) -> np.ndarray:
    """(468, 2) landmarks of two almond eyes, ``opened`` of their width."""
    x = np.concatenate([np.linspace(-1, 1, 9), np.linspace(1, -1, 9)[1:-1]]) / 2
    y = np.concatenate([-np.cos(np.linspace(-1, 1, 9) * np.pi / 2), np.cos(np.linspace(1, -1, 9) * np.pi / 2)[1:-1]])
    almond = np.stack([x, opened / 2 * y], 1) * width
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    landmarks = np.zeros((468, 2), np.float32)
    for outline, side in zip(_OUTLINES, (-1, 1), strict=True):
        landmarks[outline] = (almond + np.array([side * width, 0])) @ turn + np.array([160, 120])
    return landmarks


def face(landmarks: np.ndarray, look: tuple[float, float]) -> np.ndarray:
    """Brownish skin, white eyes, irises ``look`` halves of the eye's width off the middle."""
    image = np.full((240, 320, 3), (110, 140, 190), np.uint8)
    for outline in _OUTLINES:
        points = landmarks[outline]
        white = np.zeros((240, 320), np.uint8)
        cv2.fillPoly(white, [np.round(points).astype(np.int32)], 255)
        image[white > 0] = (225, 225, 225)
        left, right = points[0], points[8]
        across = (right - left) / 2
        middle = (left + right) / 2 + look[0] * across + look[1] * np.array([-across[1], across[0]])
        iris = np.zeros_like(white)
        cv2.circle(
            iris, [int(v) for v in np.round(middle * 16)], int(0.22 * 16 * np.hypot(*(right - left))), 255, -1, shift=4
        )
        image[(white > 0) & (iris > 0)] = (40, 50, 70)
    return cv2.GaussianBlur(image, None, 0.8)


@pytest.mark.parametrize("width", [20.0, 50.0, 90.0])
@pytest.mark.parametrize("angle", [0.0, 0.5])
@pytest.mark.parametrize("look", [(-0.3, 0.0), (0.0, 0.0), (0.3, 0.0), (0.2, 0.1), (-0.2, -0.1)])
def test_it_follows_the_iris(width: float, angle: float, look: tuple[float, float]) -> None:
    landmarks = eyes(width, 0.5, angle)
    found = find_gaze(face(landmarks, look), landmarks)
    assert found == pytest.approx(look, abs=0.1)


def test_planes_and_bgr_tell_the_same() -> None:
    landmarks = eyes(50)
    image = face(landmarks, (0.25, 0.0))
    planes = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420)
    u, v = planes[240:300].reshape(120, 160), planes[300:].reshape(120, 160)
    yuv = YuvImage(np.ascontiguousarray(planes[:240]), u, v, False)
    assert find_gaze(yuv, landmarks) == pytest.approx(find_gaze(image, landmarks), abs=0.03)


@pytest.mark.parametrize(
    "landmarks",
    [
        eyes(8),
        eyes(50, 0.1),
        eyes(50) + np.float32(200),
        eyes(50) - np.float32([150, 0]),
        np.zeros((68, 2), np.float32),
    ],
    ids=["small", "shut", "outside", "at the edge", "68 points"],
)
def test_no_gaze_without_an_eye_to_see(landmarks: np.ndarray) -> None:
    assert find_gaze(np.full((240, 320, 3), 128, np.uint8), landmarks) is None


def test_a_single_eye_is_enough() -> None:
    landmarks = eyes(50)
    image = face(landmarks, (0.3, 0.0))[:, :200].copy()  # the right eye is cut off
    assert find_gaze(image, landmarks) == pytest.approx((0.3, 0.0), abs=0.1)
