"""Train every shipped recipe but those of emojimask's own models; export and evaluate each. One command, resumable.

    python scripts/train_zoo.py --data fer2013/ --runs runs/ [--jobs 6] [--minutes 60]

What "emojimask evaluate --json" prints of each lands in docs/results/models, where scripts/results_page.py reads it. A
row whose evaluations are all there is left alone, one that was broken off goes on, one that fails is told and passed
over. Runs go side by side: networks this small leave a GPU idle most of the time. The default has a script of its own,
train_default.py.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

from emojimask.files.atomic import write_whole
from emojimask.training import zoo
from emojimask.training.recipe import load_recipe

RESULTS = Path(__file__).parents[1] / "docs/results/models"
SPLITS = ("PublicTest", "PrivateTest")
NOT_ALONE = ("default", "compact-resnet", "teacher")
PROTOCOLS = {"both": ("fer2013", "ferplus"), "fer2013": ("fer2013",), "ferplus": ("ferplus",)}


def protocols(name: str) -> tuple[str, ...]:
    """Those that judge a recipe."""
    recipe = load_recipe(name)
    return ("six-classes",) if recipe.variant == "six-classes" else PROTOCOLS[recipe.labels]


def evaluations(name: str, results: Path) -> dict[Path, tuple[str, str]]:
    """The file of each evaluation of a recipe, and its protocol and split."""
    return {
        results / f"{name}_{labels}_{split}.json": (labels, split) for labels, split in product(protocols(name), SPLITS)
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of FER2013 and FER+")
    parser.add_argument("--runs", type=Path, required=True, help="folder for a folder for each run")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the evaluations")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these rows alone")
    parser.add_argument("--jobs", type=int, default=1, help="runs side by side")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin nothing and end epochs after that")
    parser.add_argument(
        "--set", nargs="+", action="extend", default=[], metavar="KEY=VALUE", help="change every recipe, to try it out"
    )
    args = parser.parse_args()

    deadline = time.monotonic() + 60 * args.minutes
    names = rows()
    unknown = [name for name in args.only or () if name not in names]
    if unknown:
        parser.error(f"no row {unknown[0]!r}: choose from {', '.join(names)}")
    chosen = [name for name in names if not args.only or name in args.only]
    with ThreadPoolExecutor(args.jobs) as pool:
        done = pool.map(lambda name: carry_out(name, args, deadline), chosen)
        failed = [name for name, good in zip(chosen, done, strict=True) if not good]
    tell(f"not done: {', '.join(failed)}" if failed else "all done")
    return 1 if failed else 0


def rows() -> list[str]:
    """The recipes, cheapest first."""
    cost = {row.recipe: row.macs * load_recipe(row.recipe).epochs for row in zoo.stored()}
    return [name for name in sorted(cost, key=cost.__getitem__) if name not in NOT_ALONE]


def carry_out(name: str, args: argparse.Namespace, deadline: float) -> bool:
    """Train, export, evaluate what is not there yet; False where one of them failed or the time was up."""
    wanted = {path: how for path, how in evaluations(name, args.results).items() if not path.exists()}
    if not wanted:
        tell(f"{name}: all there")
        return True
    folder = args.runs / name
    left = (deadline - time.monotonic()) / 60
    if left <= 0:
        return False
    train = ["train", name, "--data", args.data, "--out", folder, "--resume"]
    if left < float("inf"):
        train += ["--minutes", f"{left:.2f}"]
    if args.set:
        train += ["--set", *args.set]
    if call(name, train) is None or time.monotonic() > deadline:
        return False
    if call(name, ["export", folder / "best.pt", "--data", args.data, "--out", folder, "--force"]) is None:
        return False
    measure = ["evaluate", folder / f"{name}.onnx", "--data", args.data, "--json"]
    return all(
        store(call(name, [*measure, "--labels", labels, "--split", split]), path)
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
