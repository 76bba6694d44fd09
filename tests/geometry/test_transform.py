"""Points through a transform and back."""

import numpy as np

from emojimask.geometry.transform import project, project_back

POINTS = np.array([[145, 216], [367, 216], [256, 363], [193, 378], [319, 378], [256, 469]], np.float32)


def test_what_is_projected_comes_back() -> None:
    transform = np.array([[0.8, -0.5, 40], [0.5, 0.8, 5], [1e-3, 2e-4, 1.0]])
    x, y = project_back(transform, *project(transform, POINTS).T)
    assert np.allclose(np.stack([x, y], 1), POINTS, atol=0.01)


def test_what_is_beyond_the_horizon_comes_from_far_away() -> None:
    transform = np.array([[1.0, 0, 0], [0, 1.0, 0], [0, 1e-2, 1]])  # no point of the source lies beyond y = 100
    x, y = project_back(transform, np.zeros(3), np.array([99.999, 100.0, 150.0]))
    assert np.isfinite([x, y]).all()
    assert (np.hypot(x, y) > 5e4).all()
