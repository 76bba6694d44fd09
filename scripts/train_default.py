"""Train a new default on a GPU: its teachers, then three seeds of it, then each of these on veiled faces.

    python scripts/train_default.py --data fer2013/ --runs runs/ --minutes 10

Networks this small leave a GPU idle most of the time, so the runs of a stage go side by side. Each stage has a share of
the minutes; a rehearsal before the first tells how many epochs fit, and RUNS/rehearsal.json keeps what it told for the
next time on such a machine. A run that is done is left alone, one that was broken off goes on, one that fails is told,
and the stages after it do without it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from emojimask.files.atomic import write_whole
from emojimask.training.data.load import load_split
from emojimask.training.log import LOG, read_log

LARGE = "batch=256", "mix=mixup", "mix_alpha=0.2"
FIRST = "default"
"""What teaches the teachers: the model that is shipped so far."""
REHEARSAL_MINUTES = 0.25
FILES = 0.1
"""About so much on top of its epochs a run takes for its files at most."""
SPARE = 0.95
"""Of the time that epochs would fill, so that a machine that slows down a little does not end the last ones."""


@dataclass(frozen=True)
class Run:
    """A run of a recipe: what it changes, and the earlier run that it begins with, if any."""

    name: str
    recipe: str
    changes: tuple[str, ...]
    begins_with: str = ""

    @property
    def kind(self) -> str:
        """What those that differ in their seed alone share, an epoch's time above all."""
        return (self.begins_with or self.name).rpartition("-")[0]


@dataclass(frozen=True)
class Stage:
    """Runs side by side, and their share of the time."""

    share: float
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Pace:
    """What the rehearsal told of runs of a kind, in seconds: before the first epoch, and a face in an epoch."""

    start: float
    face: float

    def epochs(self, seconds: float, faces: int) -> int:
        return max(1, int(SPARE * (seconds - self.start) / (self.face * faces)))


TEACHERS = Stage(
    0.42,
    tuple(
        Run(f"first-{seed}", "default", (f"seed={seed}", "rate=0.12", "teacher_weight=0.4", *LARGE))
        for seed in (1, 2, 3, 4)
    )
    + tuple(
        Run(
            f"teacher-{seed}",
            "teacher",
            (f"seed={seed}", "rate=0.2", "teacher_weight=0.4", "widths=[64,128,256,512]", "blocks=[1,2,3,2]", *LARGE),
        )
        for seed in (1, 2)
    ),
)
PUPILS = Stage(
    0.47,
    tuple(
        Run(f"default-{seed}", "default", (f"seed={seed}", "rate=0.12", "teacher_weight=0.8", "asked=2", *LARGE))
        for seed in (1, 2, 3)
    ),
)
VEILED = Stage(
    0.11,
    tuple(
        Run(
            f"veiled-{seed}",
            "default",
            (f"seed={10 + seed}", "rate=0.04", "teacher_weight=0.75", "asked=2", "augmentation=firm", "stay=0.5",
             "keep=last", *LARGE),
            begins_with=f"default-{seed}",
        )
        for seed in (1, 2, 3)
    ),
)  # fmt: skip
STAGES = TEACHERS, PUPILS, VEILED


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of FER2013 and FER+")
    parser.add_argument("--runs", type=Path, required=True, help="folder for a folder for each run")
    parser.add_argument("--minutes", type=float, help="for all but the rehearsal; without, it is rehearsed alone")
    parser.add_argument(
        "--set", nargs="+", action="extend", default=[], metavar="KEY=VALUE", help="change every run, to try it out"
    )
    args = parser.parse_args()
    faces = len(load_split(args.data, "train"))
    paces = rehearsed(args, faces)
    if args.minutes is None:
        return 0
    failed = {name for stage in STAGES for name in carry_out(stage, paces, args, faces)}
    names = [run.name for stage in STAGES for run in stage.runs]
    lacking = [name for name in names if name in failed or not best(args.runs, name).exists()]
    tell(f"not done: {', '.join(lacking)}" if lacking else "all done")
    return 1 if lacking else 0


