"""CK+ (Lucey et al. 2010, "The Extended Cohn-Kanade Dataset"), an auxiliary set: all of it is training.

Two layouts: the original one, ``cohn-kanade-images/S005/001/*.png`` beside ``Emotion/S005/001/*_emotion.txt``, whose
faces are cropped; and the usual folder of 48x48 crops, ``anger/S010_004_00000017.png``. Contempt is left out:
FER2013 has no such class.
"""

from __future__ import annotations

import re
from pathlib import Path

from emojimask.errors import DataError
from emojimask.training.data import rows
from emojimask.training.data.cropping import FaceFinder, cropped
from emojimask.training.data.fer2013 import FER2013_CLASSES, FerSplit

IMAGES, EMOTIONS = "cohn-kanade-images", "Emotion"
PEAK_FRAMES = 3
"""A sequence runs from neutral to its expression; as is usual, so many last frames have the label."""

_CODES = dict(enumerate(("neutral", "angry", "contempt", "disgust", "fear", "happy", "sad", "surprise")))
_CROP_NAME = re.compile(r"S\d{3}_\d{3}_\d+")


def recognises_original(path: Path) -> bool:
    return (path / IMAGES).is_dir() and (path / EMOTIONS).is_dir()


def recognises_crops(path: Path) -> bool:
    """True for class folders whose pictures are named as CK+'s are."""
    if not path.is_dir():
        return False
    files = [file for folder in rows.folders_in(path) for file in rows.pictures_in(folder)[:1]]
    return bool(files) and all(_CROP_NAME.match(file.stem) for file in files)


def read_original(path: Path, find: FaceFinder) -> FerSplit:
    """The last frames of each labelled sequence, and its first one as neutral.

    Raises:
        DataError: a label is unknown, a sequence or a picture is missing or damaged.
    """
    files: list[tuple[Path, int]] = []
    for note in sorted((path / EMOTIONS).glob("*/*/*_emotion.txt")):
        name = _expression(note)
        if name == "contempt":
            continue
        sequence = path / IMAGES / note.parent.parent.name / note.parent.name
        frames = rows.pictures_in(sequence) if sequence.is_dir() else []
        if len(frames) <= PEAK_FRAMES:
            raise DataError(f"{sequence}: expected the frames of {note.name}, found {len(frames)}")
        files.append((frames[0], FER2013_CLASSES.index("neutral")))
        files += [(frame, FER2013_CLASSES.index(name)) for frame in frames[-PEAK_FRAMES:]]
    return cropped(files, "CK+ without contempt", path, find)


def read_crops(path: Path) -> FerSplit:
    """The folder of crops.

    Raises:
        DataError: a folder of an unknown class or without pictures, or a picture that is damaged or not 48x48.
    """
    images, labels = [], []
    for folder in rows.folders_in(path):
        if folder.name.lower() == "contempt":
            continue
        label = rows.label_named(folder.name, str(folder))
        files = rows.pictures_in(folder)
        if not files:
            raise DataError(f"{folder}: holds no picture")
        images += [rows.decoded(file, str(file)) for file in files]
        labels += [label] * len(files)
    return rows.unvoted(images, labels, "CK+ crops without contempt", str(path))


def _expression(note: Path) -> str:
    try:
        return _CODES[int(float(note.read_text(encoding="ascii")))]
    except (ValueError, KeyError, OverflowError) as error:
        raise DataError(f"{note}: expected a number from 0 to {len(_CODES) - 1}") from error
