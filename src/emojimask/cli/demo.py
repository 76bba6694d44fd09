"""``emojimask demo``: the main job on a clip that the program makes itself."""

from __future__ import annotations

import argparse
import json
from itertools import count
from pathlib import Path

from emojimask.cli.given import given_path
from emojimask.cli.main import DONE
from emojimask.cli.options import add_output_flags, add_setting_flags, settings_from
from emojimask.cli.progress import Progress, tell_failures

FOLDER = "emojimask-demo"


def add_demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o",
        "--output",
        type=given_path,
        metavar="DIR",
        help=f"where to write (default: {FOLDER}, or the next free number)",
    )
    add_output_flags(parser)
    add_setting_flags(parser)
    parser.set_defaults(run=run_demo)


def run_demo(args: argparse.Namespace) -> int:
    from emojimask.build import build_pipeline, file_sinks
    from emojimask.runner import run
    from emojimask.sources.synthetic import SyntheticSource

    folder = args.output or _free_folder()
    clip, report = folder / "demo_masked.mp4", folder / "demo_report.jsonl"
    pipeline = build_pipeline(settings_from(args))
    with SyntheticSource() as source, Progress(source.info, quiet=args.quiet) as progress:
        sinks = file_sinks(source.info, clip, report, audio=False, force=args.force)
        summary = run(source, pipeline, sinks, progress)
    tell_failures(source.info.name, summary.failures)
    if args.json:
        print(json.dumps({"clip": str(clip.resolve()), "report": str(report.resolve()), "frames": summary.frames}))
    else:
        print(f"masked clip: {clip.resolve()}\nreport:      {report.resolve()}")
    return DONE


def _free_folder() -> Path:
    names = (FOLDER if number == 1 else f"{FOLDER}-{number}" for number in count(1))
    return next(Path(name) for name in names if not Path(name).exists())
