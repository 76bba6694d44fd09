"""The filter calms a still face and keeps up with a moving one, at any frame rate."""

import numpy as np
import pytest

from emojimask.faces.steady import LandmarkFilter

FACE = (np.random.default_rng(0).random((468, 2)) * 100).astype(np.float32)


@pytest.mark.parametrize("fps", [15, 30, 60])
def test_jitter_of_a_still_face_is_calmed(fps: int) -> None:
    rng, filter_ = np.random.default_rng(1), LandmarkFilter()
    noisy = [FACE + rng.normal(0, 0.5, FACE.shape).astype(np.float32) for _ in range(3 * fps)]
    calm = [filter_.update(points, i / fps) for i, points in enumerate(noisy)]

    def jitter(series: list[np.ndarray]) -> float:
        return float(np.abs(np.diff(np.stack(series[fps:]), axis=0)).mean())

    assert jitter(calm) < 0.6 * jitter(noisy)


@pytest.mark.parametrize("fps", [15, 30, 60])
def test_a_fast_face_is_followed_closely(fps: int) -> None:
    filter_ = LandmarkFilter()
    speed = np.array([300, 0], np.float32)  # three face sizes a second
    for i in range(fps):
        calm = filter_.update(FACE + speed * np.float32(i / fps), i / fps)
    lag = float(np.abs(calm - (FACE + speed * np.float32((fps - 1) / fps))).mean())
    assert lag < 8  # of a face of 100 pixels


def test_a_new_kind_of_landmarks_or_a_standing_clock_starts_anew() -> None:
    filter_ = LandmarkFilter()
    filter_.update(FACE, 0.0)
    assert (filter_.update(FACE[:6] + 50, 0.1) == FACE[:6] + 50).all()
    assert (filter_.update(FACE[:6], 0.1) == FACE[:6]).all()
