"""Probabilities that mean what they say: a temperature and shifts for each head, put into its weights.

Smoothed labels and mixed pictures leave a network less sure than it is right, and shy of rare classes. Dividing its
logits by one number and adding one to each class's mends both (bias-corrected temperature scaling, Alexandari et al.
2020, after Guo et al. 2017).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from emojimask.training.models import Network
from emojimask.training.targets import Target

PRIOR = 5.0
"""Shifts, and the temperature's logarithm, are taken to be about 1 / sqrt(PRIOR): so a class of a few rows is not
shifted for these alone, and a few rows that all are right do not make a network sure of everything."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What one head's logits are divided by, above 0, and what is added then: (C,) float32."""

    temperature: float
    shifts: Tensor


def calibration(logits: Tensor, target: Target, *, shifted: bool = True) -> Calibration:
    """That with which (N, C) ``logits`` fit the target's distributions best.

    That is, have the least cross entropy over the rows that its protocol counts. Neither changes anything where there
    are no such rows, nor the shift of a class that none of them has. Without ``shifted`` all shifts are 0.
    """
    rows = target.learned.bool() & target.counts
    shifts = torch.zeros(logits.shape[1])
    if not rows.any():
        return Calibration(1.0, shifts)
    answers, goal = logits[rows].float().cpu(), target.goal[rows].cpu()  # many small steps: a GPU would be slower
    log_t = torch.zeros((), requires_grad=True)
    free = shifts.clone().requires_grad_()
    moved = (goal.sum(0) > 0) * float(shifted)
    search = torch.optim.LBFGS([log_t, free], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        search.zero_grad()
        away = PRIOR / 2 / len(goal) * (free.square().sum() + log_t.square())
        value = F.cross_entropy(answers / log_t.exp() + free * moved, goal) + away
        torch.autograd.backward(value)
        return value

    search.step(loss)
    return Calibration(float(log_t.detach().exp()), free.detach())


def takes_shifts(model: Network, head: str) -> bool:
    """Whether the head ends in its last weights, so that they can add something to its logits."""
    return isinstance(last_layer(model, head), nn.Linear)


def last_layer(model: Network, head: str) -> nn.Linear | nn.Conv2d:
    """The head's last layer of weights."""
    return [layer for layer in model.get_submodule(head).modules() if isinstance(layer, nn.Linear | nn.Conv2d)][-1]


@torch.no_grad()
def calibrated(model: Network, found: Mapping[str, Calibration]) -> Network:
    """A copy of ``model`` with its heads' calibrations in their last layers of weights.

    What follows such a layer in some heads, a mean or a ReLU, scales with what it gets; such heads have no shifts.
    """
    model = copy.deepcopy(model)
    for head, of_head in found.items():
        last = last_layer(model, head)
        for weights in last.parameters():
            weights.div_(of_head.temperature)
        if last.bias is not None:
            last.bias.add_(of_head.shifts.to(last.bias.device))
    return model
