"""Data from any layout that people hold: recognised by what is there, read into one value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from emojimask.errors import DataError
from emojimask.training.data import ck_plus, csv_files, image_folder, jaffe, kdef, parquet_files
from emojimask.training.data.cropping import FaceFinder, crops_of
from emojimask.training.data.fer2013 import FERPLUS_VOTES, SPLITS, FerSplit


class Layout(NamedTuple):
    """A way in which data lies in a folder.

    Attributes:
        name: says what was recognised.
        recognises: whether a path holds it.
        splits: which splits a path that does can give.
        read: reads a split; raises DataError.
    """

    name: str
    recognises: Callable[[Path], bool]
    splits: Callable[[Path], Sequence[str]]
    read: Callable[[Path, str, FaceFinder], FerSplit]


def load_split(path: Path, split: str, find: FaceFinder = crops_of) -> FerSplit:
    """Read one split, and nothing else.

    Args:
        path: a folder in any of the :data:`LAYOUTS`, or a table's own path.
        split: "train", "valid" or "test".
        find: finds the faces of pictures that are not crops.

    Raises:
        DataError: the path is missing or not recognised, has no such split, or a file or row in it is not as its format
            says.
        MissingExtraError: the files are parquet and pyarrow is not installed.
    """
    if split not in SPLITS:
        raise DataError(f"unknown split {split!r}: choose one of {', '.join(SPLITS)}")
    with readable(path):
        layout = recognise(path)
        there = layout.splits(path)
        if split not in there:
            raise DataError(f"{path}: is {layout.name}, which has no split {split!r}, only {', '.join(there)}")
        return layout.read(path, split, find)


def splits_of(path: Path) -> Sequence[str]:
    """The splits that can be loaded. Raises DataError."""
    with readable(path):
        return recognise(path).splits(path)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """What the system says against ``path``, or a folder in it, becomes a DataError."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{error.filename or path}: cannot be read ({error.strerror or error})") from error


def recognise(path: Path) -> Layout:
    """The layout of what lies at ``path``. Raises DataError, and OSError where it cannot be looked at."""
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    for layout in LAYOUTS:
        if layout.recognises(path):
            return layout
    known = "; ".join(layout.name for layout in LAYOUTS)
    raise DataError(f"{path}: holds no data in a known layout ({known})")


def join(splits: Sequence[FerSplit]) -> FerSplit:
    """Several splits of the same classes as one, in order."""
    classes = {split.classes for split in splits}
    if len(classes) != 1:
        raise DataError("data sets of different classes cannot be joined")
    return FerSplit(
        np.concatenate([split.images for split in splits]),
        np.concatenate([split.labels for split in splits]),
        np.concatenate([split.votes for split in splits]),
        classes.pop(),
        "; ".join(split.source for split in splits),
    )


def agreed(split: FerSplit) -> FerSplit:
    """A set without votes as if all ten taggers had agreed with its labels, so that it can teach FER+'s head too.

    Posed or chosen faces are surer than FER2013's, of whose own labels FER+'s taggers agree with two thirds.
    """
    if split.votes.any():
        return split
    column = np.array([FERPLUS_VOTES.index(name) for name in split.classes])
    votes = 10 * np.eye(len(FERPLUS_VOTES), dtype=np.float32)[column[split.labels]]
    return replace(split, votes=votes, source=f"{split.source}, its labels taken for votes")


def _training_only(_: Path) -> Sequence[str]:
    return ("train",)


LAYOUTS = (
    Layout(
        "train.parquet, valid.parquet, test.parquet",
        lambda path: bool(parquet_files.splits(path)),
        parquet_files.splits,
        lambda path, split, _: parquet_files.read(path, split),
    ),
    Layout(
        "fer2013.csv or icml_face_data.csv",
        lambda path: csv_files.table_of(path) is not None,
        csv_files.splits,
        lambda path, split, _: csv_files.read(path, split),
    ),
    Layout(
        "a folder a class under train, valid and test",
        image_folder.recognises,
        image_folder.splits,
        lambda path, split, _: image_folder.read(path, split),
    ),
    Layout(
        "CK+ with cohn-kanade-images and Emotion",
        ck_plus.recognises_original,
        _training_only,
        lambda path, _, find: ck_plus.read_original(path, find),
    ),
    Layout(
        "CK+ as folders of crops",
        ck_plus.recognises_crops,
        _training_only,
        lambda path, _split, _find: ck_plus.read_crops(path),
    ),
    Layout("JAFFE", jaffe.recognises, _training_only, lambda path, _, find: jaffe.read(path, find)),
    Layout("KDEF", kdef.recognises, _training_only, lambda path, _, find: kdef.read(path, find)),
)
"""In the order in which they are tried."""
