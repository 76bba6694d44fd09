"""The crop: a face lands where the network expects it, at any size, turn and place."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emojimask.expressions.preprocess import FER2013_KEY_POINTS, MEAN, STD, crop_face, normalise
from emojimask.geometry.similarity import similarity

angles = st.floats(-np.pi, np.pi)
MIDDLE = np.array([23.5, 23.5])


def placed(scale: float, angle: float, centre: tuple[float, float]) -> np.ndarray:
    """The template's key points, enlarged, turned and moved to ``centre``."""
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return ((FER2013_KEY_POINTS - MIDDLE) * scale @ turn + centre).astype(np.float32)


def apply(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    return points @ matrix[:2, :2].T + matrix[:2, 2]


@given(st.floats(0.1, 30), angles, st.floats(-2000, 2000), st.floats(-2000, 2000))
def test_similarity_finds_the_way_back(scale: float, angle: float, x: float, y: float) -> None:
    points = placed(scale, angle, (x, y))
    assert apply(similarity(points, FER2013_KEY_POINTS), points) == pytest.approx(FER2013_KEY_POINTS, abs=0.02)


@given(st.lists(st.floats(-100, 100), min_size=12, max_size=12))
def test_similarity_never_mirrors_and_keeps_shape(values: list[float]) -> None:
    points = np.array(values, np.float32).reshape(6, 2)
    try:
        matrix = similarity(points, FER2013_KEY_POINTS)
    except ValueError:
        return
    a, b = matrix[:2, 0], matrix[:2, 1]
    assert np.linalg.det(matrix[:2, :2]) > 0
    assert np.dot(a, b) == pytest.approx(0, abs=1e-9 * np.dot(a, a))
    assert np.dot(a, a) == pytest.approx(np.dot(b, b))


def test_similarity_is_the_least_squares_one() -> None:
    points = FER2013_KEY_POINTS + np.random.default_rng(1).normal(0, 4, (6, 2)).astype(np.float32)
    best = similarity(points, FER2013_KEY_POINTS)
    error = np.sum((apply(best, points) - FER2013_KEY_POINTS) ** 2)
    for angle, scale, dx in [(0.01, 1, 0), (-0.01, 1, 0), (0, 1.01, 0), (0, 0.99, 0), (0, 1, 0.1), (0, 1, -0.1)]:
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        other = apply(best, points) @ turn.T + dx
        assert np.sum((other - FER2013_KEY_POINTS) ** 2) > error


@settings(max_examples=40, deadline=None)
@given(st.floats(1.0, 9.0), angles, st.floats(200, 440), st.floats(200, 280), st.integers(0, 4))
def test_key_points_land_on_the_template(scale: float, angle: float, x: float, y: float, point: int) -> None:
    """But for the chin, whose spot is cut by the crop's lower edge."""
    anchors = placed(scale, angle, (x, y))
    yy, xx = np.mgrid[:480, :640]
    distance = (xx - anchors[point, 0]) ** 2 + (yy - anchors[point, 1]) ** 2
    spot = (255 * np.exp(-distance / (2 * (1.5 * scale) ** 2))).astype(np.uint8)
    crop = crop_face(np.repeat(spot[..., None], 3, 2), anchors).astype(float)
    inside = np.all((anchors >= 0) & (anchors <= [639, 479]))
    if inside:
        cy, cx = np.mgrid[:48, :48]
        found = np.array([(cx * crop).sum(), (cy * crop).sum()]) / crop.sum()
        assert found == pytest.approx(FER2013_KEY_POINTS[point], abs=0.15)


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.9, 2.1, 3.0, 4.2, 7.7, 8.3, 20.0])
def test_nothing_shifts_by_part_of_a_pixel(scale: float) -> None:
    """Slopes of gray over a turned face, up and down, read as the same slopes at every size."""
    anchors = placed(scale, 0.3, (600.0, 500.0))
    to_image = np.linalg.inv(similarity(anchors, FER2013_KEY_POINTS))
    cy, cx = np.mgrid[4:44, 4:44]
    wanted = (to_image[0, 0] * cx + to_image[0, 1] * cy + to_image[0, 2] - 600) / scale
    column = (np.arange(1200) - 600) / scale  # in pixels of the crop, from the face's middle
    off = []
    for slope in (3, -3):
        row = np.clip(128 + slope * column, 0, 255).round().astype(np.uint8)
        crop = crop_face(np.tile(row[None, :, None], (1000, 1, 3)), anchors)[4:44, 4:44]
        off.append((crop - (128 + slope * wanted)).mean())
    assert abs(off[0] - off[1]) / 2 / 3 < 0.1  # pixels of the crop; what both have alike is rounding


@pytest.mark.parametrize("scale", [1.9, 3.0, 3.9, 6.0, 12.0])
def test_fine_texture_does_not_alias(scale: float) -> None:
    """Stripes finer than the crop can show become even gray, not coarse stripes that are not there."""
    stripes = np.where(np.arange(800) % 2, 255, 0).astype(np.uint8)
    image = np.repeat(np.tile(stripes, (800, 1))[..., None], 3, 2)
    crop = crop_face(image, placed(scale, 0.2, (400.0, 400.0)))
    assert crop.std() < 8
    assert crop.mean() == pytest.approx(127.5, abs=2)


def test_looks_at_the_face_only() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (720, 1280, 3), np.uint8)
    anchors = placed(3.0, 0.4, (640.0, 360.0))
    elsewhere = image.copy()
    elsewhere[:200], elsewhere[-200:], elsewhere[:, :400], elsewhere[:, -400:] = 0, 255, 0, 255
    assert np.array_equal(crop_face(image, anchors), crop_face(elsewhere, anchors))


def test_beyond_the_edge_the_border_is_repeated() -> None:
    image = np.full((100, 100, 3), 90, np.uint8)
    assert (crop_face(image, placed(2.0, 0.0, (0.0, 50.0))) == 90).all()
    assert (crop_face(image, placed(2.0, 0.0, (-5000.0, 9000.0))) == 90).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.lists(st.floats(-4000, 4000, width=32), min_size=12, max_size=12))
def test_any_finite_points_in_any_picture(height: int, width: int, values: list[float]) -> None:
    image = np.full((height, width, 3), 77, np.uint8)
    anchors = np.array(values, np.float32).reshape(6, 2)
    try:
        crop = crop_face(image, anchors)
    except ValueError as error:
        assert "key points" in str(error)  # noqa: PT017
        return
    assert crop.shape == (48, 48)
    assert crop.dtype == np.uint8
    assert (crop == 77).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, 5.0])
def test_points_that_are_no_face_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="key points"):
        crop_face(np.zeros((50, 50, 3), np.uint8), np.full((6, 2), value, np.float32))


def test_crop_is_what_a_plain_warp_gives_for_a_small_face() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (90, 90, 3), np.uint8)
    image = cv2.GaussianBlur(noise, (0, 0), 3)
    anchors = placed(1.0, 0.0, (45.0, 45.0))
    plain = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[21:69, 21:69]
    assert np.abs(crop_face(image, anchors).astype(int) - cv2.resize(plain, (48, 48))).mean() < 8


def test_normalise() -> None:
    crops = np.array([0, 255], np.uint8).repeat(48 * 48).reshape(2, 48, 48)
    batch = normalise(crops)
    assert batch.shape == (2, 1, 48, 48)
    assert batch.dtype == np.float32
    assert batch[0].max() == pytest.approx(-MEAN / STD)
    assert batch[1].min() == pytest.approx((1 - MEAN) / STD)
