"""``emojimask compare``: several models on the same labelled faces, and whether they differ by more than chance."""

from __future__ import annotations

import argparse
import json

from emojimask.cli.evaluate import add_question, load
from emojimask.cli.given import given_name
from emojimask.cli.main import DONE
from emojimask.cli.options import check_outputs, result_file
from emojimask.errors import UsageError
from emojimask.files.atomic import write_result


def add_compare(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=run_compare)
    parser.add_argument(
        "models",
        type=given_name,
        nargs="+",
        metavar="MODEL",
        help="two or more, as for evaluate; the first is compared to",
    )
    add_question(parser)
    parser.add_argument("--rows", type=result_file, metavar="FILE", help="write what each says of each row, as CSV")
    parser.add_argument("--force", action="store_true", help="replace that file if it is there")
    parser.add_argument("--json", action="store_true", help="print everything as JSON instead of the page")


def run_compare(args: argparse.Namespace) -> int:
    """Compare; the page or the JSON on standard output."""
    from emojimask.evaluation.comparison import markdown
    from emojimask.training.compare import compare_models

    names: list[str] = args.models
    if len(set(names)) < max(2, len(names)):
        raise UsageError(f"compare takes two models or more, each once, found: {', '.join(names)}")
    if args.rows is not None:
        check_outputs([args.rows], [], force=args.force)
    result, rows = compare_models({name: load(name) for name in names}, args.data, args.labels, args.split)
    print(json.dumps(result, indent=1) if args.json else markdown(result), end="\n" if args.json else "")
    if args.rows is not None:
        write_result(args.rows, rows)
    return DONE
