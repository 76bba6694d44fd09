"""Networks by their recipe, and trained ones read back: from a run's ``best.pt``, or from an exported model."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

from emojimask.errors import DataError, UsageError, in_brief
from emojimask.expressions.classifier import MODELS as SHIPPED
from emojimask.expressions.classifier import find_model, read_model
from emojimask.training.checkpoint import read_checkpoint
from emojimask.training.data.fer2013 import SIDE, WITH_VOTES
from emojimask.training.from_onnx import settle, take_weights
from emojimask.training.models import MODELS, Network
from emojimask.training.models.compact_resnet import deepen
from emojimask.training.models.network import channels_last, run_once
from emojimask.training.models.pretrained import Pretrained
from emojimask.training.optimisation import works_in_half
from emojimask.training.recipe import FACES, SOURCES, Recipe
from emojimask.training.run_files import BEST
from emojimask.training.targets import heads


def check_model(recipe: Recipe) -> None:
    if recipe.model not in MODELS:
        raise UsageError(f"unknown model {recipe.model!r}: choose one of {', '.join(MODELS)}")


def build_model(recipe: Recipe) -> Network:
    """The recipe's network with weights by chance.

    Raises:
        UsageError: there is none of that name, or it cannot be made with the recipe's side, widths and blocks.
    """
    check_model(recipe)
    try:
        backbone = MODELS[recipe.model](recipe)
        network = Network(replace(backbone, side=recipe.side or backbone.side), heads(recipe))
        with torch.no_grad():
            run_once(network, torch.zeros(1, 1, SIDE, SIDE), [])
    except RuntimeError as error:  # nothing is left of the picture, or there is not the memory
        unfit = f"recipe {recipe.name}: {recipe.model} cannot be made with its side, widths and blocks"
        raise UsageError(f"{unfit} ({in_brief(error)})") from error
    return network


def load_network(name: str | Path, device: torch.device) -> tuple[Network, Recipe]:
    """A trained network and its recipe.

    Args:
        name: a run's ``best.pt`` or folder, the path of a model that was exported from one, or the name of a shipped
            model.
        device: where it is put.

    Raises:
        DataError: it is no trained network, or its weights do not fit its recipe.
        ModelError: a model is damaged, or its card does not fit.
        UsageError: there is no model of that name or path.
    """
    checkpoint = checkpoint_of(name)
    if checkpoint is not None:
        model, recipe = from_checkpoint(checkpoint, device)
    else:
        model, recipe = from_export(find_model(name))
    return model.to(device).eval(), recipe


def checkpoint_of(name: str | Path) -> Path | None:
    """The ``best.pt`` that is meant, by its own name or its run's folder; None: an exported or a shipped model is."""
    path = Path(name)
    if path.suffix == ".pt":
        return path
    shipped = (SHIPPED / f"{name}.onnx").is_file()
    return path / BEST if (path / BEST).is_file() and not shipped else None


def from_checkpoint(path: Path, device: torch.device) -> tuple[Network, Recipe]:
    content = read_checkpoint(path, device, "recipe", "model")
    if "optimizer" in content:  # its weights are neither the running mean nor calibrated
        raise DataError(f"{path}: is for --resume, no trained network; name the best.pt beside it")
    recipe = Recipe.from_dict(content["recipe"], str(path))
    model = build_model(recipe)
    try:
        model.load_state_dict(content["model"])
    except (RuntimeError, TypeError) as error:
        raise DataError(f"{path}: its weights do not fit its recipe") from error
    return model, recipe


def from_export(path: Path) -> tuple[Network, Recipe]:
    graph, card = read_model(path)
    told = card.training.get("recipe")
    if not isinstance(told, dict):
        raise DataError(f"{path}: its card names no recipe, so it cannot be trained on or learned from")
    recipe = Recipe.from_dict(told, str(path.with_suffix(".json")))
    model = build_model(recipe)
    take_weights(model, graph, str(path))
    return model, recipe


