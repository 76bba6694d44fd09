"""A training run from top to bottom: data, network, epoch after epoch, files."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch

from emojimask.errors import DataError
from emojimask.training.data.fer2013 import FerSplit
from emojimask.training.data.load import agreed, join, load_split
from emojimask.training.data.variants import prepare
from emojimask.training.epoch import Run, frozen_layers, matched, normalised, run_epoch
from emojimask.training.log import RunLog
from emojimask.training.losses import class_weights
from emojimask.training.models.network import channels_last
from emojimask.training.optimisation import make_optimizer, make_schedule
from emojimask.training.recipe import Recipe
from emojimask.training.run_files import (
    BEST,
    CHECKPOINT,
    Progress,
    RunFiles,
    alone_in,
    check_data,
    commit,
    restore,
    saved_run,
)
from emojimask.training.targets import Tensors, to_device
from emojimask.training.trained import begin_with, build_model, check_model, learned_before, load_teacher

SETTLING_FACES = 256
"""About so many tell the batch norms of a network that was trained before what comes in."""


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
        extra: folders of other data sets, whose training rows are added; what has no votes teaches FER+'s head by its
            labels.
        resume: go on with the run in ``out``, where there is one.
        seconds: end after the epoch in which so much time has passed; ``resume`` goes on.
        on_epoch: called with each epoch's line of the log.
        on_step: called after each batch, with how many an epoch has.

    Raises:
        DataError: the data, weights, teachers or the checkpoint cannot be used.
        DivergedError: the recipe learns too fast.
        SinkError: ``out`` cannot be made a folder or written to.
        UsageError: the recipe names an unknown model, or ``out`` holds a run and ``resume`` was not asked for, or one
            of other data, or another training is at work in it.
    """
    begun = time.perf_counter()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.benchmark = True  # every step's pictures have one size, so the quickest way is worth finding
    check_model(recipe)
    with alone_in(out):
        saved = saved_run(out, recipe, device, resume=resume)
        progress = Progress(**{field.name: saved[field.name] for field in fields(Progress)}) if saved else Progress()
        torch.manual_seed(recipe.seed)
        learned = join([load_split(data, "train"), *(agreed(load_split(folder, "train")) for folder in extra)])
        judges = load_split(data, "valid")
        told = {"data": learned.told(), "validation": judges.told()}
        check_data(saved, told, out)
        if progress.finished:
            if not (out / BEST).is_file():
                raise DataError(f"{out}: its run is finished, but {BEST} is gone; train again in another --out")
            return out / BEST
        training, validation = as_tensors(learned, judges, data, recipe, device)
        before = saved.get("before", []) if saved else learned_before(recipe)
        run = start(recipe, training, device, fresh=not saved)
        if saved:
            restore(run, saved, out / CHECKPOINT)

        origin = {"recipe": recipe.as_dict(), **told, "before": before, "commit": commit()}
        files = RunFiles(out, origin, validation)
        late = False
        with RunLog(out, progress.epoch) as log:
            while not (progress.finished or late):
                judged = run_epoch(run, training, validation, recipe, progress.epoch, on_step)
                if progress.note(judged, recipe):
                    files.keep(judged)
                # Before the checkpoint: a row that no checkpoint knows of comes again, one that is left out does not.
                log.add(judged.row)
                late = seconds is not None and time.perf_counter() - begun > seconds
                files.save(run, progress, at_once=progress.finished or late)
                if on_epoch is not None:
                    on_epoch(judged.row)
        return out / BEST


def as_tensors(
    learned: FerSplit, judges: FerSplit, data: Path, recipe: Recipe, device: torch.device
) -> tuple[Tensors, Tensors]:
    """What is learned, and what judges it, PublicTest of ``data``, as the recipe wants them.

    Raises:
        DataError: fewer rows than a batch, or none that a head can learn from or be judged by.
    """
    training = to_device(prepare(learned, recipe.variant, "train", recipe.seed), recipe, device)
    validation = to_device(prepare(judges, recipe.variant, "valid", recipe.seed), recipe, device)
    if len(training) < recipe.batch:
        few = f"has {len(training)} training rows, fewer than a batch of {recipe.batch}"
        fits = 1 << len(training).bit_length() - 1
        raise DataError(f"{data}: {few}; add some, or take smaller batches, as with --set batch={fits}")
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
