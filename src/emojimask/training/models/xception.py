"""Networks of depthwise separable convolutions with shortcuts (Chollet 2016), from 57 thousand parameters up."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from emojimask.training.models.network import Backbone, conv_bn
from emojimask.training.recipe import Recipe


class Separable(nn.Sequential):
    """A 3x3 convolution for each channel by itself, a 1x1 convolution across channels, batch norm."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False),
            nn.Conv2d(inputs, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )


class Halving(nn.Module):
    """Two separable convolutions and a pool, beside a 1x1 convolution of stride 2."""

    def __init__(self, inputs: int, outputs: int, *, middle: int | None = None, relu_first: bool = False) -> None:
        super().__init__()
        between = middle or outputs
        first = [nn.ReLU()] if relu_first else []
        self.body = nn.Sequential(
            *first, Separable(inputs, between), nn.ReLU(), Separable(between, outputs), nn.MaxPool2d(3, 2, 1)
        )
        self.shortcut = conv_bn(inputs, outputs, 1, 2)

    def forward(self, x: Tensor) -> Tensor:
        joined: Tensor = self.body(x) + self.shortcut(x)
        return joined


class Middle(nn.Module):
    """Xception's middle flow: three separable convolutions and a plain shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(*(layer for _ in range(3) for layer in (nn.ReLU(), Separable(width, width))))

    def forward(self, x: Tensor) -> Tensor:
        return torch.add(x, self.body(x))


class MapHead(nn.Sequential):
    """A map for each class, averaged: no dense layer."""

    def __init__(self, inputs: int, classes: int) -> None:
        super().__init__(nn.Conv2d(inputs, classes, 3, padding=1), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def xception(recipe: Recipe) -> Backbone:
    """Xception with one block of the middle flow in place of eight, for 44x44 faces.

    The size of the file that arXiv 2012.13447 gives for its Xception, 36.43 MB, is that of one middle block.
    """
    features = nn.Sequential(
        *(nn.Conv2d(3, 32, 3, 2, bias=False), nn.BatchNorm2d(32), nn.ReLU(inplace=True)),
        *(nn.Conv2d(32, 64, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True)),
        Halving(64, 128),
        Halving(128, 256, relu_first=True),
        Halving(256, 728, relu_first=True),
        Middle(728),
        Halving(728, 1024, middle=728, relu_first=True),
        *(Separable(1024, 1536), nn.ReLU(inplace=True), Separable(1536, 2048), nn.ReLU(inplace=True)),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(recipe.dropout)),
    )
    return Backbone(features, 2048, side=44, channels=3)


def mini_xception(recipe: Recipe) -> Backbone:
    """mini_XCEPTION (Arriaga et al. 2017), 64x64: the network of the package "fer"."""
    return Backbone(nn.Sequential(*small_stages(4), nn.Dropout2d(recipe.dropout)), 128, side=64, head=MapHead)


def xception_gap(recipe: Recipe) -> Backbone:
    """Five stages, to 256 channels, and a head of maps: about 0.2 million parameters."""
    return Backbone(nn.Sequential(*small_stages(5), nn.Dropout2d(recipe.dropout)), 256, head=MapHead)


def xception_fc(recipe: Recipe) -> Backbone:
    """The same stages with dense layers instead of averaging: about 8 million. Their widths are our reading."""
    layers: list[nn.Module] = [*small_stages(5), nn.Flatten()]
    for inputs, outputs in ((2 * 2 * 256, 2560), (2560, 2048)):
        layers += [nn.Linear(inputs, outputs), nn.ReLU(inplace=True), nn.Dropout(recipe.dropout)]
    return Backbone(nn.Sequential(*layers), 2048)


def small_stages(count: int) -> list[nn.Module]:
    """Two convolutions of 8, then ``count`` halving stages of 16 channels and double each time."""
    layers: list[nn.Module] = []
    for inputs in (1, 8):
        layers += [nn.Conv2d(inputs, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(inplace=True)]
    return layers + [Halving(8 * 2**stage, 16 * 2**stage) for stage in range(count)]
