"""Files that appear whole or not at all, and take nobody's place unasked."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from emojimask.errors import OutputExistsError, SinkError, UsageError


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
    """Write ``NAME.part`` beside it, then rename: an error or a kill in between leaves the old file, or none.

    Args:
        path: the file; its folder exists.
        content: bytes, or text, which is written in UTF-8.

    Raises:
        OSError: it cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(content.encode() if isinstance(content, str) else content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