def rehearsed(args: argparse.Namespace, faces: int) -> dict[str, Pace]:
    """Of each kind, from an earlier rehearsal or from one now."""
    path = args.runs / "rehearsal.json"
    if not path.exists():
        told = {kind: asdict(pace) for stage in (TEACHERS, PUPILS) for kind, pace in rehearse(stage, args, faces)}
        write_whole(path, json.dumps(told, indent=1))
    paces = {kind: Pace(**numbers) for kind, numbers in json.loads(path.read_text()).items()}
    for kind, pace in paces.items():
        tell(f"{kind}: {pace.face * faces:.1f} s an epoch, {pace.start:.0f} s before the first")
    return paces


def rehearse(stage: Stage, args: argparse.Namespace, faces: int) -> Iterator[tuple[str, Pace]]:
    """A moment of all its runs side by side; what it told of each kind."""
    folder = args.runs / "rehearsal"
    for run in stage.runs:
        shutil.rmtree(folder / run.name, ignore_errors=True)
    begun = time.time()
    side_by_side(list(stage.runs), folder, args, {}, ["--minutes", str(REHEARSAL_MINUTES)])
    for kind in {run.kind for run in stage.runs}:
        logs = [folder / run.name / LOG for run in stage.runs if run.kind == kind]
        trained = {log: [row["seconds"] for row in read_log(log)] for log in logs if log.is_file()}
        if not trained:
            raise SystemExit(f"{kind}: could not be rehearsed")
        starts = [log.stat().st_mtime - begun - sum(seconds) for log, seconds in trained.items()]
        epochs = [epoch for seconds in trained.values() for epoch in seconds[1:] or seconds]  # the first takes longer
        yield kind, Pace(max(0.0, statistics.median(starts)), (1 + FILES) * statistics.median(epochs) / faces)


def carry_out(stage: Stage, paces: dict[str, Pace], args: argparse.Namespace, faces: int) -> list[str]:
    """Train what is not done yet and can begin; tell how it went. The names of those that failed."""
    seconds = 60 * args.minutes * stage.share
    epochs = {run.name: paces[run.kind].epochs(seconds, faces) for run in stage.runs}
    runs = [run for run in stage.runs if len(epochs_done(args.runs, run)) < epochs[run.name]]
    runs = [run for run in runs if not run.begins_with or best(args.runs, run.begins_with).exists()]
    failed = side_by_side(runs, args.runs, args, epochs, [])
    for run in runs:
        log = epochs_done(args.runs, run)
        if log:
            scores = f"PublicTest {log[-1]['fer2013']:.2%} and {log[-1]['ferplus']:.2%}"
            tell(f"{run.name}: {len(log)} epochs, {sum(row['seconds'] for row in log):.0f} s, {scores}")
    return failed


def side_by_side(
    runs: list[Run], folder: Path, args: argparse.Namespace, epochs: dict[str, int], options: list[str]
) -> list[str]:
    """A process for each run; what it tells goes into NAME.log, and the end of that is shown where it fails.

    The names of those that failed, which may have trained for some epochs before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    processes = {}
    for run in runs:
        changes = [f"name={run.name}", f"epochs={epochs.get(run.name, 1000)}", *run.changes, *args.set]
        if run.begins_with:
            changes.append(f"weights={best(folder, run.begins_with)}")
        train = ["train", run.recipe, "--data", str(args.data), "--out", str(folder / run.name), "--resume"]
        words = [*train, "--set", *changes, "--teachers", *teachers(run, folder), *options]
        with (folder / f"{run.name}.log").open("w") as told:
            processes[run.name] = subprocess.Popen([sys.executable, "-m", "emojimask", *words], stderr=told)
    failed = []
    for name, process in processes.items():
        if process.wait():
            tell(f"{name}: FAILED: {(folder / f'{name}.log').read_text().strip()[-300:]}")
            failed.append(name)
    return failed


def teachers(run: Run, folder: Path) -> list[str]:
    """The first model for those of the first stage, which teach all others."""
    if run in TEACHERS.runs:
        return [FIRST]
    return [str(best(folder, teacher.name)) for teacher in TEACHERS.runs if best(folder, teacher.name).exists()]


def best(runs: Path, name: str) -> Path:
    return runs / name / "best.pt"


def epochs_done(runs: Path, run: Run) -> list[dict[str, Any]]:
    """A line of the log each; none where there is no run."""
    path = runs / run.name / LOG
    return read_log(path) if path.is_file() else []


def tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
