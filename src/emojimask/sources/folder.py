"""The pictures and videos of a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

from emojimask.errors import SourceError
from emojimask.sources.kinds import is_media, unread


class Entry(NamedTuple):
    """What is found in a folder.

    Attributes:
        size: bytes.
        problem: why it cannot be masked: a folder that cannot be read, a link to nowhere or itself, or a picture of a
            kind that is not read; None where it may be tried.
    """

    path: Path
    size: int = 0
    problem: str | None = None


def raise_problem(problem: SourceError) -> None:
    raise problem


def find_inputs(path: Path | str, on_problem: Callable[[SourceError], None] = raise_problem) -> Iterator[Path]:
    """The pictures and videos of a folder, as :func:`files_in` gives them; a file is yielded itself.

    Args:
        on_problem: is told of what cannot be masked.

    Raises:
        SourceError: there is nothing at ``path``; by default every problem, too.
    """
    path = Path(path)
    if path.is_file():
        yield path
    elif path.is_dir():
        for entry in files_in(path):
            if entry.problem is None:
                yield entry.path
            else:
                on_problem(SourceError(f"{entry.path}: {entry.problem}"))
    else:
        raise SourceError(f"{path}: no such file or folder")


def files_in(folder: Path) -> Iterator[Entry]:
    """The pictures and videos of a folder and the folders in it, in order of their names.

    Hidden files and folders are left out; links are followed, but no folder is entered twice.
    """
    return _walk(folder, set())


def _walk(folder: Path, seen: set[Path]) -> Iterator[Entry]:
    try:
        real = folder.resolve()
        if real in seen:
            return
        seen.add(real)
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield Entry(folder, problem=f"the folder cannot be read ({error.strerror})")
        return
    for entry in entries:
        path = Path(entry.path)
        if entry.name.startswith("."):
            continue
        try:
            if entry.is_dir():
                yield from _walk(path, seen)
            elif is_media(entry.name) and S_ISREG(entry.stat().st_mode):  # a pipe would be waited for for ever
                yield Entry(path, entry.stat().st_size)
            elif problem := unread(entry.name):
                yield Entry(path, problem=problem)
        except OSError as error:  # a link that leads nowhere, or to itself
            yield Entry(path, problem=f"cannot be opened ({error.strerror})")
