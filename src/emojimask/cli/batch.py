"""``emojimask batch``: a folder with all that is in it, on every core or on a cluster."""

from __future__ import annotations

import argparse
import json
import math
import sys
from typing import TYPE_CHECKING

from emojimask.cli.given import given_name
from emojimask.cli.main import DONE, FAILED, SOME_FAILED
from emojimask.cli.options import add_output_flags, add_setting_flags, settings_from
from emojimask.errors import UsageError

if TYPE_CHECKING:
    from emojimask.batch.engine import Engine
    from emojimask.batch.run import Progress
    from emojimask.batch.tasks import Request


def add_batch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "inputs", type=given_name, metavar="IN_DIR", help="a folder, or a URL such as s3://bucket/folder (extra [ray])"
    )
    parser.add_argument(
        "outputs", type=given_name, metavar="OUT_DIR", help="a folder, or a URL; its manifest.jsonl tells what was done"
    )
    parser.add_argument("--workers", type=int, metavar="N", help="how many files at a time (default: one a core)")
    parser.add_argument(
        "--engine", choices=("local", "ray"), default="local", help="this machine, or Ray (extra [ray])"
    )
    parser.add_argument("--ray-address", metavar="ADDRESS", help="of a running Ray cluster (default: one of its own)")
    parser.add_argument(
        "--split-s",
        type=float,
        default=300.0,
        metavar="SECONDS",
        help="mask videos of at least twice this length in stretches side by side; 0: never (default: 300)",
    )
    parser.add_argument("--reports", action="store_true", help="beside each output, what was seen frame by frame")
    parser.add_argument("--leak", action="store_true", help="measure on each output how much of a face still shows")
    parser.add_argument("--no-audio", dest="audio", action="store_false", help="leave sound and subtitles out")
    add_output_flags(parser, force="mask again what is done, and overwrite outputs that no batch has made")
    add_setting_flags(parser)
    parser.set_defaults(run=run_batch)


def run_batch(args: argparse.Namespace) -> int:
    from emojimask.batch.folders import open_folder
    from emojimask.batch.run import BatchRun
    from emojimask.batch.tasks import Request
    from emojimask.build import own_parts
    from emojimask.cli.batch_table import Table

    _check(args)
    settings = settings_from(args)
    request = Request(
        open_folder(args.inputs),
        open_folder(args.outputs),
        settings,
        audio=args.audio,
        reports=args.reports,
        split_s=args.split_s,
        leak=args.leak,
        own=own_parts(settings),
    )
    with Table(quiet=args.quiet) as table:
        run = BatchRun(request, force=args.force, say=table.say)
        engine = _engine(request, args)
        table.watch(run.progress, engine.frames_so_far)
        progress = run.run(engine)
    _tell(progress, args)
    if not progress.failed:
        return DONE
    return FAILED if len(progress.failed) == progress.total else SOME_FAILED


def _check(args: argparse.Namespace) -> None:
    if args.workers is not None and args.workers < 1:
        raise UsageError(f"--workers: needs 1 or more, found {args.workers}")
    if not 0 <= args.split_s < math.inf:  # JSON, and so the manifest, knows no infinity
        raise UsageError(f"--split-s: needs 0 (never) or more, found {args.split_s:g}")
    if args.ray_address and args.engine != "ray":
        raise UsageError("--ray-address: goes with --engine ray")


def _engine(request: Request, args: argparse.Namespace) -> Engine:
    if args.engine == "ray":
        from emojimask.batch.ray_data import RayEngine

        return RayEngine(request, args.workers, args.ray_address)
    from emojimask.batch.local import LocalEngine
    from emojimask.threads.parallel import core_count

    return LocalEngine(request, args.workers or core_count())


def _tell(progress: Progress, args: argparse.Namespace) -> None:
    if args.json:
        print(
            json.dumps(
                {
                    "files": progress.total,
                    "done": progress.done,
                    "unchanged": progress.unchanged,
                    "frames": progress.frames,
                    "failed": progress.failed,
                },
                indent=2,
            )
        )
    elif not args.quiet:
        failed = f", {len(progress.failed)} failed" if progress.failed else ""
        print(f"{progress.done} masked, {progress.unchanged} unchanged{failed}; {progress.frames:,} frames")
        if len(progress.failed) > progress.refused:
            print("run the same command again to try the failed ones anew", file=sys.stderr)
