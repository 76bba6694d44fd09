"""``emojimask emojis``: which sets there are, and whether one's own is sound."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from emojimask.cli.main import DONE, FAILED


def add_emojis(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|check")
    listing = actions.add_parser("list", help="the shipped sets")
    listing.add_argument("--json", action="store_true", help="print as JSON")
    listing.set_defaults(run=run_list)
    check = actions.add_parser("check", help="look for faults in a set of your own")
    check.add_argument("folder", type=Path, metavar="DIR")
    check.add_argument("--json", action="store_true", help="print as JSON")
    check.set_defaults(run=run_check)


def run_list(args: argparse.Namespace) -> int:
    from emojimask.emojis.emoji_set import shipped_sets

    sets = shipped_sets()
    print(json.dumps(sets) if args.json else "\n".join(sets))
    return DONE


def run_check(args: argparse.Namespace) -> int:
    from emojimask.emojis.emoji_set import check_emoji_set

    faults = check_emoji_set(args.folder)
    if args.json:
        print(json.dumps(faults))
    else:
        print("\n".join(faults) if faults else f"{args.folder}: a sound emoji set")
    return FAILED if faults else DONE
