from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emojimask.evaluation.significance import interval, mcnemar, paired


@pytest.mark.parametrize(
    ("right", "rows", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (2571, 3589, 0.7014, 0.7309)],
)
def test_the_interval_is_wilson_s(right: int, rows: int, low: float, high: float) -> None:
    assert interval(right, rows) == pytest.approx((low, high), abs=1e-4)


@given(st.integers(1, 5000).flatmap(lambda rows: st.tuples(st.integers(0, rows), st.just(rows))))
def test_the_interval_holds_the_share_and_is_the_same_for_its_complement(seen: tuple[int, int]) -> None:
    right, rows = seen
    low, high = interval(right, rows)
    assert 0 <= low <= right / rows + 1e-12
    assert right / rows - 1e-12 <= high <= 1
    assert interval(rows - right, rows) == pytest.approx((1 - high, 1 - low))


@pytest.mark.parametrize(
    ("one", "other", "chance"),
    [(0, 0, 1.0), (5, 5, 1.0), (0, 5, 2 / 32), (1, 9, 22 / 1024), (2, 8, 112 / 1024), (0, 3000, 0.0)],
)
def test_the_chance_is_that_of_a_coin(one: int, other: int, chance: float) -> None:
    assert mcnemar(one, other) == pytest.approx(chance)
    assert mcnemar(other, one) == mcnemar(one, other)


def test_a_pair_is_judged_by_the_rows_on_which_it_differs() -> None:
    """Agresti's example: of 1,600 voters 150 no longer approve of a prime minister, and 86 have come to."""
    first = np.array([True] * 794 + [True] * 150 + [False] * 86 + [False] * 570)
    other = np.array([True] * 794 + [False] * 150 + [True] * 86 + [False] * 570)
    found = paired(other, first)
    assert (found.only_it, found.only_first) == (86, 150)
    assert found.difference == pytest.approx(-0.04)
    assert (found.low, found.high) == pytest.approx((-0.0587, -0.0212), abs=5e-4)
    assert found.chance == pytest.approx(mcnemar(86, 150))
    assert found.chance < 0.001


@given(st.integers(1, 400), st.integers(0, 2**32 - 1))
def test_a_pair_the_other_way_round_is_its_mirror_image(rows: int, seed: int) -> None:
    one, other = np.random.default_rng(seed).random((2, rows)) < 0.7
    there, back = paired(one, other), paired(other, one)
    assert there.low <= there.difference <= there.high or rows < 10
    assert (there.difference, there.low, there.high) == pytest.approx((-back.difference, -back.high, -back.low))
    assert there.chance == back.chance
    assert -1 <= there.low <= there.high <= 1


def test_intervals_hold_the_truth_about_19_times_in_20() -> None:
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        easy = rng.random(500) < 0.6  # rows that both read right
        one, other = (easy | (rng.random(500) < share) for share in (0.5, 0.4))
        found = paired(one, other)
        held += found.low <= 0.4 * 0.1 <= found.high
    assert 0.91 < held / 400 < 0.99
