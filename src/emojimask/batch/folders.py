"""Where an archive lies: a folder of this machine, or a store that others reach too, behind one interface.

Outputs are made in a staging folder and put in their place when they are complete, so that a run that is killed
leaves no half file among the results.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path, PurePosixPath
from stat import S_ISREG
from typing import NamedTuple, Protocol

from emojimask.errors import SinkError, SourceError, UsageError

STAGING = ".emojimask-unfinished"


class Found(NamedTuple):
    """A file that may be masked. ``problem``: why it cannot even be looked at; None where it can."""

    name: str
    size: int = 0
    problem: str | None = None


class Folder(Protocol):
    """A tree of files; names are relative, with ``/``. Can be sent to other processes."""

    @property
    def shared_path(self) -> Path | None:
        """The folder itself, where every worker can open its files in place; None where they must be copied."""
        ...

    def find(self) -> Iterator[Found]:
        """Every picture and video, hidden ones left out. Raises SourceError where there is no such folder."""
        ...

    def head(self, name: str) -> bytes:
        """The first bytes, which tell a picture from a video; none where they cannot be read."""
        ...

    def fetch(self, name: str) -> AbstractContextManager[Path]:
        """The file, to be read on this machine. Raises SourceError."""
        ...

    def place(self, name: str) -> AbstractContextManager[Path]:
        """A path to write to; what is there after the block takes the name's place. Raises SinkError."""
        ...

    def size(self, name: str) -> int | None:
        """Bytes; None where there is no such file. Raises SourceError where that cannot be told."""
        ...

    def read_text(self, name: str) -> str:
        """The whole file, empty where there is none. Raises SourceError."""
        ...

    def append(self, name: str, line: str) -> None:
        """Add a line to a file, whole or not at all. Raises SinkError."""
        ...

    def clean(self) -> None:
        """Remove what runs that were cut off have left behind."""
        ...


def open_folder(place: str) -> Folder:
    """A folder by its path, or a store by its URL.

    Raises:
        MissingExtraError: a URL, and fsspec or its part for this kind of store is not installed.
        UsageError: a file, or a URL of a kind that is not known.
    """
    if "://" not in place:
        if Path(place).is_file():
            raise UsageError(f"{place}: is a file; name a folder")
        return LocalFolder(Path(place))
    from emojimask.batch.store import Store

    return Store(place)


class LocalFolder:
    """A folder of this machine, or one that all machines of a cluster have mounted at the same path."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def __str__(self) -> str:
        return str(self.root)

    @property
    def shared_path(self) -> Path | None:
        return self.root

    @property
    def staging(self) -> Path:
        return self.root / STAGING

    def find(self) -> Iterator[Found]:
        if not self.root.is_dir():
            raise SourceError(f"{self.root}: no such folder")
        yield from self._walk(self.root, set())

    def _walk(self, folder: Path, seen: set[Path]) -> Iterator[Found]:
        """Links are followed, but no folder is entered twice."""
        try:
            real = folder.resolve()
            if real in seen:
                return
            seen.add(real)
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            yield Found(self._name(folder), problem=f"the folder cannot be read ({error.strerror})")
            return
        for entry in entries:
            path = Path(entry.path)
            if entry.name.startswith("."):
                continue
            try:
                if entry.is_dir():
                    yield from self._walk(path, seen)
                elif is_media(entry.name) and S_ISREG(entry.stat().st_mode):  # a pipe would be waited for for ever
                    yield Found(self._name(path), entry.stat().st_size)
            except OSError as error:  # a link that leads nowhere, or to itself
                yield Found(self._name(path), problem=f"cannot be opened ({error.strerror})")

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def head(self, name: str) -> bytes:
        from emojimask.sources.folder import head_of

        return head_of(self.root / name)

    @contextmanager
    def fetch(self, name: str) -> Iterator[Path]:
        yield self.root / name

    @contextmanager
    def place(self, name: str) -> Iterator[Path]:
        target, staged = self.root / name, self.staged(name)
        try:
            self.staging.mkdir(parents=True, exist_ok=True)
            yield staged
            target.parent.mkdir(parents=True, exist_ok=True)
            staged.replace(target)
        except OSError as error:
            raise SinkError(f"{target}: cannot be written ({error.strerror}); check permissions and space") from error
        finally:
            staged.unlink(missing_ok=True)

    def staged(self, name: str, number: int | None = None) -> Path:
        """Where an output, or a numbered piece of it, is made. Always the same for the same name."""
        key = hashlib.sha256(os.fsencode(name)).hexdigest()[:20]
        piece = "" if number is None else f"-{number}"
        return self.staging / f"{key}{piece}{PurePosixPath(name).suffix}"

    def size(self, name: str) -> int | None:
        path = self.root / name
        try:
            return path.stat().st_size if path.is_file() else None
        except OSError as error:  # a name that is too long, for one
            raise SourceError(f"{path}: cannot be looked up ({error.strerror})") from error

    def read_text(self, name: str) -> str:
        path = self.root / name
        try:
            return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        except OSError as error:
            raise SourceError(f"{path}: cannot be read ({error.strerror})") from error

    def append(self, name: str, line: str) -> None:
        path = self.root / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab", buffering=0) as file:
                before = file.tell()
                if before and not self._ends_with_newline(path):  # a line that was cut off stays by itself
                    line = "\n" + line
                data = line.encode()
                try:
                    if file.write(data) < len(data):
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                    os.fsync(file.fileno())
                except OSError:
                    if path.is_file():
                        file.truncate(before)
                    raise
        except OSError as error:
            raise SinkError(f"{path}: cannot be written ({error.strerror}); check permissions and space") from error

    @staticmethod
    def _ends_with_newline(path: Path) -> bool:
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"

    def clean(self) -> None:
        shutil.rmtree(self.staging, ignore_errors=True)


def is_media(name: str) -> bool:
    """By its suffix, the name of a picture or video that can be read."""
    from emojimask.sources.folder import PICTURE_SUFFIXES, VIDEO_SUFFIXES

    return PurePosixPath(name).suffix.lower() in PICTURE_SUFFIXES | VIDEO_SUFFIXES


def check_apart(inputs: Folder, outputs: Folder) -> str | None:
    """The output folder's name below the input folder, whose files are not inputs; None where it lies elsewhere.

    Raises:
        UsageError: both are the same.
    """
    source, target = inputs.shared_path, outputs.shared_path
    if source is None or target is None:
        if str(inputs) == str(outputs):
            raise UsageError(f"{outputs}: is the input folder itself; name another to write to")
        return None
    if source == target:
        raise UsageError(f"{target}: is the input folder itself; name another to write to")
    return target.relative_to(source).as_posix() if target.is_relative_to(source) else None
