"""What may show in one frame of a file and in none after it: who is not found there at once is never found."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.geometry.cells import cells_under_any
from emojimask.policy.between import BRIEF_S
from emojimask.policy.frames import FINE_GRID, Cells, Pending
from emojimask.stages import Glimpse
from emojimask.types import Box, Frame

NEW = 4.0
"""Gray levels by which a cell must be brighter or darker than all about its place in another frame, ..."""
ABOUT = np.ones((5, 5), np.uint8)
"""... that is, two cells each way: what has only moved by so much is there as well."""
SQUARE = np.ones((5, 5), np.uint8)
"""A square of cells, about the smallest face that can be found, ..."""
ENOUGH = 4
"""... and so many of its cells: fewer are noise, or edges of what moves."""
AROUND = 2.0
"""To find a face, its surroundings must be looked at too: so many times the size of what is new."""
ON_FACE = 1.2
"""What happens within a known face's box, so many times as large, is that face."""


class Glimpses:
    """Where in a frame something may show that no later frame shows. One per stream."""

    def __init__(self) -> None:
        self._known: Cells | None = None  # what was there when it was last looked for what may be gone at once
        self._on_face = np.zeros(FINE_GRID, np.bool_)
        self._scene = 0  # of the latest look

    def in_frame(self, now: Pending, following: Pending) -> Glimpse | None:
        """The part of a frame to look at now or never; all of it where it begins or ends a scene, or stands for long.

        In the first of a scene a face that is followed from the one before may be taken for one that is there.
        """
        if self._known is None or not self._scene == now.scene == following.scene:
            return everything(now.frame, alone=now.begins and following.begins)
        if following.frame.time_s - now.frame.time_s > BRIEF_S + 1e-6:
            return everything(now.frame)
        new, gone = (_news(now.fine_cells, other) for other in (self._known, following.fine_cells))
        fleeting = _together(new & gone & ~self._on_face)
        return Glimpse(_around(fleeting, now.frame)) if fleeting.any() else None

    def looked(self, now: Pending, glimpse: Glimpse | None) -> None:
        """Take in the latest look."""
        self._scene = now.scene
        size = now.frame.picture.shape[:2]
        if glimpse is not None and not now.failed:
            seen = cells_under_any([glimpse.box], FINE_GRID, *size)
            self._known = now.fine_cells if self._known is None else np.where(seen, now.fine_cells, self._known)
        known = (track.face.box.scaled(ON_FACE) for track in now.tracks.values())
        self._on_face = cells_under_any(known, FINE_GRID, *size)


def everything(frame: Frame, alone: bool = False) -> Glimpse:
    """The whole picture, thoroughly. ``alone``: it is all of its scene."""
    height, width = frame.picture.shape[:2]
    return Glimpse(Box(0, 0, width, height), thorough=True, alone=alone)


def _news(cells: Cells, other: Cells) -> NDArray[np.bool_]:
    """Which cells show what the other frame does not show thereabouts."""
    return np.asarray((cells > cv2.dilate(other, ABOUT) + NEW) | (cells < cv2.erode(other, ABOUT) - NEW))


def _together(cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Those that have enough others about them."""
    count = cv2.boxFilter(cells.astype(np.uint8), -1, SQUARE.shape, normalize=False, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(cells & (cv2.dilate((count >= ENOUGH).astype(np.uint8), SQUARE) > 0))


def _around(cells: NDArray[np.bool_], frame: Frame) -> Box:
    """A box about the cells, with their surroundings."""
    height, width = (pixels / cells for pixels, cells in zip(frame.picture.shape[:2], cells.shape, strict=True))
    rows, columns = np.nonzero(cells)
    left, top = float(columns.min() * width), float(rows.min() * height)
    box = Box(left, top, float(columns.max() + 1) * width - left, float(rows.max() + 1) * height - top)
    return box.scaled(AROUND)
