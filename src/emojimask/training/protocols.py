"""The protocols by which the literature judges: which head of a model is asked, of which rows, and what is right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from emojimask.errors import DataError, ModelError, UsageError
from emojimask.expressions.card import ModelCard
from emojimask.training.data.fer2013 import (
    FER2013_CLASSES,
    FERPLUS_CLASSES,
    SPLITS,
    FerSplit,
    ferplus_argmax,
    ferplus_majority,
)
from emojimask.training.data.six_classes import CLASSES as SIX_CLASSES
from emojimask.training.data.variants import KEY_POINTS, PLAIN, SIX, check_variant, prepare

_Value = TypeVar("_Value")
Rule = Callable[[FerSplit], tuple[NDArray[np.int64], NDArray[np.bool_]]]

SPLIT_NAMES = {name: split for split, name in SPLITS.items() if split != "train"}


@dataclass(frozen=True, slots=True)
class Protocol:
    """Which head is asked, and what counts as right.

    Attributes:
        head: the graph's output that is read.
        classes: its columns.
        rule: a split's (N,) labels, and which of its rows count.
    """

    head: str
    classes: tuple[str, ...]
    rule: Rule


def _labels(split: FerSplit) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    return split.labels, np.ones(len(split), bool)


PROTOCOLS = {
    "fer2013": Protocol("fer2013", FER2013_CLASSES, _labels),
    "ferplus": Protocol("ferplus", FERPLUS_CLASSES, lambda split: ferplus_majority(split.votes)),
    "ferplus-argmax": Protocol("ferplus", FERPLUS_CLASSES, lambda split: ferplus_argmax(split.votes)),
    SIX: Protocol("six_classes", SIX_CLASSES, _labels),
}


def choose(table: Mapping[str, _Value], name: str, what: str) -> _Value:
    """Raises UsageError where there is none of that name."""
    if name not in table:
        raise UsageError(f"unknown {what} {name!r}: choose one of {', '.join(table)}")
    return table[name]


class Asked(NamedTuple):
    """The rows that a protocol counts, as one model sees them.

    Attributes:
        variant: what was made of the data for the model.
        faces: (N, 48, 48) uint8.
        labels: (N,)
        counts: (M,) bool, which of the variant's rows these are.
    """

    variant: str
    faces: NDArray[np.uint8]
    labels: NDArray[np.int64]
    counts: NDArray[np.bool_]


def asked(rows: FerSplit, card: ModelCard, labels: str, part: str, data: Path) -> Asked:
    """What a protocol asks the model of a split's ``rows``.

    Raises:
        DataError: the protocol counts none of them; names ``data``.
    """
    variant = SIX if labels == SIX else variant_of(card)
    prepared = prepare(rows, variant, part)
    wanted, counts = PROTOCOLS[labels].rule(prepared)
    if not counts.any():
        name = SPLITS[part]
        raise DataError(f"{data}: {name} holds no row that {labels} counts; for FER+, are its votes there?")
    return Asked(variant, prepared.images[counts], wanted[counts], counts)


def variant_of(card: ModelCard) -> str:
    """How the model wants the data: as its card says of drawn landmarks, else as its recipe had it, or "plain".

    Raises:
        ModelError: the card names a variant that this version does not know.
    """
    variant = KEY_POINTS if card.key_points_drawn else str(recipe_of(card).get("variant", PLAIN))
    try:
        check_variant(variant)
    except UsageError as error:
        raise ModelError(f"{card.name}: the recipe in its card: {error}") from None
    return variant


def recipe_of(card: ModelCard) -> Mapping[str, Any]:
    """The recipe that the card tells of; empty where it does not."""
    recipe = card.training.get("recipe")
    return recipe if isinstance(recipe, Mapping) else {}


def head_for(session: onnxruntime.InferenceSession, card: ModelCard, protocol: Protocol, labels: str) -> str:
    """The output that serves a protocol: the card's where its labels are the protocol's, or another of its name.

    Raises:
        ModelError: there is none.
    """
    widths = {output.name: output.shape[-1] for output in session.get_outputs()}
    if protocol.head != card.output and widths.get(protocol.head) == len(protocol.classes):
        return protocol.head
    if card.labels == protocol.classes:
        return card.output
    raise ModelError(
        f"{card.name}: has no head for --labels {labels}, which has {len(protocol.classes)} classes: "
        f"its outputs are {', '.join(f'{name} ({width})' for name, width in widths.items())}, the classes of its card "
        f"{', '.join(card.labels)}; they must be {', '.join(protocol.classes)}, in this order"
    )
