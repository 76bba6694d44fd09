"""Metrics against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emojimask.evaluation.metrics import (
    accuracy,
    class_scores,
    confusion_matrix,
    expected_calibration_error,
    macro_f1,
    top_k_accuracy,
    weighted_f1,
)

LABELS = np.array([0, 0, 0, 1, 1, 2])
PREDICTIONS = np.array([0, 0, 1, 1, 2, 1])


def test_confusion_and_class_scores() -> None:
    confusion = confusion_matrix(LABELS, PREDICTIONS, 4)
    assert confusion.tolist() == [[2, 1, 0, 0], [0, 1, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    scores = class_scores(confusion)
    assert scores.precision == pytest.approx([1, 1 / 3, 0, 0])
    assert scores.recall == pytest.approx([2 / 3, 1 / 2, 0, 0])
    assert scores.f1 == pytest.approx([0.8, 0.4, 0, 0])
    assert scores.support.tolist() == [3, 2, 1, 0]
    assert macro_f1(confusion) == pytest.approx(0.4)  # the fourth class does not occur
    assert weighted_f1(confusion) == pytest.approx((3 * 0.8 + 2 * 0.4) / 6)


def test_accuracies() -> None:
    assert accuracy(LABELS, PREDICTIONS) == pytest.approx(0.5)
    probabilities = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.2, 0.5, 0.3]], np.float32)
    labels = np.array([1, 0, 1])
    assert top_k_accuracy(labels, probabilities, 1) == pytest.approx(1 / 3)
    assert top_k_accuracy(labels, probabilities, 2) == pytest.approx(2 / 3)
    assert top_k_accuracy(labels, probabilities, 3) == 1


def test_calibration() -> None:
    sure_and_half_right = np.tile(np.array([[1.0, 0.0]], np.float32), (4, 1))
    assert expected_calibration_error(np.array([0, 1, 0, 1]), sure_and_half_right) == pytest.approx(0.5)
    modest = np.tile(np.array([[0.75, 0.25]], np.float32), (4, 1))
    assert expected_calibration_error(np.array([0, 0, 0, 1]), modest) == pytest.approx(0)
    # Too sure in one bin and not sure enough in another do not cancel.
    mixed = np.array([[0.9, 0.1], [0.6, 0.4]], np.float32)
    assert expected_calibration_error(np.array([1, 0]), mixed) == pytest.approx((0.9 + 0.4) / 2)


def test_nothing_to_measure_is_0() -> None:
    none, empty = np.empty(0, int), np.empty((0, 3), np.float32)
    assert accuracy(none, none) == top_k_accuracy(none, empty, 2) == expected_calibration_error(none, empty) == 0
    confusion = confusion_matrix(none, none, 3)
    assert macro_f1(confusion) == weighted_f1(confusion) == 0


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60))
def test_measures_agree_with_each_other(pairs: list[tuple[int, int]]) -> None:
    labels, predictions = np.array(pairs).T
    confusion = confusion_matrix(labels, predictions, 5)
    scores = class_scores(confusion)
    assert confusion.sum() == len(pairs)
    assert np.average(scores.recall, weights=scores.support) == pytest.approx(accuracy(labels, predictions))
    assert top_k_accuracy(labels, np.eye(5, dtype=np.float32)[predictions], 1) == accuracy(labels, predictions)
