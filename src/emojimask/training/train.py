"""The training loop, from top to bottom: data, model, one-cycle SGD, running mean of the weights, checkpoints."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from emojimask.errors import DataError, UsageError
from emojimask.expressions.preprocess import MEAN, STD
from emojimask.training.augment import augment
from emojimask.training.data.fer2013 import FerSplit, ferplus_distribution, ferplus_majority, load_split
from emojimask.training.models import MODELS
from emojimask.training.recipe import Recipe

CHECKPOINT = "checkpoint.pt"
BEST = "best.pt"
LOG = "log.jsonl"


@dataclass(frozen=True, slots=True)
class Batchable:
    """A split as tensors on the training device."""

    images: Tensor  # (N, 1, 48, 48) float32, 0 to 1
    labels: Tensor  # (N,) FER2013 class
    soft: Tensor  # (N, 8) FER+ distribution
    soft_weight: Tensor  # (N,) 1 where the FER+ row can be learned from
    majority: Tensor  # (N,) FER+ class by majority
    counts: Tensor  # (N,) bool, true where the majority protocol counts the row


def train(
    recipe: Recipe,
    data: Path,
    out: Path,
    *,
    resume: bool = False,
    on_epoch: Callable[[dict[str, Any]], None] | None = None,
) -> Path:
    """Train ``recipe`` and return the path of the best checkpoint, chosen on PublicTest alone.

    ``out`` receives ``checkpoint.pt`` (everything needed to go on after a kill), ``best.pt`` and ``log.jsonl``, whose
    line an epoch is also what ``on_epoch`` is called with.

    Raises:
        DataError: the data or the checkpoint cannot be used.
        UsageError: the recipe names an unknown model, or ``out`` holds a run and ``resume`` was not asked for.
    """
    if recipe.model not in MODELS:
        raise UsageError(f"unknown model {recipe.model!r}: choose one of {', '.join(MODELS)}")
    if (out / CHECKPOINT).exists() and not resume:
        raise UsageError(f"{out}: holds a run already; add --resume to go on with it, or choose another folder")
    out.mkdir(parents=True, exist_ok=True)

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(recipe.seed)
    training, validation = (to_device(load_split(data, split), device) for split in ("train", "valid"))
    layout: dict[str, Any] = {"memory_format": torch.channels_last}  # the type stubs do not know this keyword
    model = build_model(recipe).to(device, **layout)
    averaged = copy.deepcopy(model).eval()
    teachers = [load_teacher(Path(path), device) for path in recipe.teachers]
    steps = len(training.labels) // recipe.batch
    if not steps:
        raise DataError(f"{data}: has {len(training.labels)} training rows, fewer than a batch of {recipe.batch}")
    optimizer = make_optimizer(model, recipe)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, recipe.epochs * steps, pct_start=0.2)
    state: dict[str, Any] = {"epoch": 0, "best": -1.0}
    parts: dict[str, Any] = {"model": model, "averaged": averaged, "optimizer": optimizer, "schedule": schedule}
    if resume and (out / CHECKPOINT).exists():
        state = load_checkpoint(out / CHECKPOINT, parts, recipe, device)

    for epoch in range(state["epoch"], recipe.epochs):
        started = time.perf_counter()
        # Every epoch is seeded anew, so that a resumed run sees what an uninterrupted one would: the generator for
        # order and augmentation, the global one for dropout.
        seed = recipe.seed * 100_003 + epoch
        torch.manual_seed(seed)
        generator = torch.Generator(device).manual_seed(seed)
        loss = train_epoch(model, averaged, teachers, training, optimizer, schedule, recipe, generator)
        scores = validate(averaged, validation)
        row = {"epoch": epoch + 1, "loss": loss, **scores, "seconds": time.perf_counter() - started}
        chosen_by = scores["fer2013"] + scores["ferplus"]
        if chosen_by > state["best"]:
            state["best"] = chosen_by
            save({"recipe": recipe.as_dict(), "model": averaged.state_dict(), **row}, out / BEST)
        state["epoch"] = epoch + 1
        save({**state, "recipe": recipe.as_dict(), **{k: v.state_dict() for k, v in parts.items()}}, out / CHECKPOINT)
        with (out / LOG).open("a") as log:
            log.write(json.dumps(row) + "\n")
        if on_epoch is not None:
            on_epoch(row)
    return out / BEST


def train_epoch(
    model: nn.Module,
    averaged: nn.Module,
    teachers: list[nn.Module],
    data: Batchable,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    recipe: Recipe,
    generator: torch.Generator,
) -> float:
    """One pass over the data; returns the mean loss."""
    model.train()
    device = data.labels.device
    order = torch.randperm(len(data.labels), generator=generator, device=device)
    losses = []
    for step in range(len(order) // recipe.batch):
        rows = order[step * recipe.batch : (step + 1) * recipe.batch]
        images = normalised(augment(data.images[rows], generator))
        with torch.autocast(device.type, torch.bfloat16):
            seven, eight = model(images)
        hard = F.cross_entropy(seven.float(), data.labels[rows], label_smoothing=recipe.label_smoothing)
        soft = F.cross_entropy(eight.float(), data.soft[rows], reduction="none")
        soft = (soft * data.soft_weight[rows]).sum() / data.soft_weight[rows].sum().clamp(min=1)
        loss = hard + recipe.ferplus_weight * soft
        if teachers:
            learned = distillation_loss((seven, eight), teachers, images, recipe)
            loss = torch.lerp(loss, learned, recipe.teacher_weight)
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        optimizer.step()
        schedule.step()
        update_average(averaged, model, recipe.ema)
        losses.append(loss.detach())
    return float(torch.stack(losses).mean())


def distillation_loss(
    logits: tuple[Tensor, Tensor], teachers: list[nn.Module], images: Tensor, recipe: Recipe
) -> Tensor:
    """How far the student is from its teachers on the same pictures: cross entropy, both heads, times T^2."""
    t = recipe.temperature
    with torch.no_grad(), torch.autocast(images.device.type, torch.bfloat16):
        taught = [teacher(images) for teacher in teachers]
    wanted = [torch.stack([F.softmax(one.float() / t, 1) for one in head]).mean(0) for head in zip(*taught, strict=True)]
    seven, eight = (F.cross_entropy(own.float() / t, goal) for own, goal in zip(logits, wanted, strict=True))
    return t**2 * (seven + recipe.ferplus_weight * eight)


def load_teacher(path: Path, device: torch.device) -> nn.Module:
    """A trained model, frozen. Raises DataError where ``path`` is no checkpoint of a trained run."""
    content = read_checkpoint(path, device, "recipe", "model")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in content["recipe"].items()}
    teacher = build_model(Recipe(**values)).to(device).eval().requires_grad_(False)
    teacher.load_state_dict(content["model"])
    return teacher


@torch.no_grad()
def update_average(averaged: nn.Module, model: nn.Module, decay: float) -> None:
    """Exponential moving average over weights and batch-norm statistics."""
    for mean, value in zip(averaged.state_dict().values(), model.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(value, 1 - decay)
        else:
            mean.copy_(value)


@torch.no_grad()
def validate(model: nn.Module, data: Batchable) -> dict[str, float]:
    """Accuracy, 0 to 1, single view: all rows for FER2013, the majority protocol for FER+."""
    model.eval()
    outputs = [model(normalised(images)) for images in torch.split(data.images, 512)]
    seven, eight = (torch.cat(logits).argmax(1) for logits in zip(*outputs, strict=True))
    correct = (eight == data.majority)[data.counts]
    return {
        "fer2013": float((seven == data.labels).float().mean()),
        "ferplus": float(correct.float().mean()) if len(correct) else 0.0,
    }


def build_model(recipe: Recipe) -> nn.Module:
    return MODELS[recipe.model](recipe.widths, recipe.blocks, recipe.dropout)


def make_optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    return torch.optim.SGD(groups, recipe.rate, recipe.momentum, nesterov=True)


def to_device(split: FerSplit, device: torch.device) -> Batchable:
    soft, usable = ferplus_distribution(split.votes)
    majority, counts = ferplus_majority(split.votes)

    def tensor(array: Any, kind: Any) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(device, kind)

    return Batchable(
        images=tensor(split.images[:, None], torch.float32) / 255,
        labels=tensor(split.labels, torch.int64),
        soft=tensor(soft, torch.float32),
        soft_weight=tensor(usable, torch.float32),
        majority=tensor(majority, torch.int64),
        counts=tensor(counts, torch.bool),
    )


def normalised(images: Tensor) -> Tensor:
    """The tensor form of :func:`emojimask.expressions.preprocess.normalise`; a test holds the two together."""
    return ((images - MEAN) / STD).contiguous(memory_format=torch.channels_last)


def save(content: dict[str, Any], path: Path) -> None:
    """Write, then rename: a kill in between leaves the last good file."""
    part = path.with_suffix(".part")
    torch.save(content, part)
    part.replace(path)


def read_checkpoint(path: Path, device: torch.device, *needed: str) -> dict[str, Any]:
    """What :func:`save` wrote.

    Raises:
        DataError: there is no such file, it is damaged, or it lacks one of the ``needed`` entries.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such checkpoint")
    try:
        content = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # torch raises many kinds, none of them documented
        raise DataError(f"{path}: is damaged or not a checkpoint ({type(error).__name__})") from error
    missing = [key for key in needed if not isinstance(content, dict) or key not in content]
    if missing:
        raise DataError(f"{path}: not a checkpoint of this kind, {missing[0]!r} is missing")
    checkpoint: dict[str, Any] = content
    return checkpoint


def load_checkpoint(path: Path, parts: dict[str, Any], recipe: Recipe, device: torch.device) -> dict[str, Any]:
    """Bring ``parts`` to the state of a checkpoint; returns the epoch to go on with and the best score so far."""
    content = read_checkpoint(path, device, "epoch", "best", "recipe", *parts)
    if content["recipe"] != recipe.as_dict():
        raise UsageError(f"{path}: was made with another recipe; choose another --out, or the recipe it was made with")
    for name, part in parts.items():
        part.load_state_dict(content[name])
    return {"epoch": content["epoch"], "best": content["best"]}
