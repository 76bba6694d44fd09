"""Which files are masked and what their outputs are called. A mirror of the input tree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import PurePosixPath
from unicodedata import normalize

from emojimask.batch.folders import Found, check_apart
from emojimask.batch.names import is_masked, output_name
from emojimask.batch.owners import Owners
from emojimask.batch.record import BEGUN, DONE, FAILED, GONE, Record, latest, now
from emojimask.batch.tasks import Job, Request
from emojimask.errors import EmojimaskError, OutputExistsError, UsageError
from emojimask.settings import MaskSettings


@dataclass(slots=True)
class Inputs:
    """What lies in the input folder.

    Attributes:
        outputs: the files, each with the name of the output that it would become.
        problems: why others cannot be looked at, by their names.
        left_alone: how many are outputs by their names.
    """

    outputs: list[tuple[Found, str]]
    problems: dict[str, str]
    left_alone: int = 0


def look_through(request: Request) -> Inputs:
    """Look through the input folder.

    Raises:
        UsageError: both folders are the same, or there is no picture and no video to mask.
        SourceError: there is no input folder.
    """
    within = check_apart(request.inputs, request.outputs)
    inputs = Inputs([], {})
    for file in request.inputs.find():
        if within is not None and PurePosixPath(file.name).is_relative_to(within):
            continue
        if file.problem is not None:
            inputs.problems[file.name] = file.problem
        elif is_masked(file.name):
            inputs.left_alone += 1
        else:
            inputs.outputs.append((file, output_name(file.name, request.inputs.head(file.name))))
    if not inputs.outputs and not inputs.problems:
        raise UsageError(f"{request.inputs}: the folder holds no picture and no video to mask")
    return inputs


class Plan:
    """What a run is to do.

    Args:
        request: its output folder is claimed.
        records: the manifest, in order.
        force: mask again what is done, and overwrite any output.

    Attributes:
        owners: whose the files in the output folder are.
        jobs: what there is to do, large files first.
        refused: why some inputs cannot be masked, by their names.
        gone: records of inputs that had failed or were begun and have been removed or renamed since.
    """

    def __init__(self, request: Request, inputs: Inputs, records: Sequence[Record], *, force: bool) -> None:
        self._request = request
        self._decisive, self._defaults = request.decisive(), asdict(MaskSettings())
        self._force = force
        self._blind = request.outputs.is_blind_to_case()
        self.owners = Owners(request, records, self._place)
        self._last = self._latest(records)
        self._done = self._latest([record for record in records if record.state == DONE])
        self.jobs: list[Job] = []
        self.refused = dict(inputs.problems)
        self._by_place: dict[str, list[str]] = defaultdict(list)  # names of inputs, by where their outputs would lie
        for file, output in inputs.outputs:
            self._by_place[self._place(output)].append(file.name)
        for file, output in inputs.outputs:
            try:
                self.jobs.append(self._job(file.name, self._unrivalled(file.name, output), file.size))
            except EmojimaskError as error:
                self.refused[file.name] = str(error)
        self.jobs.sort(key=lambda job: (-job.size, job.input))
        there = self.refused.keys() | {file.name for file, _ in inputs.outputs}
        missed = (self._last[name] for name in self._last.keys() - there)
        self.gone = [
            replace(record, state=GONE, finished=now())
            for record in missed
            if record.state in (BEGUN, FAILED) and self.owners.is_of_here(record)
        ]

    def elsewhere(self, job: Job, suffix: str) -> Job:
        """The job with another suffix of its output. Raises EmojimaskError where that would take another's place."""
        output = PurePosixPath(job.output)
        try:
            other = self._unrivalled(job.input, str(output.with_suffix(suffix)))
        except UsageError as error:
            raise UsageError(f"its sound fits no {output.suffix}, so it {error}") from None
        return self._job(job.input, other, job.size)

    def overlooked(self, name: str) -> Record | None:
        """The record of an input's output, which is as it should be, if it is not the last word: a try failed since."""
        done = self._done[name]
        return None if self._last[name] is done else done

    def is_said(self, record: Record) -> bool:
        """Whether the same is the last word on the input already, as of what every run refuses."""
        last = self._last.get(record.input)
        return last is not None and replace(last, finished=record.finished) == record

    def _unrivalled(self, name: str, output: str) -> str:
        """The input's output, if no other input's would lie in its place; else UsageError."""
        rivals = [rival for rival in self._by_place[self._place(output)] if rival != name]
        if rivals:
            raise UsageError(f"would become {output}, and so would {', '.join(rivals)}; rename one")
        return output

    def _place(self, output: str) -> str:
        """The same for outputs that would be one file."""
        return normalize("NFC", output).casefold() if self._blind else output

    def _latest(self, records: Sequence[Record]) -> dict[str, Record]:
        """The last word on every input, in this folder if it was said of it here."""
        return latest(records) | latest(filter(self.owners.is_of_here, records))

    def _job(self, name: str, output: str, size: int) -> Job:
        """Raises OutputExistsError where no input may take the output's place, and SourceError."""
        taken = self.owners.taken(output)
        known = None if self._force else self._known(name)
        new = known is None and not taken and self.owners.is_new(output)
        if self._force:
            return Job(name, output, size, new=new)
        for foreign in taken:
            if foreign.sha256 is None:
                raise OutputExistsError(foreign.reason)
        return Job(name, output, size, known, new, taken)

    def _known(self, name: str) -> str | None:
        """The hash of the input, if all that is asked for is there and would be made in the same way."""
        request, record = self._request, self._done.get(name)
        if record is None or record.output is None or record.faults:
            return None
        if self.owners.maker(record.output) is not record:
            return None
        # A setting may be younger than a record.
        if self._defaults | dict(record.settings) != self._decisive:
            return None
        if request.leak and record.leak is None:
            return None
        if request.reports and (record.report is None or request.outputs.size(record.report) is None):
            return None
        return record.input_sha256 if request.outputs.size(record.output) == record.output_bytes else None
