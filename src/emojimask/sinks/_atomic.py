"""Files that appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

from emojimask.errors import SinkError
from emojimask.whole import check_place, part_of


class AtomicFile:
    """An output that is written as :func:`~emojimask.whole.part_of` it and renamed when it is complete."""

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
        reason = getattr(error, "strerror", None) or str(error)
        return SinkError(f"{self.path}: cannot be written ({reason}); check the folder's permissions and free space")
