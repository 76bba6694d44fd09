"""Several models on the same faces of a data set. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from emojimask.errors import ModelError
from emojimask.evaluation import comparison
from emojimask.expressions.card import ModelCard
from emojimask.expressions.classifier import open_session
from emojimask.training.data.load import load_split
from emojimask.training.data.variants import SIX
from emojimask.training.evaluate import predict
from emojimask.training.protocols import PROTOCOLS, SPLIT_NAMES, asked, choose, head_for, variant_of


def compare_models(
    models: Mapping[str, tuple[bytes, ModelCard]], data: Path, labels: str, split: str = "PublicTest"
) -> tuple[dict[str, Any], str]:
    """Every model, and the mean of them all, against the first one, single view.

    Args:
        models: ONNX files' contents and their cards by the name that each is given, two or more.
        data, labels, split: as in :func:`~emojimask.training.evaluate.evaluate`.

    Returns:
        Figures, ready for JSON; and what each model says of each row, as CSV.

    Raises:
        DataError: the data cannot be read, or holds no row that the protocol counts.
        ModelError: a graph does not run, has no head for this protocol, or is judged on other rows than the first.
        UsageError: no such protocol or split.
    """
    protocol, part = choose(PROTOCOLS, labels, "labels"), choose(SPLIT_NAMES, split, "split")
    cards = {name: replace(card, name=name) for name, (_, card) in models.items()}  # two may have one name of their own
    sessions = {name: open_session(graph, name) for name, (graph, _) in models.items()}
    heads = {name: head_for(sessions[name], card, protocol, labels) for name, card in cards.items()}
    check_rows(cards, labels)
    rows = load_split(data, part)
    by_model = {}
    for name, card in cards.items():
        _, faces, wanted, counts = asked(rows, card, labels, part, data)  # of the same rows, whatever is drawn on them
        by_model[name] = predict(sessions[name], heads[name], card, faces)
    told = {"labels": labels, "split": split, **comparison.compare(wanted, by_model, protocol.classes)}
    numbers = np.flatnonzero(counts).tolist()
    return told, comparison.rows_as_csv(numbers, wanted, by_model, protocol.classes)


def check_rows(cards: Mapping[str, ModelCard], labels: str) -> None:
    """Raise ModelError where one model would be asked of six classes' rows and another of the data's own."""
    of_six = [name for name, card in cards.items() if labels != SIX and variant_of(card) == SIX]
    others = [name for name in cards if name not in of_six]
    if of_six and others:
        raise ModelError(
            f"{of_six[0]}: by {labels} it is asked of the rows of its variant {SIX}, and {others[0]} of others; "
            "compare models of one variant"
        )
