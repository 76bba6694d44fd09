"""JAFFE (Lyons et al. 1998), an auxiliary set of 213 pictures of ten Japanese women: ``KA.AN1.39.tiff``."""

from __future__ import annotations

import re
from pathlib import Path

from emojimask.training.data import rows
from emojimask.training.data.cropping import FaceFinder, cropped
from emojimask.training.data.fer2013 import FerSplit

_NAME = re.compile(r"[A-Z]{2}\.(AN|DI|FE|HA|SA|SU|NE)\d\.\d+", re.IGNORECASE)
_CODES = {"AN": "angry", "DI": "disgust", "FE": "fear", "HA": "happy", "SA": "sad", "SU": "surprise", "NE": "neutral"}


def recognises(path: Path) -> bool:
    return path.is_dir() and any(_NAME.fullmatch(file.stem) for file in rows.pictures_in(path))


def read(path: Path, find: FaceFinder) -> FerSplit:
    """Every picture whose name tells its expression; names that do not are other files and are passed over.

    Raises:
        DataError: a picture is damaged, or none has a face.
    """
    named = [(file, _NAME.fullmatch(file.stem)) for file in rows.pictures_in(path)]
    files = [(file, rows.label_named(_CODES[match[1].upper()], str(file))) for file, match in named if match]
    return cropped(files, "JAFFE", path, find)
