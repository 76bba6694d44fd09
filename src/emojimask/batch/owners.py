"""Whose the files are that lie where outputs would go: what is not a run's own is not overwritten unasked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from emojimask.batch.record import DONE, Record
from emojimask.batch.tasks import Request, Taken
from emojimask.errors import SourceError


class Owners:
    """Who made what lies in the output folder, by its manifest: a run, or perhaps one that was cut off.

    Two input folders may hold a file of the same name, so that a file belongs to the folder that it was made from. A
    record that names none, as older ones do, counts as of this one.

    Args:
        place: gives the same for names that are one file in the output folder.
    """

    def __init__(self, request: Request, records: Sequence[Record], place: Callable[[str], str]) -> None:
        self._request = request
        self._place = place
        self._here = str(request.inputs)
        last = {self._input_of(record): record for record in records}
        self._makers: dict[str | None, Record] = {}
        for record in records:  # the last that made a file is its maker
            if record.state == DONE or last[self._input_of(record)] is record:
                self._makers |= dict.fromkeys((record.output, record.report), record)
        self._makers_by_place = {place(file): record for file, record in self._makers.items() if file is not None}

    def maker(self, file: str) -> Record | None:
        """The record of whoever made an output or a report, if a run did."""
        return self._makers.get(file)

    def left_over(self, output: str) -> str | None:
        """The output, where a run of this folder that was cut off has left it and nobody has noted it; else None."""
        maker = self._makers.get(output)
        if maker is None or maker.state == DONE or not self.is_of_here(maker):
            return None
        try:
            return None if self._request.outputs.size(output) is None else output
        except SourceError:
            return None

    def is_of_here(self, record: Record) -> bool:
        """Whether it is about a file of this run's input folder."""
        return record.input_folder in (None, self._here)

    def is_new(self, output: str) -> bool:
        """Whether of the output, and of its report where one is wanted, something was never made from this folder."""
        return any(not self._is_own(file) for file in self._request.files(output))

    def taken(self, output: str) -> tuple[Taken, ...]:
        """What lies in the place of the output or of its report and is not this run's. Raises SourceError."""
        foreign = [file for file in self._request.files(output) if not self._is_own(file)]
        return tuple(self._taken(file) for file in foreign if self._request.outputs.size(file) is not None)

    def _taken(self, file: str) -> Taken:
        # Where folders are renamed in their case alone, it lies there under its old name.
        maker = self._makers.get(file) or self._makers_by_place.get(self._place(file))
        if maker is None:
            return Taken(None, f"{file} is already there and not from a batch; overwrite it with --force")
        remedy = "choose another output folder, or overwrite it with --force"
        return Taken(maker.input_sha256, f"{file} is already there, from a file in {maker.input_folder}; {remedy}")

    def _is_own(self, file: str) -> bool:
        maker = self._makers.get(file)
        return maker is not None and self.is_of_here(maker)

    def _input_of(self, record: Record) -> tuple[str, str]:
        return record.input_folder or self._here, record.input
