"""From a checkpoint to the two files of a model: the ONNX graph and its card."""

from __future__ import annotations

import hashlib
import logging
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from emojimask.errors import ModelError, UsageError
from emojimask.expressions.card import ModelCard
from emojimask.expressions.classifier import open_session
from emojimask.expressions.preprocess import SIDE, normalise
from emojimask.files.atomic import check_folder, check_place, write_whole
from emojimask.training.checkpoint import read_checkpoint, writing
from emojimask.training.data import fer2013
from emojimask.training.data.key_points import drawn_on
from emojimask.training.data.load import load_split
from emojimask.training.data.variants import KEY_POINTS
from emojimask.training.evaluate import card_metrics
from emojimask.training.log import LOG, read_log
from emojimask.training.models import Network
from emojimask.training.models.network import count_parameters
from emojimask.training.precision import CALIBRATION_FACES, PRECISIONS, Weighing, to_fp16, to_int8, weigh
from emojimask.training.recipe import Recipe
from emojimask.training.trained import checkpoint_of, load_network

TOLERANCE = 1e-4
OPSET = 18

CHOSEN = {"best": "epoch chosen on PublicTest", "last": "last epoch, settings chosen on PublicTest"}
PROTOCOL = "trained on Training, {}, PrivateTest only reported; single view"
LICENCE = "MIT, as emojimask. The data set's images are not part of the model and may not be passed on."
LIMITS = (
    "Reads how a face looks to others, not what a person feels; not for judging people. No figures by age, gender or "
    "origin exist. Less sure in profile, under hands and in bad light."
)
FER2013_LIMITS = (
    "Learned from web pictures of 2013 with crowd-sourced labels that carry their makers' bias. Disgust, fear and "
    "contempt are rare in the data and often missed; slight expressions read as neutral."
)


def export(
    checkpoint: Path,
    out: Path,
    *,
    data: Path | None = None,
    precision: str = "fp32",
    force: bool = False,
    on_weighed: Callable[[Weighing], None] | None = None,
) -> Path:
    """Write ``NAME.onnx`` and ``NAME.json`` into ``out``; returns the path of the first.

    NAME is the recipe's; a smaller precision is added to it, as in ``default-int8``.

    Args:
        checkpoint: a ``best.pt`` of :func:`emojimask.training.train.train`, or its run's folder.
        out: folder, made if needed.
        data: folder of the data set, for the metrics in the card; without it the card has none.
        precision: one of :data:`PRECISIONS`; all but "fp32" need ``data``.
        force: replace files that are there, and write a smaller precision that does not win.
        on_weighed: told what the smaller precision gains and costs, before anything is written.

    Raises:
        DataError: the checkpoint or the data cannot be used.
        ModelError: the graph does not compute what the network does, or the smaller precision does not win.
        OutputExistsError: a file is there already and ``force`` was not given.
        SinkError: ``out`` cannot be made a folder or written to.
        UsageError: no such precision, or it needs ``data``.
    """
    if precision not in PRECISIONS:
        raise UsageError(f"unknown precision {precision!r}: choose one of {', '.join(PRECISIONS)}")
    if precision != "fp32" and data is None:
        raise UsageError(f"precision {precision} is weighed on faces: add --data with the folder of FER2013")
    checkpoint = checkpoint_of(checkpoint) or checkpoint
    recipe = Recipe.from_dict(read_checkpoint(checkpoint, torch.device("cpu"), "recipe")["recipe"], str(checkpoint))
    name = recipe.name if precision == "fp32" else f"{recipe.name}-{precision}"
    graph_path, card_path = out / f"{name}.onnx", out / f"{name}.json"
    check_folder(out)
    for path in (graph_path, card_path):
        check_place(path, [], force=force)
    graph, card = exported(checkpoint, data)
    if data is not None:
        if precision != "fp32":
            graph, weighing = smaller(graph, card, precision, data)
            if on_weighed is not None:
                on_weighed(weighing)
            if not (weighing.wins or force):
                raise ModelError(f"{name}: not written, it does not win; add --force to write it all the same")
            told = {**card.training, "precision": precision, "weighed": weighing.as_dict()}
            card = replace(card, name=name, sha256=hashlib.sha256(graph).hexdigest(), training=told)
        card = replace(card, metrics=card_metrics(open_session(graph, name), card, data))
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        write_whole(graph_path, graph)
        write_whole(card_path, card.to_json())
    return graph_path


