"""A recipe: every number that decides what a training run gives, read from a short TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from emojimask.errors import DataError, UsageError
from emojimask.files.toml import read_toml
from emojimask.settings import IN_WORDS

RECIPES = Path(__file__).parent / "recipes"

CHOICES = {
    "labels": ("both", "fer2013", "ferplus"),
    "ferplus_target": ("votes", "majority"),
    "augmentation": ("none", "flip", "crop", "mild", "strong", "firm", "sturdy"),
    "mix": ("none", "mixup", "cutmix", "both"),
    "class_weights": ("none", "effective", "inverse-sqrt"),
    "optimizer": ("nesterov", "sgd", "adam", "adamw", "rmsprop", "adadelta"),
    "keep": ("best", "last"),
    "schedule": ("one-cycle", "cosine", "step", "plateau", "constant"),
}
IMAGENET, FACES = "imagenet", "faces"
SOURCES = {
    IMAGENET: "ImageNet (Deng et al. 2009)",
    FACES: "three million pictures of faces, to tell people apart (dlib's network, King 2017, CC0)",
}
"""What weights from elsewhere were learned from, by the name that recipes give it; and in a card's words."""
SHARES = ("dropout", "stay", "momentum", "label_smoothing", "ema", "teacher_weight")
SEEDS = 2**32
SLASHES = set("/\\")
LEAST_SIDE = 16
"""Of smaller pictures four halvings leave nothing to halve: there torch's convolutions in 16 bits overrun memory."""
ABOVE_0 = ("mix_alpha", "batch", "rate", "schedule_every", "clip", "temperature")
SMALLEST, LARGEST = 1e-9, 1e9
"""Of a number that is not 0. What lies far beyond is 0 or infinite in the 32 bits that training computes in."""
AT_LEAST_0 = ("side", "frozen", "weight_decay", "schedule_start", "patience", "ferplus_weight", "asked")


