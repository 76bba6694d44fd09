"""Optimisers and schedules of the learning rate, by the names that recipes use, and the precision of the steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.optim import lr_scheduler

from emojimask.training.recipe import Recipe

Schedule = lr_scheduler.LRScheduler
MOMENTUM_SWING = 0.05
"""How far the one-cycle schedule takes momentum from the recipe's, both ways."""


def autocast(recipe: Recipe, device: torch.device) -> torch.autocast:
    """Works most out in bfloat16 where the recipe wants that and the device can.

    On a CPU without instructions for it, the default takes seven times as long for a step as in 32 bits.
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=works_in_half(recipe, device))


def works_in_half(recipe: Recipe, device: torch.device) -> bool:
    """Whether the recipe wants 16 bits and the device can."""
    if device.type == "cuda":  # older ones can only emulate it, which is slower than 32 bits
        return recipe.half and torch.cuda.is_bf16_supported(including_emulation=False)
    return recipe.half and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def make_optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Weight decay acts on convolutions and linear layers alone."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    makers: dict[str, Callable[[], torch.optim.Optimizer]] = {
        "nesterov": lambda: torch.optim.SGD(groups, recipe.rate, recipe.momentum, nesterov=True),
        "sgd": lambda: torch.optim.SGD(groups, recipe.rate, recipe.momentum),
        "adam": lambda: torch.optim.Adam(groups, recipe.rate),
        "adamw": lambda: torch.optim.AdamW(groups, recipe.rate),
        "rmsprop": lambda: torch.optim.RMSprop(groups, recipe.rate),
        "adadelta": lambda: torch.optim.Adadelta(groups, recipe.rate),
    }
    return makers[recipe.optimizer]()


def make_schedule(optimizer: torch.optim.Optimizer, recipe: Recipe, steps: int) -> Schedule:
    """``steps`` are those of one epoch."""
    total = max(1, recipe.epochs * steps)

    def stairs(step: int) -> float:
        late = step // steps - recipe.schedule_start
        return recipe.schedule_factor ** max(0, late // recipe.schedule_every)

    makers: dict[str, Callable[[], Any]] = {
        "one-cycle": lambda: one_cycle(optimizer, recipe, total),
        "cosine": lambda: lr_scheduler.CosineAnnealingLR(optimizer, total),
        "step": lambda: lr_scheduler.LambdaLR(optimizer, stairs),
        "plateau": lambda: lr_scheduler.ReduceLROnPlateau(
            optimizer, "max", factor=recipe.schedule_factor, patience=recipe.schedule_every - 1
        ),  # torch counts the epochs that it still forgives
        "constant": lambda: lr_scheduler.ConstantLR(optimizer, factor=1.0),
    }
    schedule: Schedule = makers[recipe.schedule]()
    return schedule


def one_cycle(optimizer: torch.optim.Optimizer, recipe: Recipe, total: int) -> Schedule:
    """The rate rises over the first fifth of the steps, and momentum falls; then the reverse."""
    cycles = recipe.optimizer in {"nesterov", "sgd"} and recipe.momentum > 0
    return lr_scheduler.OneCycleLR(
        optimizer,
        recipe.rate,
        total,
        pct_start=0.2 if total != 5 else 0.3,  # torch divides by zero where it rises in exactly one step
        cycle_momentum=cycles,
        base_momentum=max(0, recipe.momentum - MOMENTUM_SWING),
        max_momentum=min(recipe.momentum + MOMENTUM_SWING, (1 + recipe.momentum) / 2),
    )


def after_step(schedule: Schedule) -> None:
    if not isinstance(schedule, lr_scheduler.ReduceLROnPlateau):
        schedule.step()


def after_epoch(schedule: Schedule, score: float) -> None:
    if isinstance(schedule, lr_scheduler.ReduceLROnPlateau):
        schedule.step(score)
