"""``emojimask bench``: measures this program, here and now."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from emojimask.cli.bench_expressions import add_expressions
from emojimask.cli.bench_speed import add_speed
from emojimask.cli.given import given_path
from emojimask.cli.main import DONE, LEAKED, add_part
from emojimask.cli.options import positive, share


def add_bench(parser: argparse.ArgumentParser) -> None:
    benches = parser.add_subparsers(dest="bench", required=True, metavar="privacy|faces|speed|expressions")
    privacy = add_part(benches, "privacy", "leaked frames when everything goes wrong, ours and simpler ways'")
    privacy.add_argument(
        "--media", type=given_path, metavar="DIR", help="clips of one large face to use besides the portrait"
    )
    privacy.add_argument(
        "--fps", type=positive, default=30, help="frames a second; fewer are harder and quicker (default: 30)"
    )
    privacy.add_argument("--ours-only", action="store_true", help="leave out plain per-frame masking and the reference")
    privacy.add_argument("--strict", action="store_true", help="measure ours in strict mode")
    privacy.add_argument(
        "--limit",
        type=share,
        metavar="SHARE",
        help="exit with status 4 if a larger share (0 to 1) of our frames leaked",
    )
    privacy.add_argument("--quiet", action="store_true", help="no progress")
    privacy.add_argument("--json", action="store_true", help="print the results as JSON")
    privacy.set_defaults(run=run_privacy)
    faces = add_part(benches, "faces", "the installed face back ends side by side")
    faces.add_argument(
        "--media", type=given_path, metavar="DIR", help="pictures and clips to search, and to take actors from"
    )
    faces.add_argument(
        "--every", type=positive, default=15, metavar="N", help="of the clips, search each N-th frame (default: 15)"
    )
    faces.add_argument("--json", action="store_true", help="print the results as JSON")
    faces.set_defaults(run=run_faces)
    speed = add_part(benches, "speed", "milliseconds by stage, whole files, live latency, start-up, memory")
    add_speed(speed)
    expressions = add_part(benches, "expressions", "how often real faces get the right emoji")
    add_expressions(expressions)


def run_privacy(args: argparse.Namespace) -> int:
    from emojimask.benchmark.actors import cast_of
    from emojimask.benchmark.privacy import OURS, SYSTEMS, Outcome, bench, table
    from emojimask.settings import MaskSettings

    def tell(outcome: Outcome) -> None:
        if not args.quiet:
            print(f"{outcome.scene}, {outcome.system}: {outcome.leaked} of {outcome.frames} leaked", file=sys.stderr)

    settings = MaskSettings(strict=args.strict)
    outcomes = bench(OURS if args.ours_only else SYSTEMS, cast_of(args.media), args.fps, settings, tell)
    print(json.dumps([asdict(o) for o in outcomes], indent=2) if args.json else table(outcomes))
    ours = [o for o in outcomes if o.system in OURS]
    leaked = sum(o.leaked for o in ours) / max(1, sum(o.frames for o in ours))
    return LEAKED if args.limit is not None and leaked > args.limit else DONE


def run_faces(args: argparse.Namespace) -> int:
    from emojimask.benchmark.actors import cast_of
    from emojimask.benchmark.agreement import sampled
    from emojimask.benchmark.faces import bench, table

    pictures = sampled(args.media, args.every) if args.media is not None else ()
    records, agreed = bench(cast_of(args.media), pictures=pictures)
    print(json.dumps([asdict(record) for record in records], indent=2) if args.json else table(records, agreed))
    return DONE
