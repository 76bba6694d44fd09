"""A model that does not fit its card or the emojis: one line that says so, and nothing is masked."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny_onnx import write_model

from emojimask.cli import main
from emojimask.expressions.classifier import MODELS
from emojimask.types import EXPRESSIONS


def another_graph(folder: Path) -> Path:
    path = write_model(folder, [0.0] * 8, EXPRESSIONS)
    shutil.copy(MODELS / "default.onnx", path)
    return path


UNFIT: dict[str, Callable[[Path], Path]] = {
    "is damaged, or not the file that tiny.json was written for": another_graph,
    "its card names output 'ferplus'; it has logits": lambda folder: write_model(
        folder, [0.0] * 8, EXPRESSIONS, output="ferplus"
    ),
    "expected finite logits of shape (2, 8), found shape (2, 9)": lambda folder: write_model(
        folder, [0.0] * 9, EXPRESSIONS
    ),
    "labels must be a list of names out of angry": lambda folder: write_model(
        folder, [0.0] * 9, (*EXPRESSIONS, "bored")
    ),
}


@pytest.mark.parametrize("message", UNFIT)
def test_nothing_is_masked(tmp_path: Path, capsys: pytest.CaptureFixture[str], message: str) -> None:
    model = UNFIT[message](tmp_path)
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((96, 96, 3), np.uint8))
    words = ["mask", tmp_path / "a.png", "-o", tmp_path / "out.png", "--expressions", model]
    assert main([str(word) for word in words]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "tiny.json", "tiny.onnx"]
