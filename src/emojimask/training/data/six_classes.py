"""FER2013 as six balanced classes, as in EmoNet: angry merged into disgust, half and half, all classes of one size.

A class with too many rows loses some at random; one with too few is filled with its own rows turned by 5 to 30
degrees either way in steps of 5, black where nothing lies, cut to the same size. All splits are made so, the tests
too: figures for this variant compare with those of that work only.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.errors import DataError
from emojimask.training.data.fer2013 import FER2013_CLASSES, SIDE, FerSplit

CLASSES = ("disgust", "fear", "happy", "sad", "surprise", "neutral")
SIZES = {"train": 3000, "valid": 642, "test": 642}
"""Rows of each class."""
ANGLES = tuple(sign * angle for angle in range(5, 31, 5) for sign in (1, -1))

_Rows = NDArray[np.int64]


def six_classes(split: FerSplit, part: str, seed: int) -> FerSplit:
    """The split in six classes of :data:`SIZES` rows, or as many as the smallest class gives with all its turns.

    ``seed`` decides over training alone; the other splits are always the same.

    Raises:
        DataError: a class has no rows, or the split does not have FER2013's seven.
    """
    if split.classes != FER2013_CLASSES:
        raise DataError("the variant six-classes is made from FER2013's seven classes only")
    rng = np.random.default_rng(seed if part == "train" else 0)
    pools = {name: np.flatnonzero(split.labels == FER2013_CLASSES.index(name)) for name in FER2013_CLASSES}
    size = min(SIZES[part], *(_most(name, pools) for name in CLASSES))
    if not size:
        empty = ", ".join(name for name, rows in pools.items() if not len(rows))
        raise DataError(f"six balanced classes cannot be made: no row of {empty}")
    chosen = [_choose(name, pools, size, rng) for name in CLASSES]
    rows, angles = (np.concatenate(column) for column in zip(*chosen, strict=True))
    return FerSplit(
        np.stack([turned(split.images[row], int(angle)) for row, angle in zip(rows, angles, strict=True)]),
        np.repeat(np.arange(len(CLASSES)), size),
        split.votes[rows],
        CLASSES,
        f"{split.source}; six balanced classes of {size} rows",
    )


def turned(image: NDArray[np.uint8], degrees: int) -> NDArray[np.uint8]:
    """The picture turned about its centre, black where nothing lies; 0 gives the picture itself."""
    if not degrees:
        return image
    centre = ((SIDE - 1) / 2, (SIDE - 1) / 2)
    return np.asarray(cv2.warpAffine(image, cv2.getRotationMatrix2D(centre, degrees, 1.0), (SIDE, SIDE)), np.uint8)


def _most(name: str, pools: dict[str, _Rows]) -> int:
    views = 1 + len(ANGLES)
    if name == "disgust":
        return 2 * views * min(len(pools["disgust"]), len(pools["angry"]))
    return views * len(pools[name])


def _choose(name: str, pools: dict[str, _Rows], size: int, rng: np.random.Generator) -> tuple[_Rows, _Rows]:
    """``size`` rows of a class, each with the degrees by which it is turned."""
    if name != "disgust":
        return _filled(pools[name], size, rng)
    halves = [_filled(pools["disgust"], size - size // 2, rng), _filled(pools["angry"], size // 2, rng)]
    rows, angles = (np.concatenate(column) for column in zip(*halves, strict=True))
    return rows, angles


def _filled(pool: _Rows, size: int, rng: np.random.Generator) -> tuple[_Rows, _Rows]:
    """Rows as they are, at random; when all are taken, turned ones, none twice at the same angle."""
    plain = rng.permutation(pool)[:size]
    views: NDArray[Any] = np.stack(np.meshgrid(pool, ANGLES), -1).reshape(-1, 2)
    more = rng.permutation(views)[: size - len(plain)]
    return np.concatenate([plain, more[:, 0]]), np.concatenate([np.zeros(len(plain), np.int64), more[:, 1]])
