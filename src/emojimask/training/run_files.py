"""The files of a run, ``checkpoint.pt`` and ``best.pt``: to go on from after a kill, and to use."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from emojimask.errors import DataError, UsageError
from emojimask.files.atomic import check_folder
from emojimask.files.lock import locked
from emojimask.training.calibration import calibrated, calibration, takes_shifts
from emojimask.training.checkpoint import read_checkpoint, save, writing
from emojimask.training.epoch import Judged, Run
from emojimask.training.recipe import Recipe
from emojimask.training.targets import Tensors

CHECKPOINT = "checkpoint.pt"
BEST = "best.pt"
LOCK = "lock"
SAVING = 0.1
"""Where epochs are quicker than files are written, about so much of a run's time goes into its files at most."""


@dataclass(slots=True)
class Progress:
    """How far a run has come: epochs, and the best score and its epoch."""

    epoch: int = 0
    best: float = -1.0
    best_epoch: int = 0
    finished: bool = False

    def note(self, judged: Judged, recipe: Recipe) -> bool:
        """Take in an epoch; whether its network is the one to keep."""
        self.epoch = judged.row["epoch"]
        better = judged.score > self.best
        if better:
            self.best, self.best_epoch = judged.score, self.epoch
        waited = self.epoch - self.best_epoch
        self.finished = self.epoch == recipe.epochs or 0 < recipe.patience <= waited
        return better or recipe.keep == "last"


class RunFiles:
    """Writes a run's files after an epoch, unless that would take up too much of the time.

    Args:
        out: the run's folder.
        origin: what both files tell of it: the recipe, all data, the rows it is judged by, the commit that trains it.
        validation: PublicTest, by which what is kept is calibrated.
    """

    def __init__(self, out: Path, origin: dict[str, Any], validation: Tensors) -> None:
        self._out = out
        self._origin = origin
        self._validation = validation
        self._best: Judged | None = None  # what best.pt does not hold yet
        self._saved_at, self._took = -float("inf"), 0.0

    def keep(self, judged: Judged) -> None:
        """Let ``best.pt`` hold this network from now on."""
        self._best = judged

    def save(self, run: Run, progress: Progress, *, at_once: bool) -> None:
        """Raises SinkError where a file cannot be written."""
        now = time.perf_counter()
        if not at_once and now - self._saved_at < self._took / SAVING:
            return
        if self._best is not None:
            save_best(self._best, self._validation, self._origin, self._out / BEST)
            self._best = None
        parts = {name: part.state_dict() for name, part in run.parts().items()}
        save({**asdict(progress), **self._origin, **parts}, self._out / CHECKPOINT)
        self._saved_at = time.perf_counter()
        self._took = self._saved_at - now


def save_best(judged: Judged, validation: Tensors, origin: dict[str, Any], path: Path) -> None:
    """Calibrated, with its ``origin`` and its line of the log."""
    found = {
        head: calibration(judged.logits[head], target, shifted=takes_shifts(judged.model, head))
        for head, target in validation.targets.items()
    }
    save({**origin, "model": calibrated(judged.model, found).state_dict(), **judged.row}, path)


def restore(run: Run, saved: dict[str, Any], path: Path) -> None:
    """Bring a run to where it was ``saved``. Raises DataError where a part of it does not fit."""
    for name, part in run.parts().items():
        try:
            part.load_state_dict(saved[name])
        except Exception as error:  # torch raises many kinds, none of them documented
            raise DataError(f"{path}: its {name} does not fit its recipe ({type(error).__name__})") from error


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


@contextmanager
def alone_in(out: Path) -> Iterator[None]:
    """Make the run's folder, and keep other trainings out of it; if nothing comes to lie there, it goes again.

    Raises:
        SinkError: it cannot be made or written to.
        UsageError: another training is at work in it.
    """
    check_folder(out)
    made = [place for place in (out, *out.parents) if not place.exists()]
    try:
        with ExitStack() as held:
            with writing(out):
                out.mkdir(parents=True, exist_ok=True)
                try:
                    held.enter_context(locked(out / LOCK))
                except BlockingIOError:
                    remedy = "wait until it has ended, or choose another --out"
                    raise UsageError(f"{out}: another training is at work in this folder; {remedy}") from None
            yield
    finally:
        for place in made:
            with suppress(OSError):  # it holds something
                place.rmdir()


def check_data(saved: dict[str, Any], told: dict[str, dict[str, str]], out: Path) -> None:
    """Raise UsageError where a run would go on with, or be judged by, other rows than it began with."""
    for kind, did in {"data": "learned from", "validation": "was judged by"}.items():
        known, now = saved.get(kind, told[kind]), told[kind]  # runs of earlier versions do not tell of both
        if known != now:
            raise UsageError(
                f"{out}: {did} other rows so far ({known['source']}; now {now['source']}): go on with the same "
                "--data and --extra, or choose another --out"
            )


def commit() -> str | None:
    """The commit of the checkout that this code runs in; None where it runs in no checkout of its own."""
    here = Path(__file__)
    git = ["git", "-C", str(here.parent)]
    try:
        subprocess.run([*git, "ls-files", "--error-unmatch", here.name], check=True, capture_output=True)
        return subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
