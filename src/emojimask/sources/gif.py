"""Damage in a GIF, which FFmpeg passes over without a word: rows are missing then, and a face is not found."""

from __future__ import annotations

from pathlib import Path

from PIL import Image as Pillow
from PIL import ImageSequence


def is_whole(path: Path) -> bool:
    """Whether every picture of a GIF has all its rows."""
    try:
        with Pillow.open(path, formats=["GIF"]) as gif:
            for picture in ImageSequence.Iterator(gif):
                picture.load()
    except Exception:  # Pillow raises many kinds over broken files
        return False
    return True
