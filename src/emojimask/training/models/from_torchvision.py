"""Networks that torchvision defines, without their last layer; it gives their ImageNet weights too."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any
from urllib.error import URLError

import torch
from torch import Tensor, nn

from emojimask.errors import DataError
from emojimask.training.models.network import Backbone
from emojimask.training.models.pretrained import Pretrained
from emojimask.training.recipe import Recipe


class TorchvisionFeatures(Pretrained):
    """A network of torchvision's by its name there, with ``last``, the layer before the classes, put in its place."""

    def __init__(self, name: str, last: dict[str, nn.Module], **options: Any) -> None:
        super().__init__()
        self.name, self.title = name, f"torchvision's {name}"
        self.net = torchvision_models().get_model(name, weights=None, **options)
        for path, layer in last.items():
            self.net.set_submodule(path, layer)

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.net(x)
        return features

    def known(self) -> dict[str, Tensor]:
        """Torchvision's own, which it fetches."""
        try:
            state = torchvision_models().get_model_weights(self.name).IMAGENET1K_V1.get_state_dict(progress=False)
        except (URLError, OSError) as error:
            raise DataError(
                f"ImageNet weights of {self.name} cannot be fetched ({error}); give a file's path instead"
            ) from error
        return dict(state)

    def take(self, given: dict[str, Tensor]) -> None:
        own = self.net.state_dict()
        self.net.load_state_dict({key: value for key, value in given.items() if key in own})


def torchvision_models() -> ModuleType:
    """``torchvision.models``, also where a torchvision built for CUDA meets a torch built for CPUs.

    Such a pair lacks torchvision's compiled operators. No network here uses one, but the import asks for two by name.
    """
    try:
        return import_module("torchvision.models")
    except RuntimeError:
        for operator in ("nms", "qnms"):
            torch.library.define(f"torchvision::{operator}", "(Tensor boxes, Tensor scores, float limit) -> Tensor")
        return import_module("torchvision.models")


def resnet18(recipe: Recipe) -> Backbone:
    return Backbone(TorchvisionFeatures("resnet18", {"fc": nn.Dropout(recipe.dropout)}), 512, channels=3)


def emonet_resnet50(recipe: Recipe) -> Backbone:
    """EmoNet: ResNet50's features, dense layers of 600 and 50, dropout before each."""
    head: list[nn.Module] = []
    for inputs, outputs in ((2048, 600), (600, 50)):
        head += [nn.Dropout(recipe.dropout), nn.Linear(inputs, outputs), nn.ReLU(inplace=True)]
    head.append(nn.Dropout(recipe.dropout))
    features = nn.Sequential(TorchvisionFeatures("resnet50", {"fc": nn.Identity()}), *head)
    return Backbone(features, 50, side=224, channels=3)


def alexnet(recipe: Recipe) -> Backbone:
    features = TorchvisionFeatures("alexnet", {"classifier.6": nn.Identity()}, dropout=recipe.dropout)
    return Backbone(features, 4096, side=224, channels=3)


def googlenet(recipe: Recipe) -> Backbone:
    features = TorchvisionFeatures(
        "googlenet", {"fc": nn.Identity()}, aux_logits=False, init_weights=False, dropout=recipe.dropout
    )
    return Backbone(features, 1024, side=224, channels=3)


def shufflenet(recipe: Recipe) -> Backbone:
    """ShuffleNet v2 x1.0 over 44x44 faces."""
    features = TorchvisionFeatures("shufflenet_v2_x1_0", {"fc": nn.Dropout(recipe.dropout)})
    return Backbone(features, 1024, side=44, channels=3)


def squeezenet(recipe: Recipe) -> Backbone:
    """SqueezeNet 1.0 over 44x44 faces; its head is a map for each class, averaged."""
    net = TorchvisionFeatures("squeezenet1_0", {"classifier": nn.Dropout(recipe.dropout)})
    features = nn.Sequential(net, nn.Unflatten(1, (512, 2, 2)))  # torchvision's forward ends in flattening
    return Backbone(features, 512, side=44, channels=3, head=SqueezeHead)


class SqueezeHead(nn.Sequential):
    def __init__(self, inputs: int, classes: int) -> None:
        layers = nn.Conv2d(inputs, classes, 1), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        super().__init__(*layers)
