"""The label rules are those of the papers, and so are their numbers of rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emojimask.training.data.fer2013 import (
    FERPLUS_CLASSES,
    copies,
    ferplus_argmax,
    ferplus_distribution,
    ferplus_majority,
)
from emojimask.training.data.load import load_split


def votes(**counts: int) -> np.ndarray:
    order = [*FERPLUS_CLASSES, "unknown", "not_a_face"]
    return np.array([[counts.get(name, 0) for name in order]], np.float32)


@pytest.mark.parametrize(
    ("row", "label", "counts"),
    [
        (votes(happy=10), "happy", True),
        (votes(happy=6, sad=4), "happy", True),
        (votes(happy=5, sad=5), None, False),  # half is not a majority
        (votes(happy=4, sad=3, fear=3), None, False),
        (votes(happy=5, sad=1, fear=1, angry=1, neutral=1, disgust=1), "happy", True),  # single votes are noise
        (votes(happy=4, unknown=5), None, False),
        (votes(unknown=10), None, False),
        (votes(not_a_face=9, happy=1), None, False),
        (votes(happy=1, sad=1, fear=1), None, False),  # all noise
        (votes(contempt=3, neutral=2), "contempt", True),
        (votes(), None, False),
    ],
)
def test_majority_rule(row: np.ndarray, label: str | None, counts: bool) -> None:
    labels, counted = ferplus_majority(row)
    assert counted.tolist() == [counts]
    if label is not None:
        assert FERPLUS_CLASSES[labels[0]] == label


def test_argmax_rule() -> None:
    rows = np.concatenate([votes(happy=4, sad=3, fear=3), votes(unknown=5, sad=4), votes(fear=1), votes()])
    labels, counted = ferplus_argmax(rows)
    assert counted.tolist() == [True, False, True, False]
    assert [FERPLUS_CLASSES[i] for i in labels[[0, 2]]] == ["happy", "fear"]


def test_distribution() -> None:
    rows = np.concatenate([votes(happy=6, sad=2, fear=1, unknown=1), votes(unknown=9), votes(happy=4, not_a_face=6)])
    targets, usable = ferplus_distribution(rows)
    assert targets[0].tolist() == pytest.approx([0, 0.75, 0, 0.25, 0, 0, 0, 0])
    assert usable.tolist() == [True, False, False]
    assert targets[1].tolist() == [0] * 8


def test_copies_are_found_also_mirrored() -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 48, 48), np.uint8)
    others = np.stack([images[1], images[2, :, ::-1], images[3, ::-1]])
    assert copies(images, others).tolist() == [False, True, True, False]


def test_the_whole_data_set(shared: Path) -> None:
    pytest.importorskip("pyarrow", reason="the extra [train] is not installed")
    folder = shared / "data" / "fer2013"
    valid, test = load_split(folder, "valid"), load_split(folder, "test")
    assert (len(valid), len(test)) == (3589, 3589)
    assert ferplus_majority(test.votes)[1].sum() == 3153
    train = load_split(folder, "train")
    assert len(train) == 28709
    assert copies(test.images, train.images).mean() == pytest.approx(0.08, abs=0.005)
