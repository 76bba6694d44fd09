"""One epoch of a run: learn from every face once, carry on the running mean of the weights, judge it on PublicTest."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from emojimask.errors import DivergedError
from emojimask.expressions.preprocess import MEAN, STD
from emojimask.training.augment import AUGMENTATIONS
from emojimask.training.losses import distillation_loss, label_loss
from emojimask.training.mixing import mixed
from emojimask.training.models import Network
from emojimask.training.optimisation import Schedule, after_epoch, after_step, autocast
from emojimask.training.recipe import Recipe
from emojimask.training.targets import Target, Tensors

Pairs = list[tuple[Tensor, Tensor]]
"""A network's numbers and those of another like it, in their own memory."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a training run consists of, beside its recipe."""

    model: Network
    averaged: Network
    averages: Pairs  # of ``averaged`` and ``model``
    begun: Network | None  # what the recipe stays near to, if it does
    optimizer: torch.optim.Optimizer
    schedule: Schedule
    teachers: list[Network]
    weights: dict[str, Tensor]  # of classes, by head

    def parts(self) -> dict[str, Any]:
        """What a checkpoint holds."""
        return {name: getattr(self, name) for name in ("model", "averaged", "optimizer", "schedule")}


@dataclass(frozen=True, slots=True)
class Judged:
    """A network after an epoch, and what it is worth: the best so far is what a run keeps."""

    model: Network
    logits: dict[str, Tensor]  # of PublicTest
    score: float  # there: the sum of its heads' accuracies
    row: dict[str, Any]  # of the log


def run_epoch(
    run: Run,
    training: Tensors,
    validation: Tensors,
    recipe: Recipe,
    epoch: int,
    on_step: Callable[[int], None] | None = None,
) -> Judged:
    """Learn for an epoch, the one after ``epoch`` others, and judge what has become of the network.

    Raises:
        DivergedError: the loss is no longer a number.
    """
    started = time.perf_counter()
    # Every epoch is seeded anew, so that a resumed run sees what an uninterrupted one would: the generator for order
    # and augmentation, the global one for dropout and mixing.
    seed = recipe.seed * 100_003 + epoch
    torch.manual_seed(seed)
    generator = torch.Generator(training.images.device).manual_seed(seed)
    done = epoch * (len(training) // recipe.batch)
    loss = train_epoch(run, training, recipe, generator, done, on_step) if recipe.epochs else 0.0
    if not math.isfinite(loss):
        raise DivergedError(f"recipe {recipe.name}: the loss is no longer a number; try a lower rate")
    model = moved_back(run, recipe)
    logits = predict(model, validation.images)
    scores = {head: accuracy(logits[head], target) for head, target in validation.targets.items()}
    score = sum(scores.values())
    after_epoch(run.schedule, score)
    ended = epoch + (recipe.epochs > 0)
    row = {"epoch": ended, "loss": loss, **scores, "seconds": time.perf_counter() - started}
    return Judged(model, logits, score, row)


def train_epoch(
    run: Run,
    data: Tensors,
    recipe: Recipe,
    generator: torch.Generator,
    done: int,
    on_step: Callable[[int], None] | None = None,
) -> float:
    """One pass over the data, after ``done`` steps; returns the mean loss."""
    run.model.train()
    for layer in frozen_layers(run.model, recipe):
        layer.eval()  # their batch norms keep their statistics too
    device = data.images.device
    augmentation = AUGMENTATIONS[recipe.augmentation]
    order = torch.randperm(len(data), generator=generator, device=device)
    steps = len(order) // recipe.batch
    losses = []
    for step in range(steps):
        rows = order[step * recipe.batch : (step + 1) * recipe.batch]
        faces = augmentation.changed(data.images[rows], generator)
        pairs = torch.cat([augmentation.veiled(faces, generator), faces], 1)
        partner, share = None, 1.0
        if recipe.mix != "none":
            pairs, partner, share = mixed(pairs, recipe)
        with autocast(recipe, device):
            logits = run.model(normalised(pairs[:, :1]))
        loss = label_loss(logits, data.targets, rows, run.weights, recipe)
        if partner is not None:
            loss = torch.lerp(label_loss(logits, data.targets, rows[partner], run.weights, recipe), loss, share)
        if run.teachers:
            learned = distillation_loss(logits, run.teachers, normalised(pairs[:, 1:]), recipe)
            loss = torch.lerp(loss, learned, recipe.teacher_weight)
        run.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(run.model.parameters(), recipe.clip)
        run.optimizer.step()
        after_step(run.schedule)
        update_average(run.averages, min(recipe.ema, warm(done + step)))
        losses.append(loss.detach())
        if on_step is not None:
            on_step(steps)
    return float(torch.stack(losses).mean())


def matched(averaged: nn.Module, model: nn.Module) -> Pairs:
    return list(zip(averaged.state_dict().values(), model.state_dict().values(), strict=True))


def warm(step: int) -> float:
    """The largest decay of the running mean after so many steps, so that a short run is not a mean of its beginning.

    As TensorFlow's ExponentialMovingAverage has it.
    """
    return (1 + step) / (10 + step)


@torch.no_grad()
def update_average(averages: Pairs, decay: float) -> None:
    """Exponential moving average over weights and batch-norm statistics; counters are copied."""
    means, values = zip(*(pair for pair in averages if pair[0].is_floating_point()), strict=True)
    get_ema_multi_avg_fn(decay)(list(means), list(values), 0)
    for mean, value in averages:
        if not mean.is_floating_point():
            mean.copy_(value)


def moved_back(run: Run, recipe: Recipe) -> Network:
    """A copy of the running mean of the weights, as far back towards the first ones as the recipe says."""
    model = copy.deepcopy(run.averaged)
    if run.begun is not None:
        update_average(matched(model, run.begun), 1 - recipe.stay)
    return model


@torch.no_grad()
def predict(model: Network, images: Tensor) -> dict[str, Tensor]:
    """Each head's logits of (N, 1, 48, 48) float32 ``images``, 0 to 1, single view."""
    model.eval()
    outputs = [model(normalised(part)) for part in torch.split(images, 256)]
    return dict(zip(model.heads, map(torch.cat, zip(*outputs, strict=True)), strict=True))


def frozen_layers(model: Network, recipe: Recipe) -> list[nn.Module]:
    """Those that do not learn: as many of its first ones as the recipe says."""
    return list(model.features.children())[: recipe.frozen]


def accuracy(logits: Tensor, target: Target) -> float:
    """0 to 1, over the rows that the head's protocol counts; 0 where it counts none."""
    correct = (logits.argmax(1) == target.label)[target.counts]
    return float(correct.float().mean()) if len(correct) else 0.0


def normalised(images: Tensor) -> Tensor:
    """The tensor form of :func:`emojimask.expressions.preprocess.normalise`; a test holds the two together."""
    return ((images - MEAN) / STD).contiguous(memory_format=torch.channels_last)
