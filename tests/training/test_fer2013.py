"""Both file formats give the same arrays; faulty rows are named; the label rules are those of the papers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from generated_fer import FERPLUS_OF, USAGES, write_csv, write_parquet

from emojimask.errors import DataError
from emojimask.training.data.fer2013 import (
    FERPLUS_CLASSES,
    SPLITS,
    copies,
    ferplus_argmax,
    ferplus_distribution,
    ferplus_majority,
    load_split,
)


def votes(**counts: int) -> np.ndarray:
    order = [*FERPLUS_CLASSES, "unknown", "not_a_face"]
    return np.array([[counts.get(name, 0) for name in order]], np.float32)


@pytest.mark.parametrize("split", SPLITS)
def test_csv_and_parquet_give_the_same(tmp_path: Path, split: str) -> None:
    pytest.importorskip("pyarrow", reason="the extra [train] is not installed")
    write_csv(tmp_path / "csv")
    write_parquet(tmp_path / "parquet")
    a, b = load_split(tmp_path / "csv", split), load_split(tmp_path / "parquet", split)
    assert len(a) == len(b) == USAGES[SPLITS[split]]
    for name, kind in {"images": np.uint8, "labels": np.int64, "votes": np.float32}.items():
        assert np.array_equal(getattr(a, name), getattr(b, name))
        assert getattr(a, name).dtype == getattr(b, name).dtype == kind


def test_votes_belong_to_their_rows(tmp_path: Path) -> None:
    write_csv(tmp_path)
    split = load_split(tmp_path, "valid")
    assert split.votes[:, :8].argmax(1).tolist() == [FERPLUS_OF[label] for label in split.labels]


def test_without_ferplus_there_are_no_votes(tmp_path: Path) -> None:
    write_csv(tmp_path)
    (tmp_path / "fer2013new.csv").unlink()
    split = load_split(tmp_path, "test")
    assert split.votes.shape == (21, 10)
    assert not split.votes.any()


PIXELS = " ".join(["0"] * 2304)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (f"7,{PIXELS},Training", "line 2: the label must be 0 to 6, found '7'"),
        (f",{PIXELS},Training", "line 2: the label must be"),
        ("1,0 0 0,Training", "line 2: expected 2304 pixels of 0 to 255, found 3"),
        (f"1,{PIXELS[:-1]}256,Training", "line 2: expected 2304 pixels of 0 to 255"),
        (f"1,{PIXELS[:-1]}-1,Training", "line 2: expected 2304 pixels of 0 to 255"),
        (f"1,{PIXELS[:-1]}x,Training", "line 2: pixels must be whole numbers"),
        ("1", "no row has Usage 'Training'"),
        (f"1,{PIXELS},Other", "no row has Usage 'Training'"),
    ],
)
def test_faulty_rows_are_named(tmp_path: Path, row: str, message: str) -> None:
    (tmp_path / "fer2013.csv").write_text(f"emotion,pixels,Usage\n{row}\n")
    with pytest.raises(DataError, match=message) as raised:
        load_split(tmp_path, "train")
    assert "fer2013.csv" in str(raised.value)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "ends after 0 rows"),
        (["Training,a.png,1,2,3"], "line 2: expected 10 vote counts"),
        (["Training,a.png,0,0,0,0,0,0,0,0,0,x"], "line 2: votes must be numbers"),
        (["Training,a.png,0,0,0,0,0,0,0,0,0,-1"], "line 2: expected 10 vote counts"),
    ],
)
def test_faulty_votes_are_named(tmp_path: Path, lines: list[str], message: str) -> None:
    (tmp_path / "fer2013.csv").write_text(f"emotion,pixels,Usage\n1,{PIXELS},Training\n")
    (tmp_path / "fer2013new.csv").write_text("\n".join(["header", *lines, ""]))
    with pytest.raises(DataError, match=message) as raised:
        load_split(tmp_path, "train")
    assert "fer2013new.csv" in str(raised.value)


def test_a_damaged_parquet_file(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="the extra [train] is not installed")
    (tmp_path / "train.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match=r"train\.parquet: cannot be read"):
        load_split(tmp_path, "train")


def test_a_parquet_row_without_a_picture(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="the extra [train] is not installed")
    import pyarrow.parquet as pq

    row = {"image": {"bytes": b"no picture", "path": None}, "label": 1, "ferplus_votes": [0] * 10}
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "train.parquet")
    with pytest.raises(DataError, match="row 0: holds no picture"):
        load_split(tmp_path, "train")


def test_a_folder_without_data_and_a_split_without_a_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither train\.parquet nor fer2013\.csv"):
        load_split(tmp_path, "train")
    with pytest.raises(DataError, match="unknown split 'training'"):
        load_split(tmp_path, "training")


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
