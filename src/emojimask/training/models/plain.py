"""Small networks without shortcuts or branches."""

from __future__ import annotations

from torch import nn

from emojimask.training.models.network import Backbone
from emojimask.training.recipe import Recipe


def mlp(recipe: Recipe) -> Backbone:
    """Three dense layers of 512 over the 1,024 pixels of a 32x32 face."""
    layers: list[nn.Module] = [nn.Flatten()]
    inputs = 32 * 32
    for _ in range(3):
        layers += [nn.Linear(inputs, 512), nn.ReLU(inplace=True), nn.Dropout(recipe.dropout)]
        inputs = 512
    return Backbone(nn.Sequential(*layers), inputs, side=32)


def cnn_32_64(recipe: Recipe) -> Backbone:
    """Convolutions of 32, 32, 64 and 64 without padding, three pools, a dense layer of 512; leaky ReLU throughout."""
    drop = recipe.dropout
    features = nn.Sequential(
        *(nn.Conv2d(1, 32, 3), nn.LeakyReLU()),
        *(nn.Conv2d(32, 32, 3), nn.LeakyReLU(), nn.MaxPool2d(2), nn.Dropout(drop)),
        *(nn.Conv2d(32, 64, 3), nn.LeakyReLU(), nn.Dropout(drop), nn.MaxPool2d(2)),
        *(nn.Conv2d(64, 64, 3), nn.LeakyReLU(), nn.MaxPool2d(2), nn.Dropout(drop)),
        *(nn.Flatten(), nn.Linear(4 * 4 * 64, 512), nn.LeakyReLU(), nn.Dropout(drop)),
    )
    return Backbone(features, 512)


def emonet_baseline(recipe: Recipe) -> Backbone:
    """Two 5x5 convolutions of 10 and 20, a pool after each, a dense layer of 32."""
    features = nn.Sequential(
        *(nn.Conv2d(1, 10, 5), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
        *(nn.Conv2d(10, 20, 5), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Dropout(recipe.dropout), nn.Linear(9 * 9 * 20, 32), nn.ReLU(inplace=True)),
    )
    return Backbone(features, 32)


def fernet(recipe: Recipe) -> Backbone:
    """Four convolutions with batch norm, a pool after each, and two dense layers.

    Widths are not published; 32 to 256 and 512 are our reading. The published dropout is 0.25 after the pools and 0.5
    after the dense layer: the recipe gives the second, the first is half of it.
    """
    layers: list[nn.Module] = []
    inputs = 1
    for width in (32, 64, 128, 256):
        layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
        layers += [nn.MaxPool2d(2), nn.Dropout(recipe.dropout / 2)]
        inputs = width
    layers += [nn.Flatten(), nn.Linear(3 * 3 * inputs, 512), nn.ReLU(inplace=True), nn.Dropout(recipe.dropout)]
    return Backbone(nn.Sequential(*layers), 512)
