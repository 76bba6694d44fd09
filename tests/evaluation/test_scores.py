"""What is told of a classifier, against values worked out by hand; the looks of test-time augmentation."""

from __future__ import annotations

import numpy as np
import pytest

from emojimask.evaluation import scores
from emojimask.evaluation.metrics import expected_calibration_error, normalised_confusion, reliability
from emojimask.evaluation.views import VIEWS, looks

CLASSES = ("happy", "sad", "neutral")


def probabilities(predictions: list[int], confidence: float = 0.8) -> np.ndarray:
    rest = (1 - confidence) / 2
    return np.where(np.eye(3)[predictions] == 1, confidence, rest).astype(np.float32)


def test_the_figures_of_a_column_and_the_details() -> None:
    labels, found = np.array([0, 0, 0, 1, 2]), probabilities([0, 0, 1, 1, 0])
    assert scores.summary(labels, found)["accuracy"] == 0.6
    told = scores.details(labels, found, CLASSES)
    assert told["per_class"]["happy"] == {"precision": 0.6667, "recall": 0.6667, "f1": 0.6667, "support": 3}
    assert told["per_class"]["neutral"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 1}
    assert told["confusion"]["counts"] == [[2, 1, 0], [0, 1, 0], [1, 0, 0]]
    assert told["confusion"]["by_label"][0] == [0.6667, 0.3333, 0]
    assert told["confusion"]["by_prediction"] == [[0.6667, 0.5, 0], [0, 0.5, 0], [0.3333, 0, 0]]
    assert told["positive_shown_as_negative"] == 0.3333  # one of three happy rows was called sad
    assert told["negative_shown_as_positive"] == 0


def test_normalised_confusion_sums_to_1_along_its_axis() -> None:
    confusion = np.array([[3, 1], [0, 0]])
    assert normalised_confusion(confusion, 1).tolist() == [[0.75, 0.25], [0, 0]]
    assert normalised_confusion(confusion, 0).tolist() == [[1, 1], [0, 0]]


def test_reliability_counts_each_row_once_and_gives_the_calibration_error() -> None:
    found = np.concatenate([probabilities([0, 0, 1], 0.9), probabilities([0, 2], 0.5)])
    labels = np.array([0, 1, 1, 0, 0])
    bins = [part for part in reliability(labels, found, 10) if part.rows]
    assert [part.rows for part in bins] == [2, 3]
    assert [part.accuracy for part in bins] == pytest.approx([1 / 2, 2 / 3])
    assert [part.confidence for part in bins] == pytest.approx([0.5, 0.9])
    assert expected_calibration_error(labels, found, 10) == pytest.approx(3 / 5 * (0.9 - 2 / 3))


def test_slices_order_rows_by_what_the_picture_shows() -> None:
    images = np.stack([np.full((48, 48), shade, np.uint8) for shade in (200, 10, 90, 40, 150)])
    images[3, :, 24:] = 240  # lit from one side, and the one with contrast
    right = np.array([True, False, True, False, True])
    told = scores.slices(images, right)
    assert [part["accuracy"] for part in told["brightness"]] == [0, 1, 0, 1, 1]
    assert [part["rows"] for part in told["brightness"]] == [1] * 5
    assert told["light from one side"][-1] == {"low": 200, "high": 200, "rows": 1, "accuracy": 0}
    assert told["contrast"][-1]["accuracy"] == 0


def test_the_ten_looks() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 48, 48), np.uint8)
    seen = list(looks(images))
    assert len(seen) == VIEWS["ten_crop"] == 10
    assert (seen[0] == images).all()
    assert (seen[1] == images[:, :, ::-1]).all()
    middles = {one[0, 2:46, 2:46].tobytes() for one in seen[::2]}
    corners = [(2, 2), (0, 0), (0, 4), (4, 0), (4, 4)]
    assert middles == {images[0, y : y + 44, x : x + 44].tobytes() for y, x in corners}
