"""A recipe: every number that decides what a training run gives, read from a short TOML file."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from emojimask.errors import UsageError

RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True, slots=True)
class Recipe:
    """The defaults are a sound small run; a recipe file holds only what differs.

    Attributes:
        name: names the run's folder and the exported files.
        model: a name in ``emojimask.training.models.MODELS``.
        widths, blocks: the network's channels and residual blocks, stage by stage.
        dropout: share of the features dropped before the heads.
        epochs, batch, seed: as usual.
        rate: peak of the one-cycle learning rate (Smith 2018), SGD with Nesterov momentum.
        momentum, weight_decay: as usual; no decay on batch norm and biases.
        label_smoothing: for FER2013's hard labels; FER+ votes are soft already.
        ferplus_weight: weight of the FER+ loss beside FER2013's weight of 1.
        ema: decay of the running mean of the weights, the ones that are evaluated and kept.
        clip: largest norm of the gradient.
        teachers: checkpoints of trained runs (``best.pt``), relative to the recipe's folder, to learn from: the mean
            of their probabilities for the same view of a face (Hinton et al. 2015).
        teacher_weight: the teachers' part of the loss, 0 to 1; the labels have the rest.
        temperature: softens the probabilities of teachers and student alike.
    """

    name: str = "run"
    model: str = "compact-resnet"
    widths: tuple[int, ...] = (16, 32, 64, 128, 256)
    blocks: tuple[int, ...] = (1, 1, 1, 1, 1)
    dropout: float = 0.2
    epochs: int = 45
    batch: int = 128
    seed: int = 1
    rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    label_smoothing: float = 0.1
    ferplus_weight: float = 1.0
    ema: float = 0.998
    clip: float = 5.0
    teachers: tuple[str, ...] = ()
    teacher_weight: float = 0.7
    temperature: float = 2.0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def load_recipe(name_or_path: str) -> Recipe:
    """A recipe by the name of a shipped file, or by the path of one's own.

    Raises:
        UsageError: no such recipe, or a key or value that a recipe does not have.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = RECIPES / f"{name_or_path}.toml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in RECIPES.glob("*.toml")))
        raise UsageError(f"no recipe {name_or_path!r}: give a .toml file or one of: {known}")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from error
    return _checked({"name": path.stem, **values}, path)


def _checked(values: dict[str, Any], path: Path) -> Recipe:
    defaults = Recipe()
    unknown = values.keys() - {field.name for field in fields(Recipe)}
    if unknown:
        raise UsageError(f"{path}: unknown key {min(unknown)!r}")
    for key, value in values.items():
        expected = type(getattr(defaults, key))
        if key == "teachers":
            if not (isinstance(value, list) and all(isinstance(v, str) and v for v in value)):
                raise UsageError(f"{path}: teachers must be a list of checkpoints' paths, found {value!r}")
            values[key] = tuple(str(path.parent / v) for v in value)
        elif expected is tuple and isinstance(value, list) and value and all(_is_count(v) for v in value):
            values[key] = tuple(value)
        elif expected is float and type(value) is int:
            values[key] = float(value)
        elif type(value) is not expected:
            kind = "list of whole numbers above 0" if expected is tuple else expected.__name__
            raise UsageError(f"{path}: {key} must be a {kind}, found {value!r}")
    recipe = Recipe(**values)
    if len(recipe.widths) != len(recipe.blocks):
        raise UsageError(f"{path}: widths and blocks must have one number for each stage")
    if not (_is_count(recipe.epochs) and _is_count(recipe.batch)):
        raise UsageError(f"{path}: epochs and batch must be above 0")
    return recipe


def _is_count(value: object) -> bool:
    return type(value) is int and value > 0