@dataclass(frozen=True, slots=True)
class Recipe:
    """The defaults are a sound small run; a recipe file holds only what differs.

    Attributes:
        name: names the run's folder and the exported files.
        model: a name in ``emojimask.training.models.MODELS``.
        side: the side of the pictures that the network sees, in pixels, 16 or more; 0: the one it was made for. 44: the
            middle of each, as the networks of that side take it; any other: the whole, resized. Smaller ones make the
            first part of a training quicker (Howard 2018, progressive resizing), where the network pools what is left
            of them.
        widths, blocks: compact-resnet's channels and residual blocks, stage by stage.
        dropout: share of the features dropped; where, the network says.
        weights: what the network begins with: "" chance, or a trained network like it: a run's folder or ``best.pt``,
            an exported model's path or a shipped one's name (of compact-resnet also one with fewer blocks); for
            networks of torchvision's and EfficientNet-Lite also "imagenet", or the path of a ``.pth`` file of theirs;
            for face-resnet and gray-face-resnet "faces". In a file, what is none of these names is a path from its
            folder.
        frozen: how many of the network's first layers stay as those weights have them.
        stay: how far back towards those first weights the kept ones are moved, 0 to 1: what was known is kept, most of
            what was learned stays too (Wortsman et al. 2022, robust fine-tuning).
        labels: the heads that learn: FER2013's labels, FER+'s votes, or both.
        variant: a name in ``emojimask.training.data.variants.VARIANTS``.
        ferplus_target: what FER+'s head learns: each row's share of votes, or the winner of a majority.
        augmentation: by name, from none to sturdy.
        mix: pictures mixed in pairs: mixup (Zhang et al. 2017), cutmix (Yun et al. 2019), or either by chance.
        mix_alpha: of the beta distribution that the mixing share is drawn from.
        class_weights: weight of rare classes: by effective number (Cui et al. 2019) or by inverse square root.
        epochs, batch, seed: as usual; after 0 epochs what the run begins with is kept, calibrated.
        half: whether most is worked out in 16 bits (bfloat16) where the device can; on CPUs, depthwise convolutions are
            quicker without.
        optimizer: by name; "nesterov" and "sgd" use ``momentum``.
        rate: the learning rate; the peak of the one-cycle schedule (Smith 2018).
        momentum, weight_decay: as usual; under one-cycle, momentum falls by 0.05 below this and rises as far above it;
            no decay on batch norm and biases.
        schedule: how the rate changes.
        schedule_start, schedule_every, schedule_factor: "step": from that epoch on, times the factor every so many
            epochs; "plateau": times the factor after so many epochs without a better score.
        patience: epochs without a better score after which the run ends; 0: it never ends early.
        label_smoothing: for hard labels; FER+ votes are soft already.
        ferplus_weight: weight of the FER+ loss beside FER2013's weight of 1.
        keep: which epoch's weights: those of the best by PublicTest, or of the last.
        ema: decay of the running mean of the weights, the ones that are evaluated and kept, smaller in the first steps;
            0: the weights themselves.
        clip: largest norm of the gradient.
        teachers: trained networks to learn from, named as in ``weights``: the mean of their probabilities for the same
            view of a face (Hinton et al. 2015), less what veils it, and by turns mirrored: so the mean of both is what
            is learned.
        asked: how many of the teachers, drawn by chance, each batch asks; 0: all.
        teacher_weight: the teachers' part of the loss, 0 to 1; the labels have the rest.
        temperature: softens the probabilities of teachers and student alike.
    """

    name: str = "run"
    model: str = "compact-resnet"
    side: int = 0
    widths: tuple[int, ...] = (32, 64, 128, 256)
    blocks: tuple[int, ...] = (1, 2, 2, 2)
    dropout: float = 0.2
    weights: str = ""
    frozen: int = 0
    stay: float = 0.0
    labels: str = "both"
    variant: str = "plain"
    ferplus_target: str = "votes"
    augmentation: str = "strong"
    mix: str = "none"
    mix_alpha: float = 0.4
    class_weights: str = "none"
    epochs: int = 45
    batch: int = 128
    seed: int = 1
    half: bool = True
    optimizer: str = "nesterov"
    rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    schedule: str = "one-cycle"
    schedule_start: int = 0
    schedule_every: int = 10
    schedule_factor: float = 0.1
    patience: int = 0
    label_smoothing: float = 0.1
    ferplus_weight: float = 1.0
    keep: str = "best"
    ema: float = 0.998
    clip: float = 5.0
    teachers: tuple[str, ...] = ()
    asked: int = 0
    teacher_weight: float = 0.7
    temperature: float = 2.0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], source: str) -> Self:
        """What :meth:`as_dict` gave, now or in an earlier version; DataError with ``source`` where it did not."""
        try:
            plain: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
            return cls(**plain)
        except (AttributeError, TypeError) as error:
            raise DataError(f"{source}: its recipe is not one that this version knows") from error


def load_recipe(name_or_path: str) -> Recipe:
    """A recipe by the name of a shipped file, or by the path of one's own.

    Raises:
        UsageError: no such recipe, or a key or value that a recipe does not have.
    """
    path = recipe_path(name_or_path, Path())
    return checked({"name": path.stem, **read_values(path)}, str(path))


def changed(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """``recipe`` with other values, checked as a file's are. Raises UsageError."""
    return checked({**recipe.as_dict(), **changes}, recipe.name)


def recipe_file(name_or_path: str, folder: Path) -> Path:
    """Where a recipe is, if there is one: a path is taken from ``folder``; a name is that of a shipped recipe."""
    path = folder / name_or_path
    return path if path.suffix == ".toml" else RECIPES / f"{name_or_path}.toml"


def recipe_path(name_or_path: str, folder: Path, where: str = "") -> Path:
    """The same, which must be there. Raises UsageError, whose message begins with ``where``."""
    path = recipe_file(name_or_path, folder)
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in RECIPES.glob("*.toml")))
        raise UsageError(f"{where}no recipe {name_or_path!r}: give a .toml file or one of: {known}")
    return path


def read_values(path: Path, above: tuple[Path, ...] = ()) -> dict[str, Any]:
    """The values of a file, over those of its ``base`` where it names one; ``above`` are the files that came here."""
    if path.resolve() in above:
        raise UsageError(f"{path}: is its own base")
    try:
        values = read_toml(path)
    except ValueError as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from error
    if "teachers" in values:
        values["teachers"] = [beside(path, name) for name in texts(values["teachers"], f"{path}: teachers")]
    if isinstance(values.get("weights"), str):
        values["weights"] = beside(path, values["weights"])
    if "base" not in values:
        return values
    base = values.pop("base")
    if not isinstance(base, str):
        raise UsageError(f"{path}: base must be a recipe's name or path, found {base!r}")
    inherited = read_values(recipe_path(base, path.parent, f"{path}: base: "), (*above, path.resolve()))
    inherited.pop("name", None)
    return inherited | values


