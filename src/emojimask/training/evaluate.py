"""What a model is worth, by each protocol that the literature reports. Needs no torch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from emojimask.benchmark.latency import ms_per_face
from emojimask.benchmark.processor import processor
from emojimask.evaluation import scores
from emojimask.evaluation.views import VIEWS, looks
from emojimask.expressions.card import ModelCard
from emojimask.expressions.classifier import open_session, softmax
from emojimask.expressions.preprocess import normalise
from emojimask.training.data.fer2013 import FerSplit, copies
from emojimask.training.data.load import load_split, splits_of
from emojimask.training.data.variants import SIX, prepare
from emojimask.training.protocols import PROTOCOLS, SPLIT_NAMES, asked, choose, head_for, recipe_of, variant_of

Progress = Callable[[int, int], None]
"""Called with how many looks at the faces are done, of how many."""

_BATCH = 256
_IN_CARD = {"ferplus": "ferplus_majority"}
"""Protocols that a card names differently."""


def evaluate(
    graph: bytes,
    card: ModelCard,
    data: Path,
    labels: str,
    *,
    split: str = "PublicTest",
    single_view: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Everything about one model by one protocol; plain numbers, lists and texts, ready for JSON.

    Args:
        graph: an ONNX file's content.
        card: its card.
        data: what holds the data set, in any layout that training reads.
        labels: a name of :data:`PROTOCOLS`.
        split: "PublicTest", which chooses, or "PrivateTest", which is asked once, after everything is chosen.
        single_view: leave out the columns that average several looks at each face; ten times quicker.
        progress: told how far it is.

    Raises:
        DataError: the data cannot be read, or holds no row that the protocol counts.
        ModelError: the graph does not run, or has no head for this protocol.
        UsageError: no such protocol or split.
    """
    protocol = choose(PROTOCOLS, labels, "labels")
    part = choose(SPLIT_NAMES, split, "split")
    session = open_session(graph, card.name)
    head = head_for(session, card, protocol, labels)
    rows = load_split(data, part)
    variant, faces, wanted, counts = asked(rows, card, labels, part, data)
    fresh = None if variant == SIX else without_copies(rows, data)

    by_view = views(session, head, card, faces, single_view, progress)
    single = by_view["single"]
    return {
        "model": card.name,
        "recipe": recipe_of(card).get("name"),
        "sha256": hashlib.sha256(graph).hexdigest(),
        "bytes": len(graph),
        "parameters": card.parameters,
        "precision": card.training.get("precision", "fp32"),
        "labels": labels,
        "variant": variant,
        "split": split,
        "rows": len(wanted),
        "classes": list(protocol.classes),
        "views": {name: scores.summary(wanted, found) for name, found in by_view.items()},
        "duplicate_free": _duplicate_free(wanted, by_view, fresh, counts),
        **scores.details(wanted, single, protocol.classes),
        "slices": scores.slices(faces, single.argmax(1) == wanted),
        "latency": latency(session),
        "emojimask": version("emojimask"),
    }


def card_metrics(session: onnxruntime.InferenceSession, card: ModelCard, data: Path) -> dict[str, Any]:
    """What a card tells: scores on PublicTest, which chose the epoch, and on PrivateTest, which chose nothing.

    One's own pictures may have no PrivateTest: then there are none by it.

    Args:
        session: the model; each of its heads is scored by every protocol that it serves.
        card: says how it wants its faces.
        data: what holds the data set.

    Raises:
        DataError: the data cannot be read.
    """
    variant = variant_of(card)
    there = splits_of(data)
    found: dict[str, Any] = {"view": "single"}
    for name, part in SPLIT_NAMES.items():
        if part not in there:
            continue
        rows = load_split(data, part)
        fresh = None if name == "PublicTest" or variant == SIX else without_copies(rows, data)
        found[name] = _by_protocol(session, card, prepare(rows, variant, part), fresh)
    return found


def _by_protocol(
    session: onnxruntime.InferenceSession, card: ModelCard, rows: FerSplit, fresh: NDArray[np.bool_] | None
) -> dict[str, Any]:
    outputs = {output.name for output in session.get_outputs()}
    found = {}
    for name, protocol in PROTOCOLS.items():
        if protocol.head not in outputs:
            continue
        labels, counts = protocol.rule(rows)
        if not counts.any():
            continue
        probabilities = predict(session, protocol.head, card, rows.images)
        found[_IN_CARD.get(name, name.replace("-", "_"))] = _in_short(labels, probabilities, protocol.classes, counts)
        if name == "fer2013" and fresh is not None:
            short = _in_short(labels, probabilities, protocol.classes, fresh)
            found["fer2013_without_copies_of_training"] = short
    return found


def _in_short(
    labels: NDArray[np.int64],
    probabilities: NDArray[np.float32],
    classes: tuple[str, ...],
    counts: NDArray[np.bool_],
) -> dict[str, Any]:
    labels, probabilities = labels[counts], probabilities[counts]
    per_class = scores.details(labels, probabilities, classes)["per_class"]
    recall = {name: values["recall"] for name, values in per_class.items()}
    return {"rows": len(labels), **scores.summary(labels, probabilities), "recall": recall}


def views(
    session: onnxruntime.InferenceSession,
    head: str,
    card: ModelCard,
    faces: NDArray[np.uint8],
    single_view: bool,
    progress: Progress | None,
) -> dict[str, NDArray[np.float32]]:
    """(N, C) probabilities by each way of looking at (N, 48, 48) faces: the mean over its looks."""
    wanted = {name: count for name, count in VIEWS.items() if count == 1 or not single_view}
    total = np.zeros((), np.float32)
    found: dict[str, NDArray[np.float32]] = {}
    for number, images in enumerate(looks(faces), 1):
        total = total + predict(session, head, card, images)
        found |= {name: np.asarray(total / number) for name, count in wanted.items() if count == number}
        if progress is not None:
            progress(number, max(wanted.values()))
        if len(found) == len(wanted):
            break
    return found


def predict(
    session: onnxruntime.InferenceSession, head: str, card: ModelCard, images: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """(N, C) probabilities of (N, 48, 48) gray images, by the output ``head``."""
    name = session.get_inputs()[0].name
    batches = np.split(images, range(_BATCH, len(images), _BATCH))
    logits = [session.run([head], {name: normalise(batch, card.mean, card.std)})[0] for batch in batches]
    return softmax(np.concatenate(logits))


def without_copies(rows: FerSplit, data: Path) -> NDArray[np.bool_] | None:
    """(N,) bool, true where Training does not hold the picture too; None where the data has no Training."""
    if "train" not in splits_of(data):
        return None
    return ~copies(rows.images, load_split(data, "train").images)


def latency(session: onnxruntime.InferenceSession) -> dict[str, Any]:
    """Milliseconds a face on one thread, by faces a run, and what they were measured on."""
    return {
        "ms_per_face": {str(batch): round(ms_per_face(session, batch, seconds=0.5), 3) for batch in (1, 8)},
        "threads": 1,
        "processor": processor(),
        "onnxruntime": onnxruntime.__version__,
    }


def _duplicate_free(
    wanted: NDArray[np.int64],
    by_view: Mapping[str, NDArray[np.float32]],
    fresh: NDArray[np.bool_] | None,
    counts: NDArray[np.bool_],
) -> dict[str, Any] | None:
    if fresh is None:
        return None
    kept = fresh[counts]
    accuracies = {name: scores.summary(wanted[kept], found[kept])["accuracy"] for name, found in by_view.items()}
    return {"rows": int(kept.sum()), "accuracy": accuracies}
