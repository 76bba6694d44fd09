"""What a network is punished for: wrong labels, weighted by class where asked, and differing from its teachers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from emojimask.training.optimisation import autocast
from emojimask.training.recipe import Recipe
from emojimask.training.targets import Target, heads

Logits = Sequence[Tensor]  # (N, C) for each head


def head_weight(head: str, recipe: Recipe) -> float:
    """FER+'s loss beside another head's is weighted by the recipe; a head by itself has weight 1."""
    return recipe.ferplus_weight if head == "ferplus" and recipe.labels == "both" else 1.0


def label_loss(
    logits: Logits, targets: dict[str, Target], rows: Tensor, weights: dict[str, Tensor], recipe: Recipe
) -> Tensor:
    """Cross entropy of each head over the ``rows`` that it can learn from, summed over the heads."""
    total = torch.zeros((), device=rows.device)
    for own, (head, target) in zip(logits, targets.items(), strict=True):
        smoothing = recipe.label_smoothing if target.hard else 0.0
        each = F.cross_entropy(
            own.float(), target.goal[rows], weights[head], reduction="none", label_smoothing=smoothing
        )
        learned = target.learned[rows]
        total = total + head_weight(head, recipe) * (each * learned).sum() / learned.sum().clamp(min=1)
    return total


def class_weights(target: Target, kind: str) -> Tensor:
    """(C,) float32 by the training rows' classes, 1 in the mean over rows.

    "inverse-sqrt": one over the square root of a class's rows. "effective": one over its effective number of rows,
    (1 - b^n) / (1 - b) with b = 1 - 1/N (Cui et al. 2019).
    """
    rows = (target.goal * target.learned[:, None]).sum(0)
    if kind == "none" or not rows.sum():
        return torch.ones_like(rows)
    if kind == "inverse-sqrt":
        weights = rows.clamp(min=1).rsqrt()
    else:
        b = 1 - 1 / float(rows.sum())
        weights = (1 - b) / (1 - b ** rows.clamp(min=1))
    return weights * rows.sum() / (weights * rows).sum()


def distillation_loss(logits: Logits, teachers: Sequence[nn.Module], images: Tensor, recipe: Recipe) -> Tensor:
    """How far the student is from its teachers on the same pictures: cross entropy, all heads, times T^2.

    Where the recipe asks some of them at a time, these are drawn by chance. Each sees the pictures mirrored every other
    time. Chance is that of torch's global generator on the CPU. In the long run the pupil learns the mean of all.
    """
    t = recipe.temperature
    asked = torch.randperm(len(teachers))[: recipe.asked or None].tolist()
    views = [images.flip(3) if float(torch.rand(())) < 0.5 else images for _ in asked]
    with torch.no_grad(), autocast(recipe, images.device):
        taught = [teachers[which](view) for which, view in zip(asked, views, strict=True)]
    total = torch.zeros((), device=images.device)
    for head, own, answers in zip(heads(recipe), logits, zip(*taught, strict=True), strict=True):
        goal = torch.stack([F.softmax(answer.float() / t, 1) for answer in answers]).mean(0)
        total = total + head_weight(head, recipe) * F.cross_entropy(own.float() / t, goal)
    return t**2 * total
