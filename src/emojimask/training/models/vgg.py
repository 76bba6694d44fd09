"""Straight stacks of 3x3 convolutions with batch norm (Simonyan and Zisserman 2014), in sizes for small faces."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from emojimask.training.models.network import Backbone
from emojimask.training.recipe import Recipe

POOL = "M"
SMALL = (64, POOL, 128, POOL, 256, POOL, 512, POOL, 512, 512, POOL)
VGG11 = (64, POOL, 128, POOL, 256, 256, POOL, 512, 512, POOL, 512, 512, POOL)
VGG13 = (64, 64, POOL, 128, 128, POOL, 256, 256, POOL, 512, 512, POOL, 512, 512, POOL)
VGG16 = (64, 64, POOL, 128, 128, POOL, *(256,) * 3, POOL, *(512,) * 3, POOL, *(512,) * 3, POOL)
VGG19 = (64, 64, POOL, 128, 128, POOL, *(256,) * 4, POOL, *(512,) * 4, POOL, *(512,) * 4, POOL)


def vgg_ba_small(recipe: Recipe) -> Backbone:
    """VGG BA SMALL (arXiv 2012.13447): six convolutions, 44x44, three channels, one linear layer."""
    return vgg(SMALL, recipe)


def vgg11(recipe: Recipe) -> Backbone:
    return vgg(VGG11, recipe)


def vgg13(recipe: Recipe) -> Backbone:
    return vgg(VGG13, recipe)


def vgg16(recipe: Recipe) -> Backbone:
    return vgg(VGG16, recipe)


def vgg19(recipe: Recipe) -> Backbone:
    return vgg(VGG19, recipe)


def vgg(plan: Sequence[int | str], recipe: Recipe) -> Backbone:
    """The layers that ``plan`` names: a convolution's channels, or a pool."""
    layers: list[nn.Module] = []
    inputs = 3
    for entry in plan:
        if isinstance(entry, str):
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(inputs, entry, 3, padding=1), nn.BatchNorm2d(entry), nn.ReLU(inplace=True)]
            inputs = entry
    layers += [nn.Flatten(), nn.Dropout(recipe.dropout)]
    return Backbone(nn.Sequential(*layers), inputs, side=44, channels=3)


def vgg_compact(recipe: Recipe) -> Backbone:
    """Four stages of two (convolution, ReLU, batch norm), a pool and dropout each, and three dense layers.

    The paper's text and table differ in the layers. Of round numbers 64, 64, 128 and 128 channels with dense layers of
    128, 64 and the classes come nearest to its 784,263 parameters: 785,863.
    """
    layers: list[nn.Module] = []
    inputs = 1
    for width in (64, 64, 128, 128):
        for _ in range(2):
            layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU(inplace=True), nn.BatchNorm2d(width)]
            inputs = width
        layers += [nn.MaxPool2d(2), nn.Dropout(recipe.dropout)]
    layers += [nn.Flatten(), nn.Linear(3 * 3 * inputs, 128), nn.ReLU(inplace=True)]
    layers += [nn.Linear(128, 64), nn.ReLU(inplace=True)]
    return Backbone(nn.Sequential(*layers), 64)
