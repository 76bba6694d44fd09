"""``scripts/train_default.py``: teachers, pupils, veiled pupils; as many epochs as fit; what is there stays."""

from __future__ import annotations

import json
from contextlib import redirect_stderr
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, TextIO

import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")

from generated_fer import write_csv  # noqa: E402

from emojimask.cli import main  # noqa: E402
from emojimask.training.cli import assignments, literal  # noqa: E402
from emojimask.training.data.load import load_split  # noqa: E402
from emojimask.training.recipe import changed, load_recipe  # noqa: E402
from script_module import load_script  # noqa: E402

ROOT = Path(__file__).parents[2]
torch.set_num_threads(1)  # quickest for networks this small
TINY = "widths=[8,16]", "blocks=[1,1]", "batch=14"


class Process:
    """Runs the command here, at once: a process would take most of its time to load torch."""

    def __init__(self, words: list[str], stderr: TextIO) -> None:
        assert words[1:3] == ["-m", "emojimask"]
        with redirect_stderr(stderr):
            self._status = main(words[3:])

    def wait(self) -> int:
        return self._status


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = load_script("scripts/train_default.py")
    monkeypatch.setattr(module, "REHEARSAL_MINUTES", 0.0)
    monkeypatch.setattr(module, "subprocess", SimpleNamespace(Popen=Process))  # its own alone
    return module


def run(script: ModuleType, monkeypatch: pytest.MonkeyPatch, root: Path, *words: str) -> int:
    folders = ["--data", str(root / "fer"), "--runs", str(root / "runs")]
    monkeypatch.setattr("sys.argv", ["train_default.py", *folders, *words])
    return int(script.main())


def first_runs(script: ModuleType) -> tuple[Any, ...]:
    """One run a stage, all of them of the network that can be made tiny."""
    return tuple(replace(stage, runs=(replace(stage.runs[0], recipe="compact-resnet"),)) for stage in script.STAGES)


def test_teachers_teach_pupils_and_these_see_through_veils(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv(tmp_path / "fer")
    stages = first_runs(script)
    for name, value in (("STAGES", stages), ("TEACHERS", stages[0]), ("PUPILS", stages[1])):
        monkeypatch.setattr(script, name, value)
    words = ["--minutes", "0.001", "--set", *TINY]
    assert run(script, monkeypatch, tmp_path, *words) == 0, capsys.readouterr().out
    runs = tmp_path / "runs"
    trained = {
        name: torch.load(runs / name / "best.pt", weights_only=True) for name in ("first-1", "default-1", "veiled-1")
    }
    recipes = {name: content["recipe"] for name, content in trained.items()}
    assert [recipe["teachers"] for recipe in recipes.values()] == [
        ("default",), *2 * [(str(runs / "first-1/best.pt"),)],
    ]  # fmt: skip
    assert recipes["veiled-1"]["weights"] == str(runs / "default-1/best.pt")
    assert [recipe["epochs"] for recipe in recipes.values()] == [1, 1, 1]
    told = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in told] == ["first", "default", "first-1", "default-1", "veiled-1", "all done"]
    paces = json.loads((runs / "rehearsal.json").read_text())
    assert all(0 < paces[kind]["face"] < 1 for kind in ("first", "default"))

    before = {path: path.stat().st_mtime_ns for path in runs.rglob("*")}
    assert run(script, monkeypatch, tmp_path, *words) == 0
    assert capsys.readouterr().out.splitlines()[2:] == ["all done"]
    assert {path: path.stat().st_mtime_ns for path in runs.rglob("*")} == before


def test_what_fails_is_told_and_the_rest_goes_on_without_it(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One teacher of two cannot begin; its pupil learns from the other."""
    write_csv(tmp_path / "fer")
    teachers, pupils, _ = first_runs(script)
    good = teachers.runs[0]
    bad = replace(good, name="first-bad", changes=("seed=x",))
    stages = replace(teachers, runs=(bad, good)), pupils
    monkeypatch.setattr(script, "STAGES", stages)
    monkeypatch.setattr(script, "TEACHERS", stages[0])
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "rehearsal.json").write_text(
        json.dumps({"first": {"start": 0, "face": 1}, "default": {"start": 0, "face": 1}})
    )
    assert run(script, monkeypatch, tmp_path, "--minutes", "0.001", "--set", *TINY) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[2].startswith("first-bad: FAILED: ")
    assert "seed" in told[2]
    assert told[-1] == "not done: first-bad"
    taught = torch.load(tmp_path / "runs/default-1/best.pt", weights_only=True)["recipe"]["teachers"]
    assert taught == (str(tmp_path / "runs/first-1/best.pt"),)


def test_a_run_that_fails_after_its_first_epoch_is_not_done(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Killed(Process):
        def wait(self) -> int:
            return super().wait() or 9

    monkeypatch.setattr(script.subprocess, "Popen", Killed)
    write_csv(tmp_path / "fer")
    (teachers, *_) = first_runs(script)
    monkeypatch.setattr(script, "STAGES", (teachers,))
    monkeypatch.setattr(script, "TEACHERS", teachers)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "rehearsal.json").write_text(json.dumps({"first": {"start": 0, "face": 1}}))
    assert run(script, monkeypatch, tmp_path, "--minutes", "0.001", "--set", *TINY) == 1
    assert (tmp_path / "runs/first-1/best.pt").exists()
    told = capsys.readouterr().out.splitlines()
    assert told[1].startswith("first-1: FAILED: ")
    assert told[-1] == "not done: first-1"


def test_as_many_epochs_as_fit(script: ModuleType) -> None:
    pace = script.Pace(start=20.0, face=1e-4)
    assert pace.epochs(120.0, 10_000) == 95  # 100 seconds for epochs of one, less what is spared
    assert pace.epochs(10.0, 10_000) == 1


def test_a_run_that_was_broken_off_goes_on(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv(tmp_path / "fer")
    (teachers, *_) = first_runs(script)
    monkeypatch.setattr(script, "STAGES", (teachers,))
    monkeypatch.setattr(script, "TEACHERS", teachers)
    faces = len(load_split(tmp_path / "fer", "train"))
    pace = {"start": 0, "face": script.SPARE * 60 * teachers.share / 2.5 / faces}  # two epochs in a minute
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "rehearsal.json").write_text(json.dumps({"first": pace}))
    words = ["--minutes", "1", "--set", *TINY]
    begin = script.side_by_side
    with monkeypatch.context() as patch:
        patch.setattr(script, "side_by_side", lambda *given: begin(*given[:-1], ["--minutes", "0"]))
        run(script, monkeypatch, tmp_path, *words)
    log = tmp_path / "runs/first-1/log.jsonl"
    first = log.read_text().splitlines()
    assert len(first) == 1
    assert run(script, monkeypatch, tmp_path, *words) == 0, capsys.readouterr().out
    assert log.read_text().splitlines()[:1] == first
    assert len(log.read_text().splitlines()) == 2


def test_every_run_is_one_that_its_recipe_can_be_changed_to(script: ModuleType) -> None:
    names = [run.name for stage in script.STAGES for run in stage.runs]
    assert len(names) == len(set(names)) == 12
    for stage in script.STAGES:
        for wanted in stage.runs:
            recipe = load_recipe(wanted.recipe)
            assert recipe.model in {"compact-resnet", "face-resnet"}
            changes = {key: literal(value) for key, value in assignments(wanted.changes)}
            assert changed(recipe, {"weights": wanted.begins_with or recipe.weights, **changes}).batch == 256
            assert not wanted.begins_with or wanted.begins_with in names
    assert sum(stage.share for stage in script.STAGES) == pytest.approx(1)
