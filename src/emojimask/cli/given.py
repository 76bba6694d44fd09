"""Names of files and folders as the command line gives them, and as it tells them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def given_name(text: str) -> str:
    """A name that is not empty: ``"$FILE"`` with FILE unset must not stand for the working folder, as Path does it."""
    if not text:
        raise argparse.ArgumentTypeError("the name is empty; give a file or a folder ('.' is the working folder)")
    return text


def given_path(text: str) -> Path:
    return Path(given_name(text))


def printable(text: str) -> str:
    """On one line, with what a terminal might act upon, or cannot show, written as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def warn(message: str) -> None:
    """A line of ours at the terminal."""
    print(f"emojimask: {printable(message)}", file=sys.stderr)
