"""Archives in stores that fsspec reaches, such as s3:// and gs://. Files are copied to the worker and back."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from emojimask.batch.folders import Found
from emojimask.errors import EmojimaskError, MissingExtraError, SinkError, SourceError, UsageError, without_password
from emojimask.sources.kinds import HEAD_BYTES, is_media, unread


class Store:
    """A folder in a store, by its URL. See :class:`emojimask.batch.folders.Folder`.

    Raises:
        MissingExtraError: fsspec, or its part for this kind of store, is not installed.
        UsageError: no store is known for the URL.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._connect()

    def __str__(self) -> str:
        return without_password(self.url)

    def __reduce__(self) -> tuple[type[Store], tuple[str]]:
        return Store, (self.url,)  # connections stay where they are

    def _connect(self) -> None:
        try:
            import fsspec
        except ImportError:
            raise MissingExtraError(f'{self}: needs the extra: pip install "emojimask[ray]"') from None
        try:
            self._fs, root = fsspec.core.url_to_fs(self.url)
        except ImportError as error:
            raise MissingExtraError(f"{self}: fsspec cannot open this kind of store ({error})") from error
        except ValueError as error:
            raise UsageError(f"{self}: {error}") from error
        self._root = str(root).rstrip("/")

    @property
    def shared_path(self) -> None:
        return None

    def find(self) -> Iterator[Found]:
        with self._fault(SourceError, "cannot be listed"):
            found: dict[str, dict[str, Any]] = self._fs.find(self._root, detail=True)
        if not found and not self._fs.exists(self._root):
            raise SourceError(f"{self}: no such folder")
        for path, about in sorted(found.items()):
            name = path[len(self._root) :].lstrip("/")
            if any(part.startswith(".") for part in PurePosixPath(name).parts):
                continue
            if is_media(name):
                yield Found(name, int(about.get("size") or 0))
            elif problem := unread(name):
                yield Found(name, problem=problem)

    def head(self, name: str) -> bytes:
        try:
            return bytes(self._fs.cat_file(self._path(name), 0, HEAD_BYTES))
        except Exception:  # whatever the store's own client raises; fetching the file says what is wrong
            return b""

    @contextmanager
    def fetch(self, name: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="emojimask-") as folder:
            path = Path(folder) / f"input{PurePosixPath(name).suffix}"
            with self._fault(SourceError, "cannot be fetched", name):
                self._fs.get_file(self._path(name), str(path))
            try:
                yield path
            except EmojimaskError as error:  # names the file as it is called in the store
                error.args = (str(error).replace(str(path), f"{self}/{name}"),)
                raise

    def check_name(self, name: str) -> None:
        """A store takes any name."""

    @contextmanager
    def place(self, name: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="emojimask-") as folder:
            path = Path(folder) / f"output{PurePosixPath(name).suffix}"
            yield path
            with self._fault(SinkError, "cannot be written", name):
                self._fs.makedirs(str(PurePosixPath(self._path(name)).parent), exist_ok=True)
                self._fs.put_file(str(path), self._path(name) + ".part")
                self._move(self._path(name) + ".part", self._path(name))

    def size(self, name: str) -> int | None:
        with self._fault(SourceError, "cannot be looked up", name):
            try:
                return int(self._fs.size(self._path(name)))
            except FileNotFoundError:
                return None

    def read_text(self, name: str) -> str:
        with self._fault(SourceError, "cannot be read", name):
            try:
                return str(self._fs.cat_file(self._path(name)).decode(errors="replace"))
            except FileNotFoundError:
                return ""

    def append(self, name: str, line: str) -> None:
        """Object stores cannot append: the file is written anew."""
        before = self.read_text(name)
        with self._fault(SinkError, "cannot be written", name):
            self._fs.makedirs(self._root, exist_ok=True)
            self._fs.pipe_file(self._path(name), (before + line).encode())

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Nobody is kept out: a store has no locks. Nothing is left behind: what was cut off was on the worker."""
        yield

    def is_blind_to_case(self) -> bool:
        return False

    @contextmanager
    def _fault(self, kind: type[EmojimaskError], what: str, name: str | None = None) -> Iterator[None]:
        """Whatever the store's own client raises in the block is told as ``kind``, of a file or of the whole folder."""
        try:
            yield
        except Exception as error:
            place = self if name is None else f"{self}/{name}"
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise kind(f"{place}: {what} ({reason})") from error

    def _move(self, path: str, to: str) -> None:
        from fsspec import AbstractFileSystem

        if type(self._fs).mv is not AbstractFileSystem.mv:
            self._fs.mv(path, to)
        else:  # fsspec's own mv takes ?, * and [] in a name for a pattern
            self._fs.cp_file(path, to)
            self._fs.rm_file(path)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"
