"""What an exported model is worth, by each protocol that the literature reports. Single view throughout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from emojimask.evaluation import metrics
from emojimask.expressions.classifier import softmax
from emojimask.expressions.preprocess import normalise
from emojimask.training.data.fer2013 import (
    FER2013_CLASSES,
    FERPLUS_CLASSES,
    FerSplit,
    copies,
    ferplus_argmax,
    ferplus_majority,
    load_split,
)


def evaluate(session: onnxruntime.InferenceSession, data: Path) -> dict[str, Any]:
    """Scores on PublicTest, which chose the epoch, and on PrivateTest, which chose nothing.

    Args:
        session: a model with the outputs "fer2013" and "ferplus".
        data: folder of the data set.

    Returns:
        For each split and protocol what :func:`scores` gives; plain numbers and texts.

    Raises:
        DataError: the data cannot be read.
    """
    valid, test = load_split(data, "valid"), load_split(data, "test")
    fresh = ~copies(test.images, load_split(data, "train").images)
    seven, _ = predict(session, test.images)
    return {
        "view": "single",
        "PublicTest": by_protocol(session, valid),
        "PrivateTest": {
            **by_protocol(session, test),
            "fer2013_without_copies_of_training": scores(test.labels[fresh], seven[fresh], FER2013_CLASSES),
        },
    }


def by_protocol(session: onnxruntime.InferenceSession, split: FerSplit) -> dict[str, Any]:
    """Scores by FER2013's labels, by FER+'s majority and by FER+'s argmax; the last two only where votes are given."""
    seven, eight = predict(session, split.images)
    found = {"fer2013": scores(split.labels, seven, FER2013_CLASSES)}
    for name, rule in {"ferplus_majority": ferplus_majority, "ferplus_argmax": ferplus_argmax}.items():
        labels, counts = rule(split.votes)
        if counts.any():
            found[name] = scores(labels[counts], eight[counts], FERPLUS_CLASSES)
    return found


def scores(labels: NDArray[np.int64], probabilities: NDArray[np.float32], classes: tuple[str, ...]) -> dict[str, Any]:
    """Scores of (N,) labels against (N, C) probabilities, rounded to four digits."""
    predictions = probabilities.argmax(1)
    confusion = metrics.confusion_matrix(labels, predictions, len(classes))
    recall = metrics.class_scores(confusion).recall
    return {
        "rows": len(labels),
        "accuracy": round(metrics.accuracy(labels, predictions), 4),
        "top2_accuracy": round(metrics.top_k_accuracy(labels, probabilities, 2), 4),
        "macro_f1": round(metrics.macro_f1(confusion), 4),
        "weighted_f1": round(metrics.weighted_f1(confusion), 4),
        "calibration_error": round(metrics.expected_calibration_error(labels, probabilities), 4),
        "recall": {name: round(float(value), 4) for name, value in zip(classes, recall, strict=True)},
    }


def predict(
    session: onnxruntime.InferenceSession, images: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(N, 7) FER2013 and (N, 8) FER+ probabilities of (N, 48, 48) gray images."""
    name = session.get_inputs()[0].name
    batches = np.split(images, range(256, len(images), 256))
    outputs = [session.run(["fer2013", "ferplus"], {name: normalise(batch)}) for batch in batches]
    seven, eight = (softmax(np.concatenate(logits)) for logits in zip(*outputs, strict=True))
    return seven, eight
