"""Which files are masked and what their outputs are called. A mirror of the input tree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath

from emojimask.batch.folders import Found, check_apart
from emojimask.batch.names import output_name
from emojimask.batch.record import BEGUN, DONE, Record, latest
from emojimask.batch.tasks import Job, Request
from emojimask.batch.worker import report_name, settings_of
from emojimask.errors import SourceError, UsageError
from emojimask.settings import MaskSettings


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is to do.

    Attributes:
        jobs: what there is to do, large files first.
        refused: why some inputs cannot be masked, by their names.
        new: inputs of which something is to be made that is not there, and that no run has made before.
    """

    jobs: list[Job]
    refused: dict[str, str]
    new: set[str]


def make_plan(request: Request, records: Sequence[Record], *, force: bool) -> Plan:
    """Look through the input folder.

    Args:
        records: the manifest, in order.
        force: mask again what is done, and overwrite any output.

    Raises:
        UsageError: both folders are the same, or there is no picture and no video.
        SourceError: there is no input folder.
    """
    found, refused = _find(request)
    if not found and not refused:
        raise UsageError(f"{request.inputs}: the folder holds no picture and no video")
    known, ours = latest(records), _made(records)
    plan = Plan([], refused, set())
    for output, rivals in found.items():
        name, size, _ = rivals[0]
        if len(rivals) > 1:
            refused |= _refuse_all(output, [rival.name for rival in rivals])
            continue
        try:
            unknown = _files(request, output) - ours
            foreign = next((file for file in sorted(unknown) if request.outputs.size(file) is not None), None)
            sha256 = None if force else _known(request, known.get(name))
        except SourceError as error:
            refused[name] = str(error)
            continue
        if foreign is not None and not force:
            refused[name] = f"{foreign} is already there and not from a batch; overwrite it with --force"
            continue
        if unknown and foreign is None:
            plan.new.add(name)
        plan.jobs.append(Job(name, output, size, sha256))
    plan.jobs.sort(key=lambda job: (-job.size, job.input))
    return plan


def _find(request: Request) -> tuple[Mapping[str, list[Found]], dict[str, str]]:
    """The inputs by the names of their outputs, and why others cannot be looked at."""
    within = check_apart(request.inputs, request.outputs)
    found: dict[str, list[Found]] = defaultdict(list)
    refused: dict[str, str] = {}
    for file in request.inputs.find():
        if within is not None and PurePosixPath(file.name).is_relative_to(within):
            continue
        if file.problem is not None:
            refused[file.name] = file.problem
        else:
            found[output_name(file.name, request.inputs.head(file.name))].append(file)
    return found, refused


def _refuse_all(output: str, names: Sequence[str]) -> dict[str, str]:
    return {
        name: f"would become {output}, and so would {', '.join(n for n in names if n != name)}; rename one"
        for name in names
    }


def _made(records: Sequence[Record]) -> set[str | None]:
    """Outputs and reports that are a batch's own: made by a run, or perhaps made by one that was cut off."""
    begun = [record for record in latest(records).values() if record.state == BEGUN]
    done = [record for record in records if record.state == DONE]
    return {name for record in begun + done for name in (record.output, record.report)}


def _files(request: Request, output: str) -> set[str]:
    """What is to be made: the output, and its report where one is wanted."""
    return {output, report_name(output)} if request.reports else {output}


def _known(request: Request, record: Record | None) -> str | None:
    """The hash of the input, if all that is asked for is there and would be made in the same way."""
    if record is None or record.state != DONE or record.output is None:
        return None
    if {**asdict(MaskSettings()), **record.settings} != settings_of(request):  # a setting may be younger than a record
        return None
    if request.measure is not None and record.leak is None:
        return None
    if request.reports and (record.report is None or request.outputs.size(record.report) is None):
        return None
    return record.input_sha256 if request.outputs.size(record.output) == record.output_bytes else None
