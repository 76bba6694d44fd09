"""The command line's door to training: ``emojimask train``, ``zoo`` and ``export``. Imports torch only when run."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Self

from emojimask.cli.given import given_path
from emojimask.cli.options import add_data_flag
from emojimask.errors import MissingExtraError, UsageError
from emojimask.files.toml import toml
from emojimask.training import zoo
from emojimask.training.recipe import Recipe, changed, load_recipe

TEXTS = {field.name for field in fields(Recipe) if isinstance(field.default, str)}


def add_train(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=run_train)
    parser.add_argument("recipe", metavar="RECIPE", help="a shipped recipe's name, or the path of a .toml file")
    add_data_flag(parser)
    parser.add_argument(
        "--extra",
        type=given_path,
        nargs="+",
        action="extend",
        default=[],
        metavar="DIR",
        help="more data to learn from",
    )
    parser.add_argument(
        "--out", type=given_path, required=True, metavar="DIR", help="folder for checkpoints and the log"
    )
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    parser.add_argument(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=VALUE",
        help="change the recipe, for example: --set seed=2",
    )
    parser.add_argument(
        "--teachers",
        nargs="+",
        action="extend",
        metavar="MODEL",
        help="runs, by folder or best.pt, or models by path or name, to learn from",
    )
    parser.add_argument(
        "--grid",
        nargs="+",
        action="extend",
        metavar="KEY=A,B",
        help="train every combination, for example: rate=0.1,0.05 seed=1,2",
    )
    parser.add_argument(
        "--minutes", type=minutes, metavar="M", help="end after the epoch that passes so much time; of a grid each run"
    )


def run_train(args: argparse.Namespace) -> int:
    """Train; a line an epoch on standard error, and a bar where that is a terminal."""
    changes: dict[str, Any] = {key: value_of(key, text) for key, text in assignments(args.set)}
    if args.teachers:
        changes["teachers"] = args.teachers
    recipe = changed(load_recipe(args.recipe), changes)
    module = _module("train")
    if not _module("log").tensorboard_is_installed():
        _tell("TensorBoard's logs are left out: they need tensorboardX")

    def run(recipe: Recipe, out: Path) -> Path:
        with EpochBar(recipe.epochs) as bar:
            seconds = None if args.minutes is None else 60 * args.minutes
            best: Path = module.train(
                recipe,
                args.data,
                out,
                extra=args.extra,
                resume=args.resume,
                seconds=seconds,
                on_epoch=bar.epoch,
                on_step=bar.step,
            )
            return best

    if args.grid:
        _tell(_module("grid").run_grid(recipe, choices(args.grid), args.out, run, _tell))
    else:
        _tell(f"best: {run(recipe, args.out)}")
    return 0


def minutes(text: str) -> float:
    """A time of 0 or more."""
    number = float(text)
    if not number >= 0:
        raise argparse.ArgumentTypeError(f"{text} is not 0 or more")
    return number


def assignments(words: Sequence[str]) -> list[tuple[str, str]]:
    """KEY=VALUE as pairs. Raises UsageError where one is not so."""
    wrong = next((word for word in words if not word.partition("=")[0] or "=" not in word), None)
    if wrong is not None:
        raise UsageError(f"expected KEY=VALUE, found {wrong!r}")
    return [(key, value) for key, _, value in (word.partition("=") for word in words)]


def literal(text: str) -> Any:
    """A value as TOML has it; what TOML does not know is a text."""
    try:
        return toml(f"value = {text}")["value"]
    except ValueError:
        return text


def value_of(key: str, text: str) -> Any:
    """A recipe's value: of a key that takes texts a number too is one, as in name=2026."""
    value = literal(text)
    return text if key in TEXTS and not isinstance(value, str) else value


def several(key: str, text: str) -> list[Any]:
    """Values with commas between them, which may be lists."""
    values = literal(f"[{text}]")  # a text where one of them is none that TOML has
    if isinstance(values, list) and (key not in TEXTS or all(isinstance(value, str) for value in values)):
        return values
    return [value_of(key, part) for part in text.split(",")]


def choices(words: Sequence[str]) -> dict[str, list[Any]]:
    """A grid's values by key; those of a key that is given twice add up."""
    found: dict[str, list[Any]] = {}
    for key, values in assignments(words):
        found.setdefault(key, []).extend(several(key, values))
    return found


class EpochBar:
    """A bar over an epoch's batches on a terminal, and a line after each epoch. A context manager."""

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs
        self._bar: Any = None

    def step(self, steps: int) -> None:
        if self._bar is None and sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=steps, unit=" batches", leave=False)
        if self._bar is not None:
            self._bar.update()

    def epoch(self, row: dict[str, Any]) -> None:
        self.close()
        names = {"fer2013": "FER2013", "ferplus": "FER+", "six_classes": "six classes"}
        scores = "".join(f"  {names[head]} {row[head]:.2%}" for head in names if head in row)
        _tell(f"epoch {row['epoch']}/{self._epochs}  loss {row['loss']:.3f}{scores}  {row['seconds']:.0f} s")

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def add_zoo(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=run_zoo)
    parser.add_argument("--json", action="store_true", help="print the table as JSON")
    parser.add_argument(
        "--measure", action="store_true", help="measure sizes and times here instead of printing those measured before"
    )
    parser.add_argument(
        "--results", type=given_path, metavar="DIR", help="folder of what emojimask evaluate --out wrote"
    )


def run_zoo(args: argparse.Namespace) -> int:
    """The table on standard output."""
    rows = _module("measure").measure_all(_tell) if args.measure else zoo.stored()
    if args.results is not None:
        rows = zoo.with_results(rows, args.results)
    sys.stdout.write(zoo.as_json(rows) if args.json else zoo.as_table(rows))
    return 0


def add_export(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=run_export)
    parser.add_argument(
        "checkpoint", type=given_path, metavar="CHECKPOINT", help="a best.pt that training wrote, or its folder"
    )
    parser.add_argument(
        "--data", type=given_path, metavar="DIR", help="labelled faces, as for training, for the card's metrics"
    )
    parser.add_argument(
        "--out", type=given_path, required=True, metavar="DIR", help="folder for NAME.onnx and NAME.json"
    )
    parser.add_argument(
        "--precision",
        default="fp32",
        help="fp32 (default), int8 or fp16: written only if it wins in size or speed at a loss below 0.2 points",
    )
    parser.add_argument(
        "--force", action="store_true", help="replace files that are there; write a precision that does not win"
    )


def run_export(args: argparse.Namespace) -> int:
    """Export; what a smaller precision gains and costs, and the path of what was written, on standard error."""

    def tell(weighing: object) -> None:
        sys.stderr.write(f"fp32 -> {args.precision}: {weighing}\n")

    path = _module("export").export(
        args.checkpoint, args.out, data=args.data, precision=args.precision, force=args.force, on_weighed=tell
    )
    sys.stderr.write(f"{path}\n")
    return 0


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"emojimask.training.{name}")
    except ModuleNotFoundError as error:
        if error.name not in {"torch", "torchvision", "onnx", "onnxscript", "pyarrow"}:
            raise
        raise MissingExtraError(f'training needs {error.name}: pip install "emojimask[train]"') from error


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
