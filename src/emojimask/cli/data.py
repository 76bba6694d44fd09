"""``emojimask data``: faces of one's own for training."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from emojimask.cli.given import given_name, given_path, warn
from emojimask.cli.main import DONE, FAILED, SOME_FAILED
from emojimask.cli.options import positive
from emojimask.errors import SourceError, UsageError
from emojimask.files.atomic import check_folder

COUNT = 10


def add_data(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="collect")
    collect = actions.add_parser(
        "collect",
        help="crop faces out of pictures, videos or a camera into a labelled folder",
        description="Crop faces out of pictures, videos or a camera into a labelled folder that training reads. The "
        "crops show real faces, unmasked (gray, 48x48); they stay on this machine until you delete the folder.",
    )
    collect.add_argument(
        "out", type=given_path, metavar="OUT_DIR", help="receives train/LABEL/*.png; what is there stays"
    )
    collect.add_argument(
        "inputs", nargs="*", type=given_path, metavar="PICTURES", help="pictures, videos, or folders of them"
    )
    collect.add_argument(
        "--camera", type=given_name, metavar="0|NAME|URL|FILE", help="a camera; asks for each expression"
    )
    collect.add_argument(
        "--label", help="the expression that all show (default: the name of a picture's folder; camera: one by one)"
    )
    collect.add_argument(
        "--count", type=positive, metavar="N", help=f"camera: crops of each expression (default: {COUNT})"
    )
    collect.add_argument("--json", action="store_true", help="print the numbers as JSON")
    collect.set_defaults(run=run_collect)


def run_collect(args: argparse.Namespace) -> int:
    if bool(args.inputs) == (args.camera is not None):
        raise UsageError("data collect: give pictures or --camera, one of the two")
    if args.inputs and args.count is not None:
        raise UsageError("--count: goes with --camera")
    check_folder(args.out)
    problems: list[SourceError] = []
    found = _from_camera(args) if args.camera is not None else _from_pictures(args, problems)
    if args.json:
        print(json.dumps(found))
    else:
        numbers = ", ".join(f"{count} {name}" for name, count in found.items())
        print(f"{args.out}: {numbers}" if found else "no face was found")
    if not found:
        return FAILED
    return SOME_FAILED if problems else DONE


def _from_pictures(args: argparse.Namespace, problems: list[SourceError]) -> Counter[str]:
    """Adds to ``problems`` what cannot be read, once it is told."""
    from emojimask.training.data.collect import collect_pictures, labelled

    def tell(problem: SourceError) -> None:
        warn(str(problem))
        problems.append(problem)

    files = labelled(args.inputs, args.label, tell)
    if files:
        _announce(args.out)
    return collect_pictures(files, args.out, on_problem=tell)


def _from_camera(args: argparse.Namespace) -> Counter[str]:
    from emojimask.build import open_camera
    from emojimask.training.data.collect import collect_camera, known_label
    from emojimask.training.data.fer2013 import FER2013_CLASSES

    labels = FER2013_CLASSES if args.label is None else [known_label(args.label)]
    with open_camera(args.camera) as source:
        _announce(args.out)
        return collect_camera(source, args.out, labels, _ready, args.count or COUNT)


def _announce(out: Path) -> None:
    """Before the first face, and once nothing is wrong with what was asked for."""
    print(f"{out}: will hold unmasked faces, on this machine, until you delete it", file=sys.stderr)


def _ready(label: str) -> bool:
    """Ask on standard error, so that standard output holds the numbers alone."""
    print(f"{label}: look into the camera so, and press Enter (s and Enter: leave it out) ", end="", file=sys.stderr)
    answer = sys.stdin.readline()
    return answer != "" and not answer.strip().lower().startswith("s")
