"""Files that appear whole or not at all."""

from __future__ import annotations

from pathlib import Path


def write_whole(path: Path, content: bytes | str) -> None:
    """Write ``NAME.part`` beside it, then rename: an error or a kill in between leaves the old file, or none.

    Args:
        path: the file; its folder exists.
        content: bytes, or text, which is written in UTF-8.

    Raises:
        OSError: it cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(content.encode() if isinstance(content, str) else content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
