"""``emojimask join``: take part in a class from the terminal."""

from __future__ import annotations

import argparse
import asyncio

from emojimask.cli.given import given_name
from emojimask.cli.main import DONE
from emojimask.cli.options import add_setting_flags, settings_from
from emojimask.errors import MissingExtraError, UsageError


def add_join(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", metavar="URL", help="the class's link, such as https://school.example:8764/join")
    parser.add_argument("code", nargs="?", metavar="CODE", help="the room's code, where the link does not hold it")
    parser.add_argument("--nick", default="", help="how the class sees you (default: a made-up name)")
    parser.add_argument(
        "--camera",
        type=given_name,
        default="0",
        metavar="0|NAME|URL|FILE",
        help="opened when you share, read here (default: 0)",
    )
    add_setting_flags(parser, cover=False)
    parser.set_defaults(run=run_join)


def run_join(args: argparse.Namespace) -> int:
    try:
        from emojimask.web.terminal.student import Student
    except ImportError as error:
        raise MissingExtraError(f'the class is not installed ({error.name}); pip install "emojimask[web]"') from error
    link, _, code_in_link = args.url.partition("#code=")
    code = args.code or code_in_link
    if not code:
        raise UsageError(f"{link}: names no room; give its code after the link: emojimask join URL CODE")
    student = Student(link, code, args.nick, args.camera, settings_from(args), lambda text: print(text, flush=True))
    asyncio.run(student.run())
    return DONE
