"""Raw measures: the same however large, turned or placed the head is; each tells its own movement; never a crash."""

from dataclasses import astuple

import numpy as np
import pytest
from heads import head, seen
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from emojimask.measures.calibration import relative
from emojimask.measures.geometry import POSE, raw_measures
from emojimask.measures.head_model import IBUG, LAYOUTS, MESH, Layout
from emojimask.types import Measures

KINDS = pytest.mark.parametrize(("layout", "count"), [(MESH, 468), (IBUG, 68)], ids=["mesh", "ibug"])


def measured(layout: Layout, count: int, moved: dict[str, tuple[float, float]] | None = None) -> Measures:
    """Against the same head at rest."""
    raw, rest = (raw_measures(seen(head(layout, count, m))) for m in (moved, None))
    assert raw is not None
    assert rest is not None
    return Measures(*relative(raw, rest[: POSE.start]).tolist())


@KINDS
@given(
    size=st.floats(15, 2000),
    angle=st.floats(-180, 180),
    shift=st.tuples(st.floats(-2000, 2000), st.floats(-2000, 2000)),
)
def test_place_size_and_roll_change_nothing(
    layout: Layout, count: int, size: float, angle: float, shift: tuple[float, float]
) -> None:
    still = raw_measures(seen(head(layout, count)))
    moved = raw_measures(seen(head(layout, count), roll=angle, size=size) + np.float32(shift))
    assert moved is not None
    assert moved[: POSE.start] == pytest.approx(still[: POSE.start], abs=2e-3)
    assert np.sin(np.radians([moved[15], moved[15] - 90])) == pytest.approx(
        np.sin(np.radians([angle, angle - 90])), abs=2e-3
    )


@KINDS
@given(yaw=st.floats(-45, 45), pitch=st.floats(-30, 30), roll=st.floats(-45, 45))
def test_a_turned_head_is_measured_as_from_the_front(
    layout: Layout, count: int, yaw: float, pitch: float, roll: float
) -> None:
    smile = head(layout, count, {"corner": (-0.06, -0.05), "lip_lower": (0, 0.1)})
    still, turned = raw_measures(seen(smile)), raw_measures(seen(smile, yaw, pitch, roll))
    assert turned is not None
    assert turned[: POSE.start] == pytest.approx(still[: POSE.start], abs=0.01)
    assert turned[POSE] == pytest.approx([yaw, pitch, roll], abs=0.5)


@KINDS
def test_each_movement_is_told_and_no_other(layout: Layout, count: int) -> None:
    still = measured(layout, count)
    assert astuple(still) == pytest.approx(astuple(Measures()), abs=1e-4)
    wink = measured(layout, count, {"left lid_upper": (0, 0.08)})
    assert (wink.eye_left, wink.eye_right) == (pytest.approx(0, abs=0.1), 1)
    assert measured(layout, count, {"right lid_upper": (0, -0.03)}).eye_right > 1.3
    raised = measured(layout, count, {"right brow_inner": (0, -0.05), "right brow_outer": (0, -0.05)})
    assert (raised.brow_left, raised.brow_right) == (0, pytest.approx(0.83, abs=0.05))
    assert raised.brow_right_angle == pytest.approx(0, abs=1e-3)
    angry = measured(layout, count, {"brow_inner": (0, 0.02)})
    assert angry.brow_left_angle == angry.brow_right_angle < -0.6
    assert measured(layout, count, {"brow_inner": (0, -0.02)}).brow_left_angle > 0.6
    opened = measured(layout, count, {"lip_lower": (0, 0.3), "lip_bottom": (0, 0.3), "corner": (0, 0.15)})
    assert (opened.mouth_open, opened.mouth_corners) == (1, pytest.approx(0, abs=0.05))
    smiling = measured(layout, count, {"corner": (-0.07, -0.06)})
    assert smiling.mouth_corners > 0.7
    assert smiling.mouth_width > 0.5
    assert measured(layout, count, {"corner": (0, 0.03)}).mouth_corners < -0.7
    pursed = measured(layout, count, {"corner": (0.08, 0)})
    assert pursed.mouth_width < -0.9
    assert pursed.mouth_round > 0.7


def test_cheeks_are_told_by_the_mesh_only() -> None:
    assert measured(MESH, 468, {"cheek": (0, -0.03)}).cheeks > 0.6
    assert measured(IBUG, 68, {"cheek": (0, -0.03)}).cheeks == 0


LIMITS = (
    [(0.0, 1.6)] * 2 + [(-1.0, 1.0)] * 6 + [(0.0, 1.0)] + [(-1.0, 1.0)] * 2 + [(0.0, 1.0)] * 2 + [(-180.0, 180.0)] * 3
)


def check(landmarks: np.ndarray) -> None:
    raw = raw_measures(landmarks)
    if raw is None:
        return
    assert np.isfinite(raw).all()
    for value, (low, high) in zip(relative(raw, np.array(LAYOUTS[len(landmarks)].rest)), LIMITS, strict=True):
        assert low <= value <= high


@given(
    st.sampled_from([6, 68, 468, 478]).flatmap(
        lambda n: arrays(np.float32, (n, 2), elements=st.floats(width=32), fill=st.floats(-300, 300, width=32))
    )
)
def test_any_landmarks_are_measured_within_the_limits_or_not_at_all(landmarks: np.ndarray) -> None:
    check(landmarks)


@pytest.mark.parametrize("count", [68, 468, 478])
def test_degenerate_landmarks(count: int) -> None:
    rng = np.random.default_rng(0)
    line = np.linspace(0, 500, count)
    assert raw_measures(np.full((count, 2), 7, np.float32)) is None
    assert raw_measures(np.full((count, 2), np.nan, np.float32)) is None
    assert raw_measures(np.full((count, 2), np.float32(3e38))) is None
    assert raw_measures(np.stack([line, 2 * line], 1).astype(np.float32)) is None
    for scale in (1e-4, 1, 1e5):
        check(rng.normal(0, scale, (count, 2)).astype(np.float32))


def test_six_points_tell_nothing() -> None:
    assert raw_measures(np.arange(12, dtype=np.float32).reshape(6, 2)) is None
