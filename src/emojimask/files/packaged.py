"""Files that other packages bring along, found without importing those: some cannot be imported any more."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def packaged(package: str, *parts: str) -> Path | None:
    """The path of a file in an installed package; None where either is missing."""
    spec = find_spec(package)
    path = Path(spec.origin).parent.joinpath(*parts) if spec is not None and spec.origin else None
    return path if path is not None and path.is_file() else None
