"""Files that appear whole or not at all, and take nobody's place unasked."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path

from emojimask.errors import NoRoomError, OutputExistsError, SinkError, UsageError

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


def check_folder(folder: Path) -> None:
    """Refuse a folder for outputs before the work that they are to hold; it need not be there yet.

    Raises:
        SinkError: a file lies in its place, or in that of a folder above it; or its place cannot be looked at.
    """
    try:
        file = next((place for place in (folder, *folder.parents) if place.exists() and not place.is_dir()), None)
    except OSError as error:
        raise unwritable(folder, error) from error
    if file is not None:
        raise SinkError(f"{file}: is a file; name a folder")


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


def write_result(path: Path, content: bytes | str) -> None:
    """:func:`write_whole`, with the error that a person is told. Raises SinkError."""
    try:
        write_whole(path, content)
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(place: Path, error: Exception) -> SinkError:
    """The error to raise where a file or a folder cannot be written."""
    reason = getattr(error, "strerror", None) or str(error)
    return SinkError(f"{place}: cannot be written ({reason}); check permissions and free space")


def part_of(path: Path) -> Path:
    """``NAME.XXXXXXXX.part`` beside a file, in which it is written until it is complete; another at each call.

    So two programs that write one file at the same time do not spoil each other's; whichever is complete last stays.
    A name that would be too long with this end is cut off.
    """
    name = cut_name(path.name, f".{secrets.token_hex(4)}.part")
    return path.parent / name  # with_name takes no path without a name, such as .


def cut_name(name: str, end: str) -> str:
    """``name`` and ``end``, as a file's name; what is too long of ``name`` is cut off."""
    while name and len(os.fsencode(name + end)) > _MAX_NAME_BYTES:
        name = name[:-1]
    return name + end


def without_slashes(name: str) -> str:
    """``name`` as that of a file right in its folder: each slash becomes ``_``."""
    return re.sub(r"[/\\]", "_", name)


class AtomicFile:
    """An output that is written as :func:`part_of` it and renamed when it is complete."""

    def __init__(self, path: Path | str, force: bool) -> None:
        self.path = Path(path)
        self.part = part_of(self.path)
        self._force = force
        self._begun = False

    def open(self, source: Path | None) -> Path:
        """Check that the output may be written, make its folder and an empty part file; returns the part's path.

        Raises:
            UsageError: the output is ``source``, the file that is being read.
            OutputExistsError: the output is there, and ``force`` was not given.
            SinkError: the folder or the file cannot be made.
        """
        try:
            check_place(self.path, [] if source is None else [source], force=self._force)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.part.touch(exist_ok=False)
            self._begun = True
        except (FileExistsError, NotADirectoryError) as error:
            raise SinkError(f"{self.path}: a file lies where its folder would be; choose another place") from error
        except OSError as error:
            raise self.fault(error) from error
        return self.part

    def check_room(self, least: int) -> None:
        """Raises NoRoomError where fewer than ``least`` bytes are free on the disk, and OSError where none can tell."""
        if shutil.disk_usage(self.path.parent).free < least:
            raise NoRoomError(f"{self.path}: the disk is nearly full, so it ends here; free some space")

    def complete(self) -> None:
        """Put the part in its place. Raises SinkError where that fails."""
        try:
            self.part.replace(self.path)
        except OSError as error:
            self.discard()
            raise self.fault(error) from error

    def discard(self) -> None:
        """Remove the part; an output that was there before stays as it was."""
        if self._begun:
            self.part.unlink(missing_ok=True)

    def fault(self, error: Exception) -> SinkError:
        """The error to raise where writing has failed."""
        return unwritable(self.path, error)
