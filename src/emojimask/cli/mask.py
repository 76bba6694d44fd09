"""``emojimask mask``: pictures, videos and folders."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from emojimask.batch.names import MARK, left_alone
from emojimask.cli.given import given_name, given_path, printable, warn
from emojimask.cli.main import DONE, FAILED, SOME_FAILED, internal_fault
from emojimask.cli.mask_plan import Job, Result, plan
from emojimask.cli.options import add_output_flags, add_setting_flags, settings_from
from emojimask.cli.progress import Progress, tell_failures
from emojimask.errors import EmojimaskError, UsageError
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


def run_mask(args: argparse.Namespace) -> int:
    settings = settings_from(args)
    wanted = plan(args.inputs, args.output, args.report)
    if wanted.jobs:
        _check(settings, args.report)
    for result in wanted.undone:
        warn(result.error or "")
    if wanted.left_alone:
        warn(left_alone(wanted.left_alone))
    alone = len(wanted.jobs) + len(wanted.undone) == 1
    results = wanted.undone + [_attempt(job, settings, args, alone=alone) for job in wanted.jobs]
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
        warn(result.error)
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
        warn(f"{job.source}: without {summary.left_out} of its sound tracks, whose codec is not known")
    tell_failures(str(job.source), summary.failures)
    numbers = summary.frames, summary.with_faces, summary.shielded
    error = None
    if summary.broken_off is not None:
        error = f"{summary.broken_off}; what could be read is masked in {job.output}"
    elif say and not quiet:
        print(f"{printable(str(job.output))}: {_sentence(*numbers, source.info.fps == 0)}")
    return Result(str(job.source), str(job.output), *numbers, error)


def _sentence(frames: int, with_faces: int, shielded: int, still: bool) -> str:
    if still:
        return "shielded" if shielded else "faces covered" if with_faces else "no face found; written as it is"
    return f"{frames} frames, faces covered in {with_faces}, shielded {shielded}"
