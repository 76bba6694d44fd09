"""Archives in stores that fsspec reaches, such as s3:// and gs://. Files are copied to the worker and back."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from emojimask.batch.folders import Found, is_media
from emojimask.errors import EmojimaskError, MissingExtraError, SinkError, SourceError, UsageError
from emojimask.sources.folder import HEAD_BYTES


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
        return self.url

    def __reduce__(self) -> tuple[type[Store], tuple[str]]:
        return Store, (self.url,)  # connections stay where they are

    def _connect(self) -> None:
        try:
            import fsspec
        except ImportError:
            raise MissingExtraError(f"{self.url}: needs the extra: pip install 'emojimask[ray]'") from None
        try:
            self._fs, root = fsspec.core.url_to_fs(self.url)
        except ImportError as error:
            raise MissingExtraError(f"{self.url}: fsspec cannot open this kind of store ({error})") from error
        except ValueError as error:
            raise UsageError(f"{self.url}: {error}") from error
        self._root = str(root).rstrip("/")

    @property
    def shared_path(self) -> None:
        return None

    def find(self) -> Iterator[Found]:
        try:
            found: dict[str, dict[str, Any]] = self._fs.find(self._root, detail=True)
        except Exception as error:  # whatever the store's own client raises
            raise SourceError(f"{self.url}: cannot be listed ({_reason(error)})") from error
        if not found and not self._fs.exists(self._root):
            raise SourceError(f"{self.url}: no such folder")
        for path, about in sorted(found.items()):
            name = path[len(self._root) :].lstrip("/")
            if is_media(name) and not any(part.startswith(".") for part in PurePosixPath(name).parts):
                yield Found(name, int(about.get("size") or 0))

    def head(self, name: str) -> bytes:
        try:
            return bytes(self._fs.cat_file(self._path(name), 0, HEAD_BYTES))
        except Exception:  # whatever the store's own client raises; fetching the file says what is wrong
            return b""

    @contextmanager
    def fetch(self, name: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="emojimask-") as folder:
            path = Path(folder) / f"input{PurePosixPath(name).suffix}"
            try:
                self._fs.get_file(self._path(name), str(path))
            except Exception as error:  # whatever the store's own client raises
                raise SourceError(f"{self.url}/{name}: cannot be fetched ({_reason(error)})") from error
            yield path

    @contextmanager
    def place(self, name: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="emojimask-") as folder:
            path = Path(folder) / f"output{PurePosixPath(name).suffix}"
            yield path
            try:
                self._fs.makedirs(str(PurePosixPath(self._path(name)).parent), exist_ok=True)
                self._fs.put_file(str(path), self._path(name) + ".part")
                self._fs.mv(self._path(name) + ".part", self._path(name))
            except Exception as error:  # whatever the store's own client raises
                raise SinkError(f"{self.url}/{name}: cannot be written ({_reason(error)})") from error

    def size(self, name: str) -> int | None:
        try:
            return int(self._fs.size(self._path(name)))
        except FileNotFoundError:
            return None
        except Exception as error:  # whatever the store's own client raises
            raise SourceError(f"{self.url}/{name}: cannot be looked up ({_reason(error)})") from error

    def read_text(self, name: str) -> str:
        try:
            return str(self._fs.cat_file(self._path(name)).decode(errors="replace"))
        except FileNotFoundError:
            return ""
        except Exception as error:  # whatever the store's own client raises
            raise SourceError(f"{self.url}/{name}: cannot be read ({_reason(error)})") from error

    def append(self, name: str, line: str) -> None:
        """Object stores cannot append: the file is written anew."""
        try:
            self._fs.makedirs(self._root, exist_ok=True)
            self._fs.pipe_file(self._path(name), (self.read_text(name) + line).encode())
        except EmojimaskError:
            raise
        except Exception as error:  # whatever the store's own client raises
            raise SinkError(f"{self.url}/{name}: cannot be written ({_reason(error)})") from error

    def clean(self) -> None:
        """Nothing: what was cut off was on the worker."""

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


def _reason(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
