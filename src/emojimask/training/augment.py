"""Random changes to a batch of faces, as tensors, so that the same code runs on a CPU and inside a GPU's memory."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

Augmentation = Callable[[Tensor, torch.Generator], Tensor]
"""(N, 1, S, S) float32, 0 to 1, and the source of all randomness, on the images' device -> the same shape and range."""


def none(images: Tensor, generator: torch.Generator) -> Tensor:  # noqa: ARG001
    return images


def flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror half of them."""
    mirrored = uniform(images, generator, 0, 1) < 0.5
    return torch.where(shaped(mirrored), images.flip(3), images)


def crop(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror, and shift by up to two whole pixels: the middle of that is a random crop of 44x44."""
    images = flip(images, generator)
    side = images.shape[-1]
    padded = F.pad(images, (2, 2, 2, 2), mode="replicate")
    y, x = (torch.randint(0, 5, (len(images), 1), generator=generator, device=images.device) for _ in range(2))
    line = torch.arange(side, device=images.device)[None]
    rows = torch.arange(len(images), device=images.device)[:, None, None]
    return padded[rows, 0, (y + line)[:, :, None], (x + line)[:, None, :]][:, None]


def mild(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror, turn by up to 10 degrees, scale by up to 10 percent, shift by up to 10 percent."""
    return moved(images, generator, degrees=10, scale=0.1, shift=0.2)


def strong(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror, rotate, scale, shift, blur, change the light and erase a patch."""
    images = moved(images, generator, degrees=15, scale=0.18, shift=0.16)
    blurred = F.interpolate(F.avg_pool2d(images, 2), scale_factor=2, mode="bilinear")
    images = torch.lerp(images, blurred, shaped(torch.clamp(uniform(images, generator, -1, 1), min=0.0)))
    images = images.clamp(1e-3, 1) ** shaped(torch.exp(uniform(images, generator, -0.5, 0.5)))
    mean = images.mean((2, 3), keepdim=True)
    images = (mean + (images - mean) * shaped(uniform(images, generator, 0.7, 1.3))).clamp(0, 1)
    return erased(images, generator)


AUGMENTATIONS: dict[str, Augmentation] = {"none": none, "flip": flip, "crop": crop, "mild": mild, "strong": strong}


def moved(images: Tensor, generator: torch.Generator, *, degrees: float, scale: float, shift: float) -> Tensor:
    """Mirrored by chance, and turned, scaled (by up to e^scale) and shifted (in half sides) by up to so much."""
    angle = uniform(images, generator, -1, 1) * math.radians(degrees)
    size = torch.exp(uniform(images, generator, -scale, scale))
    mirror = torch.where(uniform(images, generator, 0, 1) < 0.5, -1.0, 1.0)
    x, y = (uniform(images, generator, -shift, shift) for _ in range(2))
    theta = torch.stack(
        [
            torch.stack([mirror * torch.cos(angle) / size, -torch.sin(angle) / size, x], 1),
            torch.stack([mirror * torch.sin(angle) / size, torch.cos(angle) / size, y], 1),
        ],
        1,
    )
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def erased(images: Tensor, generator: torch.Generator) -> Tensor:
    """A square of one shade painted over four in ten (Zhong et al. 2017, random erasing)."""
    chosen = uniform(images, generator, 0, 1) < 0.4
    x, y = (uniform(images, generator, 0, 1) for _ in range(2))
    size, shade = uniform(images, generator, 0.1, 0.35), uniform(images, generator, 0, 1)
    line = torch.linspace(0, 1, images.shape[-1], device=images.device)
    inside_x = (line[None] - x[:, None]).abs() < size[:, None] / 2
    inside_y = (line[None] - y[:, None]).abs() < size[:, None] / 2
    patch = inside_y[:, None, :, None] & inside_x[:, None, None, :] & shaped(chosen)
    return torch.where(patch, shaped(shade), images)


def uniform(images: Tensor, generator: torch.Generator, low: float, high: float) -> Tensor:
    """(N,) float32, one number for each image."""
    return torch.empty(len(images), device=images.device).uniform_(low, high, generator=generator)


def shaped(values: Tensor) -> Tensor:
    """(N,) -> (N, 1, 1, 1)"""
    return values[:, None, None, None]
