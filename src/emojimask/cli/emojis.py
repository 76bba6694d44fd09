"""``emojimask emojis``: which sets there are; and to begin, check and look at one's own."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from emojimask.cli.given import given_name, given_path, printable
from emojimask.cli.main import DONE, FAILED, add_part
from emojimask.cli.options import check_outputs
from emojimask.errors import SourceError, UsageError
from emojimask.files.atomic import write_result
from emojimask.settings import load_settings
from emojimask.types import MaskedFrame

STRIP_EVERY_S, STRIP_FRAMES = 0.5, 16
"""Of a clip, a preview shows a frame in this many seconds, and this many at most."""


def add_emojis(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|new|check|preview")
    listing = add_part(actions, "list", "the shipped sets")
    listing.add_argument("--json", action="store_true", help="print as JSON")
    listing.set_defaults(run=run_list)
    new = add_part(actions, "new", "begin a set of your own: eight pictures and a set.toml that explains itself")
    new.add_argument("folder", type=given_path, metavar="DIR", help="a new folder")
    new.add_argument(
        "--from",
        dest="source",
        type=given_name,
        default="classic",
        metavar="SET",
        help="its pictures (default: classic)",
    )
    new.set_defaults(run=run_new)
    check = add_part(actions, "check", "tell every fault of a set, and what to do about it")
    check.add_argument("emojis", type=given_name, metavar="DIR|SET", help="a folder, a shipped set, font or font:FILE")
    check.add_argument("--json", action="store_true", help="print as JSON")
    check.set_defaults(run=run_check)
    preview = add_part(actions, "preview", "a picture of a set: every expression in several poses")
    preview.add_argument(
        "emojis", type=given_name, metavar="SET|DIR", help="a shipped set, a folder, font or font:FILE"
    )
    preview.add_argument("-o", "--output", type=given_path, metavar="FILE", help="a PNG (default: NAME_preview.png)")
    preview.add_argument("--clip", type=given_path, metavar="VIDEO", help="below it, frames of this clip, masked")
    preview.add_argument("--force", action="store_true", help="overwrite a picture that exists")
    preview.set_defaults(run=run_preview)


def run_list(args: argparse.Namespace) -> int:
    from emojimask.emojis.emoji_set import shipped_sets

    sets = shipped_sets()
    print(json.dumps(sets) if args.json else "\n".join(sets))
    return DONE


def run_new(args: argparse.Namespace) -> int:
    from emojimask.emojis.cast import RANDOM
    from emojimask.emojis.emoji_set import FONT, load_emoji_set, shipped_sets
    from emojimask.emojis.starter import make_starter

    name = str(args.folder)
    if name in (*shipped_sets(), RANDOM) or name.partition(":")[0] == FONT:
        raise UsageError(f"{name}: --emojis {name} would mean other emoji; choose another name")
    make_starter(args.folder, load_emoji_set(args.source))
    print(f'{args.folder}: draw over its pictures; then: emojimask emojis preview "{args.folder}"')
    return DONE


def run_check(args: argparse.Namespace) -> int:
    from emojimask.emojis.emoji_set import check_emoji_set

    faults = check_emoji_set(args.emojis)
    if args.json:
        print(json.dumps(faults))
    else:
        print("\n".join(map(printable, faults or [f"{args.emojis}: a sound emoji set"])))
    return FAILED if faults else DONE


def run_preview(args: argparse.Namespace) -> int:
    import cv2

    from emojimask.cli.contact_sheet import below, contact_sheet, strips
    from emojimask.emojis.emoji_set import load_emoji_set

    emojis = load_emoji_set(args.emojis)
    name = re.sub(r"[^\w.-]", "_", emojis.name)
    output: Path = args.output or Path(f"{name}_preview.png")
    if output.suffix.lower() != ".png":
        raise UsageError(f"{output}: a preview is written as .png, not as '{output.suffix}'")
    check_outputs([output], [args.clip], force=args.force)
    sheet = contact_sheet(emojis)
    if args.clip is not None:
        sheet = below(sheet, strips(_masked_frames(args.clip, args.emojis)))
    write_result(output, cv2.imencode(".png", sheet)[1].tobytes())
    print(output)
    return DONE


def _masked_frames(clip: Path, emojis: str) -> list[MaskedFrame]:
    from emojimask.build import build_pipeline, open_file

    pipeline = build_pipeline(load_settings(overrides={"emojis": emojis}))
    with open_file(clip) as source:
        frames = list(_now_and_then(pipeline.process_file(source)))
    if not frames:
        raise SourceError(f"{clip}: has no frame to show")
    return frames


def _now_and_then(frames: Iterable[MaskedFrame]) -> Iterator[MaskedFrame]:
    due_s, count = float("-inf"), 0
    for frame in frames:
        if frame.time_s >= due_s:
            yield frame
            due_s, count = frame.time_s + STRIP_EVERY_S, count + 1
        if count == STRIP_FRAMES:
            return
