"""All that is told of a classifier, from labels and probabilities: plain numbers, ready for JSON.

Shares are 0 to 1, rounded to four digits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emojimask.evaluation import metrics
from emojimask.evaluation.metrics import Labels, Probabilities

POSITIVE = ("happy", "surprise")
NEGATIVE = ("angry", "disgust", "fear", "sad", "contempt")
SLICES = 5


def summary(labels: Labels, probabilities: Probabilities) -> dict[str, float]:
    """The figures of one column: of (N,) ``labels`` against (N, C) ``probabilities``."""
    predictions = probabilities.argmax(1)
    confusion = metrics.confusion_matrix(labels, predictions, probabilities.shape[1])
    return rounded(
        {
            "accuracy": metrics.accuracy(labels, predictions),
            "top2_accuracy": metrics.top_k_accuracy(labels, probabilities, 2),
            "macro_f1": metrics.macro_f1(confusion),
            "weighted_f1": metrics.weighted_f1(confusion),
            "calibration_error": metrics.expected_calibration_error(labels, probabilities),
        }
    )


def details(labels: Labels, probabilities: Probabilities, classes: Sequence[str]) -> dict[str, Any]:
    """Scores of each class, confusion matrices (row: label, column: prediction), reliability, errors of sign."""
    confusion = metrics.confusion_matrix(labels, probabilities.argmax(1), len(classes))
    scores = asdict(metrics.class_scores(confusion))
    return {
        "per_class": {
            name: rounded({key: values[i].item() for key, values in scores.items()}) for i, name in enumerate(classes)
        },
        "confusion": {
            "counts": confusion.tolist(),
            "by_label": metrics.normalised_confusion(confusion, 1).round(4).tolist(),
            "by_prediction": metrics.normalised_confusion(confusion, 0).round(4).tolist(),
        },
        "reliability": [rounded(asdict(part)) for part in metrics.reliability(labels, probabilities)],
        "positive_shown_as_negative": _shown_as(confusion, classes, POSITIVE, NEGATIVE),
        "negative_shown_as_positive": _shown_as(confusion, classes, NEGATIVE, POSITIVE),
    }


def slices(images: NDArray[np.uint8], right: NDArray[np.bool_]) -> dict[str, list[dict[str, float]]]:
    """Accuracy by what a picture itself tells of its light and its quality, in fifths of the rows, low to high.

    Args:
        images: (N, 48, 48) uint8, gray.
        right: (N,) bool, whether the row was read right.
    """
    gray = images.astype(np.float32)
    halves = np.abs(gray[:, :, :24].mean((1, 2)) - gray[:, :, 24:].mean((1, 2)))
    steps = np.abs(np.diff(gray, axis=1)).mean((1, 2)) + np.abs(np.diff(gray, axis=2)).mean((1, 2))
    measured = {
        "brightness": gray.mean((1, 2)),
        "contrast": gray.std((1, 2)),
        "light from one side": halves,
        "sharpness": steps,
    }
    return {name: _fifths(values, right) for name, values in measured.items()}


def _fifths(values: NDArray[np.float32], right: NDArray[np.bool_]) -> list[dict[str, float]]:
    parts = [part for part in np.array_split(np.argsort(values, kind="stable"), SLICES) if len(part)]
    return [
        {
            "low": round(float(values[part].min()), 2),
            "high": round(float(values[part].max()), 2),
            "rows": len(part),
            "accuracy": round(float(right[part].mean()), 4),
        }
        for part in parts
    ]


def _shown_as(
    confusion: NDArray[np.int64], classes: Sequence[str], labels: Sequence[str], predictions: Sequence[str]
) -> float:
    """Of the rows that are one of ``labels``, the share that was called one of ``predictions``."""
    rows = confusion[[i for i, name in enumerate(classes) if name in labels]]
    called = rows[:, [i for i, name in enumerate(classes) if name in predictions]]
    return round(float(called.sum() / max(rows.sum(), 1)), 4)


def rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    """With every float to four digits."""
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}
