"""The training loop, from top to bottom: data, network, optimiser, running mean of the weights, checkpoints."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from emojimask.errors import DataError, UsageError
from emojimask.expressions.preprocess import MEAN, STD
from emojimask.training.augment import AUGMENTATIONS
from emojimask.training.calibration import calibrated, calibration, takes_shifts
from emojimask.training.checkpoint import make_folder, read_checkpoint, save
from emojimask.training.data.fer2013 import FerSplit
from emojimask.training.data.load import join, load_split
from emojimask.training.data.variants import prepare
from emojimask.training.log import RunLog
from emojimask.training.losses import class_weights, distillation_loss, label_loss
from emojimask.training.mixing import mixed
from emojimask.training.models import Network
from emojimask.training.models.network import channels_last
from emojimask.training.optimisation import Schedule, after_epoch, after_step, autocast, make_optimizer, make_schedule
from emojimask.training.recipe import Recipe
from emojimask.training.targets import Target, Tensors, to_device
from emojimask.training.trained import begin_with, build_model, check_model, learned_before, load_teacher

CHECKPOINT = "checkpoint.pt"
BEST = "best.pt"
SETTLING_FACES = 256
"""About so many tell the batch norms of a network that was trained before what comes in."""
SAVING = 0.1
"""Where epochs are quicker than files are written, about so much of a run's time goes into its files at most."""

Pairs = list[tuple[Tensor, Tensor]]
"""A network's numbers and those of another like it, in their own memory."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A network after an epoch, and what it is worth: the best so far is what a run keeps."""

    model: Network
    logits: dict[str, Tensor]  # of PublicTest
    score: float  # there: the sum of its heads' accuracies
    row: dict[str, Any]  # of the log


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


def train(
    recipe: Recipe,
    data: Path,
    out: Path,
    *,
    extra: Sequence[Path] = (),
    resume: bool = False,
    seconds: float | None = None,
    on_epoch: Callable[[dict[str, Any]], None] | None = None,
    on_step: Callable[[int], None] | None = None,
) -> Path:
    """Train ``recipe`` and return the path of the best checkpoint, chosen on PublicTest alone.

    ``out`` receives ``checkpoint.pt`` (everything needed to go on after a kill), ``best.pt``, ``log.jsonl``, whose
    line an epoch is also what ``on_epoch`` is called with, TensorBoard's events and, at the end, the curves. The first
    two are written after an epoch, unless that would take up too much of the time.

    Args:
        recipe: what to train, and how.
        data: folder of the data set.
        out: folder for the run, made if needed.
        extra: folders of other data sets, whose training rows are added.
        resume: go on with the run in ``out``, where there is one.
        seconds: end after the epoch in which so much time has passed; ``resume`` goes on.
        on_epoch: called with each epoch's line of the log.
        on_step: called after each batch, with how many an epoch has.

    Raises:
        DataError: the data, weights, teachers or the checkpoint cannot be used, or ``out`` cannot be made a folder or
            written to.
        UsageError: the recipe names an unknown model or learns too fast, or ``out`` holds a run and ``resume`` was
            not asked for, or one of other data.
    """
    begun = time.perf_counter()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.benchmark = True  # every step's pictures have one size, so the quickest way is worth finding
    state: dict[str, Any] = {"epoch": 0, "best": -1.0, "best_epoch": 0, "finished": False}
    check_model(recipe)
    saved = saved_run(out, recipe, device, resume=resume)
    state.update({key: saved[key] for key in state if saved})
    torch.manual_seed(recipe.seed)
    learned = join([load_split(folder, "train") for folder in (data, *extra)])
    told = learned.told()
    check_data(saved, told, out)
    if state["finished"]:
        if not (out / BEST).is_file():
            raise DataError(f"{out}: its run is finished, but {BEST} is gone; train again in another --out")
        return out / BEST
    training, validation = as_tensors(learned, data, recipe, device)
    before = saved.get("before", []) if saved else learned_before(recipe)
    run = start(recipe, training, device, fresh=not saved)
    if saved:
        restore(run, saved, out / CHECKPOINT)

    make_folder(out)
    origin = {"recipe": recipe.as_dict(), "data": told, "before": before}
    best: Kept | None = None  # what best.pt does not hold yet
    saved_at, saving = -float("inf"), 0.0
    with RunLog(out, state["epoch"]) as log:
        while not state["finished"]:
            kept = run_epoch(run, training, validation, recipe, state["epoch"], on_step)
            state["epoch"] = kept.row["epoch"]
            better = kept.score > state["best"]
            if better:
                state.update(best=kept.score, best_epoch=state["epoch"])
            if better or recipe.keep == "last":
                best = kept
            waited = state["epoch"] - state["best_epoch"]
            state["finished"] = state["epoch"] == recipe.epochs or 0 < recipe.patience <= waited
            # Before the checkpoint: a row that no checkpoint knows of comes again, one that is left out does not.
            log.add(kept.row)
            now = time.perf_counter()
            late = seconds is not None and now - begun > seconds
            if state["finished"] or late or now - saved_at >= saving / SAVING:
                if best is not None:
                    save_best(best, validation, origin, out / BEST)
                    best = None
                parts = {name: part.state_dict() for name, part in run.parts().items()}
                save({**state, **origin, **parts}, out / CHECKPOINT)
                saved_at = time.perf_counter()
                saving = saved_at - now
            if on_epoch is not None:
                on_epoch(kept.row)
            if late:
                break
    return out / BEST