def beside(path: Path, name: str) -> str:
    """What the recipe in ``path`` names, none of the names that are the same everywhere, is a path from its folder."""
    from emojimask.expressions.classifier import MODELS  # with ONNX Runtime, which --help need not wait for

    everywhere = {"", *SOURCES, *(model.stem for model in MODELS.glob("*.onnx"))}
    return name if name in everywhere else str(path.parent / name)


def checked(values: Mapping[str, Any], source: str) -> Recipe:
    """A recipe of ``values``; UsageError with ``source`` where one is not what the recipe's field takes."""
    known = [field.name for field in fields(Recipe)]
    unknown = values.keys() - known
    if unknown:
        raise UsageError(f"{source}: unknown key {min(unknown)!r}; known are: {', '.join(known)}")
    recipe = Recipe(**{key: fitting(key, value, f"{source}: {key}") for key, value in values.items()})
    if recipe.name in {"", ".", ".."} or set(recipe.name) & SLASHES:
        raise UsageError(f"{source}: name must do for a file's, found {recipe.name!r}")
    if not 0 <= recipe.seed < SEEDS:
        raise UsageError(f"{source}: seed must be 0 to {SEEDS - 1}, found {recipe.seed}")
    if 0 < recipe.side < LEAST_SIDE:
        raise UsageError(f"{source}: side must be {LEAST_SIDE} or more, or 0, found {recipe.side}")
    if len(recipe.widths) != len(recipe.blocks):
        raise UsageError(f"{source}: widths and blocks must have one number for each stage")
    if recipe.stay and not recipe.weights:
        raise UsageError(f"{source}: stay needs weights to stay with")
    if recipe.frozen and not recipe.weights:
        raise UsageError(f"{source}: frozen needs weights to keep")
    if recipe.epochs < 0 or (recipe.epochs == 0 and not recipe.weights):
        raise UsageError(f"{source}: epochs must be above 0, or 0 with weights to keep")
    if recipe.optimizer == "nesterov" and not recipe.momentum:
        raise UsageError(f"{source}: nesterov needs momentum; without it the optimizer is sgd")
    if not 0 < recipe.schedule_factor < 1:
        raise UsageError(f"{source}: schedule_factor must be above 0 and below 1, found {recipe.schedule_factor}")
    for key in AT_LEAST_0:
        if not getattr(recipe, key) >= 0:
            raise UsageError(f"{source}: {key} must be 0 or more, found {getattr(recipe, key)}")
    for key in ABOVE_0:
        if not getattr(recipe, key) > 0:
            raise UsageError(f"{source}: {key} must be above 0, found {getattr(recipe, key)}")
    for key in SHARES:
        if not 0 <= getattr(recipe, key) <= 1:
            raise UsageError(f"{source}: {key} must be 0 to 1, found {getattr(recipe, key)}")
    return recipe


def fitting(key: str, value: Any, what: str) -> Any:
    """``value`` as the field takes it."""
    expected = type(getattr(Recipe(), key))
    if key == "teachers":
        return texts(value, what)
    if expected is tuple:
        if not (isinstance(value, list | tuple) and value and all(type(v) is int and v > 0 for v in value)):
            raise UsageError(f"{what} must be a list of whole numbers above 0, found {value!r}")
        return tuple(value)
    if expected is float and type(value) is int:
        value = float(value)
    if type(value) is not expected:
        raise UsageError(f"{what} must be {IN_WORDS[expected]}, found {value!r}")
    if expected is float and value and not SMALLEST <= abs(value) <= LARGEST:
        raise UsageError(f"{what} must be from {SMALLEST:g} to {LARGEST:g}, or 0 where it may be, found {value}")
    if key in CHOICES and value not in CHOICES[key]:
        raise UsageError(f"{what} must be one of {', '.join(CHOICES[key])}, found {value!r}")
    return value


def texts(value: Any, what: str) -> tuple[str, ...]:
    if not (isinstance(value, list | tuple) and all(isinstance(v, str) and v for v in value)):
        raise UsageError(f"{what} must be a list of texts, found {value!r}")
    return tuple(value)
