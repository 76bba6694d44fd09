"""``emojimask evaluate`` on a small generated set, with the shipped model and without torch."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from emojimask.cli import main
from emojimask.evaluation.views import looks
from emojimask.expressions.classifier import MODELS, find_model, open_session, softmax
from emojimask.expressions.preprocess import normalise
from emojimask.training import evaluate
from emojimask.training.data.fer2013 import FER2013_CLASSES, ferplus_majority
from emojimask.training.data.load import load_split


def evaluated(capsys: pytest.CaptureFixture[str], *words: str | Path) -> dict[str, Any]:
    assert main(["evaluate", *map(str, words), "--json"]) == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def refused(capsys: pytest.CaptureFixture[str], status: int, *words: str | Path) -> str:
    assert main(["evaluate", *map(str, words)]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    return err


def test_the_columns_are_means_over_the_looks(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = load_split(data, "valid")
    session = open_session(find_model("default").read_bytes(), "default")
    by_look = [softmax(session.run(["fer2013"], {"image": normalise(images)})[0]) for images in looks(rows.images)]
    result = evaluated(capsys, "default", "--data", data, "--labels", "fer2013")
    for view, count in {"single": 1, "flip": 2, "ten_crop": 10}.items():
        right = np.mean(by_look[:count], 0).argmax(1) == rows.labels
        assert result["views"][view]["accuracy"] == pytest.approx(right.mean(), abs=1e-4)
    assert result["split"] == "PublicTest"
    assert result["rows"] == sum(map(sum, result["confusion"]["counts"])) == 21
    assert result["classes"] == list(FER2013_CLASSES)
    assert sum(part["rows"] for part in result["reliability"]) == 21
    assert result["latency"]["ms_per_face"]["1"] > 0


def test_ferplus_counts_the_rows_of_a_majority(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, counts = ferplus_majority(load_split(data, "test").votes)
    words = ("default", "--data", data, "--labels", "ferplus", "--split", "PrivateTest", "--single-view")
    result = evaluated(capsys, *words)
    assert result["rows"] == counts.sum()
    assert list(result["views"]) == ["single"]
    assert result["duplicate_free"]["rows"] == result["rows"]


def test_copies_of_training_are_left_out(tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Five pictures of Training, one of them mirrored, come again in PublicTest."""
    lines = (data / "fer2013.csv").read_text().splitlines()
    training = [line for line in lines if line.endswith("Training")]
    pixels = np.array(training[4].split(",")[1].split(), int).reshape(48, 48)[:, ::-1].ravel()
    again = [line.replace("Training", "PublicTest") for line in training[:4]]
    again.append(f"0,{' '.join(map(str, pixels))},PublicTest")
    (tmp_path / "fer2013.csv").write_text("\n".join([*lines, *again]) + "\n")
    result = evaluated(capsys, "default", "--data", tmp_path, "--labels", "fer2013", "--single-view")
    assert result["rows"] == 26
    assert result["duplicate_free"]["rows"] == 21


