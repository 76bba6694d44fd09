"""What the heads are taught and judged by: a split's labels and votes as tensors on the training device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from emojimask.errors import UsageError
from emojimask.training.data.fer2013 import (
    FER2013_CLASSES,
    FERPLUS_CLASSES,
    FerSplit,
    ferplus_distribution,
    ferplus_majority,
)
from emojimask.training.data.six_classes import CLASSES as SIX_CLASSES
from emojimask.training.data.variants import SIX
from emojimask.training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Target:
    """One head's part of a split of N rows and C classes."""

    goal: Tensor  # (N, C) float32, what is learned: each row a distribution
    learned: Tensor  # (N,) float32, 1 where the row can be learned from, else 0
    label: Tensor  # (N,) int64, the class that is right
    counts: Tensor  # (N,) bool, true where the protocol counts the row
    hard: bool  # whether goals are single classes, which label smoothing is for


@dataclass(frozen=True, slots=True)
class Tensors:
    """A split on the training device."""

    images: Tensor  # (N, 1, 48, 48) float32, 0 to 1
    targets: dict[str, Target]  # by head

    def __len__(self) -> int:
        return len(self.images)


def heads(recipe: Recipe) -> dict[str, tuple[str, ...]]:
    """Names of the recipe's heads, which are those of the outputs too, and their classes."""
    labels: dict[str, tuple[str, ...]] = (
        {"six_classes": SIX_CLASSES} if recipe.variant == SIX else {"fer2013": FER2013_CLASSES}
    )
    votes: dict[str, tuple[str, ...]] = {"ferplus": FERPLUS_CLASSES}
    return {"both": labels | votes, "fer2013": labels, "ferplus": votes}[recipe.labels]


def to_device(split: FerSplit, recipe: Recipe, device: torch.device) -> Tensors:
    """Raises UsageError where the split's classes are not those of the recipe."""
    images = torch.from_numpy(np.ascontiguousarray(split.images[:, None])).to(device, torch.float32) / 255
    targets = {}
    for head, classes in heads(recipe).items():
        if head == "ferplus":
            targets[head] = ferplus_target(split.votes, recipe.ferplus_target, device)
        elif classes == split.classes:
            targets[head] = label_target(split.labels, len(classes), device)
        else:
            raise UsageError(f"recipe {recipe.name}: learns {len(classes)} classes, the data has {len(split.classes)}")
    return Tensors(images, targets)


def label_target(labels: NDArray[np.int64], classes: int, device: torch.device) -> Target:
    label = torch.from_numpy(labels).to(device)
    everywhere = torch.ones(len(labels), device=device)
    return Target(F.one_hot(label, classes).float(), everywhere, label, everywhere.bool(), hard=True)


def ferplus_target(votes: NDArray[np.float32], kind: str, device: torch.device) -> Target:
    """Judged by the majority rule; taught the share of votes, or the same majority alone."""
    soft, usable = ferplus_distribution(votes)
    majority, counts = ferplus_majority(votes)

    def tensor(array: NDArray[Any], dtype: torch.dtype) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(device, dtype)

    label, counted = tensor(majority, torch.int64), tensor(counts, torch.bool)
    if kind == "majority":
        return Target(F.one_hot(label, len(FERPLUS_CLASSES)).float(), counted.float(), label, counted, hard=True)
    return Target(tensor(soft, torch.float32), tensor(usable, torch.float32), label, counted, hard=False)
