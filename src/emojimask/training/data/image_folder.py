"""A folder for each class, as on Kaggle: ``train/angry/*.jpg``, ``test/angry/*.jpg``; names in any case.

Without a folder for validation its rows are taken from where they can be had honestly: the pictures named
``PublicTest_*`` of the test folder, as one of the Kaggle sets names them, else the last tenth of each class in
training: in the order of their names, since pictures of one sitting lie side by side there.
"""

from __future__ import annotations

from pathlib import Path

from emojimask.errors import DataError
from emojimask.training.data import rows
from emojimask.training.data.fer2013 import FER2013_CLASSES, SPLITS, FerSplit

_NAMES = {
    "train": ("train", "training"),
    "valid": ("valid", "val", "validation", "publictest"),
    "test": ("test", "testing", "privatetest"),
}
_PUBLIC = "publictest_"
_HELD_OUT = 10

Labelled = list[tuple[Path, int]]


def recognises(path: Path) -> bool:
    """True for a folder that holds a folder of training, validation or test."""
    return path.is_dir() and bool(_folders(path))


def splits(path: Path) -> tuple[str, ...]:
    """The splits that can be read. Raises DataError as :func:`read` does for the folders' names."""
    return tuple(_files(path))


def read(path: Path, split: str) -> FerSplit:
    """Read one of :func:`splits`; rows in order of class folder and name. There are no votes.

    Raises:
        DataError: a folder of an unknown class or without pictures, or a picture that is damaged or not 48x48.
    """
    files = _files(path)[split]
    images = [rows.decoded(file, str(file)) for file, _ in files]
    return rows.unvoted(images, [label for _, label in files], "image folders", str(path / split))


def _files(path: Path) -> dict[str, Labelled]:
    """The files of each split that has any."""
    found = {split: _labelled(folder) for split, folder in _folders(path).items()}
    if "valid" not in found:
        tests = found.get("test", [])
        if any(_is_public(file) for file, _ in tests):
            found["valid"] = [(file, label) for file, label in tests if _is_public(file)]
            found["test"] = [(file, label) for file, label in tests if not _is_public(file)]
        else:
            held_out = set(_last_tenth(found.get("train", [])))
            found["valid"] = [row for row in found.get("train", []) if row in held_out]
            found["train"] = [row for row in found.get("train", []) if row not in held_out]
    there = {split: found[split] for split in SPLITS if found.get(split)}
    if not there:
        raise DataError(f"{path}: its folders hold no class folders with pictures")
    return there


def _last_tenth(files: Labelled) -> Labelled:
    """Of each class, of fewer than ten the last, but not the only one."""
    by_class = [[row for row in files if row[1] == label] for label in range(len(FER2013_CLASSES))]
    return [row for of_class in by_class for row in of_class[1:][-max(1, len(of_class) // _HELD_OUT) :]]


def _labelled(folder: Path) -> Labelled:
    found: Labelled = []
    for class_folder in rows.folders_in(folder):
        label = rows.label_named(class_folder.name, str(class_folder))
        pictures = rows.pictures_in(class_folder)
        if not pictures:
            raise DataError(f"{class_folder}: holds no picture; add some, or take the folder away")
        found += [(picture, label) for picture in pictures]
    return found


def _is_public(file: Path) -> bool:
    return file.name.lower().startswith(_PUBLIC)


def _folders(path: Path) -> dict[str, Path]:
    """The folder of each split that is there. Raises DataError where two are of one split."""
    found: dict[str, Path] = {}
    for folder in rows.folders_in(path):
        split = next((split for split, names in _NAMES.items() if folder.name.lower() in names), None)
        if split in found:
            raise DataError(f"{path}: {found[split].name} and {folder.name} are both of one split; put them together")
        if split is not None:
            found[split] = folder
    return found
