"""``emojimask live``: a camera into a window, a virtual camera or a file."""

from __future__ import annotations

import argparse
import json

from emojimask.cli.given import given_name, given_path, warn
from emojimask.cli.main import DONE
from emojimask.cli.options import add_output_flags, add_setting_flags, settings_from
from emojimask.cli.progress import Progress, tell_failures
from emojimask.errors import without_password


def add_live(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--camera",
        type=given_name,
        default="0",
        metavar="0|NAME|URL|FILE",
        help="which camera, or a video played in its place (default: 0)",
    )
    parser.add_argument("--window", action="store_true", help="show a window; q or Esc ends it (the default output)")
    parser.add_argument(
        "--virtual-camera",
        nargs="?",
        const="",
        metavar="DEVICE",
        help="be a camera for other programs (extra [virtual-camera])",
    )
    parser.add_argument(
        "-o", "--output", type=given_path, metavar="FILE", help="record the masked video, without sound"
    )
    parser.add_argument(
        "--report", type=given_path, metavar="FILE", help="what was seen, frame by frame: .jsonl or .csv"
    )
    add_output_flags(parser)
    add_setting_flags(parser, live=True)
    parser.set_defaults(run=run_live)


def run_live(args: argparse.Namespace) -> int:
    from emojimask.build import build_pipeline, file_sinks, open_camera, virtual_camera_sink, window_sink
    from emojimask.runner import run

    pipeline = build_pipeline(settings_from(args, live=True))  # before the camera opens: no frame waits for the models

    def tell(trouble: str) -> None:
        warn(trouble or f"camera {without_password(args.camera)}: is back")

    with open_camera(args.camera, tell) as source, Progress(source.info, quiet=args.quiet) as progress:
        sinks = file_sinks(source.info, args.output, args.report, audio=False, force=args.force)
        if args.virtual_camera is not None:
            sinks.append(virtual_camera_sink(args.virtual_camera or None))
        if args.window or (args.output is None and args.virtual_camera is None):
            sinks.append(window_sink())
        summary = run(source, pipeline, sinks, progress)
    tell_failures(f"camera {source.info.name}", summary.failures)
    if summary.broken_off is not None:
        raise summary.broken_off
    if args.json:
        print(json.dumps({"frames": summary.frames, "shielded": summary.shielded}))
    elif not args.quiet:
        print(f"{summary.frames} frames, shielded {summary.shielded}")
    return DONE