def learned_before(recipe: Recipe) -> list[str]:
    """What the recipe's first weights and its teachers learned from, as they tell: a card must not keep it back.

    Raises:
        DataError, ModelError: one of them cannot be read.
    """
    elsewhere = not recipe.weights or recipe.weights in SOURCES or Path(recipe.weights).suffix == ".pth"
    found = [SOURCES.get(recipe.weights, recipe.weights)] if elsewhere else told_by(recipe.weights)
    return list(dict.fromkeys(text for text in [*found, *chain(*map(told_by, recipe.teachers))] if text))


def told_by(name: str) -> list[str]:
    """The data of a trained network, and what was learned before."""
    checkpoint = checkpoint_of(name)
    if checkpoint is not None:
        content = read_checkpoint(checkpoint, torch.device("cpu"))
        source = content.get("data", {"source": WITH_VOTES})["source"]  # runs of earlier versions do not tell
        return [source, *content.get("before", [])]
    told = read_model(find_model(name))[1].training
    return [str(told.get("data", "")), *map(str, told.get("learned_before", []))]


def load_teacher(name: str, recipe: Recipe, device: torch.device) -> Network:
    """A trained network that only answers. Raises DataError also where its heads or variant are not the recipe's."""
    teacher, known = load_network(name, device)
    if teacher.heads != heads(recipe):
        fault = f"a teacher of {', '.join(teacher.heads)} cannot teach {', '.join(heads(recipe))}"
        raise DataError(f"{name}: {fault}; choose one whose heads are those of the recipe's labels")
    if known.variant != recipe.variant:  # it sees what the pupil sees, and would not know what to make of it
        fault = f"a teacher of the variant {known.variant} cannot teach {recipe.variant}"
        raise DataError(f"{name}: {fault}; choose one of the recipe's variant")
    teacher = folded(channels_last(teacher)).requires_grad_(False)
    return teacher.bfloat16() if works_in_half(recipe, device) else teacher


def folded(network: Network) -> Network:
    """With batch norms put into the convolutions right before them: on a CPU it answers about a tenth quicker."""
    for layers in [layer for layer in network.modules() if isinstance(layer, nn.Sequential)]:
        for (name, convolution), (norm_name, norm) in pairwise(list(layers.named_children())):
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                layers.add_module(name, fuse_conv_bn_eval(convolution, norm))
                layers.add_module(norm_name, nn.Identity())
    return network


def begin_with(model: Network, recipe: Recipe, images: Tensor) -> None:
    """Give ``model`` the weights that the recipe names: a trained network's, or what was learned elsewhere.

    Args:
        model: of the recipe, on the CPU.
        recipe: its ``weights`` are not empty.
        images: (N, 1, 48, 48) float32, normalised: faces of Training, for the batch norms.

    Raises:
        DataError, ModelError: they cannot be read, or fit another network.
        UsageError: what was learned elsewhere was learned by another network.
    """
    if recipe.weights in SOURCES or Path(recipe.weights).suffix == ".pth":
        part = next((module for module in model.modules() if isinstance(module, Pretrained)), None)
        if part is None or (recipe.weights in SOURCES and recipe.weights != part.source):
            raise UsageError(f"recipe {recipe.name}: there are no such weights of {recipe.model}: {recipe.weights}")
        part.load(recipe.weights)
        if part.source == FACES:  # its batch norms came folded
            settle(model, images.cpu())
        return
    given, known = load_network(recipe.weights, torch.device("cpu"))
    if known.model == recipe.model == "compact-resnet":
        deepen(given.features, known, recipe.blocks)
    settle(given, images.cpu())
    own = model.state_dict()
    taken = {key: value for key, value in given.state_dict().items() if key in own and value.shape == own[key].shape}
    lacking = [key for key in own if key.startswith("features.") and key not in taken]  # a head may begin by chance
    if lacking:
        raise DataError(f"{recipe.weights}: its weights do not fit recipe {recipe.name} ({lacking[0]})")
    model.load_state_dict(taken, strict=False)
