"""Which files are masked and what their outputs are called. A mirror of the input tree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath

from emojimask.batch.folders import check_apart
from emojimask.batch.record import DONE, Record
from emojimask.batch.tasks import Job, Request
from emojimask.batch.worker import settings_of
from emojimask.errors import UsageError
from emojimask.settings import MaskSettings

MARK = "_masked"


@dataclass(frozen=True, slots=True)
class Plan:
    """``jobs``: what there is to do, large files first. ``refused``: why some inputs cannot be, by their names."""

    jobs: list[Job]
    refused: dict[str, str]


def make_plan(request: Request, known: Mapping[str, Record], *, force: bool, resumed: bool) -> Plan:
    """Look through the input folder.

    Args:
        known: the last record of each input.
        force: mask again what is done, and overwrite any output.
        resumed: an earlier run has written to the output folder, so what lies there is its own.

    Raises:
        UsageError: both folders are the same, or there is no picture and no video.
        SourceError: there is no input folder.
    """
    within = check_apart(request.inputs, request.outputs)
    jobs: dict[str, list[Job]] = defaultdict(list)
    refused: dict[str, str] = {}
    for found in request.inputs.find():
        if within is not None and PurePosixPath(found.name).is_relative_to(within):
            continue
        if found.problem is not None:
            refused[found.name] = found.problem
            continue
        output = output_name(found.name)
        sha256 = None if force else _known(request, known.get(found.name))
        jobs[output].append(Job(found.name, output, found.size, sha256))
    if not jobs and not refused:
        raise UsageError(f"{request.inputs}: the folder holds no picture and no video")
    for output, rivals in jobs.items():
        if len(rivals) > 1:
            for job in rivals:
                others = ", ".join(rival.input for rival in rivals if rival is not job)
                refused[job.input] = f"would become {output}, and so would {others}; rename one"
        elif not (resumed or force) and request.outputs.size(output) is not None:
            refused[rivals[0].input] = f"{output} is already there and not from a batch; overwrite it with --force"
    planned = [job for rivals in jobs.values() for job in rivals if job.input not in refused]
    return Plan(sorted(planned, key=lambda job: (-job.size, job.input)), refused)


def output_name(name: str) -> str:
    """Of an input's output: the same folder, ``_masked`` added, and .mp4 where the suffix cannot be written."""
    from emojimask.sinks.image_files import SUFFIXES as PICTURES
    from emojimask.sinks.video_file import SUFFIXES as VIDEOS

    path = PurePosixPath(name)
    suffix = path.suffix if path.suffix.lower() in PICTURES | VIDEOS else ".mp4"
    return str(path.with_name(f"{path.stem}{MARK}{suffix}"))


def _known(request: Request, record: Record | None) -> str | None:
    """The hash of the input, if its output is there and would be made in the same way."""
    if record is None or record.state != DONE or record.output is None:
        return None
    if {**asdict(MaskSettings()), **record.settings} != settings_of(request):  # a setting may be younger than a record
        return None
    if request.measure is not None and record.leak is None:
        return None
    return record.input_sha256 if request.outputs.size(record.output) == record.output_bytes else None
