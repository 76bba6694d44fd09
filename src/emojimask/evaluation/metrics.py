"""How good a classifier is, from labels and predictions alone. Shares are 0 to 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
"""(N,) class numbers from 0."""
Probabilities = NDArray[np.float32]
"""(N, C), rows summing to 1."""


def accuracy(labels: Labels, predictions: Labels) -> float:
    """Share of rows that are right; 0 where there are no rows."""
    return float(np.mean(labels == predictions)) if len(labels) else 0.0


def top_k_accuracy(labels: Labels, probabilities: Probabilities, k: int) -> float:
    """Share of rows whose label is among the ``k`` most probable classes; 0 where there are no rows."""
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    return float(np.mean((best == labels[:, None]).any(1))) if len(labels) else 0.0


def confusion_matrix(labels: Labels, predictions: Labels, classes: int) -> NDArray[np.int64]:
    """(classes, classes) counts; row: the label, column: the prediction."""
    counts = np.bincount(labels * classes + predictions, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64)


def normalised_confusion(confusion: NDArray[np.int64], axis: int) -> NDArray[np.float64]:
    """Counts as shares that sum to 1 along ``axis``: 1, of each label's rows; 0, of each prediction's. 0 where none."""
    whole = np.broadcast_to(confusion.sum(axis, keepdims=True), confusion.shape)
    shares: NDArray[np.float64] = np.divide(confusion, whole, out=np.zeros(confusion.shape), where=whole > 0)
    return shares


@dataclass(frozen=True, slots=True, eq=False)
class ClassScores:
    """Scores of each class, (C,) arrays; a share of nothing counts as 0.

    Attributes:
        precision: of what was called so, how much is so.
        recall: of what is so, how much was called so.
        f1: harmonic mean of the two.
        support: int64, rows that are so.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    support: NDArray[np.int64]


def class_scores(confusion: NDArray[np.int64]) -> ClassScores:
    """Scores of each class from a (C, C) confusion matrix."""
    right, support, called = np.diag(confusion), confusion.sum(1), confusion.sum(0)
    return ClassScores(_share(right, called), _share(right, support), _share(2 * right, support + called), support)


def macro_f1(confusion: NDArray[np.int64]) -> float:
    """Mean F1 over the classes that occur, as a label or as a prediction, each counting alike; 0 where none does."""
    occurs = (confusion.sum(0) + confusion.sum(1)) > 0
    return float(class_scores(confusion).f1[occurs].mean()) if occurs.any() else 0.0


def weighted_f1(confusion: NDArray[np.int64]) -> float:
    """Mean F1 over the classes, each counting by its rows; 0 where there are no rows."""
    scores = class_scores(confusion)
    return float(np.average(scores.f1, weights=scores.support)) if scores.support.any() else 0.0


@dataclass(frozen=True, slots=True)
class ConfidenceBin:
    """The rows whose confidence lies above ``low`` and up to ``high``.

    Attributes:
        low, high: bounds of the bin, 0 to 1.
        rows: how many rows lie in it.
        confidence, accuracy: their mean confidence and the share that is right; 0 where there are no rows.
    """

    low: float
    high: float
    rows: int
    confidence: float
    accuracy: float


def reliability(labels: Labels, probabilities: Probabilities, bins: int = 15) -> list[ConfidenceBin]:
    """How often a confidence is right: all rows, in ``bins`` equal bins of their highest probability."""
    confidence = probabilities.max(1).astype(np.float64)
    right = (probabilities.argmax(1) == labels).astype(np.float64)
    bin_of = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    rows = np.bincount(bin_of, minlength=bins)
    sums = [np.bincount(bin_of, values, bins) / np.maximum(rows, 1) for values in (confidence, right)]
    return [
        ConfidenceBin(i / bins, (i + 1) / bins, int(rows[i]), float(sums[0][i]), float(sums[1][i])) for i in range(bins)
    ]


def expected_calibration_error(labels: Labels, probabilities: Probabilities, bins: int = 15) -> float:
    """How far confidence and accuracy lie apart: the gap in each of ``bins`` equal bins of confidence, by its rows.

    Guo et al. 2017, "On Calibration of Modern Neural Networks". 0 where there are no rows.
    """
    gaps = [part.rows * abs(part.confidence - part.accuracy) for part in reliability(labels, probabilities, bins)]
    return float(sum(gaps) / max(len(labels), 1))


def _share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
