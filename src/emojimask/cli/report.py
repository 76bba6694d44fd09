"""``emojimask report``: a batch's manifest as a page to look at."""

from __future__ import annotations

import argparse
from pathlib import Path

from emojimask.cli.given import given_path
from emojimask.cli.main import DONE
from emojimask.cli.options import check_outputs
from emojimask.errors import SourceError
from emojimask.files.atomic import write_result


def add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "manifest", type=given_path, metavar="MANIFEST", help="a manifest.jsonl, or the folder it is in"
    )
    parser.add_argument(
        "-o", "--output", type=given_path, metavar="FILE", help="the page (default: beside it, as .html)"
    )
    parser.add_argument("--force", action="store_true", help="overwrite a page that exists")
    parser.set_defaults(run=run_report)


def run_report(args: argparse.Namespace) -> int:
    from emojimask.batch.page import make_page
    from emojimask.batch.record import MANIFEST, parse_manifest

    manifest: Path = args.manifest
    try:
        if manifest.is_dir():
            manifest /= MANIFEST
        records = parse_manifest(manifest.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise SourceError(f"{manifest}: cannot be read ({error.strerror})") from error
    if not records:
        raise SourceError(f"{manifest}: holds no record of a batch")
    output: Path = args.output or manifest.with_suffix(".html")
    check_outputs([output], [manifest], force=args.force)
    write_result(output, make_page(records, f"emojimask batch: {manifest.resolve().parent.name}"))
    print(output)
    return DONE
