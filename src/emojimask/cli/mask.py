"""``emojimask mask``: pictures, videos and folders."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from emojimask.cli.given import given_path
from emojimask.cli.main import DONE, FAILED, SOME_FAILED, internal_fault
from emojimask.cli.options import add_output_flags, add_setting_flags, settings_from
from emojimask.cli.progress import Progress
from emojimask.errors import EmojimaskError, SourceError, UsageError
from emojimask.settings import MaskSettings

MARK = "_masked"


def add_mask(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("inputs", nargs="+", type=given_path, metavar="INPUT", help="pictures, videos or folders")
    parser.add_argument(
        "-o",
        "--output",
        type=given_path,
        metavar="OUT",
        help=f"a file, or a folder (default: {{name}}{MARK} beside the input)",
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
    jobs, missing = plan(args.inputs, args.output, args.report)
    if jobs:
        _check(settings, args.report)
    for result in missing:
        _warn(result.error or "")
    alone = len(jobs) + len(missing) == 1
    results = missing + [_attempt(job, settings, args, alone=alone) for job in jobs]
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


def plan(inputs: Sequence[Path], output: Path | None, report: Path | None) -> tuple[list[Job], list[Result]]:
    """What to mask and where to, and the inputs that are not there or cannot be looked at.

    Raises:
        UsageError: two inputs would go to one output, or the folder holds nothing to mask.
    """
    found, missing = _find(inputs)
    if not found:
        return [], missing
    many = len(found) + len(missing) > 1 or any(path.is_dir() for path in inputs)
    into_folder = output is not None and (many or output.is_dir())
    jobs = []
    for path, root in found:
        target = _output(path, root, output if into_folder else None) if output is None or into_folder else output
        jobs.append(Job(path, target, _report(report, path) if report and many else report))
    for paths in ([job.output for job in jobs], [job.report for job in jobs if job.report]):
        twice = [path for path, count in Counter(paths).items() if count > 1]
        if twice:
            raise UsageError(f"{twice[0]}: two inputs would be written there; mask them one by one with -o")
    return jobs, missing


def _find(inputs: Iterable[Path]) -> tuple[list[tuple[Path, Path]], list[Result]]:
    """Each file with the folder that it was found under (its own, where it was named itself)."""
    from emojimask.sources.folder import find_inputs

    found: list[tuple[Path, Path]] = []
    missing: list[Result] = []
    for path in inputs:
        problems: list[SourceError] = []
        try:
            if path.is_dir():
                files = [file for file in find_inputs(path, problems.append) if not file.stem.endswith(MARK)]
                if not files and not problems:
                    raise UsageError(f"{path}: the folder holds no picture and no video")
                found += [(file, path) for file in files]
            elif path.exists():
                found.append((path, path.parent))
            else:
                problems.append(SourceError(f"{path}: no such file or folder"))
        except OSError as error:  # a name that is too long, for one
            problems.append(SourceError(f"{path}: cannot be opened ({error.strerror})"))
        missing += [Result(str(path), "", 0, 0, 0, str(problem)) for problem in problems]
    return list(dict.fromkeys(found)), missing


def _output(path: Path, root: Path, folder: Path | None) -> Path:
    from emojimask.sinks.image_files import SUFFIXES as PICTURES
    from emojimask.sinks.video_file import SUFFIXES as VIDEOS

    suffix = path.suffix if path.suffix.lower() in {*PICTURES, *VIDEOS} else ".mp4"
    name = f"{path.stem}{MARK}{suffix}"
    return path.with_name(name) if folder is None else folder / path.relative_to(root).with_name(name)


def _report(report: Path, path: Path) -> Path:
    return report.with_name(f"{report.stem}_{path.stem}{report.suffix}")


def _attempt(job: Job, settings: MaskSettings, args: argparse.Namespace, *, alone: bool) -> Result:
    """Mask one input; its errors are told and kept, so that the rest are still done.

    Raises:
        UsageError: the input is ``alone``, and the command as a whole is wrong.
    """
    try:
        return mask_file(job, settings, audio=args.audio, force=args.force, quiet=args.quiet, say=not args.json)
    except BrokenPipeError:
        raise  # nobody reads on, so there is nobody to mask the rest for
    except Exception as error:
        if args.debug or (alone and isinstance(error, UsageError)):
            raise
        reason = str(error) if isinstance(error, EmojimaskError) else f"{job.source}: {internal_fault(error)}"
    _warn(reason)
    return Result(str(job.source), str(job.output), 0, 0, 0, reason)


def mask_file(job: Job, settings: MaskSettings, *, audio: bool, force: bool, quiet: bool, say: bool) -> Result:
    """Mask one file. Raises any EmojimaskError."""
    from emojimask.build import build_pipeline, file_sinks, open_file
    from emojimask.runner import run

    pipeline = build_pipeline(settings, measured=job.report is not None)
    with open_file(job.source) as source, Progress(source.info, quiet=quiet) as progress:
        sinks = file_sinks(source.info, job.output, job.report, audio=audio, force=force)
        summary = run(source, pipeline, sinks, progress)
    if summary.broken_off is not None:
        raise SourceError(f"{summary.broken_off}; what could be read is masked in {job.output}")
    for reason, count in summary.failures.items():
        _warn(f"{job.source}: {count} frames were shielded because of {reason}")
    if say and not quiet:
        print(f"{job.output}: {_sentence(summary.frames, summary.with_faces, summary.shielded, source.info.fps == 0)}")
    return Result(str(job.source), str(job.output), summary.frames, summary.with_faces, summary.shielded)


def _sentence(frames: int, with_faces: int, shielded: int, still: bool) -> str:
    if still:
        return "shielded" if shielded else "faces covered" if with_faces else "no face found; written as it is"
    return f"{frames} frames, faces covered in {with_faces}, shielded {shielded}"


def _warn(message: str) -> None:
    print(f"emojimask: {message}", file=sys.stderr)
