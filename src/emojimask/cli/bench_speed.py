"""``emojimask bench speed``."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from emojimask.cli.given import given_path
from emojimask.cli.main import DONE
from emojimask.cli.options import PLOTS, check_outputs, plot_file, result_file, some_of
from emojimask.errors import UsageError
from emojimask.files.atomic import write_result

PARTS = ("stages", "limits", "faces", "sizes", "file", "live", "model", "start", "memory")


def add_speed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=given_path, nargs="?", metavar="FILE", help="a video (default: one that is made)")
    parser.add_argument(
        "--faces", type=int, choices=range(1, 9), metavar="1..8", help="in the video that is made (default: 1)"
    )
    parser.add_argument("--quick", action="store_true", help="a minute's work: shows that all works, not how fast")
    parser.add_argument(
        "--minutes", type=_minutes, help="of the live run, and of the video whose memory is watched (default: 1)"
    )
    parser.add_argument("--only", type=some_of(PARTS), metavar="PART,...", help=f"some of: {', '.join(PARTS)}")
    parser.add_argument("--settings", type=given_path, metavar="FILE", help="a settings file instead of emojimask.toml")
    parser.add_argument("--plot", type=plot_file, metavar="FILE", help=f"draw the curves: {', '.join(PLOTS)}")
    parser.add_argument("--out", type=result_file, metavar="FILE", help="write the results as JSON")
    parser.add_argument("--force", action="store_true", help="overwrite outputs that exist")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.set_defaults(run=run_speed)


def run_speed(args: argparse.Namespace) -> int:
    from emojimask.benchmark.speed.bench import QUICK, Extent, bench
    from emojimask.benchmark.speed.plot import check_drawable, save_plot
    from emojimask.settings import load_settings

    if args.file is not None and args.faces is not None:
        raise UsageError("--faces is for the video that is made; leave it out with a FILE")
    check_outputs([args.out, args.plot], [args.file, args.settings], force=args.force)
    parts = args.only or PARTS
    if args.plot is not None:
        check_drawable(parts, args.plot)

    def tell(part: str) -> None:
        if not args.quiet:
            print(f"{part} ...", file=sys.stderr)

    extent = QUICK if args.quick else Extent()
    if args.minutes is not None:
        extent = replace(extent, minutes=args.minutes)
    settings, live = load_settings(args.settings), load_settings(args.settings, live=True)
    record: dict[str, Any] = {}
    try:
        bench(args.file, extent, settings, live, args.faces or 1, parts, tell, into=record)
    finally:  # where a part fails, or somebody has waited long enough, what the others found is kept
        if any(part in record for part in PARTS):
            _give(record, args.out, as_json=args.json)
    if args.plot is not None:
        save_plot(record, args.plot)
    return DONE


def _give(record: dict[str, Any], path: Path | None, *, as_json: bool) -> None:
    from emojimask.benchmark.speed.table import table

    text = json.dumps(record, indent=2)
    print(text if as_json else table(record), flush=True)  # before what may fail
    if path is not None:
        write_result(path, text + "\n")


def _minutes(text: str) -> float:
    minutes = float(text)
    if not 0 < minutes <= 24 * 60:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and {24 * 60}")
    return minutes
