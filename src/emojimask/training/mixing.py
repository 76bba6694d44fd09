"""Pictures mixed in pairs within a batch: blended (mixup, Zhang et al. 2017) or pasted (cutmix, Yun et al. 2019)."""

from __future__ import annotations

import torch
from torch import Tensor

from emojimask.training.recipe import Recipe


def mixed(images: Tensor, recipe: Recipe) -> tuple[Tensor, Tensor, float]:
    """Mix every picture with another of its batch.

    Args:
        images: (N, C, S, S) float32; all channels of a picture are mixed alike.
        recipe: its ``mix`` and ``mix_alpha`` say how. Chance comes from torch's global generator on the CPU, so that
            a GPU is not waited for.

    Returns:
        The mixed pictures; (N,) int64, each one's partner; and the own picture's share of the loss, 0 to 1.
    """
    partner = torch.randperm(len(images)).to(images.device)
    share = float(torch.distributions.Beta(recipe.mix_alpha, recipe.mix_alpha).sample())
    if recipe.mix == "mixup" or (recipe.mix == "both" and float(torch.rand(())) < 0.5):
        return torch.lerp(images[partner], images, share), partner, share
    side = images.shape[-1]
    half = 0.5 * side * (1 - share) ** 0.5
    (top, bottom), (left, right) = (span(half, side) for _ in range(2))
    pasted = images.clone()
    pasted[:, :, top:bottom, left:right] = images[partner, :, top:bottom, left:right]
    return pasted, partner, 1 - (bottom - top) * (right - left) / side**2


def span(half: float, side: int) -> tuple[int, int]:
    """A stretch of about twice ``half`` around a place by chance, cut at 0 and ``side``."""
    centre = float(torch.rand(())) * side
    return max(0, round(centre - half)), min(side, round(centre + half))
