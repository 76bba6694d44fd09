"""``emojimask bench expressions``: how often real faces get the right emoji."""

from __future__ import annotations

import argparse
import json
import sys

from emojimask.cli.given import given_path
from emojimask.cli.main import DONE


def add_expressions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--media", type=given_path, required=True, metavar="DIR", help="the folder of pictures and clips"
    )
    parser.add_argument(
        "--labels",
        type=given_path,
        required=True,
        metavar="TABLE.toml",
        help="which expression is shown in which, and when",
    )
    parser.add_argument(
        "--expressions", nargs="+", default=["default"], metavar="MODEL", help="models to compare (default: default)"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.set_defaults(run=run_expressions)


def run_expressions(args: argparse.Namespace) -> int:
    from emojimask.benchmark.expressions import bench, table
    from emojimask.benchmark.labelled import read_shows

    def tell(file: str) -> None:
        if not args.quiet:
            print(file, file=sys.stderr)

    scores = bench(args.media, read_shows(args.labels), args.expressions, tell)
    records = {model: {name: score.as_record() for name, score in of.items()} for model, of in scores.items()}
    print(json.dumps(records, indent=2) if args.json else table(scores))
    return DONE
