"""Train every shipped recipe, and the default from three teachers; export and evaluate each. One command, resumable.

    python scripts/train_zoo.py --data fer2013/ --runs runs/ [--jobs 6] [--minutes 60]

What "emojimask evaluate --json" prints of each lands in docs/results/models, where scripts/results_page.py reads it. A
row whose evaluations are all there is left alone, one that was broken off goes on, one that fails is told and passed
over. Runs go side by side: networks this small leave a GPU idle most of the time.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from emojimask.training import zoo
from emojimask.training.recipe import load_recipe
from emojimask.whole import write_whole

RESULTS = Path(__file__).parents[1] / "docs/results/models"
SPLITS = ("PublicTest", "PrivateTest")
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

    def evaluations(self, results: Path) -> dict[Path, tuple[str, str]]:
        """The file of each evaluation, and its protocol and split."""
        pairs = product(self.protocols(), SPLITS)
        return {results / f"{self.name}_{labels}_{split}.json": (labels, split) for labels, split in pairs}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of FER2013 and FER+")
    parser.add_argument("--runs", type=Path, required=True, help="folder for a folder for each run")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the evaluations")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these rows alone")
    parser.add_argument("--jobs", type=int, default=1, help="runs side by side")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin nothing and end epochs after that")
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="change every recipe, to try it out")
    args = parser.parse_args()

    deadline = time.monotonic() + 60 * args.minutes
    teachers, students = stages(args.runs)
    rows = [row.name for row in teachers + students]
    unknown = [name for name in args.only or () if name not in rows]
    if unknown:
        parser.error(f"no row {unknown[0]!r}: choose from {', '.join(rows)}")
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
    """Train, export, evaluate what is not there yet; False where one of them failed or the time was up."""
    wanted = {path: how for path, how in row.evaluations(args.results).items() if not path.exists()}
    if not wanted:
        tell(f"{row.name}: all there")
        return True
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
    if call(row.name, train) is None or time.monotonic() > deadline:
        return False
    if call(row.name, ["export", folder / "best.pt", "--data", args.data, "--out", folder, "--force"]) is None:
        return False
    measure = ["evaluate", folder / f"{row.name}.onnx", "--data", args.data, "--json"]
    return all(
        store(call(row.name, [*measure, "--labels", labels, "--split", split]), path)
        for path, (labels, split) in wanted.items()
    )


def call(name: str, command: list[str | Path]) -> str | None:
    """Run emojimask in a process of its own; what it printed, or None where it failed. Its last line is shown."""
    run = subprocess.run([sys.executable, "-m", "emojimask", *map(str, command)], capture_output=True, text=True)
    lines = run.stderr.strip().splitlines()[-1:]
    tell(": ".join([name, str(command[0]), "done" if run.returncode == 0 else "FAILED", *lines]))
    return run.stdout if run.returncode == 0 else None


def store(evaluation: str | None, path: Path) -> bool:
    """False where there is nothing to store; a file that is there is whole."""
    if evaluation is None:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, evaluation)
    return True


def tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
