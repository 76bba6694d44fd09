"""The command line's door to training: ``emojimask train`` and ``emojimask export``. Imports torch only when run."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from emojimask.errors import MissingExtraError
from emojimask.training.recipe import load_recipe


def add_train(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=run_train)
    parser.add_argument("recipe", metavar="RECIPE", help="a shipped recipe's name, or the path of a .toml file")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of FER2013 and FER+")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for checkpoints and the log")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")


def run_train(args: argparse.Namespace) -> int:
    """Train; a line an epoch on standard error."""
    recipe = load_recipe(args.recipe)

    def tell(row: dict[str, Any]) -> None:
        sys.stderr.write(
            f"epoch {row['epoch']}/{recipe.epochs}  loss {row['loss']:.3f}  FER2013 {row['fer2013']:.2%}"
            f"  FER+ {row['ferplus']:.2%}  {row['seconds']:.0f} s\n"
        )

    best = _module("train").train(recipe, args.data, args.out, resume=args.resume, on_epoch=tell)
    sys.stderr.write(f"best: {best}\n")
    return 0


def add_export(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=run_export)
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT", help="a best.pt that training wrote")
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of FER2013 and FER+, for the card's metrics")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for NAME.onnx and NAME.json")
    parser.add_argument("--force", action="store_true", help="replace files that are there")


def run_export(args: argparse.Namespace) -> int:
    """Export; the path of what was written on standard error."""
    path = _module("export").export(args.checkpoint, args.out, data=args.data, force=args.force)
    sys.stderr.write(f"{path}\n")
    return 0


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"emojimask.training.{name}")
    except ModuleNotFoundError as error:
        if error.name not in {"torch", "onnx", "onnxscript", "pyarrow"}:
            raise
        raise MissingExtraError(f"training needs {error.name}: pip install 'emojimask[train]'") from error
