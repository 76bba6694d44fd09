"""Several models on the same rows: which reads more of them right, and whether that could be chance."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emojimask.evaluation import metrics
from emojimask.evaluation.metrics import Labels, Probabilities
from emojimask.evaluation.scores import rounded
from emojimask.evaluation.sheet import percent, table
from emojimask.evaluation.significance import interval, paired

MEAN = "the mean of all"
"""Of the models' probabilities: what they would be worth as an ensemble, or as teachers."""


def compare(labels: Labels, by_model: Mapping[str, Probabilities], classes: Sequence[str]) -> dict[str, Any]:
    """Every model, and the mean of them all, against the first one: plain numbers, ready for JSON.

    Args:
        labels: (N,), N above 0.
        by_model: (N, C) probabilities of two models or more, by name.
        classes: C names.
    """
    everybody = {**by_model, MEAN: np.mean(list(by_model.values()), 0)}
    answers = {name: probabilities.argmax(1) for name, probabilities in everybody.items()}
    first = next(iter(answers.values()))
    models = {name: _alone(labels, found, classes) for name, found in answers.items()}
    for name, found in list(answers.items())[1:]:
        models[name]["against_first"] = {
            **rounded(asdict(paired(found == labels, first == labels))),
            "same_answer": round(float(np.mean(found == first)), 4),
        }
    return {"rows": len(labels), "classes": list(classes), "models": models}


def _alone(labels: Labels, answers: NDArray[np.int64], classes: Sequence[str]) -> dict[str, Any]:
    confusion = metrics.confusion_matrix(labels, answers, len(classes))
    recall = metrics.class_scores(confusion).recall
    low, high = interval(int((answers == labels).sum()), len(labels))
    return rounded(
        {
            "accuracy": metrics.accuracy(labels, answers),
            "low": low,
            "high": high,
            "macro_f1": metrics.macro_f1(confusion),
            "recall": dict(zip(classes, recall.round(4).tolist(), strict=True)),
        }
    )


def markdown(result: Mapping[str, Any]) -> str:
    """The page."""
    models, first = result["models"], next(iter(result["models"]))
    parts = [
        f"# {len(models) - 1} models by {result['labels']} on {result['split']}",
        f"{result['rows']:,} rows, single view.",
        table(
            ["model", "right", "95 % interval", "macro F1"], [_alone_row(name, model) for name, model in models.items()]
        ),
        f"## Against {first}",
        table(
            [
                "model",
                "points more",
                "95 % interval",
                "only it right",
                f"only {first} right",
                "same answer",
                "by chance (McNemar)",
            ],
            [_against_row(name, model["against_first"]) for name, model in list(models.items())[1:]],
        ),
        "By chance: how often equally good models would differ by so much or more. Of many such, one in twenty lies "
        "below 5 %.",
        "## Recall of each class",
        table(
            ["class", *models],
            [[name, *(percent(model["recall"][name]) for model in models.values())] for name in result["classes"]],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def rows_as_csv(
    numbers: Sequence[int], labels: Labels, by_model: Mapping[str, Probabilities], classes: Sequence[str]
) -> str:
    """A line a row: its number in the split, its label, and of each model the answer and that answer's probability."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["row", "label", *(head for name in by_model for head in (name, f"{name}: probability"))])
    for place, number in enumerate(numbers):
        line: list[str | int] = [number, classes[labels[place]]]
        for probabilities in by_model.values():
            answer = int(probabilities[place].argmax())
            line += [classes[answer], f"{probabilities[place, answer]:.4f}"]
        lines.writerow(line)
    return text.getvalue()


def _alone_row(name: str, model: Mapping[str, Any]) -> list[str]:
    between = f"{percent(model['low'])} to {percent(model['high'])}"
    return [name, percent(model["accuracy"]), between, percent(model["macro_f1"])]


def _against_row(name: str, against: Mapping[str, Any]) -> list[str]:
    more, low, high = (f"{100 * against[key]:+.2f}" for key in ("difference", "low", "high"))
    counts = [f"{against[key]:,}" for key in ("only_it", "only_first")]
    return [name, more, f"{low} to {high}", *counts, percent(against["same_answer"]), percent(against["chance"])]
