"""Where an uploaded file lies while it is masked: in memory where the system can name such a file, as Linux can."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Self


class Spool:
    """A file without a place on the disk (Linux), or a private one that is removed (elsewhere). A context manager.

    Attributes:
        path: by which it can be read, several times at once.
    """

    def __init__(self) -> None:
        if sys.platform == "linux":
            self._file = os.memfd_create("emojimask", os.MFD_CLOEXEC)
            self.path = Path(f"/proc/self/fd/{self._file}")
            self._named = False
        else:
            self._file, name = tempfile.mkstemp(prefix="emojimask-")  # for this person alone, mode 0600
            self.path = Path(name)
            self._named = True
        self.size = 0

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]
        self.size += len(data)

    def close(self) -> None:
        """Gone for good."""
        os.close(self._file)
        if self._named:
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
