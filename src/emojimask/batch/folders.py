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
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Protocol
from urllib.request import url2pathname

from emojimask.errors import SinkError, SourceError, UsageError
from emojimask.files.atomic import unwritable
from emojimask.files.lock import locked
from emojimask.sources.kinds import head_of

STAGING = ".emojimask-unfinished"
LOCK = "lock"


class Found(NamedTuple):
    """A file that may be masked. ``problem``: why it cannot even be looked at; None where it can."""

    name: str
    size: int = 0
    problem: str | None = None


class Folder(Protocol):
    """A tree of files; names are relative, with ``/``. Can be sent to other processes. As text: where it lies."""

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

    def check_name(self, name: str) -> None:
        """Before any work: raises SinkError where no file can have the name, as one with a colon on a USB stick."""
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

    def claim(self) -> AbstractContextManager[None]:
        """Have it for one run alone; what runs that were cut off have left behind is removed, before and after.

        Raises SinkError where another run has it, or it cannot be written to.
        """
        ...

    def is_blind_to_case(self) -> bool:
        """Whether ``A`` and ``a`` are one file here, as on most USB sticks. To be asked of a folder that is claimed."""
        ...


def open_folder(place: str) -> Folder:
    """A folder by its path, or a store by its URL.

    Raises:
        MissingExtraError: a URL, and fsspec or its part for this kind of store is not installed.
        UsageError: a file, or a URL of a kind that is not known.
    """
    path = url2pathname(place.removeprefix("file:")) if place.startswith("file://") else place
    if "://" not in path:
        if Path(path).is_file():
            raise UsageError(f"{place}: is a file; name a folder")
        return LocalFolder(Path(path))
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
        from emojimask.sources.folder import files_in

        if not self.root.is_dir():
            raise SourceError(f"{self.root}: no such folder")
        for path, size, problem in files_in(self.root):
            yield Found(path.relative_to(self.root).as_posix(), size, problem)

    def head(self, name: str) -> bytes:
        return head_of(self.root / name)

    @contextmanager
    def fetch(self, name: str) -> Iterator[Path]:
        yield self.root / name

    def check_name(self, name: str) -> None:
        target, trial = self.root / name, self.staging / PurePosixPath(name).name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self.staging.mkdir(exist_ok=True)
            trial.touch()
            with suppress(OSError):  # two workers may try the same name, of two folders, at the same time
                trial.unlink()
        except OSError as error:
            reason = f"cannot be written ({error.strerror}); check its name, permissions and space"
            raise SinkError(f"{target}: {reason}") from error

    @contextmanager
    def place(self, name: str) -> Iterator[Path]:
        target, staged = self.root / name, self.staged(name)
        try:
            self.staging.mkdir(parents=True, exist_ok=True)
            yield staged
            target.parent.mkdir(parents=True, exist_ok=True)
            _put(staged, target)
        except OSError as error:
            raise unwritable(target, error) from error
        finally:
            staged.unlink(missing_ok=True)

    def staged(self, name: str, number: int | None = None) -> Path:
        """Where an output, or a numbered piece of it, is made. Always the same for the same name."""
        key = hashlib.sha256(os.fsencode(name)).hexdigest()[:20]
        piece = "" if number is None else f"-{number}"
        return self.staging / f"{key}{piece}{PurePosixPath(name).suffix}"

    def discard_pieces(self, name: str) -> None:
        """Remove all numbered pieces of an output."""
        whole = self.staged(name)
        for piece in self.staging.glob(f"{whole.stem}-*"):
            with suppress(OSError):
                piece.unlink()

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
            raise unwritable(path, error) from error

    @staticmethod
    def _ends_with_newline(path: Path) -> bool:
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"

    @contextmanager
    def claim(self) -> Iterator[None]:
        with ExitStack() as held:
            try:
                self.staging.mkdir(parents=True, exist_ok=True)
                held.callback(self._remove_staging)
                held.enter_context(locked(self.staging / LOCK))
            except BlockingIOError:
                remedy = "wait until it has ended, or choose another output folder"
                raise SinkError(f"{self.root}: another batch is at work in this folder; {remedy}") from None
            except OSError as error:
                raise unwritable(self.root, error) from error
            self._clean()
            held.callback(self._clean)
            yield

    def is_blind_to_case(self) -> bool:
        return self.staging.with_name(STAGING.upper()).exists()

    def _clean(self) -> None:
        for path in self.staging.glob("*"):
            if path.name != LOCK:
                with suppress(OSError):
                    path.unlink()

    def _remove_staging(self) -> None:
        with suppress(OSError):  # another run has claimed it already
            self.staging.rmdir()


def _put(path: Path, target: Path) -> None:
    """Give a finished file its name, also on another disk, to which links in the output folder may lead."""
    try:
        _rename(path, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy = target.with_name(f".{path.name}")  # hidden, and written over if this is cut off
        try:
            shutil.copyfile(path, copy)
            _rename(copy, target)
        finally:
            copy.unlink(missing_ok=True)


def _rename(path: Path, target: Path) -> None:
    with path.open("r+b") as file:  # else a power cut could leave the name with nothing behind it
        os.fsync(file.fileno())
    path.replace(target)


def check_apart(inputs: Folder, outputs: Folder) -> str | None:
    """The output folder's name below the input folder, whose files are not inputs; None where it lies elsewhere.

    Raises:
        UsageError: both are the same.
    """
    source, target = (folder.shared_path or PurePosixPath(str(folder)) for folder in (inputs, outputs))
    if source == target:
        raise UsageError(f"{outputs}: is the input folder itself; name another to write to")
    return target.relative_to(source).as_posix() if target.is_relative_to(source) else None
