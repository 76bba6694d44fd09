"""FER2013 with FER+ votes: from the two original CSV files or from parquet, as one array type.

FER2013: Goodfellow et al. 2013, "Challenges in Representation Learning", 35,887 gray faces of 48x48, seven labels.
FER+: Barsoum et al. 2016, "Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label
Distribution", ten taggers' votes for each of the same rows. FER2013's label is :data:`FER2013_CLASSES`; the votes
are counted over :data:`FERPLUS_VOTES`.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emojimask.errors import DataError

FER2013_CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
FERPLUS_CLASSES = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt")
FERPLUS_VOTES = (*FERPLUS_CLASSES, "unknown", "not a face")
SPLITS = {"train": "Training", "valid": "PublicTest", "test": "PrivateTest"}
SIDE = 48


@dataclass(frozen=True, slots=True)
class FerSplit:
    """One split, rows in the original order.

    Attributes:
        images: (N, 48, 48) uint8, gray.
        labels: (N,) int64, index into :data:`FER2013_CLASSES`.
        votes: (N, 10) float32, counts over :data:`FERPLUS_VOTES`; all zero where FER+ was not given.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    votes: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.labels)


def load_split(folder: Path, split: str) -> FerSplit:
    """Read ``split`` ("train", "valid" or "test") from a folder of parquet files or of the original CSV files.

    The folder holds ``{split}.parquet``, or ``fer2013.csv`` and, for FER+, ``fer2013new.csv`` beside it.

    Raises:
        DataError: no such files, or a row that is not as the format says.
    """
    if split not in SPLITS:
        raise DataError(f"unknown split {split!r}: choose one of {', '.join(SPLITS)}")
    parquet, table = folder / f"{split}.parquet", folder / "fer2013.csv"
    if parquet.is_file():
        return _read_parquet(parquet)
    if table.is_file():
        return _read_csv(table, folder / "fer2013new.csv", SPLITS[split])
    raise DataError(f"{folder}: holds neither {parquet.name} nor fer2013.csv; point --data at the folder that does")


def ferplus_distribution(votes: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Vote counts as training targets.

    Votes of one or less count as noise and become 0 (Microsoft's rule).

    Args:
        votes: (N, 10) counts.

    Returns:
        (N, 8) float32, each row summing to 1 (or all zero), and (N,) bool, true where the row can be learned from:
        it keeps a vote for an expression, and neither "unknown" nor "not a face" wins.
    """
    counts = np.where(votes > 1, votes, 0.0).astype(np.float32)
    emotions = counts[:, :8]
    total = emotions.sum(1, keepdims=True)
    usable = (total[:, 0] > 0) & (counts.argmax(1) < 8)
    return np.divide(emotions, total, out=np.zeros_like(emotions), where=total > 0), usable


def ferplus_majority(votes: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The label by majority (N = 3,153 rows of PrivateTest): the protocol of the FER+ paper's headline figure.

    Args:
        votes: (N, 10) counts.

    Returns:
        (N,) int64 index into :data:`FERPLUS_CLASSES`, and (N,) bool, true where the row counts: the winner holds more
        than half of the votes left after votes of one or less became 0, and is an expression.
    """
    counts = np.where(votes > 1, votes, 0.0)
    winner = counts.argmax(1)
    counts_for = counts.max(1) > 0.5 * counts.sum(1)
    return np.minimum(winner, 7), counts_for & (winner < 8)


def _read_parquet(path: Path) -> FerSplit:
    import pyarrow.parquet as pq
    from PIL import Image

    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    images = np.empty((len(rows), SIDE, SIDE), np.uint8)
    for i, row in enumerate(rows):
        images[i] = np.asarray(Image.open(io.BytesIO(row["image"]["bytes"])).convert("L"))
    labels = np.array([row["label"] for row in rows], np.int64)
    votes = np.array([row["ferplus_votes"] for row in rows], np.float32)
    return FerSplit(images, labels, votes)


def _read_csv(path: Path, plus_path: Path, usage: str) -> FerSplit:
    """The two files tell of the same rows in the same order; FER+ names repeat, so rows are joined by position."""
    images, labels, kept = [], [], []
    with path.open(newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            if row.get("Usage") != usage:
                continue
            images.append(_pixels(row.get("pixels"), path, number + 2))
            labels.append(_label(row.get("emotion"), path, number + 2))
            kept.append(number)
    if not images:
        raise DataError(f"{path}: no row has Usage {usage!r}; is this the full fer2013.csv?")
    votes = np.zeros((len(images), len(FERPLUS_VOTES)), np.float32)
    if plus_path.is_file():
        votes = _votes(plus_path)[_in_range(kept, plus_path)]
    return FerSplit(np.stack(images), np.array(labels, np.int64), votes)


def _pixels(text: str | None, path: Path, line: int) -> NDArray[np.uint8]:
    try:
        values = np.array((text or "").split(), dtype=np.int64)
    except ValueError as error:
        raise DataError(f"{path}: line {line}: pixels must be whole numbers") from error
    if values.size != SIDE * SIDE or values.min() < 0 or values.max() > 255:
        raise DataError(f"{path}: line {line}: expected {SIDE * SIDE} pixels of 0 to 255, found {values.size}")
    return values.astype(np.uint8).reshape(SIDE, SIDE)


def _label(text: str | None, path: Path, line: int) -> int:
    if text is None or not text.strip().isdigit() or int(text) >= len(FER2013_CLASSES):
        raise DataError(f"{path}: line {line}: emotion must be 0 to {len(FER2013_CLASSES) - 1}, found {text!r}")
    return int(text)


def _votes(path: Path) -> NDArray[np.float32]:
    with path.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    try:
        return np.array([row[2:12] for row in rows], np.float32)
    except (ValueError, IndexError) as error:
        raise DataError(f"{path}: every row must carry ten vote counts after Usage and Image name") from error


def _in_range(rows: list[int], plus_path: Path) -> NDArray[np.int64]:
    index = np.array(rows, np.int64)
    with plus_path.open() as file:
        lines = sum(1 for _ in file) - 1
    if index.max() >= lines:
        raise DataError(f"{plus_path}: has {lines} rows where fer2013.csv has more; the two must tell of the same rows")
    return index
