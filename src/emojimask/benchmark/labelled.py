"""Which expression people show in pictures and clips: a table in TOML, apart from the media.

::

    [[show]]
    file = "clip.mp4"
    from = 0.6
    to = 2.3
    expressions = ["sad"]

``file`` is relative to the folder of the media. ``from`` and ``to``, in seconds, are left out for pictures and whole
clips. Where a look may be read in two ways, ``expressions`` names both. ``faces`` says how many people show it: 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emojimask.errors import DataError
from emojimask.files.toml import read_toml
from emojimask.types import EXPRESSIONS


@dataclass(frozen=True, slots=True)
class Show:
    """What is to be seen in a stretch of a file.

    Attributes:
        file: relative to the folder of the media.
        start_s, end_s: seconds; the end does not belong to it.
        expressions: any of these is right; the first is the one under which it is counted.
        faces: how many people show it.
    """

    file: str
    start_s: float
    end_s: float
    expressions: tuple[str, ...]
    faces: int

    def lasts_at(self, time_s: float) -> bool:
        return self.start_s <= time_s < self.end_s


def read_shows(table: Path) -> list[Show]:
    """The entries of a table, in order.

    Raises:
        DataError: the table cannot be read, or an entry is not as the format says.
    """
    try:
        content = read_toml(table)
    except OSError as error:
        raise DataError(f"{table}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise DataError(f"{table}: not valid TOML: {error}") from error
    entries = content.get("show")
    if not isinstance(entries, list) or not entries:
        raise DataError(f"{table}: holds no [[show]]")
    return [_show(entry, f"{table}: [[show]] {number}") for number, entry in enumerate(entries, 1)]


def _show(entry: Any, where: str) -> Show:
    if not isinstance(entry, dict):
        raise DataError(f"{where}: must be a table with file and expressions, found {entry!r}")
    unknown = entry.keys() - {"file", "from", "to", "expressions", "faces"}
    if unknown:
        raise DataError(f"{where}: unknown key {min(unknown)!r}")
    file, names, faces = entry.get("file"), entry.get("expressions"), entry.get("faces", 1)
    start, end = entry.get("from", 0.0), entry.get("to", float("inf"))
    if not isinstance(file, str) or not file:
        raise DataError(f"{where}: file must be the path of a picture or clip, found {file!r}")
    if not isinstance(names, list) or not names or any(name not in EXPRESSIONS for name in names):
        raise DataError(f"{where}: expressions must be a list out of {', '.join(EXPRESSIONS)}; found {names!r}")
    if not (_is_number(start) and _is_number(end) and 0 <= start < end):
        raise DataError(f"{where}: from and to must be seconds, from before to; found {start!r} and {end!r}")
    if type(faces) is not int or faces < 1:
        raise DataError(f"{where}: faces must be 1 or more, found {faces!r}")
    return Show(file, float(start), float(end), tuple(names), faces)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