def exported(checkpoint: Path, data: Path | None = None) -> tuple[bytes, ModelCard]:
    """A checkpoint as an ONNX graph and its card, without metrics; nothing is written.

    Args:
        checkpoint: a ``best.pt`` of :func:`emojimask.training.train.train`.
        data: folder of the data set, whose faces graph and network are compared on; generated pictures without it.

    Raises:
        DataError: the checkpoint or the data cannot be used.
        ModelError: the graph does not compute what the network does.
    """
    content = read_checkpoint(checkpoint, torch.device("cpu"), "recipe", "model", "epoch")
    learned = content.get("data", {"source": fer2013.WITH_VOTES})  # runs of earlier versions do not tell
    before = content.get("before", [])
    model, recipe = load_network(checkpoint, torch.device("cpu"))
    graph = to_onnx(model)
    session = open_session(graph, recipe.name)
    check_agreement(model, session, load_split(data, "valid").images[:512] if data else noise(64))
    output = "ferplus" if "ferplus" in model.heads else next(iter(model.heads))
    card = ModelCard(
        name=recipe.name,
        output=output,
        labels=model.heads[output],
        sha256=hashlib.sha256(graph).hexdigest(),
        key_points_drawn=recipe.variant == KEY_POINTS,
        parameters=count_parameters(model),
        training={
            "data": learned["source"],
            **({"data_sha256": learned["sha256"]} if "sha256" in learned else {}),
            **({"learned_before": before} if before else {}),
            "protocol": PROTOCOL.format(CHOSEN[recipe.keep]),
            "recipe": recipe.as_dict(),
            "seed": recipe.seed,
            "epochs": recipe.epochs,
            "chosen_epoch": content["epoch"],
            "seconds": seconds(checkpoint.with_name(LOG)),
            "commit": content.get("commit"),  # runs of earlier versions do not tell
        },
        licence=LICENCE,
        limits=f"{LIMITS} {FER2013_LIMITS}" if fer2013.NAME in "".join([learned["source"], *before]) else LIMITS,
    )
    return graph, card


def smaller(graph: bytes, card: ModelCard, precision: str, data: Path) -> tuple[bytes, Weighing]:
    """The graph in a smaller precision, and how the two compare on PublicTest."""
    if precision == "int8":
        faces = load_split(data, "train").images
        faces = faces[np.random.default_rng(0).permutation(len(faces))[:CALIBRATION_FACES]]
        small = to_int8(graph, drawn_on(faces)[0] if card.key_points_drawn else faces)
    else:
        small = to_fp16(graph)
    return small, weigh(graph, small, card, data)


def to_onnx(model: Network) -> bytes:
    """The graph: input "image" (batch, 1, 48, 48), one output of logits for each head, batch norm folded in."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # else it tells of optional packages that are not needed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its own inner workings
        program = torch.onnx.export(
            model,
            (torch.zeros(2, 1, SIDE, SIDE),),
            input_names=["image"],
            output_names=list(model.heads),
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


def check_agreement(model: Network, session: Any, images: NDArray[np.uint8]) -> None:
    """Raise ModelError unless the graph gives the network's logits on (N, 48, 48) ``images``."""
    batch = normalise(images)
    with torch.no_grad():
        wanted = [logits.numpy() for logits in model(torch.from_numpy(batch))]
    found = session.run(list(model.heads), {"image": batch})
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
    of_epoch: dict[int, float] = {row["epoch"]: row["seconds"] for row in read_log(log)}  # one may be told of twice
    return round(sum(of_epoch.values()), 1)
