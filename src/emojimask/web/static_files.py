"""The pages and what they load."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from fastapi.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"
_KINDS = {".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".svg": "image/svg+xml"}


def static_files() -> StaticFiles:
    """Each is called what it is. On Windows any program may change that, and a browser runs no script called text."""
    for suffix, kind in _KINDS.items():
        mimetypes.add_type(kind, suffix)
    return StaticFiles(directory=STATIC)
