"""The filter calms each number at rest, lets go of one that moves, and does so at any frame rate."""

import numpy as np
import pytest

from emojimask.geometry.one_euro import OneEuroFilter


@pytest.mark.parametrize("fps", [15, 30, 60])
def test_a_number_at_rest_is_calmed_while_another_moves(fps: int) -> None:
    rng, filter_ = np.random.default_rng(0), OneEuroFilter(1.0, [0.2, 5.0])
    times = np.arange(4 * fps) / fps
    truth = np.stack([np.zeros_like(times), 3 * times], 1)
    noisy = truth + rng.normal(0, 0.02, truth.shape) * [1, 0]
    calm = np.array([filter_.update(row, t) for row, t in zip(noisy, times, strict=True)])
    late = calm[fps:] - truth[fps:]
    assert np.abs(late[:, 0]).mean() < 0.7 * np.abs(noisy[fps:, 0]).mean()
    assert np.abs(late[:, 1]).max() < 3 * 0.05  # fifty milliseconds behind


def test_the_same_at_any_frame_rate() -> None:
    ends = []
    for fps in (25, 100):
        filter_ = OneEuroFilter(1.0, 1.0)
        for i in range(fps + 1):
            value = filter_.update(np.array([1.0 if i else 0.0]), i / fps)
        ends.append(value[0])
    assert ends[0] == pytest.approx(ends[1], abs=0.03)


def test_standing_time_takes_the_value_as_it_is() -> None:
    filter_ = OneEuroFilter(1.0, 0.0)
    filter_.update(np.array([0.0]), 1.0)
    assert filter_.update(np.array([5.0]), 1.0) == [5.0]
