"""Bad data and checkpoints at the command line: one line that names the fault, and nothing half-written."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from generated_fer import write_csv

from emojimask.cli import main


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """The one line that a command leaves with its failure."""
    assert main([str(word) for word in words]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert "internal fault" not in line
    return line


def lines_of(table: Path, change: Callable[[list[str]], list[str]]) -> None:
    table.write_text("\n".join(change(table.read_text().splitlines())) + "\n")


def picture(path: Path, side: int) -> None:
    path.parent.mkdir(parents=True)
    cv2.imwrite(str(path), np.zeros((side, side), np.uint8))


DATA: dict[str, Callable[[Path], object]] = {
    r"fer2013\.csv: ends after 97 rows": lambda data: lines_of(data / "fer2013.csv", lambda lines: lines[:-1]),
    r"fer2013\.csv: line 99: Usage must be": lambda data: lines_of(
        data / "fer2013.csv", lambda lines: [*lines[:-1], lines[-1][:40]]
    ),
    r"fer2013\.csv: line 2: the label must be 0 to 6, found '9'": lambda data: lines_of(
        data / "fer2013.csv", lambda lines: [lines[0], "9" + lines[1][1:], *lines[2:]]
    ),
    r"fer2013\.csv: has no rows": lambda data: lines_of(data / "fer2013.csv", lambda lines: lines[:1]),
    r"no row of happy": lambda data: [
        (data / "fer2013new.csv").unlink(),
        lines_of(data / "fer2013.csv", lambda lines: [line for line in lines if not line.startswith("3,")]),
    ],
    r"train/happy/a\.png: expected a picture of 48x48, found 64x64": lambda data: [
        (data / "fer2013.csv").unlink(),
        picture(data / "train" / "happy" / "a.png", 64),
        picture(data / "valid" / "happy" / "a.png", 48),
    ],
    r"train/zeal: unknown label 'zeal'": lambda data: [
        (data / "fer2013.csv").unlink(),
        picture(data / "train" / "zeal" / "a.png", 48),
    ],
}


@pytest.mark.parametrize("message", DATA)
def test_faulty_data_ends_a_run_before_it_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], message: str
) -> None:
    pytest.importorskip("torch", reason="the extra [train] is not installed")
    write_csv(tmp_path / "fer")
    DATA[message](tmp_path / "fer")
    told = refused(capsys, "train", "mlp", "--data", tmp_path / "fer", "--out", tmp_path / "run")
    assert re.search(message, told)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("command", ["train --resume", "train --teachers", "export", "evaluate"])
def test_a_damaged_checkpoint_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    pytest.importorskip("torch", reason="the extra [train] is not installed")
    pytest.importorskip("onnxscript", reason="the extra [train] is not installed")
    write_csv(tmp_path / "fer")
    run, out = tmp_path / "run", tmp_path / "out"
    run.mkdir()
    best, checkpoint = run / "best.pt", run / "checkpoint.pt"
    for path in (best, checkpoint):
        path.write_bytes(b"PK\x03\x04 and no more")
    data = ("--data", tmp_path / "fer")
    words: dict[str, tuple[object, ...]] = {
        "train --resume": ("train", "mlp", *data, "--out", run, "--resume"),
        "train --teachers": ("train", "mlp", *data, "--out", out, "--set", "batch=14", "--teachers", best),
        "export": ("export", best, *data, "--out", out),
        "evaluate": ("evaluate", run, *data, "--labels", "fer2013", "--out", out),
    }
    assert ".pt: is damaged or not a checkpoint" in refused(capsys, *words[command])
    assert sorted(path.name for path in run.iterdir()) == ["best.pt", "checkpoint.pt"]
    assert best.read_bytes() == checkpoint.read_bytes() == b"PK\x03\x04 and no more"
    assert not out.exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [("-1", "-1 is not 0 or more"), ("nan", "nan is not 0 or more"), ("soon", "invalid minutes value: 'soon'")],
)
def test_a_time_that_is_none_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], given: str, message: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["train", "mlp", "--data", str(tmp_path), "--out", str(tmp_path / "run"), "--minutes", given])
    assert f"--minutes: {message}" in capsys.readouterr().err