def test_a_table_of_one_split_will_do(tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (data / "fer2013.csv").read_text().splitlines()
    kept = [lines[0], *(line for line in lines if line.endswith("PrivateTest"))]
    (tmp_path / "fer2013.csv").write_text("\n".join(kept) + "\n")
    words = ("--data", tmp_path, "--labels", "fer2013", "--split", "PrivateTest", "--single-view")
    result = evaluated(capsys, "default", *words)
    assert result["rows"] == 21
    assert result["duplicate_free"] is None


def test_files_are_written_whole_and_not_overwritten_unasked(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("default", "--data", data, "--labels", "ferplus", "--single-view", "--out", tmp_path)
    result = evaluated(capsys, *words)
    stem = "default_ferplus_PublicTest"
    assert json.loads((tmp_path / f"{stem}.json").read_text()) == result
    page = (tmp_path / f"{stem}.md").read_text()
    assert f"{100 * result['views']['single']['accuracy']:.2f} %" in page
    drawn = sorted(tmp_path.glob("*.png"))
    assert [path.stem.removeprefix(f"{stem}_") for path in drawn] == [
        "confusion_by_label", "confusion_by_prediction", "confusion_counts", "per_class", "reliability",
    ]  # fmt: skip
    for path in drawn:
        assert f"({path.name})" in page
        with Image.open(path) as image:
            assert len(image.getcolors(1 << 20) or []) > 10
    monkeypatch.setattr(evaluate, "evaluate", lambda *_, **__: pytest.fail("is refused before the work"))
    assert "--force" in refused(capsys, 1, *words)
    file = tmp_path / f"{stem}.md"
    for out in (file, file / "new"):
        assert f"{file}: is a file; name a folder" in refused(capsys, 1, *words[:-1], out)
    monkeypatch.undo()
    assert main(["evaluate", *map(str, words), "--force"]) == 0
    assert capsys.readouterr().out.startswith("# default by ferplus on PublicTest")


def test_one_line_for_each_bad_input(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(MODELS / "default.json", tmp_path / "cut.json")
    (tmp_path / "cut.onnx").write_bytes((MODELS / "default.onnx").read_bytes()[:-100])
    lone = tmp_path / "lone.onnx"
    shutil.copy(MODELS / "default.onnx", lone)
    rest = ("--data", data, "--labels", "fer2013")
    assert "sha256" in refused(capsys, 1, tmp_path / "cut.onnx", *rest)
    assert "needs its card" in refused(capsys, 1, lone, *rest)
    assert "emojimask train vgg11" in refused(capsys, 2, "vgg11", *rest)
    assert "no model" in refused(capsys, 2, tmp_path / "none.onnx", *rest)
    told = refused(capsys, 2, tmp_path, *rest)
    assert "a recipe that was trained, or one of: compact-resnet, default" in told
    assert "emojimask train" not in told
    with pytest.raises(SystemExit, match="2"):
        main(["evaluate", "", *map(str, rest)])
    assert "the name is empty" in capsys.readouterr().err
    told = refused(capsys, 1, "default", "--data", data, "--labels", "six-classes")
    assert "has no head for --labels six-classes" in told
    assert "they must be disgust, fear, happy, sad, surprise, neutral, in this order" in told
    (tmp_path / "own.toml").write_text("epochs = 1")
    assert "own.toml --data DIR --out runs/own" in refused(capsys, 2, tmp_path / "own.toml", *rest).replace("\\", "/")
    shutil.copy(MODELS / "default.onnx", tmp_path / "turned.onnx")
    card = json.loads((MODELS / "default.json").read_text())
    (tmp_path / "turned.json").write_text(json.dumps({**card, "labels": card["labels"][::-1]}))
    told = refused(capsys, 1, tmp_path / "turned.onnx", "--data", data, "--labels", "ferplus")
    assert "contempt, fear, disgust, angry, sad, surprise, happy, neutral; they must be neutral, happy" in told
    assert "choose one of fer2013, ferplus" in refused(capsys, 2, "default", "--data", data, "--labels", "ck")
    wrong_split = refused(capsys, 2, "default", *rest, "--split", "train")
    assert "choose one of PublicTest, PrivateTest" in wrong_split
    missing = refused(capsys, 1, "default", "--data", tmp_path / "none", "--labels", "fer2013")
    assert "no such file or folder" in missing


def test_without_votes_ferplus_says_so(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(data / "fer2013.csv", tmp_path)
    told = refused(capsys, 1, "default", "--data", tmp_path, "--labels", "ferplus")
    assert "no row that ferplus counts" in told


def test_a_trained_run_without_torch_names_the_extra(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "best.pt").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in [name for name in sys.modules if name.startswith("emojimask.training.export")]:
        monkeypatch.delitem(sys.modules, name)
    assert "emojimask[train]" in refused(capsys, 1, tmp_path, "--data", data, "--labels", "fer2013")


def test_a_model_whose_card_asks_for_landmarks_sees_them(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also one that was made elsewhere, and so has no recipe to tell of its variant."""
    card = json.loads((MODELS / "default.json").read_text())
    card["input"]["key_points_drawn"] = True
    card["training"] = {}
    (tmp_path / "mine.json").write_text(json.dumps(card))
    shutil.copy(MODELS / "default.onnx", tmp_path / "mine.onnx")
    result = evaluated(capsys, tmp_path / "mine.onnx", "--data", data, "--labels", "ferplus", "--single-view")
    assert result["variant"] == "key-points"


def test_an_onnx_file_needs_no_torch(data: Path) -> None:
    code = (
        "import sys; from emojimask.cli import main; "
        f"main(['evaluate', 'default', '--data', {str(data)!r}, '--labels', 'fer2013', '--single-view']); "
        "print(sorted({'torch', 'onnx', 'pyarrow', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", ["evaluate", "export"])
def test_every_flag_is_documented(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    documented = (Path(__file__).parents[2] / "docs/command-line.md").read_text(encoding="utf-8")
    flags = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    assert len(flags) > 4
    assert not {flag for flag in flags if flag not in documented}
