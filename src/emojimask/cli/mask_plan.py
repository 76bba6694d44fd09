"""What ``emojimask mask`` makes of its inputs: which file becomes which, and which cannot be masked."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emojimask.batch.names import is_masked, output_name
from emojimask.errors import SourceError, UsageError
from emojimask.sources.kinds import head_of


@dataclass(frozen=True, slots=True)
class Job:
    """One input with its outputs."""

    source: Path
    output: Path
    report: Path | None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a job, as ``--json`` prints it."""

    input: str
    output: str
    frames: int
    frames_with_faces: int
    shielded: int
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        undone: inputs that cannot be masked: not there, or with the output of another.
        left_alone: how many files in folders are outputs by their names.
    """

    jobs: list[Job]
    undone: list[Result]
    left_alone: int


def plan(inputs: Sequence[Path], given: str | None, report: Path | None) -> Plan:
    """What to mask and where to.

    ``given``: the output, a file or a folder, as it was typed: a Path keeps no slash at the end, which tells a folder.

    Raises:
        UsageError: the only input is a folder that holds nothing to mask, or a file is in the place of the folder for
            the outputs, or the name given for that is a file's, or that for a file has no suffix.
    """
    found, problems, left_alone = _find(inputs)
    output = None if given is None else Path(given)
    many = len(found) + len(problems) > 1 or any(path.is_dir() for path in inputs)
    slashed = given is not None and given.endswith(("/", os.sep))
    into_folder = output is not None and (many or slashed or output.is_dir())
    if output is not None and into_folder and _is_for_a_file(output):
        raise UsageError(f"{output}: names a file; name a folder for the outputs of several inputs")
    if output is not None and not into_folder and not output.suffix:
        raise UsageError(f"{output}: names no folder that is there, and no format; for a folder, write {output}/")
    tails = _told_apart(list(found)) if many else [""] * len(found)
    jobs = []
    for (path, root), tail in zip(found.items(), tails, strict=True):
        target = _output(path, root, output if into_folder else None) if output is None or into_folder else output
        jobs.append(Job(path, target, report and report.parent / f"{report.stem}{tail}{report.suffix}"))
    jobs, rivals = _without_rivals(jobs)
    return Plan(jobs, problems + rivals, left_alone)


def _find(inputs: Sequence[Path]) -> tuple[dict[Path, Path], list[Result], int]:
    """Each file with the folder that it was found under (its own, where it was named itself)."""
    from emojimask.sources.folder import find_inputs

    found: dict[Path, Path] = {}
    missing: list[Result] = []
    left_alone = 0
    for path in inputs:
        problems: list[SourceError] = []
        try:
            if path.is_dir():
                there = list(find_inputs(path, problems.append))
                files = [file for file in there if not is_masked(file.name)]
                left_alone += len(there) - len(files)
                if not files and not problems:
                    nothing = f"{path}: the folder holds no picture and no video to mask"
                    if len(inputs) == 1:
                        raise UsageError(nothing)
                    problems.append(SourceError(nothing))
                for file in files:
                    found.setdefault(file, path)
            elif path.exists():
                found.setdefault(path, path.parent)
            else:
                problems.append(SourceError(f"{path}: no such file or folder"))
        except OSError as error:  # a name that is too long, for one
            problems.append(SourceError(f"{path}: cannot be opened ({error.strerror})"))
        missing += [_not_done(path, str(problem)) for problem in problems]
    return found, missing, left_alone


def _told_apart(paths: Sequence[Path]) -> list[str]:
    """For the reports' names: ``_`` and the stem; among equal ones the whole name, with folders if need be."""
    tails = [path.stem for path in paths]
    for depth in range(1, max((len(path.absolute().parts) for path in paths), default=1)):
        count = Counter(tails)
        tails = [
            tail if count[tail] == 1 else "_".join(path.absolute().parts[1:][-depth:])
            for path, tail in zip(paths, tails, strict=True)
        ]
    return [f"_{tail}" for tail in tails]


def _without_rivals(jobs: Sequence[Job]) -> tuple[list[Job], list[Result]]:
    """The jobs whose files are theirs alone, and what is said of the others: none of them may win by chance."""
    by_file: dict[Path, list[Job]] = defaultdict(list)
    for job in jobs:
        for file in dict.fromkeys((job.output, job.report)):
            if file is not None:
                by_file[file].append(job)
    refused: dict[Job, str] = {}
    for file, rivals in by_file.items():
        for job in rivals if len(rivals) > 1 else ():
            others = ", ".join(str(rival.source) for rival in rivals if rival is not job)
            refused[job] = (
                f"{job.source}: would be written to {file}, and so would {others}; rename one, or mask each by itself "
                "with an -o of its own"
            )
    told = [_not_done(job.source, reason) for job, reason in refused.items()]
    return [job for job in jobs if job not in refused], told


def _not_done(path: Path, reason: str) -> Result:
    return Result(str(path), "", 0, 0, 0, reason)


def _output(path: Path, root: Path, folder: Path | None) -> Path:
    name = output_name(path.name, head_of(path))
    return path.with_name(name) if folder is None else folder / path.relative_to(root).with_name(name)


def _is_for_a_file(place: Path) -> bool:
    from emojimask.sinks.image_files import WRITTEN_PICTURES
    from emojimask.sinks.video.formats import WRITTEN_VIDEOS

    return place.is_file() or (not place.is_dir() and place.suffix.lower() in WRITTEN_PICTURES | WRITTEN_VIDEOS)
