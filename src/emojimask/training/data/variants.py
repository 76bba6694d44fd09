"""What a recipe may make of the data before training and evaluation: FER2013 as it is, or as two older works had it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from emojimask.errors import DataError, UsageError
from emojimask.training.data.fer2013 import FerSplit
from emojimask.training.data.key_points import with_key_points
from emojimask.training.data.six_classes import six_classes

PLAIN, SIX, KEY_POINTS = "plain", "six-classes", "key-points"


def prepare(split: FerSplit, variant: str, part: str, seed: int = 1) -> FerSplit:
    """The split as ``variant`` has it.

    Args:
        split: as read, FER2013's seven classes.
        variant: one of :data:`VARIANTS`.
        part: which split it is: "train", "valid" or "test".
        seed: of what is chosen at random in training; the other splits are always the same.

    Raises:
        UsageError: there is no such variant.
        DataError: a class has no rows in training, or the split cannot be made what the variant is.
    """
    check_variant(variant)
    if part == "train":
        check_classes(split)
    return VARIANTS[variant](split, part, seed)


def check_variant(variant: str) -> None:
    """Raise UsageError where there is no such variant."""
    if variant not in VARIANTS:
        raise UsageError(f"unknown variant {variant!r} of the data: choose one of {', '.join(VARIANTS)}")


def check_classes(split: FerSplit) -> None:
    """Raise DataError where a class has no rows: a network would never learn it, and say nothing of it."""
    counts = np.bincount(split.labels, minlength=len(split.classes))
    empty = [name for name, count in zip(split.classes, counts, strict=True) if not count]
    if empty:
        raise DataError(f"training rows ({split.source or 'data'}): no row of {', '.join(empty)}")


VARIANTS: dict[str, Callable[[FerSplit, str, int], FerSplit]] = {
    PLAIN: lambda split, _part, _seed: split,
    SIX: six_classes,
    KEY_POINTS: lambda split, _part, _seed: with_key_points(split),
}
