"""A card says what the model needs, or the one line of its error says which entry does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emojimask.errors import ModelError
from emojimask.expressions.card import ModelCard, read_card
from emojimask.expressions.preprocess import FER2013_KEY_POINTS, MEAN, STD
from emojimask.types import EXPRESSIONS


def content() -> dict[str, Any]:
    card = ModelCard("m", "logits", ("happy", "sad"), "ab" * 32, parameters=7, metrics={"accuracy": 0.5}, limits="few")
    return json.loads(card.to_json())


def test_a_card_survives_its_file(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_text(json.dumps(content()))
    card = read_card(path)
    assert (card.name, card.output, card.labels, card.sha256) == ("m", "logits", ("happy", "sad"), "ab" * 32)
    assert (card.mean, card.std, card.parameters, card.metrics, card.limits) == (MEAN, STD, 7, {"accuracy": 0.5}, "few")
    assert card.key_points == pytest.approx(FER2013_KEY_POINTS, abs=1e-3)
    assert card.key_points.dtype == np.float32


@pytest.mark.parametrize(
    ("entry", "value", "message"),
    [
        (["labels"], ["happy", "bored"], "labels must be a list of names out of angry, .*bored"),
        (["labels"], [*EXPRESSIONS, "bored"], "labels must be a list of names out of angry, .*bored"),
        (["labels"], ["happy", "happy"], "labels names a label twice"),
        (["labels"], [], "labels must be"),
        (["labels"], [["happy"]], "labels must be"),
        (["input", "size"], 64, "input must have size 48"),
        (["input", "channels"], 3, "input must have size 48 and channels 1"),
        (["input", "std"], 0, "input.std must be above 0"),
        (["input", "mean"], "half", "input.mean must be a number"),
        (["input", "mean"], float("nan"), "input.mean must be a number"),
        (["input", "mean"], float("inf"), "input.mean must be a number"),
        pytest.param(["input", "mean"], 10**400, "input.mean must be a number", id="huge"),
        pytest.param(["parameters"], -(10**400), "parameters must be a number", id="hugely below 0"),
        (["input", "key_points_drawn"], "yes", "input.key_points_drawn must be true or false"),
        (["input"], None, "input.size is missing"),
        (["output"], 3, "output must be text"),
        (["sha256"], None, "sha256 must be text"),
        (["metrics"], [], "metrics must be an object"),
        (["crop", "key_points", "chin"], [1], "crop.key_points must hold two"),
        (["crop", "key_points", "chin"], [1, None], "crop.key_points must hold two finite"),
        (["crop", "key_points", "chin"], [1, "x"], "crop.key_points must hold two"),
        (["crop", "key_points", "chin"], [1, 10**400], "crop.key_points must hold two"),
    ],
)
def test_a_faulty_entry_is_named(tmp_path: Path, entry: list[str], value: Any, message: str) -> None:
    faulty = content()
    holder = faulty
    for key in entry[:-1]:
        holder = holder[key]
    holder[entry[-1]] = value
    path = tmp_path / "m.json"
    path.write_text(json.dumps(faulty))
    with pytest.raises(ModelError, match=message) as raised:
        read_card(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "key", ["name", "output", "labels", "input", "crop", "sha256", "training", "metrics", "limits"]
)
def test_a_missing_entry_is_named(tmp_path: Path, key: str) -> None:
    path = tmp_path / "m.json"
    path.write_text(json.dumps({k: v for k, v in content().items() if k != key}))
    with pytest.raises(ModelError, match=f"{key}.* is missing"):
        read_card(path)


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "\ufeff{}", "[" * 100_000])
def test_what_is_no_card_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "m.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=r"not valid JSON|is missing"):
        read_card(path)


def test_a_card_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"m\.json: cannot be read .*card beside it"):
        read_card(tmp_path / "m.json")
