"""Probabilities that mean what they say: a temperature for each head (Guo et al. 2017), put into its weights.

Smoothed labels and mixed pictures leave a network less sure than it is right. Dividing its logits by one number mends
that and changes no answer.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from emojimask.training.models import Network
from emojimask.training.targets import Target


def temperature(logits: Tensor, target: Target) -> float:
    """The number above 0 by which (N, C) ``logits`` must be divided to fit the target's distributions best.

    That is, to have the least cross entropy over the rows that are learned from. 1 where there are none.
    """
    rows = target.learned.bool()
    if not rows.any():
        return 1.0
    log_t = torch.zeros((), device=logits.device, requires_grad=True)
    search = torch.optim.LBFGS([log_t], max_iter=50, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        search.zero_grad()
        value = F.cross_entropy(logits[rows].float() / log_t.exp(), target.goal[rows])
        torch.autograd.backward(value)
        return value

    search.step(loss)
    return float(log_t.detach().exp())


@torch.no_grad()
def divided(model: Network, temperatures: Mapping[str, float]) -> Network:
    """A copy of ``model`` whose logits are divided by its heads' temperatures.

    The last layer of weights takes them in: what follows it, a mean or a ReLU, scales with what it gets.
    """
    model = copy.deepcopy(model)
    for head, number in temperatures.items():
        last = [layer for layer in model.get_submodule(head).modules() if isinstance(layer, nn.Linear | nn.Conv2d)][-1]
        for weights in last.parameters():
            weights.div_(number)
    return model
