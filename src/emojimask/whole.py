"""Files that appear whole or not at all, and take nobody's place unasked."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from emojimask.errors import OutputExistsError, SinkError, UsageError

_MAX_NAME_BYTES = 255  # of a file, on nearly every system


def check_place(path: Path, inputs: Iterable[Path], *, force: bool) -> None:
    """Refuse an output before the work that it is to hold.

    Raises:
        UsageError: the output is one of ``inputs``; ``force`` does not help.
        OutputExistsError: the output is there, and ``force`` was not given.
        SinkError: the output is a folder.
        OSError: its place cannot be looked at.
    """
    if not path.exists():
        return
    if any(source.exists() and path.samefile(source) for source in inputs):
        raise UsageError(f"{path}: is the input itself; choose another output")
    if path.is_dir():
        raise SinkError(f"{path}: is a folder; name a file in it")
    if not force:
        raise OutputExistsError(f"{path}: is already there; choose another output, or overwrite it with --force")


def write_whole(path: Path, content: bytes | str) -> None:
    """Write :func:`part_of` it, then rename: an error or a kill in between leaves the old file, or none.

    Args:
        path: the file; its folder exists.
        content: bytes, or text, which is written in UTF-8.

    Raises:
        OSError: it cannot be written.
    """
    part = part_of(path)
    try:
        part.write_bytes(content.encode() if isinstance(content, str) else content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def part_of(path: Path) -> Path:
    """``NAME.XXXXXXXX.part`` beside a file, in which it is written until it is complete; another at each call.

    So two programs that write one file at the same time do not spoil each other's; whichever is complete last stays.
    A name that would be too long with this end is cut off.
    """
    name, end = path.name, f".{secrets.token_hex(4)}.part"
    while name and len(os.fsencode(name + end)) > _MAX_NAME_BYTES:
        name = name[:-1]
    return path.with_name(name + end)
