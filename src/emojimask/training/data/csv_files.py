"""The CSV files: ``fer2013.csv`` or ``icml_face_data.csv``, and FER+'s ``fer2013new.csv``, joined row by row."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emojimask.errors import DataError
from emojimask.training.data import rows
from emojimask.training.data.fer2013 import (
    FER2013_CLASSES,
    FERPLUS_CLASSES,
    FERPLUS_VOTES,
    NAME,
    SPLITS,
    WITH_VOTES,
    FerSplit,
)

TABLES = ("fer2013.csv", "icml_face_data.csv")
VOTES = "fer2013new.csv"
COLUMNS = ("emotion", "pixels", "Usage")

_PIXELS_LIMIT = 1 << 20  # characters in a field; Python's own limit would do, but not for a file gone wrong
_ENOUGH_TO_JUDGE = 100
_LEAST_AGREEMENT = 0.35
"""FER2013's labels and FER+'s winners agree on 63 rows of 100; of rows in another order, on 18."""


def table_of(path: Path) -> Path | None:
    """The table of faces: ``path`` itself, or the one in the folder ``path``; None where there is none."""
    if path.is_file():
        return path if path.suffix.lower() == ".csv" else None
    return next((path / name for name in TABLES if (path / name).is_file()), None)


def splits(path: Path) -> tuple[str, ...]:
    """The splits that the table has rows of. Raises DataError where it cannot be read."""
    table = table_of(path)
    used = set() if table is None else {_usage(row, where) for where, row in _rows(table)}
    if not used:
        raise DataError(f"{table or path}: has no rows")
    return tuple(split for split, usage in SPLITS.items() if usage in used)


def read(path: Path, split: str) -> FerSplit:
    """Read one split. Without ``fer2013new.csv`` beside the table there are no votes.

    Raises:
        DataError: a file cannot be read, a column or a row is not as the format says, or the two files do not tell of
            the same rows.
    """
    table = table_of(path)
    if table is None:
        raise DataError(f"{path}: holds neither {TABLES[0]} nor {TABLES[1]}")
    plus_path = table.with_name(VOTES)
    plus = _read_votes(plus_path) if plus_path.is_file() else None
    images, labels, votes = [], [], []
    count = 0
    for count, (where, row) in enumerate(_rows(table), 1):
        usage = _usage(row, where)
        if plus is not None and count > len(plus):
            raise DataError(f"{plus_path}: ends after {len(plus)} rows; it must have a row for each of {table.name}")
        if usage != SPLITS[split]:
            continue
        images.append(rows.pixels(row["pixels"], where))
        labels.append(rows.label(row["emotion"], where))
        votes.append(np.zeros(len(FERPLUS_VOTES), np.float32) if plus is None else plus[count - 1])
    if plus is not None and count < len(plus):
        raise DataError(f"{table}: ends after {count} rows; it must have a row for each of the {len(plus)} of {VOTES}")
    if not images:
        raise DataError(f"{table}: no row has Usage {SPLITS[split]!r}; is this the full file?")
    found = FerSplit(
        np.stack(images),
        np.array(labels, np.int64),
        np.stack(votes),
        source=NAME if plus is None else WITH_VOTES,
    )
    _check_agreement(found, plus_path)
    return found


def _rows(path: Path) -> Iterator[tuple[str, dict[str, str | None]]]:
    """Where each of the table's rows is, and its columns; spaces around the names of the columns are taken away."""
    with _readable(path), path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        reader.fieldnames = [name.strip() for name in reader.fieldnames or ()]
        missing = [name for name in COLUMNS if name not in reader.fieldnames]
        if missing:
            raise DataError(f"{path}: line 1 must name the columns {', '.join(COLUMNS)}; {missing[0]!r} is missing")
        for row in reader:
            where = f"{path}: line {reader.line_num}"
            if None in row:
                raise DataError(f"{where}: has more fields than line 1 names columns")
            yield where, row


def _usage(row: dict[str, str | None], where: str) -> str:
    usage = (row["Usage"] or "").strip()
    if usage not in SPLITS.values():
        raise DataError(f"{where}: Usage must be {', '.join(SPLITS.values())}; found {row['Usage']!r}")
    return usage


def _read_votes(path: Path) -> list[NDArray[np.float32]]:
    with _readable(path), path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        next(reader, None)
        return [rows.votes(line[2:], f"{path}: line {reader.line_num}") for line in reader if line]


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    before = csv.field_size_limit(_PIXELS_LIMIT)
    try:
        yield
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: is no CSV file in UTF-8 ({error})") from error
    finally:
        csv.field_size_limit(before)


def _check_agreement(split: FerSplit, plus_path: Path) -> None:
    """Votes that tell of other faces than the labels come from another file, or from rows in another order."""
    voted = split.votes[:, : len(FERPLUS_CLASSES)].any(1)
    if voted.sum() < _ENOUGH_TO_JUDGE:
        return
    winners = np.array(FERPLUS_CLASSES)[split.votes[voted, : len(FERPLUS_CLASSES)].argmax(1)]
    agreement = float((winners == np.array(FER2013_CLASSES)[split.labels[voted]]).mean())
    if agreement < _LEAST_AGREEMENT:
        raise DataError(
            f"{plus_path}: its votes agree with only {agreement:.0%} of the labels; the rows of the two files must be "
            "the same and in the same order"
        )
