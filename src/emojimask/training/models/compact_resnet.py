"""A small residual network with two heads: the network behind the default model.

Pre-activation-free residual blocks (He et al. 2015) over 48x48 gray faces, global average pooling, and two linear
heads on the same features: FER2013's seven classes and FER+'s eight.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from emojimask.training.data.fer2013 import FER2013_CLASSES, FERPLUS_CLASSES


def conv_bn(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )


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


class CompactResNet(nn.Module):
    """(N, 1, 48, 48) float32, normalised -> logits (N, 7) for FER2013 and (N, 8) for FER+."""

    def __init__(self, widths: Sequence[int], blocks: Sequence[int], dropout: float = 0.2) -> None:
        super().__init__()
        layers: list[nn.Module] = [conv_bn(1, widths[0]), nn.ReLU(inplace=True)]
        inputs = widths[0]
        for stage, (width, count) in enumerate(zip(widths, blocks, strict=True)):
            for block in range(count):
                layers.append(Block(inputs, width, 2 if stage and block == 0 else 1))
                inputs = width
        self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout))
        self.fer2013 = nn.Linear(inputs, len(FER2013_CLASSES))
        self.ferplus = nn.Linear(inputs, len(FERPLUS_CLASSES))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.features(x)
        return self.fer2013(features), self.ferplus(features)
