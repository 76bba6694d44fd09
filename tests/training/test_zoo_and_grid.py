"""The zoo's table, the grid, and the command line of both."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import pytest
from generated_fer import write_csv

from emojimask.errors import DataError, UsageError
from emojimask.training import cli, zoo
from emojimask.training.recipe import RECIPES

TINY = "widths = [4, 8]\nblocks = [1, 1]\nepochs = 1\nbatch = 14\nrate = 0.01\n"


def run(add: object, *words: object) -> int:
    parser = argparse.ArgumentParser()
    add(parser)  # type: ignore[operator]
    args = parser.parse_args([str(word) for word in words])
    return int(args.run(args))


def result(recipe: str, labels: str, split: str, accuracy: float, precision: str = "fp32") -> str:
    views = {"single": {"accuracy": accuracy}}
    told = {"recipe": recipe, "precision": precision, "labels": labels, "split": split, "views": views}
    return json.dumps(told)


def test_the_table_lists_every_recipe_without_torch(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli.add_zoo) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines[1:]} == {path.stem for path in RECIPES.glob("*.toml")}
    (line,) = (line for line in lines if line.startswith("mlp "))
    assert line.split()[:5] == ["mlp", "mlp", "32x32", "1,053,703", "1.1"]
    assert line.split()[-2:] == ["-", "-"]  # what it was not trained on, it never will be
    assert "fp32 file  fp32 face" in lines[0]  # of the shipped models too, whose files are in 8 bits


def test_the_table_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli.add_zoo, "--json") == 0
    rows = {row["recipe"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["vgg-ba-small"]["parameters"] == 6_278_151
    assert rows["vgg-ba-small"]["side"] == 44


def test_accuracies_come_from_evaluations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.json").write_text(result("mlp", "fer2013", "PrivateTest", 0.4712))
    (tmp_path / "b.json").write_text(result("mlp", "ferplus", "PublicTest", 0.99))  # chose the epoch: says nothing
    (tmp_path / "0.json").write_text(result("mlp", "fer2013", "PrivateTest", 0.46, "int8"))
    (tmp_path / "d.json").write_text(result("vgg11", "ferplus", "PrivateTest", 0.8, "int8"))
    (tmp_path / "c.json").write_text(result("mine", "fer2013", "PrivateTest", 0.5))
    for seed, accuracy in enumerate((0.70, 0.71, 0.75, 0.4), 1):
        (tmp_path / f"seed-{seed}.json").write_text(result(f"teacher-{seed}", "fer2013", "PrivateTest", accuracy))
        (tmp_path / f"own-{seed}.json").write_text(result(f"default-{seed}", "fer2013", "PrivateTest", accuracy))
    (tmp_path / "own.json").write_text(result("default", "fer2013", "PrivateTest", 0.73))
    before = [replace(row, accuracy={}) for row in zoo.stored()]
    found = {row.recipe: row.accuracy for row in zoo.with_results(before, tmp_path)}
    assert found.pop("mlp") == {"fer2013": 0.4712}
    assert found.pop("vgg11") == {"ferplus": 0.8}
    assert found.pop("teacher") == {"fer2013": pytest.approx(0.64)}
    assert found.pop("default") == {"fer2013": 0.73}
    assert not any(found.values())
    assert run(cli.add_zoo, "--results", tmp_path) == 0
    assert "47.12%" in capsys.readouterr().out


def test_faulty_results(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder of results"):
        zoo.with_results(zoo.stored(), tmp_path / "none")
    (tmp_path / "own.json").write_text(result("mlp", "fer2013", "PublicTest", 0.5))
    with pytest.raises(DataError, match="holds no evaluation of a recipe on PrivateTest"):
        zoo.with_results(zoo.stored(), tmp_path)
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(DataError, match=r"a\.json: not what emojimask evaluate writes"):
        zoo.with_results(zoo.stored(), tmp_path)


def test_values_of_the_command_line() -> None:
    assert [cli.literal(text) for text in ("2", "1e-3", "true", "adam", "[1, 2]", "a.pt")] == [
        2,
        0.001,
        True,
        "adam",
        [1, 2],
        "a.pt",
    ]
    assert cli.several("rate", "0.1,2,adam") == [0.1, 2, "adam"]
    assert cli.several("widths", "[4,8],[8,16]") == [[4, 8], [8, 16]]
    assert cli.assignments(["a=1", "b=x=y"]) == [("a", "1"), ("b", "x=y")]
    for wrong in ("seed", "=3"):
        with pytest.raises(UsageError, match=f"expected KEY=VALUE, found '{wrong}'"):
            cli.assignments([wrong])


@pytest.mark.parametrize("endless", [9999 * "[", f"0x{6000 * 'f'}"])
def test_a_value_without_end_is_a_text(endless: str) -> None:
    assert cli.literal(endless) == endless
    assert cli.several("epochs", endless) == [endless]


def test_what_takes_a_text_takes_a_number_for_one() -> None:
    given = cli.assignments(["name=2026", "weights=1.5", "variant='plain'", "seed=3"])
    assert [cli.value_of(*one) for one in given] == ["2026", "1.5", "plain", 3]
    assert cli.choices(["weights=2025,2026", "name='a,b',\"c\""]) == {"weights": ["2025", "2026"], "name": ["a,b", "c"]}


def test_what_is_given_several_times_counts_every_time() -> None:
    parser = argparse.ArgumentParser()
    cli.add_train(parser)
    words = ["--set", "seed=2", "--teachers", "a.pt", "--extra", "one", "--grid", "rate=1,2"]
    more = ["--set", "epochs=3", "batch=9", "--teachers", "b.pt", "--extra", "two", "--grid", "seed=1,2"]
    for _ in range(2):  # nothing stays from the time before
        args = parser.parse_args(["mlp", "--data", "fer", "--out", "run", *words, *more])
        assert args.set == ["seed=2", "epochs=3", "batch=9"]
        assert args.teachers == ["a.pt", "b.pt"]
        assert args.extra == [Path("one"), Path("two")]
        assert args.grid == ["rate=1,2", "seed=1,2"]
    assert cli.choices(["seed=1", "rate=1,2", "seed=2,3"]) == {"seed": [1, 2, 3], "rate": [1, 2]}


def test_a_grid_is_trained_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
    from emojimask.training.trained import load_network

    write_csv(tmp_path / "fer")
    (tmp_path / "tiny.toml").write_text(TINY)
    words = [tmp_path / "tiny.toml", "--data", tmp_path / "fer", "--out", tmp_path / "runs"]
    assert run(cli.add_train, *words, "--set", "labels=fer2013", "--grid", "seed=1,2", "optimizer=adam,sgd") == 0
    told = capsys.readouterr().err.splitlines()
    assert sum(line.startswith("epoch 1/1") for line in told) == 4
    rows = json.loads((tmp_path / "runs" / "grid.json").read_text())
    assert [row["fer2013"] for row in rows] == sorted((row["fer2013"] for row in rows), reverse=True)
    assert {(row["seed"], row["optimizer"]) for row in rows} == {(1, "adam"), (1, "sgd"), (2, "adam"), (2, "sgd")}
    assert told[-4].startswith(rows[0]["run"])
    cpu = torch.device("cpu")
    names = {load_network(tmp_path / "runs" / row["run"] / "best.pt", cpu)[1].name for row in rows}
    assert names == {f"tiny-{row['run']}" for row in rows}  # so that they can be exported side by side

    best = tmp_path / "runs" / rows[0]["run"] / "best.pt"
    before = best.read_bytes()
    grid = ["--resume", "--set", "labels=fer2013", "--grid", "seed=1,2,3", "optimizer=adam,sgd"]
    assert run(cli.add_train, *words, *grid) == 0
    assert sum(line.startswith("epoch 1/1") for line in capsys.readouterr().err.splitlines()) == 2
    assert best.read_bytes() == before


def test_a_grid_of_what_there_is_not(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the extra [train] is not installed")
    words = ["default", "--data", tmp_path, "--out", tmp_path / "runs", "--grid", "seed=1", "speed=1,2"]
    with pytest.raises(UsageError, match="unknown key 'speed'"):
        run(cli.add_train, *words)
    for grid, message in {
        "model=mlp,mpl": "unknown model 'mpl'",
        "variant=plain,plane": "unknown variant 'plane'",
        "labels=fer2013,ferplus": "no head in common",
        "rate=": "no value to try for rate",
        "rate=0.1,0.2,0.10": "the grid has rate=0.1 twice",
    }.items():
        with pytest.raises(UsageError, match=message):
            run(cli.add_train, *words[:-2], grid)
    with pytest.raises(UsageError, match="the grid has seed=1 twice"):
        run(cli.add_train, *words[:-2], "seed=1", "seed=1")
    assert not (tmp_path / "runs").exists()


def test_a_grid_compares_by_what_all_its_runs_have(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the extra [train] is not installed")
    write_csv(tmp_path / "fer")
    (tmp_path / "tiny.toml").write_text(TINY)
    words = [tmp_path / "tiny.toml", "--data", tmp_path / "fer", "--out", tmp_path / "runs"]
    assert run(cli.add_train, *words, "--grid", "labels=fer2013,both") == 0
    rows = json.loads((tmp_path / "runs" / "grid.json").read_text())
    assert [row["score"] for row in rows] == [row["fer2013"] for row in rows]


def test_a_combination_that_diverges_ends_no_grid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="the extra [train] is not installed")
    write_csv(tmp_path / "fer")
    (tmp_path / "tiny.toml").write_text(f'{TINY}optimizer = "sgd"\nmomentum = 0\nclip = 1e9\nschedule = "constant"\n')
    words = [tmp_path / "tiny.toml", "--data", tmp_path / "fer", "--out", tmp_path / "runs"]
    grid = ["--set", "labels=fer2013", "model=mlp", "epochs=2", "--grid", "rate=1e9,0.01"]
    assert run(cli.add_train, *words, *grid) == 0
    told = capsys.readouterr().err.splitlines()
    assert "recipe tiny-rate=1000000000.0: the loss is no longer a number; try a lower rate" in told
    assert told[-2].startswith("rate=0.01  epoch")
    assert told[-1] == "rate=1000000000.0  diverged"
    rows = json.loads((tmp_path / "runs" / "grid.json").read_text())
    assert [row["rate"] for row in rows] == [0.01, 1e9]
    assert rows[1] == {"run": "rate=1000000000.0", "rate": 1e9, "score": None}
