"""``emojimask evaluate``: what a model is worth on labelled faces, as figures, a page and plots."""

from __future__ import annotations

import argparse
import json
import sys
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emojimask.cli.given import given_name, given_path
from emojimask.cli.main import DONE
from emojimask.cli.options import add_data_flag, check_outputs
from emojimask.errors import MissingExtraError, UsageError
from emojimask.files.atomic import check_folder, unwritable, write_whole

if TYPE_CHECKING:
    from emojimask.expressions.card import ModelCard

RUNS = Path("runs")
"""Where a recipe's run is looked for, as the documentation places it."""
_TORCH = {"torch", "torchvision", "onnx", "onnxscript"}


def add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=run_evaluate)
    parser.add_argument(
        "model",
        type=given_name,
        metavar="MODEL",
        help="an .onnx file with its card beside it, a shipped model's name, a trained run's folder or best.pt, or a "
        f"recipe's name or file whose run is in {RUNS}/NAME",
    )
    add_question(parser)
    parser.add_argument(
        "--single-view", action="store_true", help="leave out the flip and ten-crop columns; ten times quicker"
    )
    parser.add_argument(
        "--out", type=given_path, metavar="DIR", help="folder for the JSON file, the page and the plots"
    )
    parser.add_argument("--force", action="store_true", help="replace files that are there")
    parser.add_argument("--json", action="store_true", help="print everything as JSON instead of the page")


def add_question(parser: argparse.ArgumentParser) -> None:
    """Which faces a model is asked about, and what."""
    add_data_flag(parser)
    parser.add_argument(
        "--labels", required=True, metavar="PROTOCOL", help="fer2013, ferplus, ferplus-argmax or six-classes"
    )
    parser.add_argument(
        "--split", default="PublicTest", help="PublicTest (default), or PrivateTest, once everything is chosen"
    )


def run_evaluate(args: argparse.Namespace) -> int:
    """Evaluate; the page or the JSON on standard output, how far it is on standard error."""
    from emojimask.evaluation.sheet import markdown, stem
    from emojimask.training.evaluate import evaluate

    graph, card = load(args.model)
    if args.out is not None:
        check(stem({"model": card.name, "labels": args.labels, "split": args.split}), args.out, force=args.force)
    result = evaluate(
        graph,
        card,
        args.data,
        args.labels,
        split=args.split,
        single_view=args.single_view,
        progress=_tell if sys.stderr.isatty() else None,
    )
    print(json.dumps(result, indent=1) if args.json else markdown(result), end="\n" if args.json else "")
    if args.out is not None:
        write(result, args.out)
    return DONE


def load(model: str) -> tuple[bytes, ModelCard]:
    """The graph and the card behind what the command line names.

    Raises:
        UsageError: there is no such model.
        ModelError: it is damaged, or its card does not fit.
        MissingExtraError: it is a trained run, and PyTorch is not installed.
    """
    from emojimask.expressions.classifier import MODELS, OnnxClassifier, find_model
    from emojimask.training.recipe import recipe_file

    path = Path(model)
    if path.suffix == ".onnx" or (MODELS / f"{model}.onnx").is_file():
        return find_model(model).read_bytes(), OnnxClassifier(model).card
    run = Path(path.stem if path.suffix == ".toml" else model)
    checkpoint = next((place for place in (run, run / "best.pt", RUNS / run / "best.pt") if place.is_file()), None)
    if checkpoint is None:
        if recipe_file(model, Path()).is_file():
            raise UsageError(
                f"recipe {model}: must be trained first: emojimask train {model} --data DIR --out {RUNS / path.stem}"
            )
        shipped = ", ".join(sorted(file.stem for file in MODELS.glob("*.onnx")))
        raise UsageError(
            f"no model or trained run {model!r}: give an .onnx file, a run's folder, a recipe that was trained, or one "
            f"of: {shipped}"
        )
    try:
        from emojimask.training.export import exported
    except ModuleNotFoundError as error:
        if error.name not in _TORCH:
            raise
        raise MissingExtraError(f'a trained run needs {error.name}: pip install "emojimask[train]"') from error
    return exported(checkpoint)


def check(name: str, folder: Path, *, force: bool) -> None:
    """What can be known before a long evaluation: whether its files may be written.

    Raises:
        OutputExistsError: one of this name is there already and ``force`` was not given.
        SinkError: the folder, or one above it, is a file, or a file's place cannot be looked at.
    """
    check_folder(folder)
    plots = folder.glob(f"{escape(name)}_*.png")
    check_outputs([folder / f"{name}.json", folder / f"{name}.md", *plots], [], force=force)


def write(result: dict[str, Any], folder: Path) -> None:
    """The JSON file, the Markdown page and the plots, all named after the model, the protocol and the split.

    Raises:
        SinkError: the folder cannot be written to.
    """
    from emojimask.evaluation.plots import encoded
    from emojimask.evaluation.sheet import figures, markdown, stem

    name = stem(result)
    plots = {f"{name}_{plot}.png": encoded(figure, ".png") for plot, figure in figures(result).items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in plots.items():
            write_whole(folder / file, content)
        write_whole(folder / f"{name}.json", json.dumps(result, indent=1) + "\n")
        write_whole(folder / f"{name}.md", markdown(result, list(plots)))
    except OSError as error:
        raise unwritable(folder, error) from error


def _tell(done: int, of: int) -> None:
    print(f"\rlooks at each face: {done} of {of}", end="\n" if done == of else "", file=sys.stderr, flush=True)
