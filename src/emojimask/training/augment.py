"""Random changes to a batch of faces, as tensors, so that the same code runs on a CPU and inside a GPU's memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

Change = Callable[[Tensor, torch.Generator], Tensor]
"""(N, 1, S, S) float32, 0 to 1, and the source of all randomness, on the images' device -> the same shape and range."""


def same(images: Tensor, generator: torch.Generator) -> Tensor:  # noqa: ARG001
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
    return erased(lit(blurred(images, generator), generator), generator)


def turned(images: Tensor, generator: torch.Generator) -> Tensor:
    """Moved as by :func:`strong`, and looking aside."""
    return moved(images, generator, degrees=15, scale=0.18, shift=0.16, aside=0.2)


def veiled(images: Tensor, generator: torch.Generator) -> Tensor:
    """Blurred, lit until white burns out, and covered."""
    images = blurred(images, generator)
    images = (images * shaped(torch.exp(uniform(images, generator, -0.5, 0.5)))).clamp(0, 1)
    return covered(lit(images, generator), generator)


def half_veiled(images: Tensor, generator: torch.Generator) -> Tensor:
    """Half of them veiled."""
    chosen = uniform(images, generator, 0, 1) < 0.5
    return torch.where(shaped(chosen), veiled(images, generator), images)


def moved(
    images: Tensor, generator: torch.Generator, *, degrees: float, scale: float, shift: float, aside: float = 0.0
) -> Tensor:
    """Mirrored by chance, and turned, scaled (by up to e^scale) and shifted (in half sides) by up to so much.

    ``aside``, in half sides, moves the middle sideways and leaves the edges: about what a head does that turns.
    """
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
    if aside:
        across = torch.linspace(-1, 1, images.shape[-1], device=images.device)
        grid[..., 0] += uniform(images, generator, -aside, aside)[:, None, None] * (1 - across**2)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def blurred(images: Tensor, generator: torch.Generator) -> Tensor:
    """Half of them, by up to as much as half the pixels show."""
    coarse = F.interpolate(F.avg_pool2d(images, 2), scale_factor=2, mode="bilinear")
    return torch.lerp(images, coarse, shaped(torch.clamp(uniform(images, generator, -1, 1), min=0.0)))


def lit(images: Tensor, generator: torch.Generator) -> Tensor:
    """Gamma and contrast."""
    images = images.clamp(1e-3, 1) ** shaped(torch.exp(uniform(images, generator, -0.5, 0.5)))
    mean = images.mean((2, 3), keepdim=True)
    return (mean + (images - mean) * shaped(uniform(images, generator, 0.7, 1.3))).clamp(0, 1)


def erased(images: Tensor, generator: torch.Generator) -> Tensor:
    """A square of one shade painted over four in ten (Zhong et al. 2017, random erasing)."""
    chosen = uniform(images, generator, 0, 1) < 0.4
    x, y = (uniform(images, generator, 0, 1) for _ in range(2))
    size, shade = uniform(images, generator, 0.1, 0.35), uniform(images, generator, 0, 1)
    return painted(images, chosen, (x, y), (size, size), shade)


def covered(images: Tensor, generator: torch.Generator) -> Tensor:
    """A rectangle of one shade painted over four in ten, a bar from side to side over one in ten."""
    which = uniform(images, generator, 0, 1)
    x, y, shade = (uniform(images, generator, 0, 1) for _ in range(3))
    width, height = (uniform(images, generator, 0.1, 0.4) for _ in range(2))
    width = torch.where(which > 0.9, 2.0, width)
    return painted(images, which > 0.5, (x, y), (width, height), shade)


def painted(
    images: Tensor, chosen: Tensor, place: tuple[Tensor, Tensor], size: tuple[Tensor, Tensor], shade: Tensor
) -> Tensor:
    """A rectangle over the ``chosen``: its middle, its width and height in sides of the picture, its shade."""
    line = torch.linspace(0, 1, images.shape[-1], device=images.device)
    inside_x, inside_y = (
        (line[None] - middle[:, None]).abs() < extent[:, None] / 2 for middle, extent in zip(place, size, strict=True)
    )
    patch = inside_y[:, None, :, None] & inside_x[:, None, None, :] & shaped(chosen)
    return torch.where(patch, shaped(shade), images)


def uniform(images: Tensor, generator: torch.Generator, low: float, high: float) -> Tensor:
    """(N,) float32, one number for each image."""
    return torch.empty(len(images), device=images.device).uniform_(low, high, generator=generator)


def shaped(values: Tensor) -> Tensor:
    """(N,) -> (N, 1, 1, 1)"""
    return values[:, None, None, None]


@dataclass(frozen=True, slots=True)
class Augmentation:
    """What changes a face; then what veils it, which a teacher is spared: the pupil learns to see through it."""

    changed: Change
    veiled: Change = same


AUGMENTATIONS = {
    "none": Augmentation(same),
    "flip": Augmentation(flip),
    "crop": Augmentation(crop),
    "mild": Augmentation(mild),
    "strong": Augmentation(strong),
    "firm": Augmentation(turned, half_veiled),
    "sturdy": Augmentation(turned, veiled),
}
