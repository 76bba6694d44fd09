"""dlib's face network over gray 48x48 faces, so small and quick that it can be shipped.

What it says at first is what :class:`FaceResNet` says of the same face at twice the size: doubling is linear, so it is
part of the first convolution. Halving keeps the last row, and the shortcuts are convolutions, which begin as the means
that they replace: all of it runs in 8 bits.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from emojimask.training.models.face_resnet import STAGES, FaceResNet, after_stem
from emojimask.training.models.network import Backbone
from emojimask.training.models.pretrained import Pretrained
from emojimask.training.recipe import FACES, Recipe


class Block(nn.Module):
    """Two convolutions and a shortcut; one that halves sees 4x4 pixels, so that its middle is the shortcut's."""

    def __init__(self, inputs: int, outputs: int, *, halves: bool) -> None:
        super().__init__()
        kernel, stride = (4, 2) if halves else (3, 1)
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, kernel, stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = nn.Conv2d(inputs, outputs, 2, 2, bias=False) if halves else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.shortcut(x))


class GrayFaceResNet(Pretrained, nn.Sequential):
    """(N, 1, 48, 48) float32, normalised as faces are -> (N, 256)."""

    title = FaceResNet.title
    source = FACES

    def __init__(self, dropout: float) -> None:
        width = STAGES[0][1]
        stem = nn.Conv2d(1, width, 5, padding=2, bias=False), nn.BatchNorm2d(width), nn.MaxPool2d(3, 2, padding=1)
        super().__init__(nn.Sequential(*stem, nn.ReLU(inplace=True)), *after_stem(Block, dropout))

    def known(self) -> dict[str, Tensor]:
        """As of :class:`FaceResNet`, brought into this one's form."""
        return self.brought(FaceResNet(dropout=0.0).known())

    def brought(self, given: dict[str, Tensor]) -> dict[str, Tensor]:
        """This network's state out of one of :class:`FaceResNet`."""
        state = given | {"0.0.weight": doubling(given["0.0.weight"])}
        for name, layer in self.named_children():
            if isinstance(layer, Block) and isinstance(layer.shortcut, nn.Conv2d):
                state[f"{name}.body.0.weight"] = F.pad(state[f"{name}.body.0.weight"], (1, 0, 1, 0))
                state[f"{name}.shortcut.weight"] = mean_of_four(layer.shortcut)
        return state

    def take(self, given: dict[str, Tensor]) -> None:
        self.load_state_dict(given)


def doubling(weights: Tensor) -> Tensor:
    """A convolution of every other pixel of a picture, (O, 1, 7, 7), as one of each pixel of one half as large."""
    doubled = F.interpolate(torch.eye(5)[None], scale_factor=2, mode="linear")[0, :, 2:9]
    return doubled @ weights @ doubled.T


def mean_of_four(shortcut: nn.Conv2d) -> Tensor:
    """Weights that average 2x2 pixels and leave the further channels 0."""
    weights = torch.zeros_like(shortcut.weight)
    for channel in range(shortcut.in_channels):
        weights[channel, channel] = 0.25
    return weights


def gray_face_resnet(recipe: Recipe) -> Backbone:
    return Backbone(GrayFaceResNet(recipe.dropout), STAGES[-1][1])
