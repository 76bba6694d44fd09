"""docs/results.md and the model card's figures are what their generator makes of the stored evaluations."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from emojimask.expressions.card import read_card
from emojimask.expressions.classifier import MODELS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("results_page", ROOT / "scripts/results_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def results(generator: ModuleType) -> dict[tuple[str, str, str], dict[str, Any]]:
    return generator.read(ROOT / "docs/results/models")


def test_the_page_is_what_the_generator_makes(generator: ModuleType, results: dict[Any, Any]) -> None:
    made = generator.page(results, generator.references())
    assert (ROOT / "docs/results.md").read_text(encoding="utf-8") == made, "run scripts/results_page.py"
    card = (ROOT / "docs/model-card.md").read_text(encoding="utf-8")
    assert generator.with_figures(card, results) == card, "run scripts/results_page.py"


def test_every_plot_that_the_page_shows_is_there(generator: ModuleType, results: dict[Any, Any]) -> None:
    page = (ROOT / "docs/results.md").read_text(encoding="utf-8")
    drawn = generator.plots(results, generator.references())
    for name in drawn:
        assert f"(results/{name}.png)" in page
        assert (ROOT / f"docs/results/{name}.png").is_file()
    assert page.count("](results/") == len(drawn)


def test_the_stored_evaluations_are_of_the_shipped_model(results: dict[Any, Any]) -> None:
    """The figures in the docs and those in the model's own card come by two ways from one file."""
    card = read_card(MODELS / "default.json")
    of_default = {key: result for key, result in results.items() if key[0] == "default"}
    assert of_default
    for (_, labels, split), result in of_default.items():
        assert result["sha256"] == card.sha256
        name = {"ferplus": "ferplus_majority", "ferplus-argmax": "ferplus_argmax"}.get(labels, labels)
        told = card.metrics[split][name]
        assert result["views"]["single"]["accuracy"] == pytest.approx(told["accuracy"], abs=5e-4)


def test_a_row_that_is_trained_shows_its_three_columns(generator: ModuleType, results: dict[Any, Any]) -> None:
    own = json.loads(json.dumps(results["default", "fer2013", "PrivateTest"]))
    own["model"] = "vgg11"
    own["views"]["single"]["accuracy"], own["views"]["ten_crop"]["accuracy"] = 0.7123, 0.7345
    page = generator.page({**results, ("vgg11", "fer2013", "PrivateTest"): own}, generator.references())
    row = next(line for line in page.splitlines() if line.startswith("| VGG11 | PrivateTest"))
    assert "| 70.63 % | 71.23 % / " in row
    assert "/ 73.45 % |" in row
    assert "not trained yet" in next(line for line in page.splitlines() if line.startswith("| VGG11 | PublicTest"))
