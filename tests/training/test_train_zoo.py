"""``scripts/train_zoo.py``: what it stores is what the results page reads; what is there is not made again."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest
from generated_fer import write_csv

from script_module import load_script

ROOT = Path(__file__).parents[2]


@pytest.fixture
def script() -> ModuleType:
    return load_script("scripts/train_zoo.py")


@pytest.fixture
def calls(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """In place of emojimask: every command is noted and goes well; a model called mlp cannot be evaluated."""
    noted: list[list[str]] = []

    def call(name: str, command: list[str | Path]) -> str | None:
        noted.append([name, *map(str, command)])
        return None if (name, command[0]) == ("mlp", "evaluate") else "{}\n"

    monkeypatch.setattr(script, "call", call)
    return noted


def run(script: ModuleType, monkeypatch: pytest.MonkeyPatch, root: Path, *words: str) -> int:
    folders = ["--data", root / "fer", "--runs", root / "runs", "--results", root / "results"]
    monkeypatch.setattr("sys.argv", ["train_zoo.py", *map(str, folders), *words])
    return int(script.main())


def test_a_row_is_trained_exported_evaluated_and_then_left_alone(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="the extra [train] is not installed")
    write_csv(tmp_path / "fer")
    words = ["--only", "mlp", "--set", "epochs=1", "batch=14"]
    assert run(script, monkeypatch, tmp_path, *words) == 0, capsys.readouterr().out
    stored = sorted((tmp_path / "results").iterdir())
    assert [path.name for path in stored] == ["mlp_fer2013_PrivateTest.json", "mlp_fer2013_PublicTest.json"]
    for path in stored:
        result = json.loads(path.read_text())
        assert path.stem == f"{result['model']}_{result['labels']}_{result['split']}"
        assert set(result["views"]) == {"single", "flip", "ten_crop"}
    before = [path.read_bytes() for path in stored]
    capsys.readouterr()
    (tmp_path / "runs" / "mlp" / "best.pt").unlink()  # nothing looks for it
    assert run(script, monkeypatch, tmp_path, *words) == 0
    assert capsys.readouterr().out == "mlp: all there\nall done\n"
    assert [path.read_bytes() for path in stored] == before


def test_only_what_is_missing_is_evaluated(
    script: ModuleType, calls: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Both protocols on both splits, less what is stored; its training only goes on."""
    (tmp_path / "results").mkdir()
    for name in ("gray-face-resnet_fer2013_PublicTest", "gray-face-resnet_ferplus_PrivateTest"):
        (tmp_path / "results" / f"{name}.json").write_text("kept")
    assert run(script, monkeypatch, tmp_path, "--only", "gray-face-resnet") == 0
    train, _, *evaluations = calls
    assert "--resume" in train
    assert [words[-4:] for words in evaluations] == [
        ["--labels", "fer2013", "--split", "PrivateTest"],
        ["--labels", "ferplus", "--split", "PublicTest"],
    ]
    texts = {path.stem: path.read_text() for path in (tmp_path / "results").iterdir()}
    assert sorted(texts.values()) == ["kept", "kept", "{}\n", "{}\n"]


def test_a_row_that_fails_is_told_and_the_others_go_on(
    script: ModuleType,
    calls: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(script, monkeypatch, tmp_path, "--only", "mlp", "emonet-baseline") == 1
    assert capsys.readouterr().out.splitlines()[-1] == "not done: mlp"
    assert {path.stem for path in (tmp_path / "results").iterdir()} == {
        "emonet-baseline_six-classes_PrivateTest",
        "emonet-baseline_six-classes_PublicTest",
    }
    assert calls


def test_every_recipe_has_a_row_and_its_time_may_be_up(
    script: ModuleType, calls: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    recipes = {path.stem for path in (ROOT / "src/emojimask/training/recipes").glob("*.toml")}
    assert {*script.rows(), *script.NOT_ALONE} == recipes  # emojimask's own models are trained in other ways
    assert run(script, monkeypatch, tmp_path, "--minutes", "0") == 1
    assert not calls


def test_an_unknown_row(script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        run(script, monkeypatch, tmp_path, "--only", "mlp", "vgg-11")
