"""Train the default anew on a GPU: its teachers, then three seeds of it, then each of these on veiled faces.

    python scripts/train_default.py --data fer2013/ --runs runs/ --minutes 10

Networks this small leave a GPU idle most of the time, so the runs of a stage go side by side. A stage has a share of
the minutes: it is rehearsed for a moment, which tells how many epochs fit. RUNS/rehearsal.json keeps what a rehearsal
told, for the next time on the same machine, also with another number of faces. A run that has its best.pt is left
alone, one that fails is told, and the stages after it do without it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emojimask.training.data.load import load_split

LARGE = "batch=256", "mix=mixup", "mix_alpha=0.2"
FIRST = "default"
"""What teaches the teachers: the model that is shipped so far."""
REHEARSAL_MINUTES = 0.25
SPARE = 0.95
"""Of the time that epochs would fill, so that a machine that slows down a little does not end the last ones."""


@dataclass(frozen=True)
class Run:
    """A run of a recipe: what it changes, and the earlier run that it begins with, if any."""

    name: str
    recipe: str
    changes: tuple[str, ...]
    begins_with: str = ""


@dataclass(frozen=True)
class Stage:
    """Runs side by side, their share of the time, and whether the teachers of the first stage teach them."""

    name: str
    share: float
    runs: tuple[Run, ...]
    taught: bool = True


@dataclass(frozen=True)
class Pace:
    """What a rehearsal told of a recipe's runs, in seconds."""

    start: float
    face: float

    def epochs(self, seconds: float, faces: int) -> int:
        return max(1, int(SPARE * (seconds - self.start) / (self.face * faces)))


TEACHERS = Stage(
    "teachers",
    0.42,
    tuple(Run(f"face-resnet-{seed}", "face-resnet", (f"seed={seed}", "rate=0.12", *LARGE)) for seed in (1, 2, 3, 4))
    + tuple(
        Run(
            f"teacher-{seed}",
            "teacher",
            (f"seed={seed}", "rate=0.2", "teacher_weight=0.4", "widths=[64,128,256,512]", "blocks=[1,2,3,2]", *LARGE),
        )
        for seed in (1, 2)
    ),
    taught=False,
)
PUPILS = Stage(
    "pupils",
    0.47,
    tuple(
        Run(f"default-{seed}", "default", (f"seed={seed}", "rate=0.2", "teacher_weight=0.8", "asked=2", *LARGE))
        for seed in (1, 2, 3)
    ),
)
VEILED = Stage(
    "veiled",
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
    parser.add_argument("--minutes", type=float, required=True, help="for all of it, rehearsals not counted")
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="change every run, to try it out")
    args = parser.parse_args()
    args.runs.mkdir(parents=True, exist_ok=True)
    faces = len(load_split(args.data, "train"))
    for stage in STAGES:
        carry_out(stage, args, faces)
    lacking = [run.name for stage in STAGES for run in stage.runs if not best(args.runs, run.name).exists()]
    tell(f"not done: {', '.join(lacking)}" if lacking else "all done")
    return 1 if lacking else 0


def carry_out(stage: Stage, args: argparse.Namespace, faces: int) -> None:
    """Train what is not there yet and can begin."""
    runs = [run for run in stage.runs if not best(args.runs, run.name).exists()]
    runs = [run for run in runs if not run.begins_with or best(args.runs, run.begins_with).exists()]
    teachers = [str(best(args.runs, run.name)) for run in TEACHERS.runs] if stage.taught else [FIRST]
    teachers = [name for name in teachers if name == FIRST or Path(name).exists()]
    if not runs or not teachers:
        return
    paces = pace(stage, runs, teachers, args, faces)
    seconds = 60 * args.minutes * stage.share
    epochs = {run.name: paces[run.recipe].epochs(seconds, faces) for run in runs}
    side_by_side(runs, teachers, args, args.runs, [], epochs)
    for run in runs:
        log = read_log(args.runs / run.name)
        if log:
            chosen = max(log, key=lambda row: float(row["fer2013"] + row["ferplus"]))
            tell(
                f"{run.name}: {len(log)} epochs, {sum(row['seconds'] for row in log):.0f} s, PublicTest "
                f"{chosen['fer2013']:.2%} and {chosen['ferplus']:.2%}"
            )


def pace(stage: Stage, runs: list[Run], teachers: list[str], args: argparse.Namespace, faces: int) -> dict[str, Pace]:
    """Of each recipe, from an earlier rehearsal of the stage or from one now."""
    path = args.runs / "rehearsal.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    if stage.name not in known:
        folder = args.runs / "rehearsal"
        begun = time.monotonic()
        side_by_side(runs, teachers, args, folder, ["--minutes", str(REHEARSAL_MINUTES)], {})
        wall = time.monotonic() - begun
        told: dict[str, list[list[dict[str, Any]]]] = {}
        for run in runs:
            told.setdefault(run.recipe, []).append(read_log(folder / run.name))
        known[stage.name] = {
            recipe: {
                "start": max(0.0, wall - min(sum(row["seconds"] for row in log) for log in logs)),
                "face": statistics.median([row["seconds"] for log in logs for row in log[1:] or log]) / faces,
            }
            for recipe, logs in told.items()
            if all(logs)
        }
        path.write_text(json.dumps(known, indent=1))
    lacking = {run.recipe for run in runs} - known[stage.name].keys()
    if lacking:
        raise SystemExit(f"{stage.name}: the rehearsal of {min(lacking)} failed")
    return {recipe: Pace(**numbers) for recipe, numbers in known[stage.name].items()}


def side_by_side(
    runs: list[Run],
    teachers: list[str],
    args: argparse.Namespace,
    folder: Path,
    options: list[str],
    epochs: dict[str, int],
) -> None:
    """A process for each run; what it tells goes into NAME.log, and the last line of one that fails is shown."""
    folder.mkdir(parents=True, exist_ok=True)
    begun = {}
    for run in runs:
        changes = [f"name={run.name}", f"epochs={epochs.get(run.name, 1000)}", *run.changes, *args.set]
        if run.begins_with:
            changes.append(f"weights={best(args.runs, run.begins_with)}")
        train = ["train", run.recipe, "--data", str(args.data), "--out", str(folder / run.name), "--resume"]
        words = [*train, "--set", *changes, "--teachers", *teachers, *options]
        with (folder / f"{run.name}.log").open("w") as told:
            begun[run.name] = subprocess.Popen([sys.executable, "-m", "emojimask", *words], stderr=told)
    for name, process in begun.items():
        if process.wait():
            tell(f"{name}: FAILED: {(folder / f'{name}.log').read_text().strip()[-300:]}")


def best(runs: Path, name: str) -> Path:
    return runs / name / "best.pt"


def read_log(run: Path) -> list[dict[str, Any]]:
    """A line an epoch; empty where there is no run."""
    path = run / "log.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
