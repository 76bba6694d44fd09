"""What all networks have in common: one input, features of their own, and a head for each set of labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.utils.hooks import RemovableHandle

from emojimask.training.data.fer2013 import SIDE


@dataclass(frozen=True, slots=True)
class Backbone:
    """A network without its heads.

    Attributes:
        features: (N, ``channels``, ``side``, ``side``) float32 -> what ``head`` takes, (N, ``width``) as a rule.
        width: features' channels.
        side: the picture's side that the network was made for, in pixels.
        channels: 1, or 3 where the published network takes colour; it gets the gray channel three times.
        head: (width, classes) -> the layers that end in (N, classes) logits.
    """

    features: nn.Module
    width: int
    side: int = SIDE
    channels: int = 1
    head: Callable[[int, int], nn.Module] = nn.Linear


class Network(nn.Module):
    """(N, 1, 48, 48) float32, normalised -> a tuple of logits, (N, classes) for each head, in their order."""

    def __init__(self, backbone: Backbone, heads: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__()
        self.side, self.channels = backbone.side, backbone.channels
        self.heads = dict(heads)
        self.features = backbone.features
        for name, classes in self.heads.items():
            self.add_module(name, backbone.head(backbone.width, len(classes)))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        gray = fitted(x, self.side)
        features = self.features(gray if self.channels == 1 else gray.expand(-1, self.channels, -1, -1))
        return tuple(self.get_submodule(name)(features) for name in self.heads)


MIDDLE = 44
"""The side of the papers' random crops."""


def fitted(x: Tensor, side: int) -> Tensor:
    """A face of 48x48 as a network of another side takes it: the middle for 44, for the others the whole, resized.

    With a random shift by up to two pixels before, the middle is a random 44x44 crop, as the papers train.
    """
    if side == MIDDLE:
        edge = (SIDE - MIDDLE) // 2
        return x[:, :, edge : SIDE - edge, edge : SIDE - edge]
    if side == SIDE:
        return x
    return F.interpolate(x, (side, side), mode="bilinear")


NARROW = 16
"""Channels: one block of AVX-512."""


class Skipping(nn.Conv2d):
    """A 1x1 convolution of few channels with a stride, worked out on the pixels that it sees alone.

    In the layout of ``channels_last`` torch's own overruns its memory (torch 2.13): of fewer than eight channels on
    CPUs without AVX-512, of eight too on those with it.
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        if torch.onnx.is_in_onnx_export():
            return super().forward(x)  # one node, which runtimes know how to run well
        down, across = self.stride
        seen = x[:, :, ::down, ::across].contiguous(memory_format=torch.channels_last)
        return F.conv2d(seen, self.weight, self.bias)


def conv_bn(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    if kernel == 1 and stride > 1 and inputs < NARROW:
        convolution: nn.Conv2d = Skipping(inputs, outputs, stride)
    else:
        convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs))


def channels_last(network: Network) -> Network:
    """In the memory layout that convolutions are quickest in."""
    layout: dict[str, Any] = {"memory_format": torch.channels_last}  # the type stubs do not know this keyword
    return network.to(**layout)


def count_parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@torch.no_grad()
def count_macs(network: Network) -> int:
    """Multiplications of convolutions and linear layers for one face; what the others do is not counted."""
    total = 0

    def add(layer: nn.Module, _: object, output: Tensor) -> None:
        nonlocal total
        if isinstance(layer, nn.Conv2d):
            total += output[0].numel() * layer.weight[0].numel()
        elif isinstance(layer, nn.Linear):
            total += layer.weight.numel()

    run_once(network, torch.zeros(1, 1, SIDE, SIDE), [layer.register_forward_hook(add) for layer in network.modules()])
    return total


def run_once(network: Network, images: Tensor, hooks: Sequence[RemovableHandle]) -> None:
    """Show it ``images`` as at evaluation, for what the ``hooks`` see, and take these off again."""
    training = network.training
    network.eval()(images)
    network.train(training)
    for hook in hooks:
        hook.remove()
