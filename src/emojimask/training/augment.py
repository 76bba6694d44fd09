"""Random changes to a batch of faces, as tensors, so that the same code runs on a CPU and inside a GPU's memory."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812


def augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """Flip, rotate, scale, shift, blur, change the light and erase a patch.

    Args:
        images: (N, 1, S, S) float32, 0 to 1.
        generator: the source of all randomness, on the images' device.

    Returns:
        A new tensor of the same shape and range.
    """

    def uniform(low: float, high: float) -> Tensor:
        return torch.empty(len(images), device=images.device).uniform_(low, high, generator=generator)

    angle = uniform(-1, 1) * math.radians(15)
    scale = torch.exp(uniform(-0.18, 0.18))
    mirror = torch.where(uniform(0, 1) < 0.5, -1.0, 1.0)
    theta = torch.stack(
        [
            torch.stack([mirror * torch.cos(angle) / scale, -torch.sin(angle) / scale, uniform(-0.16, 0.16)], 1),
            torch.stack([mirror * torch.sin(angle) / scale, torch.cos(angle) / scale, uniform(-0.16, 0.16)], 1),
        ],
        1,
    )
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    images = F.grid_sample(images, grid, padding_mode="border", align_corners=False)

    def shaped(values: Tensor) -> Tensor:
        return values[:, None, None, None]

    blurred = F.interpolate(F.avg_pool2d(images, 2), scale_factor=2, mode="bilinear")
    images = torch.lerp(images, blurred, shaped(torch.clamp(uniform(-1.0, 1.0), min=0.0)))
    images = images.clamp(1e-3, 1) ** shaped(torch.exp(uniform(-0.5, 0.5)))
    mean = images.mean((2, 3), keepdim=True)
    images = (mean + (images - mean) * shaped(uniform(0.7, 1.3))).clamp(0, 1)
    return _erase(images, uniform(0, 1) < 0.4, uniform(0, 1), uniform(0, 1), uniform(0.1, 0.35), uniform(0, 1))


def _erase(images: Tensor, chosen: Tensor, x: Tensor, y: Tensor, size: Tensor, shade: Tensor) -> Tensor:
    """Paint a square of one shade over the chosen images (Zhong et al. 2017, random erasing)."""
    line = torch.linspace(0, 1, images.shape[-1], device=images.device)
    inside_x = (line[None] - x[:, None]).abs() < size[:, None] / 2
    inside_y = (line[None] - y[:, None]).abs() < size[:, None] / 2
    patch = inside_y[:, None, :, None] & inside_x[:, None, None, :] & chosen[:, None, None, None]
    return torch.where(patch, shade[:, None, None, None], images)
