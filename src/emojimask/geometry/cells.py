"""A grid of cells laid over a picture, and which of them boxes touch."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from emojimask.types import Box


def cells_under(box: Box, grid: tuple[int, ...], height: int, width: int) -> tuple[slice, slice]:
    """Which cells, at least one down and one across, of a ``grid`` (down, across) over a picture a box touches."""

    def span(low: float, high: float, cells: int, pixels: int) -> slice:
        first = int(np.clip(low / pixels * cells, 0, cells - 1))
        return slice(first, max(first + 1, int(np.ceil(np.clip(high / pixels, 0, 1) * cells))))

    return span(box.y, box.y + box.height, grid[0], height), span(box.x, box.x + box.width, grid[1], width)


def cells_under_any(boxes: Iterable[Box], grid: tuple[int, ...], height: int, width: int) -> NDArray[np.bool_]:
    """Which cells of such a grid any of the boxes touches; shape ``grid``."""
    cells = np.zeros(grid, np.bool_)
    for box in boxes:
        cells[cells_under(box, grid, height, width)] = True
    return cells
