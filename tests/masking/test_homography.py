"""The transform that lays an emoji on a head: exact where it can be, sane always."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from emojimask.geometry.similarity import similarity
from emojimask.geometry.transform import project
from emojimask.masking.homography import MAX_PERSPECTIVE, MAX_STRETCH, bounded_affine, fit, grown

KEY_POINTS = np.array([[145, 216], [367, 216], [256, 363], [193, 378], [319, 378], [256, 469]], np.float32)
_ring = np.linspace(0, 2 * np.pi, 40, endpoint=False)
DISC = (256 + 248 * np.stack([np.cos(_ring), np.sin(_ring)], 1)).astype(np.float32)

coordinates = st.floats(-2000, 4000, width=32)
six_points = arrays(np.float32, (6, 2), elements=coordinates)


def signed_area(polygon: np.ndarray) -> float:
    x, y = polygon.T.astype(np.float64)
    return 0.5 * float(x @ np.roll(y, -1) - y @ np.roll(x, -1))


@given(six_points)
@settings(max_examples=300, deadline=None)
def test_any_six_points_give_a_disc_that_neither_folds_nor_mirrors(points: np.ndarray) -> None:
    disc = project(fit(KEY_POINTS, points, DISC), DISC)
    assert np.isfinite(disc).all()
    assert signed_area(disc) > 0  # same turning sense as DISC
    edges = np.roll(disc, -1, 0) - disc
    turns = edges[:, 0] * np.roll(edges[:, 1], -1) - edges[:, 1] * np.roll(edges[:, 0], -1)
    assert (turns > -1e-2 * np.abs(turns).max() - 1e-3).all()  # convex: no fold


@given(
    angle=st.floats(-3.1, 3.1),
    scale=st.floats(0.05, 5),
    squeeze=st.floats(1 / MAX_STRETCH + 0.02, 1),
    shift=st.tuples(coordinates, coordinates),
)
@settings(deadline=None)
def test_a_plane_face_is_followed_exactly(
    angle: float, scale: float, squeeze: float, shift: tuple[float, float]
) -> None:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag([scale * squeeze, scale])
    target = (KEY_POINTS @ linear.T + np.array(shift)).astype(np.float32)
    error = np.abs(project(fit(KEY_POINTS, target, DISC), KEY_POINTS) - target).max()
    assert error < 0.01 * scale * 512 + 0.05


def test_perspective_is_followed_within_its_limit() -> None:
    turned = np.array([[1, 0, 0], [0, 1, 0], [3e-4, 0, 1.0]])  # the right side lies farther away
    target = project(turned, KEY_POINTS)
    assert np.abs(project(fit(KEY_POINTS, target, DISC), KEY_POINTS) - target).max() < 0.5


@given(arrays(np.float32, (6, 2), elements=st.floats(-25, 25, width=32)))
@settings(deadline=None)
def test_points_off_a_plane_are_met_as_nearly_as_by_a_search_for_the_least_error(stray: np.ndarray) -> None:
    """OpenCV's way minimises the very distances, step by step, and takes ten times as long."""
    target = KEY_POINTS + stray

    def error(transform: np.ndarray) -> float:
        return float(np.sqrt(((project(transform, KEY_POINTS) - target) ** 2).sum(1).mean()))

    no_bounds = KEY_POINTS.mean(0, keepdims=True)  # where every depth is 1
    assert error(fit(KEY_POINTS, target, no_bounds)) < 1.15 * error(cv2.findHomography(KEY_POINTS, target, 0)[0]) + 0.05


def test_extreme_perspective_is_held_at_its_limit() -> None:
    torn = np.array([[1, 0, 0], [0, 1, 0], [2.6e-3, 0, 1.0]])
    g, h, one = fit(KEY_POINTS, project(torn, KEY_POINTS), DISC)[2]
    depths = DISC @ (g, h) + one
    assert 1.5 < depths.max() / depths.min() < MAX_PERSPECTIVE + 1e-6
    assert g > 10 * abs(h)  # its direction is kept


@pytest.mark.parametrize("pitch", [-25, 0, 25])
def test_a_small_turn_of_the_head_moves_the_emoji_a_little(pitch: float) -> None:
    """Also where a bound is reached, and beyond profile: an emoji that leaps there flickers."""
    discs = [project(fit(KEY_POINTS, head(yaw, pitch), DISC), DISC) for yaw in np.arange(-110, 110, 0.5)]
    width = np.ptp(discs[220][:, 0])
    steps = np.abs(np.diff(discs, axis=0)).max((1, 2)) / width
    assert steps.max() < 0.03


def head(yaw: float, pitch: float) -> np.ndarray:
    """The six key points of a head that looks ``yaw`` degrees aside and ``pitch`` down, seen from six heads afar."""
    depths = np.array([0, 0, -0.25, -0.15, -0.15, -0.1]) * 222  # in front of the eyes' corners, of their distance
    points = np.column_stack([KEY_POINTS - (256, 300), depths])
    turn = cv2.Rodrigues(np.radians([pitch, 0.0, 0]))[0] @ cv2.Rodrigues(np.radians([0, float(yaw), 0]))[0]
    x, y, z = turn @ points.T
    return np.stack([x, y], 1).astype(np.float32) / np.float32(1 + z / 3000)[:, None] + np.float32(300)


def test_a_mirrored_face_gets_a_similarity() -> None:
    target = KEY_POINTS * np.array([-1, 1], np.float32)
    transform = bounded_affine(KEY_POINTS, target)
    assert np.linalg.det(transform[:2, :2]) > 0
    assert np.allclose(transform, similarity(KEY_POINTS, target))


@pytest.mark.parametrize("target", [np.zeros((6, 2)), np.tile([3.0, 4.0], (6, 1)), np.column_stack([np.arange(6)] * 2)])
def test_points_that_fall_together_are_no_fault(target: np.ndarray) -> None:
    assert np.isfinite(fit(KEY_POINTS, target.astype(np.float32), DISC)).all()


def test_growth_is_about_the_centre() -> None:
    center = np.array([10, 20], np.float32)
    moved = project(grown(np.eye(3), center, 1.5), np.array([[10, 20], [20, 20]], np.float32))
    assert np.allclose(moved, [[10, 20], [25, 20]])
