"""KDEF (Lundqvist, Flykt, Öhman 1998), an auxiliary set of 70 Swedish actors: ``AF01/AF01ANS.JPG``.

A name tells session, sex, person, expression and angle. Full profiles are left out: the crop frames faces by both
eyes, and a profile shows one.
"""

from __future__ import annotations

import re
from pathlib import Path

from emojimask.training.data import rows
from emojimask.training.data.cropping import FaceFinder, cropped
from emojimask.training.data.fer2013 import FerSplit

_NAME = re.compile(r"[AB][FM]\d\d(AF|AN|DI|HA|NE|SA|SU)(S|HL|HR|FL|FR)", re.IGNORECASE)
_CODES = {"AF": "fear", "AN": "angry", "DI": "disgust", "HA": "happy", "NE": "neutral", "SA": "sad", "SU": "surprise"}
_PROFILES = ("FL", "FR")


def recognises(path: Path) -> bool:
    return any(_NAME.fullmatch(file.stem) for file in _pictures(path))


def read(path: Path, find: FaceFinder) -> FerSplit:
    """Every picture whose name tells its expression, less the full profiles.

    Raises:
        DataError: a picture is damaged, or none has a face.
    """
    named = [(file, _NAME.fullmatch(file.stem)) for file in _pictures(path)]
    files = [
        (file, rows.label_named(_CODES[match[1].upper()], str(file)))
        for file, match in named
        if match and match[2].upper() not in _PROFILES
    ]
    return cropped(files, "KDEF without full profiles", path, find)


def _pictures(path: Path) -> list[Path]:
    """In the folder itself, or in a folder for each person."""
    if not path.is_dir():
        return []
    return [file for folder in (path, *rows.folders_in(path)) for file in rows.pictures_in(folder)]
