"""``emojimask compare`` on a small generated set, with the shipped model and changed copies of it, without torch."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emojimask.cli import main
from emojimask.expressions.classifier import MODELS
from emojimask.training import compare
from emojimask.training.data.fer2013 import FERPLUS_CLASSES, FerSplit, ferplus_majority
from emojimask.training.data.load import load_split


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """The shipped model, given faces that are far too bright."""
    card = json.loads((MODELS / "default.json").read_text())
    card["input"]["mean"] -= 3
    return with_card(card, tmp_path / "other.onnx")


def with_card(card: dict[str, Any], path: Path) -> Path:
    """The shipped model with another card."""
    path.write_bytes((MODELS / "default.onnx").read_bytes())
    card["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_suffix(".json").write_text(json.dumps(card))
    return path


def compared(capsys: pytest.CaptureFixture[str], *words: str | Path) -> dict[str, Any]:
    assert main(["compare", *map(str, words), "--json"]) == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_figures_are_those_of_evaluate_and_rows_those_of_the_figures(
    data: Path, other: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    question = ("--data", data, "--labels", "ferplus", "--split", "PrivateTest")
    table = tmp_path / "rows.csv"
    result = compared(capsys, "default", other, *question, "--rows", table)
    lines = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    _, counts = ferplus_majority(load_split(data, "test").votes)
    assert [int(line["row"]) for line in lines] == np.flatnonzero(counts).tolist()
    assert result["classes"] == list(FERPLUS_CLASSES)
    for name in ("default", str(other)):
        assert main(["evaluate", name, *map(str, question), "--single-view", "--json"]) == 0
        alone = json.loads(capsys.readouterr().out)
        assert result["models"][name]["accuracy"] == alone["views"]["single"]["accuracy"]
        right = [line[name] == line["label"] for line in lines]
        assert np.mean(right) == pytest.approx(alone["views"]["single"]["accuracy"], abs=1e-4)
    same = [line["default"] == line[str(other)] for line in lines]
    assert result["models"][str(other)]["against_first"]["same_answer"] == pytest.approx(np.mean(same), abs=1e-4) != 1


def test_without_json_it_prints_a_page(data: Path, other: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "default", str(other), "--data", str(data), "--labels", "fer2013"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("# 2 models by fer2013 on PublicTest\n\n21 rows")
    assert err == ""


def test_only_models_that_are_judged_on_the_same_rows_are_compared(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = json.loads((MODELS / "default.json").read_text())
    card["training"]["recipe"]["variant"] = "six-classes"
    six, also = (str(with_card(card, tmp_path / f"{name}.onnx")) for name in ("six", "also"))
    rest = ("--data", str(data), "--labels", "ferplus")
    for models in (("default", six), (six, "default")):
        assert main(["compare", *models, *rest]) == 1
        assert f"{six}: by ferplus it is asked of the rows of its variant six-classes" in capsys.readouterr().err
    assert compared(capsys, six, also, *rest)["rows"] > 21


def test_a_fault_names_the_model_as_it_was_given(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Copies of the shipped model all have its name in their cards."""
    card = json.loads((MODELS / "default.json").read_text())
    card["training"]["recipe"]["variant"] = "upside-down"
    strange = with_card(card, tmp_path / "strange.onnx")
    rest = ("--data", str(data), "--labels", "ferplus")
    assert main(["compare", "default", str(strange), *rest]) == 1
    assert f"{strange}: the recipe in its card: unknown variant 'upside-down'" in capsys.readouterr().err
    assert main(["evaluate", str(strange), *rest]) == 1
    assert "default: the recipe in its card: unknown variant 'upside-down'" in capsys.readouterr().err


def test_one_line_for_each_bad_input(
    data: Path, other: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(status: int, *words: str | Path) -> str:
        assert main(["compare", *map(str, words)]) == status
        out, err = capsys.readouterr()
        assert out == ""
        assert len(err.strip().splitlines()) == 1
        return err

    rest = ("--data", data, "--labels", "fer2013")
    assert "two models or more, each once, found: default" in refused(2, "default", *rest)
    assert "two models or more, each once" in refused(2, "default", other, "default", *rest)
    assert "no model" in refused(2, "default", "nothing", *rest)
    assert "unknown labels 'x': choose one of fer2013" in refused(2, "default", other, "--data", data, "--labels", "x")
    assert "has no head for --labels" in refused(1, "default", other, "--data", data, "--labels", "six-classes")
    there = tmp_path / "there.csv"
    there.write_text("mine")
    monkeypatch.setattr(compare, "load_split", lambda *_: pytest.fail("is refused before the work"))
    assert "--force" in refused(1, "default", other, *rest, "--rows", there)
    with pytest.raises(SystemExit, match="2"):
        main(["compare", "default", str(other), *map(str, rest), "--rows", str(tmp_path / "no" / "rows.csv")])
    assert f"{tmp_path / 'no'} is no folder" in capsys.readouterr().err
    assert there.read_text() == "mine"


def test_a_result_that_took_its_time_is_not_lost_over_a_file(
    data: Path, other: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()

    def work(*asked: Any) -> FerSplit:
        folder.rmdir()
        return load_split(*asked)

    monkeypatch.setattr(compare, "load_split", work)
    words = ("default", str(other), "--data", str(data), "--labels", "fer2013", "--rows", str(folder / "rows.csv"))
    assert main(["compare", *words]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("# 2 models")
    assert "cannot be written" in err
