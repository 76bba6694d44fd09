from __future__ import annotations

import csv

import numpy as np
import pytest
from numpy.typing import NDArray

from emojimask.evaluation.comparison import MEAN, compare, markdown, rows_as_csv

CLASSES = ("sad", "happy", "angry")
LABELS = np.array([0, 1, 2, 1, 0, 2])


def sure(answers: list[int], by: float = 0.8) -> NDArray[np.float32]:
    """(N, 3) probabilities with so much for each answer, and the rest for the others."""
    probabilities = np.full((len(answers), 3), (1 - by) / 2, np.float32)
    probabilities[np.arange(len(answers)), answers] = by
    return probabilities


MODELS = {"one": sure([0, 1, 2, 1, 1, 1]), "two": sure([0, 1, 2, 0, 0, 1], 0.9), "three": sure([1, 1, 2, 1, 0, 1], 0.5)}


def test_each_stands_against_the_first_on_the_same_rows() -> None:
    models = compare(LABELS, MODELS, CLASSES)["models"]
    assert list(models) == ["one", "two", "three", MEAN]
    assert [model["accuracy"] for model in models.values()] == pytest.approx([4 / 6, 4 / 6, 4 / 6, 5 / 6], abs=1e-4)
    assert "against_first" not in models["one"]
    against = models["two"]["against_first"]
    assert (against["only_it"], against["only_first"], against["difference"]) == (1, 1, 0)
    assert against["same_answer"] == pytest.approx(4 / 6, abs=1e-4)
    assert models["one"]["recall"] == {"sad": 0.5, "happy": 1.0, "angry": 0.5}
    assert models["one"]["low"] < 4 / 6 < models["one"]["high"]


def test_the_mean_is_of_probabilities_and_not_of_answers() -> None:
    """Two that are hardly sure lose against one that is."""
    models = {"a": sure([1], 0.36), "b": sure([1], 0.36), "c": sure([0], 1.0)}
    assert compare(np.array([0]), models, CLASSES)["models"][MEAN]["accuracy"] == 1.0


def test_the_page_tells_it() -> None:
    page = markdown({"labels": "ferplus", "split": "PublicTest", **compare(LABELS, MODELS, CLASSES)})
    assert page.startswith("# 3 models by ferplus on PublicTest\n\n6 rows, single view.\n")
    assert "| one | 66.67 % | 30.00 % to 90.32 % |" in page
    (line,) = (line for line in page.splitlines() if line.startswith("| two | +0.00 |"))
    assert line.endswith("| 1 | 1 | 66.67 % | 100.00 % |")
    assert "| sad | 50.00 % | 100.00 % | 50.00 % | 100.00 % |" in page


def test_a_line_a_row() -> None:
    text = rows_as_csv([3, 5, 6, 7, 8, 9], LABELS, {"a, b": MODELS["two"]}, CLASSES)
    lines = list(csv.DictReader(text.splitlines()))
    assert [line["row"] for line in lines] == ["3", "5", "6", "7", "8", "9"]
    assert lines[3] == {"row": "7", "label": "happy", "a, b": "sad", "a, b: probability": "0.9000"}
