"""Training on a tiny generated set: it learns, survives a kill, and says what is wrong with its files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")

from generated_fer import write_csv  # noqa: E402

from emojimask.errors import DataError, UsageError  # noqa: E402
from emojimask.expressions.preprocess import normalise  # noqa: E402
from emojimask.training.augment import augment  # noqa: E402
from emojimask.training.recipe import Recipe  # noqa: E402
from emojimask.training.train import BEST, CHECKPOINT, normalised, train  # noqa: E402

RECIPE = Recipe(name="tiny", widths=(8, 16), blocks=(1, 1), epochs=3, batch=14, rate=0.05, ema=0.5)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fer")
    write_csv(folder)
    return folder


class Killed(Exception):  # noqa: N818
    """Stands for the end of the process."""


def test_a_killed_run_goes_on_as_if_nothing_had_been(data: Path, tmp_path: Path) -> None:
    whole, rows = tmp_path / "whole", []
    train(RECIPE, data, whole, on_epoch=rows.append)
    assert [row["epoch"] for row in rows] == [1, 2, 3]

    def kill(row: dict[str, Any]) -> None:
        if row["epoch"] == 2:
            raise Killed

    halved = tmp_path / "halved"
    with pytest.raises(Killed):
        train(RECIPE, data, halved, on_epoch=kill)
    torch.rand(5)  # whatever the global generator has done meanwhile
    train(RECIPE, data, halved, resume=True)

    a, b = (torch.load(out / CHECKPOINT, weights_only=True) for out in (whole, halved))
    for part in ("model", "averaged"):
        for name, value in a[part].items():
            assert torch.allclose(value, b[part][name], atol=1e-6), f"{part}.{name}"
    logs = [[json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()] for out in (whole, halved)]
    assert [row["epoch"] for row in logs[1]] == [1, 2, 3]
    assert [row["loss"] for row in logs[0]] == pytest.approx([row["loss"] for row in logs[1]], rel=1e-4)


def test_it_learns(data: Path, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = []
    best = train(replace(RECIPE, epochs=12, dropout=0.0), data, tmp_path, on_epoch=rows.append)
    assert rows[-1]["loss"] < 0.9 * rows[0]["loss"]
    kept = torch.load(best, weights_only=True)
    assert kept["fer2013"] + kept["ferplus"] == max(row["fer2013"] + row["ferplus"] for row in rows)
    assert max(row["fer2013"] for row in rows) > 2 / 7  # twice what guessing gives


def test_a_finished_run_is_left_as_it_is(data: Path, tmp_path: Path) -> None:
    train(replace(RECIPE, epochs=1), data, tmp_path)
    before = (tmp_path / BEST).read_bytes()
    train(replace(RECIPE, epochs=1), data, tmp_path, resume=True)
    assert (tmp_path / BEST).read_bytes() == before


def test_a_run_is_not_overwritten_unasked(data: Path, tmp_path: Path) -> None:
    train(replace(RECIPE, epochs=1), data, tmp_path)
    with pytest.raises(UsageError, match="--resume"):
        train(replace(RECIPE, epochs=1), data, tmp_path)
    with pytest.raises(UsageError, match="another recipe"):
        train(replace(RECIPE, epochs=2), data, tmp_path, resume=True)


@pytest.mark.parametrize("content", [b"", b"nonsense", None])
def test_a_damaged_checkpoint(data: Path, tmp_path: Path, content: bytes | None) -> None:
    """Empty, not a checkpoint at all, and cut short, as a full disk leaves it."""
    if content is None:
        train(replace(RECIPE, epochs=1), data, tmp_path)
        content = (tmp_path / CHECKPOINT).read_bytes()[:5000]
    (tmp_path / CHECKPOINT).write_bytes(content)
    with pytest.raises(DataError, match=r"checkpoint\.pt: is damaged"):
        train(replace(RECIPE, epochs=1), data, tmp_path, resume=True)


def test_a_checkpoint_of_another_kind(data: Path, tmp_path: Path) -> None:
    torch.save({"epoch": 1}, tmp_path / CHECKPOINT)
    with pytest.raises(DataError, match="'best' is missing"):
        train(RECIPE, data, tmp_path, resume=True)


def test_faults_of_the_request(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown model 'vgg99': choose one of compact-resnet"):
        train(replace(RECIPE, model="vgg99"), data, tmp_path)
    with pytest.raises(DataError, match="fewer than a batch of 1000"):
        train(replace(RECIPE, batch=1000), data, tmp_path)
    with pytest.raises(DataError, match="neither"):
        train(RECIPE, tmp_path / "empty", tmp_path / "out")


def test_training_and_running_normalise_alike() -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8)
    tensor = normalised(torch.from_numpy(images[:, None]).float() / 255)
    assert tensor.numpy() == pytest.approx(normalise(images), abs=1e-6)


def test_augmentation_keeps_shape_and_range_and_follows_its_generator() -> None:
    images = torch.rand(16, 1, 48, 48, generator=torch.Generator().manual_seed(0))
    a, b, c = (augment(images, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert a.shape == images.shape
    assert 0 <= float(a.min()) <= float(a.max()) <= 1
    assert torch.equal(a, b)
    assert not torch.equal(a, c)
    assert not torch.equal(a, images)
