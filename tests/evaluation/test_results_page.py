"""docs/results.md and the model card's figures are what their generator makes of the stored evaluations."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from emojimask.expressions.card import read_card
from emojimask.expressions.classifier import MODELS
from script_module import load_script

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    return load_script("scripts/results_page.py")


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


@pytest.mark.parametrize("name", sorted(path.stem for path in MODELS.glob("*.onnx")))
def test_the_stored_evaluations_are_of_the_shipped_models(results: dict[Any, Any], name: str) -> None:
    """The figures in the docs and those in a model's own card come by two ways from one file."""
    card = read_card(MODELS / f"{name}.json")
    of_model = {key: result for key, result in results.items() if key[0] == name}
    assert of_model
    for (_, labels, split), result in of_model.items():
        assert result["sha256"] == card.sha256
        protocol = {"ferplus": "ferplus_majority", "ferplus-argmax": "ferplus_argmax"}.get(labels, labels)
        told = card.metrics[split][protocol]
        assert result["views"]["single"]["accuracy"] == pytest.approx(told["accuracy"], abs=5e-4)


def test_sizes_of_one_network_agree(generator: ModuleType, results: dict[Any, Any]) -> None:
    """VGG BA SMALL: 23.98 MiB by its authors, and the same in MB as 4 bytes for each of its numbers."""
    row = next(line for line in generator.page(results, generator.references()).splitlines() if "VGG BA SMALL" in line)
    assert float(row.split("|")[6]) == pytest.approx(4 * 6_278_151 / 1e6, abs=0.1)


def test_a_row_that_is_trained_shows_its_three_columns(generator: ModuleType, results: dict[Any, Any]) -> None:
    own = json.loads(json.dumps(results["default", "fer2013", "PrivateTest"]))
    own["model"] = "vgg11"
    own["views"]["single"]["accuracy"], own["views"]["ten_crop"]["accuracy"] = 0.7123, 0.7345
    page = generator.page({**results, ("vgg11", "fer2013", "PrivateTest"): own}, generator.references())
    row = next(line for line in page.splitlines() if line.startswith("| VGG11 | PrivateTest"))
    assert "| 70.63 % | 71.23 % / " in row
    assert "/ 73.45 % |" in row
    assert "not trained yet" in next(line for line in page.splitlines() if line.startswith("| VGG11 | PublicTest"))


def evaluation(
    model: str, labels: str, accuracy: float, ms: float = 1.0
) -> tuple[tuple[str, str, str], dict[str, Any]]:
    """As much of one as the table, the plots and the card's line on seeds ask for."""
    view = {"accuracy": accuracy}
    latency = {"ms_per_face": {"1": ms, "8": 8 * ms}}
    result = {"bytes": 2_000_000, "parameters": 1000, "views": {"single": view}, "latency": latency}
    return (model, labels, "PrivateTest"), result


def test_runs_of_several_seeds_share_a_row_beside_the_shipped_one(generator: ModuleType) -> None:
    seeds = {1: (0.70, 1.0), 2: (0.71, 2.0), 3: (0.75, 6.0)}
    made = dict([
        evaluation("default", "fer2013", 0.706),
        *(evaluation(f"default-{seed}", "fer2013", *figures) for seed, figures in seeds.items()),
        *(evaluation(f"default-{seed}", "ferplus", 0.87) for seed in (1, 2)),  # of the third it is not known
        evaluation("teacher-2", "fer2013", 0.73),
        evaluation("cnn-32-64", "fer2013", 0.63),
    ])  # fmt: skip
    assert [line.split(" | ") for line in generator.models(made).splitlines()[2:]] == [
        ["| cnn-32-64", "1,000", "2.00", "1.00", "8.00", "63.00 %", "-", "-", "- |"],
        ["| default", "1,000", "2.00", "1.00", "8.00", "70.60 %", "-", "-", "- |"],
        ["| default, 3 seeds", "1,000", "2.00", "3.00", "24.00", "72.00 ± 2.65 %", "-", "-", "- |"],
        ["| teacher-2", "1,000", "2.00", "1.00", "8.00", "73.00 %", "-", "-", "- |"],
    ]
    assert "the mean ± standard deviation of these runs" in (ROOT / "docs/results.md").read_text(encoding="utf-8")


def test_what_is_no_evaluation_is_named(generator: ModuleType, tmp_path: Path) -> None:
    """As an evaluation that failed leaves, whose output was sent there."""
    (tmp_path / "mlp_fer2013_PublicTest.json").write_text("")
    with pytest.raises(SystemExit, match=r"mlp_fer2013_PublicTest\.json: not what emojimask evaluate --json prints"):
        generator.read(tmp_path)


def test_a_time_of_another_processor_is_told(generator: ModuleType) -> None:
    processors = {"default": "fast", "cnn-32-64": "slow", "mlp": "slow", "vgg11": "slowest"}
    made = dict(evaluation(model, "fer2013", 0.706) for model in processors)
    for (model, _, _), result in made.items():
        result["latency"]["processor"] = processors[model]
    assert generator.times_of_others(made) == [
        "The times of cnn-32-64, mlp are of another processor (slow) than default's (fast).",
        "The times of vgg11 are of another processor (slowest) than default's (fast).",
    ]


def test_runs_of_several_seeds_are_one_dot(generator: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[dict[str, tuple[float, float]]] = []
    monkeypatch.setattr(generator, "scatter", lambda points, **_: drawn.append(points))
    made = dict([evaluation("teacher-1", "fer2013", 0.70, 2.0), evaluation("teacher-2", "fer2013", 0.73, 4.0)])
    generator.plots(made | dict([evaluation("xception-gap", "ferplus", 0.8)]), [])
    size, time = drawn
    assert size == {"teacher, 2 seeds": (2.0, pytest.approx(71.5))}
    assert time == {"teacher, 2 seeds": (3.0, pytest.approx(71.5))}


def test_the_card_tells_how_far_the_seed_moves_its_figures(generator: ModuleType) -> None:
    one = dict([evaluation("default-1", "fer2013", 0.70), evaluation("teacher-1", "fer2013", 0.72)])
    assert generator.card_figures(one).startswith("One seed was trained")
    two = one | dict([evaluation("default-2", "fer2013", 0.72), evaluation("default-2", "ferplus", 0.87)])
    assert "in 2 seeds: FER2013 71.00 ± 1.41 % (PrivateTest, single view, mean ±" in generator.card_figures(two)
    both = two | dict([evaluation("default-1", "ferplus", 0.87)])
    assert "FER+ by majority 87.00 ± 0.00 %, FER2013 71.00 ± 1.41 % (" in generator.card_figures(both)


def test_the_card_says_of_which_rows_the_harder_forms_are(generator: ModuleType) -> None:
    told = json.loads((ROOT / "docs/results/conditions/default.json").read_text(encoding="utf-8"))
    made = generator.conditions({**told, "labels": "fer2013", "split": "PublicTest"})
    assert made.splitlines()[0] == "### Other light, cover and pose: FER2013, PublicTest, single view"
