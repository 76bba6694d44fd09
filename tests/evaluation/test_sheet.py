"""An evaluation's page."""

from __future__ import annotations

import json
from pathlib import Path

from emojimask.evaluation.sheet import markdown, stem

STORED = Path(__file__).parents[2] / "docs" / "results" / "models" / "compact-resnet_ferplus_PrivateTest.json"
RESULT = json.loads(STORED.read_text(encoding="utf-8"))


def test_a_plot_of_any_name_is_shown() -> None:
    """In Markdown a place ends at a space, and one of brackets without a partner is none."""
    page = markdown(RESULT, ["my model) ü.png"])
    assert page.endswith("![my model) ü.png](my%20model%29%20%C3%BC.png)\n")


def test_rows_that_are_not_the_data_sets_own_are_told() -> None:
    assert "3,153 rows. 3,070,975 parameters" in markdown(RESULT)
    assert "3,153 rows of the variant six-classes. 3," in markdown({**RESULT, "variant": "six-classes"})


def test_the_files_lie_in_their_folder_whatever_the_model_is_called() -> None:
    assert stem({**RESULT, "model": "../owner/model"}) == ".._owner_model_ferplus_PrivateTest"
    assert stem({**RESULT, "model": "..\\model"}) == ".._model_ferplus_PrivateTest"


def test_what_chance_may_do_stands_under_the_accuracy() -> None:
    """Of 3,153 rows 86.84 % are right: a standard error of 0.6 points."""
    (line,) = (line for line in markdown(RESULT).splitlines() if line.startswith("| 95 % interval of the accuracy |"))
    assert line.startswith("| 95 % interval of the accuracy | 85.61 % to 87.97 % |")
