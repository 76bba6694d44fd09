"""A small residual network: the network behind the default model.

Pre-activation-free residual blocks (He et al. 2015) over 48x48 gray faces, and global average pooling. Widths and
blocks come from the recipe, so that the teachers are the same network, only larger.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from emojimask.training.models.network import Backbone, conv_bn
from emojimask.training.recipe import Recipe


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut; the shortcut projects where the shape changes."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv_bn(inputs, outputs, stride=stride), nn.ReLU(inplace=True), conv_bn(outputs, outputs)
        )
        same = inputs == outputs and stride == 1
        self.shortcut: nn.Module = nn.Identity() if same else conv_bn(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.shortcut(x))


def compact_resnet(recipe: Recipe) -> Backbone:
    """A convolution sees every pixel; then every stage halves the picture in its first block."""
    width = recipe.widths[0] // 2
    layers: list[nn.Module] = [conv_bn(1, width), nn.ReLU(inplace=True)]
    for outputs, count in zip(recipe.widths, recipe.blocks, strict=True):
        for block in range(count):
            layers.append(Block(width, outputs, 1 if block else 2))
            width = outputs
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(recipe.dropout)]
    return Backbone(nn.Sequential(*layers), width)
