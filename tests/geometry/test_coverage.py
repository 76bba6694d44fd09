"""What of each pixel a polygon covers: in sum its area, and in the right place."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emojimask.geometry.coverage import coverage

turns = np.linspace(0, 2 * np.pi, 90, endpoint=False)


@given(x=st.floats(30, 70), y=st.floats(30, 50), radius=st.floats(1, 25))
@settings(deadline=None)
def test_it_sums_up_to_the_area_about_the_same_centre(x: float, y: float, radius: float) -> None:
    disc = np.float32([x, y]) + np.float32(radius) * np.stack([np.cos(turns), np.sin(turns)], 1).astype(np.float32)
    rows, columns, share = coverage(disc, 80, 100)
    whole = np.zeros((80, 100))
    whole[rows, columns] = share / 255
    # cv2 paints the pixels on the way between two corners too: about half a fine pixel all around.
    assert abs(whole.sum() - np.pi * radius**2) < 0.2 * 2 * np.pi * radius + 0.5
    v, u = np.indices(whole.shape)
    assert np.allclose([(whole * u).sum() / whole.sum(), (whole * v).sum() / whole.sum()], [x, y], atol=0.15)


@pytest.mark.parametrize("shift", [(-200, 0), (0, 300), (500, 500), (-1e6, 0)])
def test_what_lies_outside_covers_nothing(shift: tuple[float, float]) -> None:
    square = np.array([[0, 0], [30, 0], [30, 30], [0, 30]], np.float32) + np.float32(shift)
    rows, columns, share = coverage(square, 80, 100)
    assert np.zeros((80, 100))[rows, columns].size == share.size == 0


def test_what_reaches_beyond_the_picture_is_cut_off() -> None:
    square = np.array([[-50, -50], [300, -50], [300, 300], [-50, 300]], np.float32)
    rows, columns, share = coverage(square, 80, 100)
    assert (rows, columns) == (slice(0, 80), slice(0, 100))
    assert (share == 255).all()


def test_a_very_large_polygon_has_soft_edges_too() -> None:
    side = 1500
    disc = np.float32(side / 2) + np.float32(0.45 * side) * np.stack([np.cos(turns), np.sin(turns)], 1)
    share = coverage(disc.astype(np.float32), side, side)[2]
    assert set(np.unique(share // 64)) == {0, 1, 2, 3}
