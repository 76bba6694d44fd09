"""``emojimask live``: a camera into a window, a virtual camera or a file."""

from __future__ import annotations

import argparse
from pathlib import Path

from emojimask.cli.main import DONE
from emojimask.cli.options import add_output_flags, add_setting_flags, settings_from
from emojimask.cli.progress import Progress


def add_live(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--camera", default="0", metavar="0|NAME|URL|FILE", help="which camera, or a video played in its place (default: 0)"
    )
    parser.add_argument("--window", action="store_true", help="show a window; q or Esc ends it (the default output)")
    parser.add_argument(
        "--virtual-camera",
        nargs="?",
        const="",
        metavar="DEVICE",
        help="be a camera for other programs (extra [virtual-camera])",
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="record the masked video, without sound")
    parser.add_argument("--report", type=Path, metavar="FILE", help="what was seen, frame by frame: .jsonl or .csv")
    add_output_flags(parser)
    add_setting_flags(parser)
    parser.set_defaults(run=run_live)


def run_live(args: argparse.Namespace) -> int:
    from emojimask.build import build_pipeline, file_sink, open_camera, report_sink, virtual_camera_sink, window_sink
    from emojimask.runner import run

    settings = settings_from(args)
    sinks = []
    if args.virtual_camera is not None:
        sinks.append(virtual_camera_sink(args.virtual_camera or None))
    if args.output is not None:
        sinks.append(file_sink(args.output, still=False, audio=False, force=args.force))
    if args.window or not sinks:
        sinks.append(window_sink())
    if args.report is not None:
        sinks.append(report_sink(args.report, force=args.force))
    pipeline = build_pipeline(settings)  # before the camera opens: no frame waits for the models
    with open_camera(args.camera) as source, Progress(source.info, quiet=args.quiet) as progress:
        summary = run(source, pipeline, sinks, progress)
    if args.json:
        import json

        print(json.dumps({"frames": summary.frames, "shielded": summary.shielded}))
    elif not args.quiet:
        print(f"{summary.frames} frames, shielded {summary.shielded}")
    return DONE
