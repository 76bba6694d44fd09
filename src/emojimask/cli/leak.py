"""``emojimask leak``: an original against its masked copy, looked at with other eyes than the masking's."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

from emojimask.batch.names import MARK
from emojimask.cli.given import given_path, warn
from emojimask.cli.main import DONE, FAILED, LEAKED
from emojimask.cli.options import PLOTS, check_outputs, plot_file, share, some_of
from emojimask.errors import OutputExistsError, SinkError, SourceError, UsageError
from emojimask.files.atomic import check_folder, unwritable
from emojimask.leak.audit import LeakReport

EYES = ("haar", "hog", "mtcnn", "mediapipe")
SHOWN = 10  # leaked frames listed in the table; all are in the JSON


def add_leak(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("original", type=given_path, metavar="ORIGINAL", help="the file as it was before")
    parser.add_argument(
        "masked", type=given_path, metavar="MASKED", help="what emojimask, or any other tool, made of it"
    )
    parser.add_argument(
        "--limit",
        type=share,
        metavar="SHARE",
        help="exit with status 4 if a larger share (0 to 1) of the frames leaked, or anything cannot be vouched for",
    )
    parser.add_argument(
        "--eyes",
        type=some_of(EYES),
        metavar="NAME,...",
        help=f"who looks for faces: {', '.join(EYES)} (default: haar, and hog where it is installed)",
    )
    parser.add_argument("--plot", type=plot_file, metavar="FILE", help=f"draw what shows over time: {', '.join(PLOTS)}")
    parser.add_argument(
        "--worst", type=given_path, metavar="DIR", help="save the worst frames side by side; they SHOW FACES"
    )
    parser.add_argument("--force", action="store_true", help="overwrite outputs that exist")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.set_defaults(run=run_leak)


def run_leak(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from emojimask.build import eyes
    from emojimask.leak.files import compare_files, save_plot, save_worst

    _check_inputs(args.original, args.masked)
    _check_outputs(args)
    looking = eyes(args.eyes)
    with tqdm(unit=" frames", leave=False, disable=args.quiet or None) as bar:  # None: where there is no terminal
        report, faces = compare_files(args.original, args.masked, looking, bar.update)
    if report.is_of_another:
        raise UsageError(
            f"{len(report.unlike)} of {report.frames} frames are not shielded and do not show the original around its "
            "faces: this is no masked copy of it, or a face was overlooked; compare a file with what was made from it, "
            "or let other --eyes look"
        )
    print(json.dumps(as_record(report, list(looking)), indent=2) if args.json else table(report, list(looking)))
    status = _status(report, args.limit)
    try:
        if args.plot is not None:
            save_plot(report, args.plot)
        if args.worst is not None:
            save_worst(args.original, args.masked, faces, report, args.worst, SHOWN)
    except SinkError as error:  # what was measured stands
        warn(str(error))
        return FAILED if status == DONE else status
    return status


def _check_inputs(original: Path, masked: Path) -> None:
    """Refuse folders, and names in the wrong order: the faces of emojis do not show in the original.

    Raises:
        UsageError: these are none to compare.
        SourceError: one cannot be looked at.
    """
    for path in (original, masked):
        try:
            is_folder = path.is_dir()
        except OSError as error:  # a name that is too long, for one
            raise SourceError(f"{path}: cannot be opened ({error.strerror})") from error
        if is_folder:
            raise UsageError(f"{path}: is a folder; name files, or have all of them measured: emojimask batch --leak")
    if original.stem == masked.stem + MARK:
        raise UsageError(f"{original}: is by its name the masked copy of {masked}; name the original first")


def _check_outputs(args: argparse.Namespace) -> None:
    """Raises UsageError, SinkError; OutputExistsError also of a folder that holds what another run may have left."""
    check_outputs([args.plot], [args.original, args.masked], force=args.force)
    worst: Path | None = args.worst
    if worst is None:
        return
    check_folder(worst)
    try:
        used = worst.is_dir() and any(worst.iterdir())
    except OSError as error:
        raise unwritable(worst, error) from error
    if used and not args.force:
        raise OutputExistsError(f"{worst}: is there and not empty; name a new folder, or write into it with --force")


def _status(report: LeakReport, limit: float | None) -> int:
    if not report.measurable:
        return FAILED
    if limit is not None and report.exceeds(limit):
        return LEAKED
    return FAILED if report.unread else DONE


def as_record(report: LeakReport, looking: list[str]) -> dict[str, Any]:
    """What ``--json`` prints; without a face there is no share, so that nobody takes it for a good one."""
    sure = report.measurable
    return {
        "measurable": sure,
        "eyes": looking,
        "frames": report.frames,
        "frames_with_face": report.frames_with_face,
        "faces": report.faces,
        "leaked_frames": report.leaked_frames if sure else None,
        "leaked_share": round(report.leaked_share, 6) if sure else None,
        "worst_uncovered": round(report.worst_uncovered, 4) if sure else None,
        "longest_exposure_ms": report.longest_exposure_ms if sure else None,
        "faces_never_covered": list(report.faces_never_covered),
        "shielded_frames": report.shielded,
        "unlike_frames": list(report.unlike),
        "hidden": list(report.hidden),
        "unread": list(report.unread),
        "leaked": [
            {
                "frame": leak.frame,
                "time_s": round(leak.time_s, 6),
                "face": leak.face,
                "uncovered": round(leak.uncovered, 4),
                "seen": leak.seen,
            }
            for leak in report.leaked
        ],
        "timeline": [None if math.isnan(value) else round(value, 4) for value in report.timeline],
    }


def table(report: LeakReport, looking: list[str]) -> str:
    """The same for people."""
    rows = [("frames", f"{report.frames}"), ("eyes", ", ".join(looking))]
    if report.hidden:
        rows.append(("carries besides", f"{', '.join(report.hidden)}: not looked at, and not shown"))
    rows += [("not compared", reason) for reason in report.unread]
    if not report.measurable:
        rows.append(("result", "nothing to measure: no face was found in the original"))
        return _aligned(rows)
    rows += [
        ("frames with a face", f"{report.frames_with_face}, {report.faces} faces"),
        ("leaked frames", f"{report.leaked_frames} ({100 * report.leaked_share:.2f} %)"),
        ("worst uncovered", f"{100 * report.worst_uncovered:.0f} % of a face"),
        ("longest exposure", f"{report.longest_exposure_ms:g} ms"),
        ("faces never covered", f"{len(report.faces_never_covered)}"),
        ("frames shielded", f"{report.shielded}"),
    ]
    if report.unlike:
        rows.append(("cannot be vouched for", f"{len(report.unlike)} frames, neither like the original nor shielded"))
    worst = sorted(report.leaked, key=lambda leak: leak.uncovered, reverse=True)
    for leak in worst[:SHOWN]:
        how = "" if leak.seen else ", assumed between two sightings"
        rows.append(
            (f"  {leak.time_s:.3f} s", f"frame {leak.frame}, face {leak.face}: {100 * leak.uncovered:.0f} %{how}")
        )
    if len(worst) > SHOWN:
        rows.append(("", f"... and {len(worst) - SHOWN} more; all are in --json"))
    return _aligned(rows)


def _aligned(rows: list[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:{width}}  {value}" for name, value in rows)