def as_tensors(learned: FerSplit, data: Path, recipe: Recipe, device: torch.device) -> tuple[Tensors, Tensors]:
    """What is learned, and PublicTest of ``data``, as the recipe wants them.

    Raises:
        DataError: fewer rows than a batch, or none that a head can learn from or be judged by.
    """
    training = to_device(prepare(learned, recipe.variant, "train", recipe.seed), recipe, device)
    validation = to_device(prepare(load_split(data, "valid"), recipe.variant, "valid", recipe.seed), recipe, device)
    if len(training) < recipe.batch:
        few = f"has {len(training)} training rows, fewer than a batch of {recipe.batch}"
        raise DataError(f"{data}: {few}; add some, or take smaller batches, as with --set batch=16")
    if not all(target.learned.any() for target in training.targets.values()):
        raise DataError(f"{data}: no row has votes that FER+'s head can learn from; add them, or --set labels=fer2013")
    if not all(target.counts.any() for target in validation.targets.values()):
        raise DataError(
            f"{data}: no validation row has votes to judge FER+'s head by; add them, or --set labels=fer2013"
        )
    return training, validation


def start(recipe: Recipe, training: Tensors, device: torch.device, *, fresh: bool) -> Run:
    """A run before its first step; ``fresh`` where no checkpoint's weights will take the place of the first ones."""
    model = build_model(recipe)
    if recipe.weights and (fresh or recipe.stay):
        begin_with(model, recipe, normalised(training.images[:: len(training) // SETTLING_FACES + 1]))
    for layer in frozen_layers(model, recipe):
        layer.requires_grad_(False)
    model = channels_last(model).to(device)
    averaged = copy.deepcopy(model).eval()
    optimizer = make_optimizer(model, recipe)
    return Run(
        model=model,
        averaged=averaged,
        averages=matched(averaged, model),
        begun=copy.deepcopy(model).eval() if recipe.stay else None,
        optimizer=optimizer,
        schedule=make_schedule(optimizer, recipe, len(training) // recipe.batch),
        teachers=[load_teacher(name, recipe, device) for name in recipe.teachers],
        weights={head: class_weights(target, recipe.class_weights) for head, target in training.targets.items()},
    )


def frozen_layers(model: Network, recipe: Recipe) -> list[nn.Module]:
    """Those that do not learn: as many of its first ones as the recipe says."""
    return list(model.features.children())[: recipe.frozen]


def restore(run: Run, saved: dict[str, Any], path: Path) -> None:
    """Bring a run to where it was ``saved``. Raises DataError where a part of it does not fit."""
    for name, part in run.parts().items():
        try:
            part.load_state_dict(saved[name])
        except Exception as error:  # torch raises many kinds, none of them documented
            raise DataError(f"{path}: its {name} does not fit its recipe ({type(error).__name__})") from error


def run_epoch(
    run: Run,
    training: Tensors,
    validation: Tensors,
    recipe: Recipe,
    epoch: int,
    on_step: Callable[[int], None] | None = None,
) -> Kept:
    """Learn for an epoch, the one after ``epoch`` others, and judge what has become of the network.

    Raises:
        UsageError: the loss is no longer a number.
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
        raise UsageError(f"recipe {recipe.name}: the loss is no longer a number; try a lower rate")
    model = moved_back(run, recipe)
    logits = predict(model, validation.images)
    scores = {head: accuracy(logits[head], target) for head, target in validation.targets.items()}
    score = sum(scores.values())
    after_epoch(run.schedule, score)
    ended = epoch + (recipe.epochs > 0)
    row = {"epoch": ended, "loss": loss, **scores, "seconds": time.perf_counter() - started}
    return Kept(model, logits, score, row)


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


def save_best(kept: Kept, validation: Tensors, origin: dict[str, Any], path: Path) -> None:
    """Calibrated, with its ``origin``, the recipe and all data, and its line of the log."""
    found = {
        head: calibration(kept.logits[head], target, shifted=takes_shifts(kept.model, head))
        for head, target in validation.targets.items()
    }
    save({**origin, "model": calibrated(kept.model, found).state_dict(), **kept.row}, path)


def accuracy(logits: Tensor, target: Target) -> float:
    """0 to 1, over the rows that the head's protocol counts; 0 where it counts none."""
    correct = (logits.argmax(1) == target.label)[target.counts]
    return float(correct.float().mean()) if len(correct) else 0.0


def normalised(images: Tensor) -> Tensor:
    """The tensor form of :func:`emojimask.expressions.preprocess.normalise`; a test holds the two together."""
    return ((images - MEAN) / STD).contiguous(memory_format=torch.channels_last)


def saved_run(out: Path, recipe: Recipe, device: torch.device, *, resume: bool) -> dict[str, Any]:
    """The checkpoint in ``out`` to go on from; empty where there is none."""
    path = out / CHECKPOINT
    if not path.exists():
        return {}
    if not resume:
        raise UsageError(f"{out}: holds a run already; add --resume to go on with it, or choose another folder")
    needed = ("epoch", "best", "best_epoch", "finished", "recipe", "model", "averaged", "optimizer", "schedule")
    content = read_checkpoint(path, device, *needed)
    made = Recipe.from_dict(content["recipe"], str(path))
    if made != recipe:
        before, now = made.as_dict(), recipe.as_dict()
        others = ", ".join(f"{key} was {before[key]}, now {now[key]}" for key in now if before[key] != now[key])
        remedy = "choose another --out, or the recipe it was made with"
        raise UsageError(f"{path}: was made with another recipe ({others}); {remedy}")
    return content


def check_data(saved: dict[str, Any], told: dict[str, str], out: Path) -> None:
    """Raise UsageError where a run would go on with other rows than it began with."""
    known = saved.get("data", told)
    if known != told:
        raise UsageError(
            f"{out}: learned from other rows so far ({known['source']}; now {told['source']}): go on with the same "
            "--data and --extra, or choose another --out"
        )
