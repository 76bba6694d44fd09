"""A small residual network, emojimask's own: the shipped model compact-resnet, and the recipe teacher.

Pre-activation-free residual blocks (He et al. 2015) over 48x48 gray faces, and global average pooling. Widths and
blocks come from the recipe, so that the teacher is the same network, only larger.
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
    width = max(1, recipe.widths[0] // 2)
    layers: list[nn.Module] = [conv_bn(1, width), nn.ReLU(inplace=True)]
    for outputs, count in zip(recipe.widths, recipe.blocks, strict=True):
        for block in range(count):
            layers.append(Block(width, outputs, 1 if block else 2))
            width = outputs
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(recipe.dropout)]
    return Backbone(nn.Sequential(*layers), width)


def deepen(features: nn.Module, recipe: Recipe, blocks: tuple[int, ...]) -> None:
    """Add to the ``recipe``'s network the blocks that it lacks for having ``blocks``, each at the end of its stage.

    They pass on what they get until they learn: the scale of their last batch norm is 0 (Goyal et al. 2017).
    """
    assert isinstance(features, nn.Sequential)
    place = 2
    for width, count, wanted in zip(recipe.widths, recipe.blocks, blocks, strict=False):
        place += count
        for _ in range(wanted - count):
            block = Block(width, width, 1)
            *_, last = (layer for layer in block.body.modules() if isinstance(layer, nn.BatchNorm2d))
            nn.init.zeros_(last.weight)
            features.insert(place, block)
            place += 1
