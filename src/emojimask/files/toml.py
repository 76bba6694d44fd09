"""TOML, as people write it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any


def read_toml(path: Path) -> dict[str, Any]:
    """What a file says.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not TOML, or not in UTF-8.
    """
    return toml(path.read_text(encoding="utf-8-sig"))  # Notepad's files begin with a byte order mark


def toml(text: str) -> dict[str, Any]:
    """What a text in TOML says. Raises ValueError where it is none."""
    try:
        content = tomllib.loads(text)
        repr(content)  # whatever a message may have to show
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise ValueError("nested without end") from None
    except ValueError:  # Python reads long numbers in hexadecimal, but writes none
        raise ValueError("a number has thousands of digits") from None
    return content
