"""Parquet: ``train.parquet``, ``valid.parquet``, ``test.parquet``, a row a face, FER+'s votes in a column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from emojimask.errors import DataError, MissingExtraError
from emojimask.training.data import rows
from emojimask.training.data.fer2013 import FERPLUS_VOTES, NAME, SIDE, SPLITS, WITH_VOTES, FerSplit


def splits(folder: Path) -> tuple[str, ...]:
    """The splits whose files are there."""
    return tuple(split for split in SPLITS if (folder / f"{split}.parquet").is_file())


def read(folder: Path, split: str) -> FerSplit:
    """Read one split. The columns are ``image`` (a struct with ``bytes``), ``label`` and, if there, ``ferplus_votes``.

    Raises:
        DataError: no such file, or it or a row is not as the format says.
        MissingExtraError: pyarrow is not installed.
    """
    path = folder / f"{split}.parquet"
    table = _table(path)
    if not table:
        raise DataError(f"{path}: has no rows")
    images = np.empty((len(table), SIDE, SIDE), np.uint8)
    labels = np.empty(len(table), np.int64)
    votes = np.zeros((len(table), len(FERPLUS_VOTES)), np.float32)
    for i, row in enumerate(table):
        where = f"{path}: row {i}"
        image = row["image"]
        content = image.get("bytes") if isinstance(image, dict) else None
        images[i] = rows.decoded(content if isinstance(content, bytes) else b"", where)
        labels[i] = rows.label(row["label"], where)
        if "ferplus_votes" in row:
            votes[i] = rows.votes(row["ferplus_votes"], where)
    return FerSplit(images, labels, votes, source=WITH_VOTES if votes.any() else NAME)


def _table(path: Path) -> list[dict[str, Any]]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError('reading parquet needs pyarrow: pip install "emojimask[train]"') from error
    try:
        table = pyarrow.parquet.read_table(path)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path}: cannot be read as parquet: {str(error).splitlines()[0]}") from error
    missing = [name for name in ("image", "label") if name not in table.column_names]
    if missing:
        raise DataError(f"{path}: has no column {missing[0]!r}")
    found: list[dict[str, Any]] = table.to_pylist()
    return found
