"""From a checkpoint to the two files of a model: the ONNX graph and its card."""

from __future__ import annotations

import hashlib
import json
import logging
import subprocess
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import nn

from emojimask.errors import DataError, ModelError, OutputExistsError
from emojimask.expressions.card import ModelCard
from emojimask.expressions.classifier import open_session
from emojimask.expressions.preprocess import SIDE, normalise
from emojimask.training.data.fer2013 import FERPLUS_CLASSES, load_split
from emojimask.training.evaluate import evaluate
from emojimask.training.recipe import Recipe
from emojimask.training.train import LOG, build_model, read_checkpoint

OUTPUTS = ("fer2013", "ferplus")
TOLERANCE = 1e-4
OPSET = 18

PROTOCOL = "trained on Training, epoch chosen on PublicTest, PrivateTest only reported; single view"
LICENCE = "MIT, as emojimask. The data set's images are not part of the model and may not be passed on."
LIMITS = (
    "Reads how a face looks to others, not what a person feels; not for judging people. Learned from web pictures of "
    "2013 with crowd-sourced labels that carry their makers' bias; no figures by age, gender or origin exist. Disgust, "
    "fear and contempt are rare in the data and often missed; slight expressions read as neutral; less sure in "
    "profile, under hands and in bad light."
)


def export(checkpoint: Path, out: Path, *, data: Path | None = None, force: bool = False) -> Path:
    """Write ``NAME.onnx`` and ``NAME.json`` into ``out``, NAME being the recipe's; returns the path of the first.

    Args:
        checkpoint: a ``best.pt`` of :func:`emojimask.training.train.train`.
        out: folder, made if needed.
        data: folder of the data set, for the metrics in the card; without it the card has none.
        force: replace files that are there.

    Raises:
        DataError: the checkpoint or the data cannot be used.
        ModelError: the exported graph does not compute what the network does.
        OutputExistsError: a file is there already and ``force`` was not given.
    """
    content = read_checkpoint(checkpoint, torch.device("cpu"), "recipe", "model", "epoch")
    recipe = Recipe(**content["recipe"])
    graph_path, card_path = out / f"{recipe.name}.onnx", out / f"{recipe.name}.json"
    for path in (graph_path, card_path):
        if path.exists() and not force:
            raise OutputExistsError(f"{path}: is there already; add --force to replace it")
    model = load_network(recipe, content["model"], checkpoint)
    graph = to_onnx(model)
    session = open_session(graph, str(graph_path))
    check_agreement(model, session, load_split(data, "valid").images[:512] if data else noise(64))
    card = ModelCard(
        name=recipe.name,
        output="ferplus",
        labels=FERPLUS_CLASSES,
        sha256=hashlib.sha256(graph).hexdigest(),
        parameters=sum(p.numel() for p in model.parameters()),
        training={
            "data": "FER2013 (Goodfellow et al. 2013) with FER+ votes (Barsoum et al. 2016)",
            "protocol": PROTOCOL,
            "recipe": recipe.as_dict(),
            "seed": recipe.seed,
            "epochs": recipe.epochs,
            "chosen_epoch": content["epoch"],
            "seconds": seconds(checkpoint.with_name(LOG)),
            "commit": commit(),
        },
        metrics=evaluate(session, data) if data else {},
        licence=LICENCE,
        limits=LIMITS,
    )
    out.mkdir(parents=True, exist_ok=True)
    write(graph_path, graph)
    write(card_path, card.to_json().encode())
    return graph_path


def load_network(recipe: Recipe, weights: dict[str, Any], source: Path) -> nn.Module:
    model = build_model(recipe)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise DataError(f"{source}: its weights do not fit its recipe") from error
    return model.eval()


def to_onnx(model: nn.Module) -> bytes:
    """The graph: input "image" (batch, 1, 48, 48), one output of logits for each head, batch norm folded in."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # else it tells of optional packages that are not needed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its own inner workings
        program = torch.onnx.export(
            model,
            (torch.zeros(2, 1, SIDE, SIDE),),
            input_names=["image"],
            output_names=list(OUTPUTS),
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise ModelError("the ONNX exporter gave no graph; is torch 2.6 or newer installed?")
    proto = program.model_proto
    strip(proto)
    onnx.checker.check_model(proto)
    graph: bytes = proto.SerializeToString(deterministic=True)
    return graph


def strip(proto: onnx.ModelProto) -> None:
    """Take out what only the exporter's developers need: it names files of this machine."""
    for holder in (proto, proto.graph, *proto.graph.node, *proto.graph.input, *proto.graph.output):
        holder.ClearField("metadata_props")
        holder.ClearField("doc_string")
    proto.graph.ClearField("value_info")


def check_agreement(model: nn.Module, session: Any, images: NDArray[np.uint8]) -> None:
    """Raise ModelError unless the graph gives the network's logits on (N, 48, 48) ``images``."""
    batch = normalise(images)
    with torch.no_grad():
        wanted = [logits.numpy() for logits in model(torch.from_numpy(batch))]
    found = session.run(list(OUTPUTS), {"image": batch})
    worst = max(float(np.abs(a - b).max()) for a, b in zip(wanted, found, strict=True))
    if not worst <= TOLERANCE:
        raise ModelError(f"export: the graph's logits differ from the network's by {worst:.2g}; at most {TOLERANCE:g}")


def noise(count: int) -> NDArray[np.uint8]:
    """(count, 48, 48) uint8, always the same."""
    return np.random.default_rng(0).integers(0, 256, (count, SIDE, SIDE), np.uint8)


def seconds(log: Path) -> float | None:
    """How long the run took, by its log; None where there is no log."""
    if not log.is_file():
        return None
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    of_epoch: dict[int, float] = {row["epoch"]: row["seconds"] for row in rows}  # a resumed run may tell of one twice
    return round(sum(of_epoch.values()), 1)


def commit() -> str | None:
    """The commit of the checkout that this code runs in; None where it runs in no checkout of its own."""
    here = Path(__file__)
    git = ["git", "-C", str(here.parent)]
    try:
        subprocess.run([*git, "ls-files", "--error-unmatch", here.name], check=True, capture_output=True)
        return subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def write(path: Path, content: bytes) -> None:
    """Write, then rename: a kill in between leaves the old file or none."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)
