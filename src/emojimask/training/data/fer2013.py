"""FER2013 with FER+ votes: from the two original CSV files or from parquet, as one array type.

FER2013: Goodfellow et al. 2013, "Challenges in Representation Learning", 35,887 gray faces of 48x48, seven labels.
FER+: Barsoum et al. 2016, "Training Deep Networks for Facial Expression Recognition with Crowd-Sourced Label
Distribution", ten taggers' votes for each of the same rows. FER2013's label is :data:`FER2013_CLASSES`; the votes
are counted over :data:`FERPLUS_VOTES`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emojimask.errors import DataError, MissingExtraError

FER2013_CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
FERPLUS_CLASSES = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt")
FERPLUS_VOTES = (*FERPLUS_CLASSES, "unknown", "not a face")
SPLITS = {"train": "Training", "valid": "PublicTest", "test": "PrivateTest"}
SIDE = 48
_LABELS = {str(i) for i in range(len(FER2013_CLASSES))}


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
        MissingExtraError: the file is parquet and pyarrow is not installed.
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


def ferplus_argmax(votes: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The label by most votes, however few: about 3.7 points lower than the majority protocol on the same model.

    Args:
        votes: (N, 10) counts.

    Returns:
        (N,) int64 index into :data:`FERPLUS_CLASSES`, and (N,) bool, true where the row counts: its winner of the ten
        is an expression.
    """
    winner = votes.argmax(1)
    return np.minimum(winner, 7), (winner < 8) & (votes.max(1) > 0)


def copies(images: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(N,) bool: which of (N, 48, 48) ``images`` occur among ``others``, exactly or mirrored."""
    known = {image.tobytes() for image in others} | {image.tobytes() for image in others[:, :, ::-1]}
    return np.array([image.tobytes() in known for image in images], bool)


def _read_parquet(path: Path) -> FerSplit:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("reading parquet needs pyarrow: pip install 'emojimask[train]'") from error
    try:
        rows = pyarrow.parquet.read_table(path, columns=["image", "label", "ferplus_votes"]).to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path}: cannot be read as FER2013 parquet: {str(error).splitlines()[0]}") from error
    images = np.empty((len(rows), SIDE, SIDE), np.uint8)
    labels = np.empty(len(rows), np.int64)
    votes = np.empty((len(rows), len(FERPLUS_VOTES)), np.float32)
    for i, row in enumerate(rows):
        where = f"{path}: row {i}"
        images[i] = _decoded(row["image"], where)
        labels[i] = _label(row["label"], where)
        votes[i] = _votes(row["ferplus_votes"], where)
    return FerSplit(images, labels, votes)


def _read_csv(path: Path, plus_path: Path, usage: str) -> FerSplit:
    """The two files tell of the same rows in the same order; FER+ names repeat, so rows are joined by position."""
    images, labels, votes = [], [], []
    plus = _read_votes(plus_path) if plus_path.is_file() else None
    with path.open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file)):
            if row.get("Usage") != usage:
                continue
            where = f"{path}: line {number + 2}"
            images.append(_pixels(row.get("pixels"), where))
            labels.append(_label(row.get("emotion"), where))
            if plus is not None and number >= len(plus):
                raise DataError(f"{plus_path}: ends after {len(plus)} rows; it must have a row for each of {path.name}")
            votes.append(np.zeros(len(FERPLUS_VOTES), np.float32) if plus is None else plus[number])
    if not images:
        raise DataError(f"{path}: no row has Usage {usage!r}; is this the full fer2013.csv?")
    return FerSplit(np.stack(images), np.array(labels, np.int64), np.stack(votes))


def _read_votes(path: Path) -> list[NDArray[np.float32]]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    return [_votes(row[2:], f"{path}: line {number + 2}") for number, row in enumerate(rows)]


def _decoded(image: Mapping[str, Any], where: str) -> NDArray[np.uint8]:
    from PIL import Image

    try:
        pixels = np.asarray(Image.open(io.BytesIO(image["bytes"])).convert("L"))
    except (TypeError, KeyError, OSError) as error:
        raise DataError(f"{where}: holds no picture that can be read") from error
    if pixels.shape != (SIDE, SIDE):
        raise DataError(f"{where}: expected a picture of {SIDE}x{SIDE}, found {pixels.shape[1]}x{pixels.shape[0]}")
    return pixels


def _pixels(text: str | None, where: str) -> NDArray[np.uint8]:
    try:
        values = np.array((text or "").split(), dtype=np.int64)
    except (ValueError, OverflowError) as error:
        raise DataError(f"{where}: pixels must be whole numbers") from error
    if values.size != SIDE * SIDE or values.min() < 0 or values.max() > 255:
        raise DataError(f"{where}: expected {SIDE * SIDE} pixels of 0 to 255, found {values.size} numbers")
    return values.astype(np.uint8).reshape(SIDE, SIDE)


def _label(value: str | int | None, where: str) -> int:
    if str(value).strip() not in _LABELS:
        raise DataError(f"{where}: the label must be 0 to {len(_LABELS) - 1}, found {value!r}")
    return int(str(value))


def _votes(values: Sequence[str | float] | None, where: str) -> NDArray[np.float32]:
    try:
        votes = np.array(values, np.float32)
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}: votes must be numbers") from error
    if votes.shape != (len(FERPLUS_VOTES),) or not (votes >= 0).all():
        raise DataError(f"{where}: expected {len(FERPLUS_VOTES)} vote counts, found {values!r}")
    return votes
