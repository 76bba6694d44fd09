"""A frame of a file that waits to be decided on, and what it shows, coarsely."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.media.pixels import coarse
from emojimask.types import Frame, Picture, Track, TrackState

GRID = 18, 32
"""Cells of a picture, down and across ..."""
FINE_GRID = 54, 96
"""... and three times as many each way."""
Cells = NDArray[np.float32]
"""Each cell's gray level, float32."""


@dataclass(slots=True)
class Pending:
    """A frame in the window.

    Attributes:
        tracks: by id; the tracked ones as seen, the held ones as predicted.
        failed: true where a search for faces failed on this frame, or on the next one that was to be looked at.
        scene: counts the cuts before this frame.
        begins: whether it is the first of its scene.
        cells, fine_cells: what it shows, coarsely (18, 32) and less so (54, 96).
        looked: false where nobody looked for faces, for they can be filled in.
    """

    frame: Frame
    scene: int
    begins: bool
    cells: Cells
    fine_cells: Cells
    tracks: dict[int, Track] = field(default_factory=dict)
    failed: bool = False
    looked: bool = False

    def sees(self, track_id: int) -> bool:
        track = self.tracks.get(track_id)
        return track is not None and track.state is TrackState.TRACKED


def cells_of(picture: Picture) -> tuple[Cells, Cells]:
    """The picture's structure, coarsely and less so."""
    step = max(1, min(picture.shape[:2]) // (4 * FINE_GRID[0]))
    fine = cv2.resize(coarse(picture, step), FINE_GRID[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
    return cv2.resize(fine, GRID[::-1], interpolation=cv2.INTER_AREA).astype(np.float32), fine


def is_cut(a: Cells, b: Cells) -> bool:
    """Two neighbouring frames that have hardly any structure in common. A flash keeps it; a black frame has none."""
    a, b = a - a.mean(), b - b.mean()
    in_a, in_b = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if max(in_a, in_b) <= 1e-3:
        return False
    return float((a * b).sum()) < 0.3 * in_a * in_b or min(in_a, in_b) <= 1e-3
