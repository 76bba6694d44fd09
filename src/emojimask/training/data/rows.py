"""What every reader checks of a row. The errors begin with where the row is: the file, and the line or the row."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emojimask.errors import DataError
from emojimask.sources.kinds import PICTURE_SUFFIXES
from emojimask.training.data.fer2013 import FER2013_CLASSES, FERPLUS_VOTES, SIDE, FerSplit

Crop = NDArray[np.uint8]
"""(48, 48) uint8, gray."""

_OTHER_NAMES = {
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "afraid": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprise",
}
_NUMBERS = {str(i) for i in range(len(FER2013_CLASSES))}


def pixels(text: str | None, where: str) -> Crop:
    """A picture from 2,304 numbers, row by row."""
    try:
        values = np.array((text or "").split(), dtype=np.int64)
    except (ValueError, OverflowError) as error:
        raise DataError(f"{where}: pixels must be whole numbers") from error
    if values.size != SIDE * SIDE or values.min() < 0 or values.max() > 255:
        raise DataError(f"{where}: expected {SIDE * SIDE} pixels of 0 to 255, found {values.size} numbers")
    return values.astype(np.uint8).reshape(SIDE, SIDE)


def decoded(content: bytes | Path, where: str) -> Crop:
    """A picture from an encoded file, or from its content; gray, and of the right size."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content) if isinstance(content, bytes) else content) as picture:
            deep = picture.mode.startswith(("I", "F"))
            crop = np.asarray(picture.convert("L"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{where}: holds no picture that can be read") from error
    if deep:  # Pillow would clip them
        raise DataError(f"{where}: has more than 8 bits a pixel; save it as a picture with 8")
    if crop.shape != (SIDE, SIDE):
        raise DataError(
            f"{where}: expected a picture of {SIDE}x{SIDE}, found {crop.shape[1]}x{crop.shape[0]}; "
            "emojimask data collect makes such crops of larger pictures"
        )
    return crop


def label(value: str | int | None, where: str) -> int:
    """A label from FER2013's number."""
    if str(value).strip() not in _NUMBERS:
        raise DataError(f"{where}: the label must be 0 to {len(_NUMBERS) - 1}, found {value!r}")
    return int(str(value))


def label_named(name: str, where: str) -> int:
    """A label from an expression's name, in any case; "anger" and "fearful" are understood too."""
    plain = _OTHER_NAMES.get(name.lower(), name.lower())
    if plain not in FER2013_CLASSES:
        raise DataError(f"{where}: unknown label {name!r}; known are {', '.join(FER2013_CLASSES)}")
    return FER2013_CLASSES.index(plain)


def votes(values: Sequence[str | float] | None, where: str) -> NDArray[np.float32]:
    """(10,) vote counts."""
    try:
        counts = np.array(values, np.float32)
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}: votes must be numbers") from error
    if counts.shape != (len(FERPLUS_VOTES),) or not ((counts >= 0) & np.isfinite(counts)).all():
        raise DataError(f"{where}: expected {len(FERPLUS_VOTES)} vote counts, found {values!r}")
    return counts


def unvoted(images: Sequence[Crop], labels: Sequence[int], source: str, where: str) -> FerSplit:
    """A split of a set that FER+ has no votes for. Raises DataError where there are no rows."""
    if not images:
        raise DataError(f"{where}: no picture in it can be used")
    no_votes = np.zeros((len(images), len(FERPLUS_VOTES)), np.float32)
    return FerSplit(np.stack(images), np.array(labels, np.int64), no_votes, source=source)


def pictures_in(folder: Path) -> list[Path]:
    """The picture files right in ``folder``, in order of their names; hidden ones are left out."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def folders_in(folder: Path) -> list[Path]:
    """The folders right in ``folder``, in order of their names; hidden ones are left out."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
