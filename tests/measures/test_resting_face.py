"""Everybody's own rest: learned from what looks like rest, not from smiles and blinks, and never past sane limits."""

import numpy as np
import pytest

from emojimask.measures.calibration import RestingFace, relative
from emojimask.measures.head_model import MESH
from emojimask.types import Measures

USUAL = np.array(MESH.rest)


def raw(yaw: float = 0.0, **changes: float) -> np.ndarray:
    """The usual raw measures but for some."""
    names = list(Measures.__dataclass_fields__)
    values = np.array([*MESH.rest, yaw, 0.0, 0.0])
    for name, change in changes.items():
        values[names.index(name)] += change
    return values


SMILE = raw(mouth_width=0.15, mouth_corners=0.06, mouth_open=0.1, cheeks=0.03)


def watch(rest: RestingFace, reading: np.ndarray, start_s: float, seconds: float, neutral: float = 1.0) -> Measures:
    """What the last of the readings says."""
    for time_s in np.arange(start_s, start_s + seconds, 1 / 30):
        known = rest.update(reading, time_s, neutral)
    return Measures(*relative(reading, known).tolist())


def test_narrow_eyes_and_high_brows_are_soon_known_for_rest() -> None:
    rest, person = RestingFace(USUAL), raw(eye_left=-0.07, eye_right=-0.07, brow_left=0.03, brow_right=0.03)
    first = relative(person, rest.update(person, 0.0))
    assert first[0] < 0.6
    after = watch(rest, person, 0.1, 6.0)
    assert after.eye_left == pytest.approx(1, abs=0.15)
    assert after.brow_left == pytest.approx(0, abs=0.15)


def test_rest_is_learned_without_a_jump() -> None:
    rest, person = RestingFace(USUAL), raw(brow_left=0.04)
    seen = [relative(person, rest.update(person, i / 30))[4] for i in range(300)]
    assert np.abs(np.diff(seen)).max() < 0.03


@pytest.mark.parametrize("neutral", [0.0, 1.0], ids=["recognised", "no recognition"])
def test_who_begins_with_a_smile_is_not_stuck_with_it(neutral: float) -> None:
    rest = RestingFace(USUAL)
    assert watch(rest, SMILE, 0.0, 12.0, neutral).mouth_corners > 0.5
    person = raw(mouth_corners=-0.005)
    after = watch(rest, person, 12.0, 8.0)
    assert after.mouth_corners == pytest.approx(0, abs=0.2)
    assert after.mouth_width == pytest.approx(0, abs=0.2)
    again = watch(rest, SMILE, 20.0, 1.0, neutral)
    assert again.mouth_corners > 0.7


def test_blinking_and_talking_are_not_rest() -> None:
    rest = RestingFace(USUAL)
    for i in range(600):
        blinks, talks = i % 90 < 6, i % 10 < 5
        known = rest.update(raw(eye_left=-0.13 * blinks, mouth_open=0.1 * talks), i / 30)
    assert known[0] == pytest.approx(USUAL[0], abs=0.01)
    assert known[8] == pytest.approx(USUAL[8], abs=0.02)


def test_a_turned_head_teaches_nothing() -> None:
    rest = RestingFace(USUAL)
    watch(rest, raw(yaw=40, mouth_width=-0.06), 0.0, 10.0)
    assert rest.values == pytest.approx(USUAL)


def test_the_rest_stays_a_faces() -> None:
    rest = RestingFace(USUAL)
    watch(rest, raw(eye_left=0.3, brow_left=-0.5, cheeks=0.5), 0.0, 40.0)
    assert np.abs(rest.values - USUAL).max() <= 0.12


def test_of_a_turned_head_the_near_side_speaks() -> None:
    for yaw, near, far in ((50.0, "eye_left", "eye_right"), (-50.0, "eye_right", "eye_left")):
        measures = Measures(*relative(raw(yaw, **{near: -0.1, far: 0.2}), USUAL).tolist())
        assert measures.eye_left == measures.eye_right < 0.5


@pytest.mark.parametrize(("neutral", "least", "most"), [(0.9, -0.3, 0.0), (0.0, -1.0, -0.45)], ids=["calm", "angry"])
def test_brows_that_lie_low_in_a_calm_face_are_no_frown(neutral: float, least: float, most: float) -> None:
    rest = RestingFace(USUAL)
    person = raw(brow_left=-0.03, brow_right=-0.03, brow_left_angle=-0.015, brow_right_angle=-0.015)
    brows = relative(person, rest.update(person, 0.0, neutral))[4:8]
    assert least < brows.min() <= brows.max() < most


def test_who_looks_aside_does_not_frown() -> None:
    """What differs from the head model shows as a frown there, in every calm face."""
    frown = {"brow_left": -0.04, "brow_left_angle": -0.02, "brow_right_angle": -0.02, "mouth_corners": -0.02}
    strength = [
        np.abs(relative(raw(yaw, **frown), USUAL)[[4, 6, 7, 10]]).max() for yaw in (0.0, 10.0, 20.0, 30.0, 40.0, -40.0)
    ]
    assert strength[0] == strength[1] > 0.7
    assert strength[1] > strength[2] > strength[3] > strength[4] == strength[5] == 0
