"""Train every shipped recipe, and the default from three teachers; export and evaluate each. One command, resumable.

    python scripts/train_zoo.py --data fer2013/ --runs runs/ --results docs/results/ [--jobs 6] [--minutes 60]

A row that is done is left alone, one that was broken off goes on, one that fails is told and passed over. Runs go side
by side: networks this small leave a GPU idle most of the time.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from emojimask.training import zoo
from emojimask.training.recipe import load_recipe

SEEDS = (1, 2, 3)
NOT_ALONE = ("default", "teacher")
PROTOCOLS = {"both": ("fer2013", "ferplus"), "fer2013": ("fer2013",), "ferplus": ("ferplus",)}


@dataclass(frozen=True)
class Row:
    """A run: its name, its recipe, and what it changes of it."""

    name: str
    recipe: str
    changes: tuple[str, ...] = ()
    teachers: tuple[str, ...] = ()

    def protocols(self) -> tuple[str, ...]:
        recipe = load_recipe(self.recipe)
        return ("six-classes",) if recipe.variant == "six-classes" else PROTOCOLS[recipe.labels]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of FER2013 and FER+")
    parser.add_argument("--runs", type=Path, required=True, help="folder for a folder for each run")
    parser.add_argument("--results", type=Path, required=True, help="folder for the evaluations")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these rows alone")
    parser.add_argument("--jobs", type=int, default=1, help="runs side by side")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin nothing and end epochs after that")
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="change every recipe, to try it out")
    args = parser.parse_args()

    deadline = time.monotonic() + 60 * args.minutes
    teachers, students = stages(args.runs)
    failed = []
    for stage in (teachers, students):
        chosen = [row for row in stage if not args.only or row.name in args.only]
        with ThreadPoolExecutor(args.jobs) as pool:
            done = pool.map(lambda row: carry_out(row, args, deadline), chosen)
            failed += [row.name for row, good in zip(chosen, done, strict=True) if not good]
    tell(f"not done: {', '.join(failed)}" if failed else "all done")
    return 1 if failed else 0


def stages(runs: Path) -> tuple[list[Row], list[Row]]:
    """Teachers first; the pupils and the rest of the zoo, cheapest first."""
    teachers = [Row(f"teacher-{seed}", "teacher", (f"seed={seed}", f"name=teacher-{seed}")) for seed in SEEDS]
    best = tuple(str(runs / teacher.name / "best.pt") for teacher in teachers)
    pupils = [Row(f"default-{seed}", "default", (f"seed={seed}", f"name=default-{seed}"), best) for seed in SEEDS]
    cost = {row.recipe: row.macs * load_recipe(row.recipe).epochs for row in zoo.stored()}
    others = [Row(name, name) for name in sorted(cost, key=cost.__getitem__) if name not in NOT_ALONE]
    return teachers, pupils + others


def carry_out(row: Row, args: argparse.Namespace, deadline: float) -> bool:
    """Train, export, evaluate; False where one of them failed or the time was up."""
    folder = args.runs / row.name
    left = (deadline - time.monotonic()) / 60
    if left <= 0:
        return False
    train = ["train", row.recipe, "--data", args.data, "--out", folder, "--resume"]
    if left < float("inf"):
        train += ["--minutes", f"{left:.2f}"]
    if row.changes or args.set:
        train += ["--set", *row.changes, *args.set]
    if row.teachers:
        train += ["--teachers", *row.teachers]
    if not call(row.name, train) or time.monotonic() > deadline:
        return False
    model = folder / f"{row.name}.onnx"
    measure = ["evaluate", model, "--data", args.data, "--split", "PrivateTest", "--out", args.results, "--force"]
    export = ["export", folder / "best.pt", "--data", args.data, "--out", folder, "--force"]
    return all(call(row.name, command) for command in (export, *([*measure, "--labels", p] for p in row.protocols())))


def call(name: str, command: list[str | Path]) -> bool:
    """Run emojimask in a process of its own; its last line is shown."""
    run = subprocess.run([sys.executable, "-m", "emojimask", *map(str, command)], capture_output=True, text=True)
    lines = run.stderr.strip().splitlines()[-1:]
    tell(": ".join([name, str(command[0]), "done" if run.returncode == 0 else "FAILED", *lines]))
    return run.returncode == 0


def tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
