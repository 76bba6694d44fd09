"""CSV and parquet give the same arrays under either name of the file; every faulty row is named."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from generated_fer import FERPLUS_OF, USAGES, write_csv, write_parquet

from emojimask.errors import DataError
from emojimask.training.data.fer2013 import SPLITS
from emojimask.training.data.load import load_split, recognise, splits_of

PIXELS = " ".join(["0"] * 2304)


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


def test_icml_face_data_has_spaces_in_its_columns_and_another_order(tmp_path: Path) -> None:
    write_csv(tmp_path / "a")
    write_csv(tmp_path / "b")
    lines = [line.split(",") for line in (tmp_path / "a" / "fer2013.csv").read_text().splitlines()]
    lines[0] = ["emotion", " pixels", " Usage"]
    (tmp_path / "b" / "fer2013.csv").unlink()
    (tmp_path / "b" / "icml_face_data.csv").write_text("\n".join(f"{e},{u},{p}" for e, p, u in lines) + "\n")
    assert recognise(tmp_path / "b").name == "fer2013.csv or icml_face_data.csv"
    for split in SPLITS:
        found = load_split(tmp_path / "b", split)
        assert found.source.endswith("with FER+ votes (Barsoum et al. 2016)")
        assert np.array_equal(found.images, load_split(tmp_path / "a", split).images)
        assert np.array_equal(found.votes, load_split(tmp_path / "a", split).votes)


def test_a_tables_own_path_will_do(tmp_path: Path) -> None:
    write_csv(tmp_path)
    assert len(load_split(tmp_path / "fer2013.csv", "test")) == USAGES["PrivateTest"]


def test_votes_belong_to_their_rows(tmp_path: Path) -> None:
    write_csv(tmp_path)
    split = load_split(tmp_path, "valid")
    assert split.votes[:, :8].argmax(1).tolist() == [FERPLUS_OF[label] for label in split.labels]


def test_votes_of_other_rows_are_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 7, 150)
    table = [f"{label},{PIXELS},Training" for label in labels]
    votes = ["Training,x.png," + ",".join("10" if i == FERPLUS_OF[of] else "0" for i in range(10)) for of in labels]
    (tmp_path / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *table]))
    (tmp_path / "fer2013new.csv").write_text("\n".join(["header", *votes]))
    assert len(load_split(tmp_path, "train")) == 150
    (tmp_path / "fer2013new.csv").write_text("\n".join(["header", *rng.permutation(votes)]))
    with pytest.raises(DataError, match=r"fer2013new\.csv: its votes agree with only .* the same order"):
        load_split(tmp_path, "train")


def test_without_ferplus_there_are_no_votes(tmp_path: Path) -> None:
    write_csv(tmp_path)
    (tmp_path / "fer2013new.csv").unlink()
    split = load_split(tmp_path, "test")
    assert split.votes.shape == (21, 10)
    assert not split.votes.any()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (f"7,{PIXELS},Training", "line 2: the label must be 0 to 6, found '7'"),
        (f",{PIXELS},Training", "line 2: the label must be"),
        ("1,0 0 0,Training", "line 2: expected 2304 pixels of 0 to 255, found 3"),
        ("1,,Training", "line 2: expected 2304 pixels of 0 to 255, found 0"),
        (f"1,{PIXELS} {PIXELS},Training", "line 2: expected 2304 pixels of 0 to 255, found 4608"),
        (f"1,{PIXELS},Training,1", "line 2: has more fields than line 1"),
        (f"\n\n7,{PIXELS},Training", "line 4: the label must be 0 to 6"),
        (f"1,{PIXELS[:-1]}256,Training", "line 2: expected 2304 pixels of 0 to 255"),
        (f"1,{PIXELS[:-1]}-1,Training", "line 2: expected 2304 pixels of 0 to 255"),
        (f"1,{PIXELS[:-1]}x,Training", "line 2: pixels must be whole numbers"),
        ("1", "line 2: Usage must be Training, PublicTest, PrivateTest; found None"),
        (f"1,{PIXELS},Other", "line 2: Usage must be Training, PublicTest, PrivateTest; found 'Other'"),
        (f"1,{PIXELS},PublicTest", "has no split 'train', only valid"),
        (f"1,{'0' * 2_000_000},Training", "is no CSV file in UTF-8"),
    ],
)
def test_faulty_rows_are_named(tmp_path: Path, row: str, message: str) -> None:
    (tmp_path / "fer2013.csv").write_text(f"emotion,pixels,Usage\n{row}\n")
    with pytest.raises(DataError, match=message) as raised:
        load_split(tmp_path, "train")
    assert "fer2013.csv" in str(raised.value)


def test_a_table_and_votes_of_different_length_are_refused_and_empty_lines_are_not(tmp_path: Path) -> None:
    """The last rows are missing in one of the two, as after a download that broke off."""
    write_csv(tmp_path)
    table, votes = (tmp_path / name for name in ("fer2013.csv", "fer2013new.csv"))
    lines = table.read_text().splitlines()
    votes.write_text(votes.read_text().replace("\n", "\n\n"))
    assert len(load_split(tmp_path, "train")) == USAGES["Training"]
    table.write_text("\n".join(lines[:-3]))
    with pytest.raises(DataError, match=r"fer2013\.csv: ends after 95 rows; .* each of the 98 of fer2013new\.csv"):
        load_split(tmp_path, "train")
    table.write_text("\n".join([*lines, lines[-1]]))
    with pytest.raises(DataError, match=r"fer2013new\.csv: ends after 98 rows; it must have a row for each"):
        load_split(tmp_path, "train")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1 must name the columns"),
        (b"emotion,pixels\n", "'Usage' is missing"),
        (b"emotion,pixels,Usage\n\xff\xfe\n", "is no CSV file in UTF-8"),
    ],
)
def test_a_file_that_is_no_such_table(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "fer2013.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        load_split(tmp_path, "train")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "ends after 0 rows"),
        (["Training,a.png,1,2,3"], "line 2: expected 10 vote counts"),
        (["Training,a.png,0,0,0,0,0,0,0,0,0,x"], "line 2: votes must be numbers"),
        (["Training,a.png,0,0,0,0,0,0,0,0,0,-1"], "line 2: expected 10 vote counts"),
        (["Training,a.png,0,0,0,0,0,0,0,0,0,inf"], "line 2: expected 10 vote counts"),
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
    with pytest.raises(DataError, match="has no split 'test', only train"):
        load_split(tmp_path, "test")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"image": {"bytes": b"no picture", "path": None}, "label": 1, "ferplus_votes": [0] * 10},
            "row 0: holds no pic",
        ),
        ({"image": None, "label": 1}, "row 0: holds no picture"),
        ({"label": 1}, "has no column 'image'"),
    ],
)
def test_a_parquet_file_with_something_else_in_it(tmp_path: Path, row: dict[str, object], message: str) -> None:
    pa = pytest.importorskip("pyarrow", reason="the extra [train] is not installed")
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "train.parquet")
    with pytest.raises(DataError, match=message):
        load_split(tmp_path, "train")


@pytest.mark.parametrize(
    ("side", "label", "message"),
    [
        (64, 1, r"train\.parquet: row 1: expected a picture of 48x48, found 64x64"),
        (48, 7, r"train\.parquet: row 1: the label must be 0 to 6, found 7"),
        (48, None, r"train\.parquet: row 1: the label must be 0 to 6, found None"),
    ],
)
def test_a_faulty_row_of_a_parquet_file_is_named(tmp_path: Path, side: int, label: int | None, message: str) -> None:
    pa = pytest.importorskip("pyarrow", reason="the extra [train] is not installed")
    import pyarrow.parquet as pq

    write_parquet(tmp_path)
    rows = pq.read_table(tmp_path / "train.parquet").to_pylist()
    content = cv2.imencode(".png", np.zeros((side, side), np.uint8))[1].tobytes()
    rows[1] |= {"image": {"bytes": content, "path": None}, "label": label}
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "train.parquet")
    with pytest.raises(DataError, match=message):
        load_split(tmp_path, "train")


def test_parquet_without_votes_and_without_rows(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="the extra [train] is not installed")
    import pyarrow.parquet as pq

    write_parquet(tmp_path)
    table = pq.read_table(tmp_path / "valid.parquet").drop_columns("ferplus_votes")
    pq.write_table(table, tmp_path / "valid.parquet")
    assert not load_split(tmp_path, "valid").votes.any()
    pq.write_table(
        pa.table({"image": pa.array([], pa.string()), "label": pa.array([], pa.int64())}), tmp_path / "train.parquet"
    )
    with pytest.raises(DataError, match="has no rows"):
        load_split(tmp_path, "train")


def test_a_folder_without_data_and_a_split_without_a_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no data in a known layout"):
        load_split(tmp_path, "train")
    with pytest.raises(DataError, match="no such file or folder"):
        load_split(tmp_path / "none", "train")
    with pytest.raises(DataError, match="unknown split 'training'"):
        load_split(tmp_path, "training")


def test_what_the_system_says_against_a_folder_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match=r"x: cannot be read"):
        load_split(tmp_path / ("x" * 300), "train")
    (tmp_path / "train").mkdir()

    def refused(folder: Path) -> Iterator[Path]:
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    monkeypatch.setattr(Path, "iterdir", refused)  # the system refuses its administrator nothing
    for ask in (lambda: load_split(tmp_path, "train"), lambda: splits_of(tmp_path)):
        with pytest.raises(DataError, match=r"cannot be read \(Permission denied\)"):
            ask()
