"""One steady expression per person: at any frame rate, through flicker, gaps and odd time stamps."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emojimask.expressions.smoothing import FORGET_S, EmaSmoother, NoSmoother, VoteSmoother
from emojimask.types import EXPRESSIONS

SMOOTHERS = [EmaSmoother, VoteSmoother, NoSmoother]


def reading(expression: str, share: float = 0.8) -> np.ndarray:
    values = np.full(8, (1 - share) / 7, np.float32)
    values[EXPRESSIONS.index(expression)] = share
    return values


def shown(smoother: EmaSmoother | VoteSmoother | NoSmoother, times: np.ndarray, names: list[str]) -> list[str]:
    return [smoother.update(1, float(t), reading(name))[1] for t, name in zip(times, names, strict=True)]


readings = st.lists(st.floats(0.001, 1), min_size=8, max_size=8).map(
    lambda values: (np.array(values) / np.sum(values)).astype(np.float32)
)


@pytest.mark.parametrize("make", SMOOTHERS)
@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3), st.floats(-1, 30), readings), min_size=1, max_size=40))
def test_probabilities_stay_a_distribution(make: type, steps: list[tuple[int, float, np.ndarray]]) -> None:
    """Whatever the steps in time: none, backwards, long gaps."""
    smoother, time_s = make(), 0.0
    for track, step, values in steps:
        time_s += step
        smoothed, name = smoother.update(track, time_s, values)
        assert smoothed.shape == (8,)
        assert smoothed.dtype == np.float32
        assert (smoothed >= 0).all()
        assert smoothed.sum() == pytest.approx(1, abs=1e-5)
        assert name in EXPRESSIONS


@pytest.mark.parametrize("make", SMOOTHERS)
@given(readings)
def test_the_first_reading_shows_at_once(make: type, values: np.ndarray) -> None:
    smoothed, name = make().update(4, 12.5, values)
    assert smoothed == pytest.approx(values)
    assert name == EXPRESSIONS[int(values.argmax())]


@pytest.mark.parametrize("make", SMOOTHERS)
def test_people_do_not_mix(make: type) -> None:
    smoother = make()
    for step in range(20):
        assert smoother.update(1, step / 20, reading("happy"))[1] == "happy"
        assert smoother.update(2, step / 20, reading("sad"))[1] == "sad"


@pytest.mark.parametrize("make", [EmaSmoother, VoteSmoother])
def test_a_lasting_change_comes_through(make: type) -> None:
    times = np.arange(60) / 30
    names = shown(make(), times, ["happy"] * 20 + ["sad"] * 40)
    assert names[0] == "happy"
    assert names[-1] == "sad"
    assert sum(a != b for a, b in pairwise(names)) == 1


def curve(fps: int, seconds: float) -> np.ndarray:
    """The mean of "sad" at whole tenths of a second after a step from happy to sad at 0."""
    smoother = EmaSmoother()
    smoother.update(1, 0.0, reading("happy"))
    steps = int(seconds * fps)
    means = [smoother.update(1, (i + 1) / fps, reading("sad"))[0] for i in range(steps)]
    return np.array([mean[EXPRESSIONS.index("sad")] for mean in means])[fps // 5 - 1 :: fps // 5]


def test_the_mean_is_the_same_at_any_frame_rate() -> None:
    assert curve(15, 2) == pytest.approx(curve(60, 2), abs=1e-4)
    assert curve(5, 2) == pytest.approx(curve(60, 2), abs=1e-4)


@pytest.mark.parametrize("fps", [10, 15, 24, 30, 60])
def test_the_change_shows_after_the_same_time_at_any_frame_rate(fps: int) -> None:
    times = np.arange(2 * fps) / fps
    names = shown(EmaSmoother(), times, ["happy"] + ["sad"] * (2 * fps - 1))
    after = times[names.index("sad")]
    assert 0.18 <= after <= 0.20 + 2.1 / fps


def test_a_lead_that_has_lasted_long_enough_is_not_missed_by_rounding() -> None:
    """Readings every tenth of a second, from times that are none in binary: 20.3 - 20.1 is a hair less than 0.2."""
    late = []
    for start in range(0, 600, 7):
        times = np.array([(start + step) / 10 for step in range(6)])
        smoother = EmaSmoother(tau_s=0.01, dwell_s=0.2)
        late.append(shown(smoother, times, ["happy"] + ["sad"] * 5).index("sad"))
    assert set(late) == {3}


@pytest.mark.parametrize("fps", [10, 15, 30, 60])
@given(st.sampled_from(EXPRESSIONS), st.sampled_from(EXPRESSIONS), st.sampled_from(EXPRESSIONS), st.floats(0.4, 1.0))
@settings(max_examples=20, deadline=None)
def test_a_third_expression_on_the_way_never_shows(fps: int, a: str, b: str, c: str, share: float) -> None:
    """From A to B through 100 ms of C."""
    if c in (a, b):
        return
    smoother, seen = EmaSmoother(), []
    for step in range(3 * fps):
        time_s = step / fps
        name = a if time_s < 1 else c if time_s < 1.1 else b
        seen.append(smoother.update(1, time_s, reading(name, share))[1])
    assert c not in seen
    assert seen[-1] == b


def test_flicker_between_two_is_calm() -> None:
    """Readings that alternate every frame: at most one change in ten seconds."""
    times = np.arange(300) / 30
    names = shown(EmaSmoother(), times, ["sad", "neutral"] * 150)
    assert sum(x != y for x, y in pairwise(names)) <= 1


def test_two_rivals_do_not_keep_a_stale_expression_up() -> None:
    """What shows is over; the two that came instead alternate. One of them is shown, not the stale one."""
    times = np.arange(90) / 30
    names = shown(EmaSmoother(), times, ["happy"] * 10 + ["sad", "sad", "fear", "fear"] * 20)
    assert "happy" not in names[40:]


def test_a_lead_below_the_margin_changes_nothing() -> None:
    smoother = EmaSmoother(margin=0.2)
    smoother.update(1, 0.0, reading("happy"))
    close = np.full(8, 0.01, np.float32)
    close[EXPRESSIONS.index("sad")], close[EXPRESSIONS.index("happy")] = 0.52, 0.42
    names = [smoother.update(1, t / 10, close)[1] for t in range(1, 100)]
    assert set(names) == {"happy"}


def test_equal_time_stamps_add_nothing() -> None:
    smoother = EmaSmoother()
    smoother.update(1, 1.0, reading("happy"))
    for _ in range(50):
        smoothed, name = smoother.update(1, 1.0, reading("sad"))
    assert name == "happy"
    assert smoothed == pytest.approx(reading("happy"))


def test_time_that_runs_back_does_not_harm() -> None:
    smoother = EmaSmoother()
    smoother.update(1, 5.0, reading("happy"))
    smoother.update(1, 3.0, reading("sad"))
    names = [smoother.update(1, 5 + t / 30, reading("sad"))[1] for t in range(60)]
    assert names[-1] == "sad"


@pytest.mark.parametrize("make", [EmaSmoother, VoteSmoother])
def test_who_is_away_is_forgotten(make: type) -> None:
    smoother = make()
    smoother.update(1, 0.0, reading("happy"))
    assert smoother.update(1, FORGET_S + 0.1, reading("sad"))[1] == "sad"
    smoother.update(2, 0.0 + FORGET_S, reading("happy"))


def test_memory_stays_bounded() -> None:
    smoother = EmaSmoother()
    for track in range(5000):
        smoother.update(track, track / 10, reading("happy"))
    assert len(smoother._tracks._states) <= 10 * FORGET_S + 1


def test_votes_follow_the_majority_and_a_tie_keeps_what_shows() -> None:
    smoother = VoteSmoother(window=4)
    names = shown(smoother, np.arange(6) / 30, ["happy", "happy", "sad", "sad", "sad", "sad"])
    assert names == ["happy", "happy", "happy", "happy", "sad", "sad"]


def test_votes_mean_their_window() -> None:
    smoother = VoteSmoother(window=2)
    for name in ("fear", "happy", "sad"):
        smoothed, _ = smoother.update(1, 0.0, reading(name))
    assert smoothed == pytest.approx((reading("happy") + reading("sad")) / 2)


@pytest.mark.parametrize("make", SMOOTHERS)
@pytest.mark.parametrize("bad", [np.ones(7, np.float32) / 7, np.full(8, np.nan, np.float32)])
def test_a_reading_that_is_none_is_refused(make: type, bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="8 finite numbers"):
        make().update(1, 0.0, bad)


@pytest.mark.parametrize("make", SMOOTHERS)
@pytest.mark.parametrize("every_s", [0.04, 0.1, 0.2])
def test_the_lag_told_is_that_of_a_plain_change(make: type, every_s: float) -> None:
    """Whenever between two readings the face changes: on average half a reading later than the first that shows it."""
    smoother = make()
    times = np.arange(0, 6, every_s)
    names = ["neutral" if time_s < 3 else "happy" for time_s in times]
    seen = [smoother.update(1, float(t), reading(name, 1.0))[1] for t, name in zip(times, names, strict=True)]
    late_s = times[seen.index("happy")] - times[names.index("happy")]
    assert smoother.lag_s(every_s) == pytest.approx(late_s + every_s / 2)
