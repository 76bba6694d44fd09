"""A plot as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from emojimask.atomic import write_whole
from emojimask.errors import SinkError
from emojimask.evaluation.plots import encoded

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write it in the format of the suffix.

    Raises:
        UsageError: the suffix is not known.
        SinkError: the file cannot be written.
    """
    content = encoded(figure, path.suffix)
    try:
        write_whole(path, content)
    except OSError as error:
        raise SinkError(f"{path}: cannot be written: {error.strerror}") from error
