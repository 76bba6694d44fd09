"""Files of training runs: written whole, and read with every fault named."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from emojimask.errors import DataError
from emojimask.files.atomic import unwritable, write_whole


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """What the system says against a file in ``folder`` becomes a SinkError."""
    try:
        yield
    except OSError as error:
        raise unwritable(folder, error) from error


def save(content: dict[str, Any], path: Path) -> None:
    """A kill in between leaves the last good file. Raises SinkError where it cannot be written."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    with writing(path.parent):
        write_whole(path, buffer.getvalue())


def read_checkpoint(path: Path, device: torch.device, *needed: str) -> dict[str, Any]:
    """What :func:`save` wrote.

    Raises:
        DataError: there is no such file, it is damaged, or it lacks one of the ``needed`` entries.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such checkpoint; name a trained run's folder, or its best.pt")
    try:
        with zipfile.ZipFile(path) as archive:  # torch takes damaged weights for weights: it leaves out the checksums
            damaged = archive.testzip()
        content = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # torch raises many kinds, none of them documented
        raise DataError(f"{path}: is damaged or not a checkpoint ({type(error).__name__})") from error
    if damaged is not None:
        raise DataError(f"{path}: is damaged (checksum of {damaged})")
    missing = [key for key in needed if not isinstance(content, dict) or key not in content]
    if missing:
        raise DataError(f"{path}: not a checkpoint of this kind, {missing[0]!r} is missing")
    checkpoint: dict[str, Any] = content
    return checkpoint
