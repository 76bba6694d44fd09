"""When and where to look for new faces: where the picture has changed since somebody last looked.

A face cannot come where nothing changes. What changes all the time, such as a speaker's shoulders, becomes familiar
and is looked at less often; a change somewhere new, or over most of the picture, is looked at soon. As nothing is
certain, everything is looked at again after a while, changed or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.geometry.cells import cells_under, cells_under_any
from emojimask.media.pixels import coarse
from emojimask.types import Box, Picture

CHANGED = 4.0
"""Gray levels by which a cell's mean must differ."""
HINDSIGHT = 2.0
"""Where nothing new changes, looks are so many times as rare when who is found late is traced back; ..."""
TRACED = 0.6
"""... but where anything stirs, no farther apart than this share of the time over which he is."""
ON_FACE = 1.2
"""What changes within a known face's box, so many times as large, is that face ..."""
BESIDE_FACE = 2.0
"""... and within this its hair and shoulders: in hindsight, what is familiar there makes no look more urgent."""
LARGE = 0.4
"""A change over this share of a place makes nothing familiar: the camera moves, or the scene is another."""
FAMILIAR_S = 2.0
"""For about so long what has changed stays familiar."""
_COLUMNS = 80  # cells across the picture's longer side
_SAMPLES = 4  # across a cell
_NEVER = -1e9
_BUSY, _BUSY_TILE, _IDLE = 4.0, 2.0, 8.0  # times as long where only the familiar changes, and where nothing does


@dataclass(slots=True)
class _Place:
    """A part of the picture, in cells, and what was there when somebody last looked.

    Attributes:
        soon_s: seconds between looks where something new changes.
        busy: times as long where only the familiar does.
        enough: so many cells must have changed anew; a face that a look at this place finds changes more.
        warmth: how familiar each cell's changes were at the last look. A look at another place makes nothing familiar
            here: it may not find the face that this one would.
    """

    cells: tuple[slice, slice]
    soon_s: float
    busy: float
    enough: int = 1
    looked_s: float = _NEVER
    seen: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    warmth: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))


class Lookout:
    """Decides on every frame of one stream whether to look over the whole picture, and at which of its tiles.

    Args:
        soon_s: seconds between looks over the whole picture where something new changes.
        tile_soon_s: the same for each tile.
    """

    def __init__(self, soon_s: float, tile_soon_s: float) -> None:
        self._soon_s, self._tile_soon_s = soon_s, tile_soon_s
        self.reset()

    def reset(self) -> None:
        """Forget everything: the picture's size has changed."""
        self._whole = _Place((slice(None), slice(None)), self._soon_s, _BUSY, enough=4)
        self._tiles: dict[Box, _Place] = {}
        self._now = np.zeros((0, 0), np.float32)
        self._taken = self._beside = np.zeros((0, 0), np.bool_)
        self._time_s = 0.0
        self._rarer, self._most_s = 1.0, np.inf

    def watch(self, picture: Picture, time_s: float, faces: Sequence[Box], hindsight_s: float | None = None) -> None:
        """Take in the next frame. What happens on ``faces`` that are in sight is not news.

        ``hindsight_s``: for so long who is found late is traced back; None: live.
        """
        live = hindsight_s is None
        self._rarer, self._most_s = (1.0, np.inf) if hindsight_s is None else (HINDSIGHT, TRACED * hindsight_s)
        self._now = _cells(picture)
        self._taken = self._under(faces, ON_FACE, picture)
        self._beside = self._taken if live else self._under(faces, BESIDE_FACE, picture)
        self._time_s = time_s

    def whole_is_due(self, eager: bool = False) -> bool:
        """``eager``: whether or not anything has changed."""
        if eager:
            return self._time_s - self._whole.looked_s >= self._soon_s - 1e-6
        return self._overdue(self._whole) >= 0

    def whole_was_looked_at(self) -> None:
        self._looked_at(self._whole)

    def due_tiles(
        self, tiles: Sequence[Box], height: int, width: int, at_once: bool = False, most: int | None = None
    ) -> list[Box]:
        """The tiles that it is time to look at, at the ``most`` so many, those first that have waited longest.

        They count as looked at. ``at_once``: it is time as soon as anything has changed.
        """
        for tile in tiles:
            if tile not in self._tiles:
                cells = cells_under(tile, self._now.shape, height, width)
                self._tiles[tile] = _Place(cells, self._tile_soon_s, _BUSY_TILE)
        waits = {tile: self._overdue(self._tiles[tile], at_once) for tile in tiles}
        due = sorted((tile for tile in tiles if waits[tile] >= 0), key=lambda tile: -waits[tile])[:most]
        for tile in due:
            self._looked_at(self._tiles[tile])
        return due

    def _under(self, faces: Sequence[Box], times: float, picture: Picture) -> NDArray[np.bool_]:
        """Which cells lie under the faces, each so many times as large."""
        return cells_under_any((face.scaled(times) for face in faces), self._now.shape, *picture.shape[:2])

    def _looked_at(self, place: _Place) -> None:
        """What has changed here becomes familiar, and its surroundings with it."""
        changed, place.warmth = self._changed(place), self._warmth(place)
        if changed.mean() <= LARGE:
            place.warmth = np.maximum(place.warmth, cv2.dilate(changed.astype(np.float32), np.ones((5, 5), np.uint8)))
        place.looked_s, place.seen = self._time_s, self._now[place.cells]

    def _warmth(self, place: _Place) -> NDArray[np.float32]:
        """How familiar changes are by now."""
        now = self._now[place.cells]
        if place.warmth.shape != now.shape:
            return np.zeros_like(now)
        return place.warmth * np.float32(np.exp(-max(0.0, self._time_s - place.looked_s) / FAMILIAR_S))

    def _overdue(self, place: _Place, at_once: bool = False) -> float:
        """Seconds past the time for the next look; negative: not yet."""
        waited_s = self._time_s - place.looked_s + 1e-6
        if at_once and self._changed(place).any():
            return waited_s
        if waited_s < place.soon_s:
            return waited_s - place.soon_s
        changed = self._changed(place)
        new = changed & (self._warmth(place) < 0.3)
        if np.count_nonzero(new) >= place.enough:
            return waited_s - place.soon_s
        if (changed & ~self._beside[place.cells]).any():
            return waited_s - max(place.soon_s, min(place.soon_s * self._rarer * place.busy, self._most_s))
        return waited_s - place.soon_s * self._rarer * _IDLE

    def _changed(self, place: _Place) -> NDArray[np.bool_]:
        now = self._now[place.cells]
        if place.seen.shape != now.shape:
            return np.ones(now.shape, np.bool_)
        return np.asarray((np.abs(now - place.seen) > CHANGED) & ~self._taken[place.cells])


def _cells(picture: Picture) -> NDArray[np.float32]:
    """Mean brightness of each cell."""
    height, width = picture.shape[:2]
    step = max(1, max(height, width) // (_COLUMNS * _SAMPLES))
    fine = coarse(picture, step)
    columns, rows = max(1, fine.shape[1] // _SAMPLES), max(1, fine.shape[0] // _SAMPLES)
    return np.asarray(cv2.resize(fine, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)
