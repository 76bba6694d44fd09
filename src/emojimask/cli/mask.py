"""``emojimask mask``: pictures, videos and folders."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from emojimask.batch.names import MARK, output_name
from emojimask.cli.given import given_name, given_path
from emojimask.cli.main import DONE, FAILED, SOME_FAILED, internal_fault
from emojimask.cli.options import add_output_flags, add_setting_flags, settings_from
from emojimask.cli.progress import Progress
from emojimask.errors import EmojimaskError, SourceError, UsageError
from emojimask.settings import MaskSettings


def add_mask(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("inputs", nargs="+", type=given_path, metavar="INPUT", help="pictures, videos or folders")
    parser.add_argument(
        "-o",
        "--output",
        type=given_name,
        metavar="OUT",
        help=f"a file, or a folder: one that is there, or a name that ends in / (default: {{name}}{MARK} beside the "
        "input)",
    )
    parser.add_argument(
        "--report", type=given_path, metavar="FILE", help="what was seen, frame by frame: .jsonl or .csv"
    )
    parser.add_argument("--no-audio", dest="audio", action="store_false", help="leave sound and subtitles out")
    add_output_flags(parser)
    add_setting_flags(parser)
    parser.set_defaults(run=run_mask)


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


def run_mask(args: argparse.Namespace) -> int:
    settings = settings_from(args)
    jobs, undone = plan(args.inputs, args.output, args.report)
    if jobs:
        _check(settings, args.report)
    for result in undone:
        _warn(result.error or "")
    alone = len(jobs) + len(undone) == 1
    results = undone + [_attempt(job, settings, args, alone=alone) for job in jobs]
    if args.json:
        print(json.dumps([asdict(result) for result in results], indent=2))
    failed = sum(result.error is not None for result in results)
    return DONE if not failed else FAILED if failed == len(results) else SOME_FAILED


def _check(settings: MaskSettings, report: Path | None) -> None:
    """Raise the EmojimaskError that every input would meet with, so that it is told once."""
    from emojimask.build import build_pipeline
    from emojimask.sinks.report import ReportSink

    build_pipeline(settings)
    if report is not None:
        ReportSink(report)


def plan(inputs: Sequence[Path], given: str | None, report: Path | None) -> tuple[list[Job], list[Result]]:
    """What to mask and where to, and the inputs that cannot be: not there, or with the output of another.

    ``given``: the output, a file or a folder, as it was typed: a Path keeps no slash at the end, which tells a folder.

    Raises:
        UsageError: the only input is a folder that holds nothing to mask, or a file is in the place of the folder for
            the outputs, or the name given for that is a file's, or that for a file has no suffix.
    """
    found, problems = _find(inputs)
    output = None if given is None else Path(given)
    many = len(found) + len(problems) > 1 or any(path.is_dir() for path in inputs)
    slashed = given is not None and given.endswith(("/", os.sep))
    into_folder = output is not None and (many or slashed or output.is_dir())
    if output is not None and into_folder and _is_for_a_file(output):
        raise UsageError(f"{output}: is a file; name a folder for the outputs of several inputs")
    if output is not None and not into_folder and not output.suffix:
        raise UsageError(f"{output}: names no folder that is there, and no format; for a folder, write {output}/")
    tails = _told_apart(list(found)) if many else [""] * len(found)
    jobs = []
    for (path, root), tail in zip(found.items(), tails, strict=True):
        target = _output(path, root, output if into_folder else None) if output is None or into_folder else output
        jobs.append(Job(path, target, report and report.with_name(f"{report.stem}{tail}{report.suffix}")))
    jobs, rivals = _without_rivals(jobs)
    return jobs, problems + rivals


def _find(inputs: Sequence[Path]) -> tuple[dict[Path, Path], list[Result]]:
    """Each file with the folder that it was found under (its own, where it was named itself)."""
    from emojimask.sources.folder import find_inputs

    found: dict[Path, Path] = {}
    missing: list[Result] = []
    for path in inputs:
        problems: list[SourceError] = []
        try:
            if path.is_dir():
                files = [file for file in find_inputs(path, problems.append) if not file.stem.endswith(MARK)]
                if not files and not problems:
                    nothing = f"{path}: the folder holds no picture and no video"
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
    return found, missing


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
    from emojimask.sources.folder import head_of

    name = output_name(path.name, head_of(path))
    return path.with_name(name) if folder is None else folder / path.relative_to(root).with_name(name)


def _is_for_a_file(place: Path) -> bool:
    from emojimask.sinks.image_files import SUFFIXES as PICTURES
    from emojimask.sinks.video_file import SUFFIXES as VIDEOS

    return place.is_file() or (not place.is_dir() and place.suffix.lower() in PICTURES | VIDEOS)


def _attempt(job: Job, settings: MaskSettings, args: argparse.Namespace, *, alone: bool) -> Result:
    """Mask one input; its errors are told and kept, so that the rest are still done.

    Raises:
        UsageError: the input is ``alone``, and the command as a whole is wrong.
    """
    try:
        result = mask_file(job, settings, audio=args.audio, force=args.force, quiet=args.quiet, say=not args.json)
    except BrokenPipeError:
        raise  # nobody reads on, so there is nobody to mask the rest for
    except Exception as error:
        if args.debug or (alone and isinstance(error, UsageError)):
            raise
        reason = str(error) if isinstance(error, EmojimaskError) else f"{job.source}: {internal_fault(error)}"
        result = Result(str(job.source), str(job.output), 0, 0, 0, reason)
    if result.error is not None:
        _warn(result.error)
    return result


def mask_file(job: Job, settings: MaskSettings, *, audio: bool, force: bool, quiet: bool, say: bool) -> Result:
    """Mask one file; of one that breaks off the result has both numbers and an error. Raises any EmojimaskError."""
    from emojimask.build import build_pipeline, file_sinks, open_file
    from emojimask.runner import run

    pipeline = build_pipeline(settings, measured=job.report is not None)
    with open_file(job.source) as source, Progress(source.info, quiet=quiet) as progress:
        sinks = file_sinks(source.info, job.output, job.report, audio=audio, force=force)
        summary = run(source, pipeline, sinks, progress)
    if summary.left_out:
        _warn(f"{job.source}: without {summary.left_out} of its sound tracks, whose codec is not known")
    for reason, count in summary.failures.items():
        _warn(f"{job.source}: {count} frames were shielded because of {reason}")
    numbers = summary.frames, summary.with_faces, summary.shielded
    error = None
    if summary.broken_off is not None:
        error = f"{summary.broken_off}; what could be read is masked in {job.output}"
    elif say and not quiet:
        print(f"{job.output}: {_sentence(*numbers, source.info.fps == 0)}")
    return Result(str(job.source), str(job.output), *numbers, error)


def _sentence(frames: int, with_faces: int, shielded: int, still: bool) -> str:
    if still:
        return "shielded" if shielded else "faces covered" if with_faces else "no face found; written as it is"
    return f"{frames} frames, faces covered in {with_faces}, shielded {shielded}"


def _warn(message: str) -> None:
    print(f"emojimask: {message}", file=sys.stderr)
