"""The zoo's table: every shipped recipe with its network's size, speed and measured accuracy. Needs no torch."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from emojimask.errors import DataError

SEED = re.compile(r"-[1-9]$")
"""What the runs of one recipe in several seeds have behind its name."""
FINEST_FIRST = ("fp32", "fp16", "int8")
STORED = Path(__file__).with_name("zoo.json")

Found = defaultdict[tuple[str, str], defaultdict[int, list[float]]]
"""Accuracies by recipe and protocol, and by place in FINEST_FIRST."""


@dataclass(frozen=True, slots=True)
class ZooRow:
    """One recipe.

    Attributes:
        recipe, model: names.
        side: the picture's side that the network works on, in pixels.
        parameters: numbers that are learned.
        macs: multiplications of convolutions and linear layers for one face.
        bytes: size of the exported file; None: not measured yet.
        latency_ms: time for one face in ONNX Runtime on one thread; None: not measured yet.
        accuracy: PrivateTest, single view, 0 to 1, by protocol ("fer2013", "ferplus", "six-classes"); none is there
            where the recipe was not trained yet.
    """

    recipe: str
    model: str
    side: int
    parameters: int
    macs: int
    bytes: int | None
    latency_ms: float | None
    accuracy: dict[str, float]


def stored() -> list[ZooRow]:
    """As measured before; the file was written by ``emojimask zoo --measure --json``."""
    return [ZooRow(**row) for row in json.loads(STORED.read_text(encoding="utf-8"))]


def with_results(rows: Sequence[ZooRow], folder: Path) -> list[ZooRow]:
    """The rows with the accuracies that ``emojimask evaluate --out`` left in ``folder``.

    Of a recipe that was trained in several seeds only, as NAME-1, NAME-2 and so on: the mean. Where there are several
    precisions: the finest.

    Raises:
        DataError: there is no such folder, a JSON file in it is not an evaluation's, or none is a recipe's on
            PrivateTest.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder of results")
    found: Found = defaultdict(lambda: defaultdict(list))
    for path in sorted(folder.glob("*.json")):
        try:
            result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            recipe, labels, split = result["recipe"], result["labels"], result["split"]
            rank = FINEST_FIRST.index(result["precision"])
            accuracy = float(result["views"]["single"]["accuracy"])
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}: not what emojimask evaluate writes") from error
        if split == "PrivateTest" and isinstance(recipe, str):
            for name in {recipe, SEED.sub("-", recipe)}:
                found[name, labels][rank].append(accuracy)
    if not found:
        remedy = f"emojimask evaluate RUN --split PrivateTest --out {folder} makes one"
        raise DataError(f"{folder}: holds no evaluation of a recipe on PrivateTest; {remedy}")
    return [replace(row, accuracy={**row.accuracy, **_accuracies(found, row.recipe)}) for row in rows]


def _accuracies(found: Found, recipe: str) -> dict[str, float]:
    """By protocol: the run's own, else the mean of its seeds."""
    names = (f"{recipe}-", recipe)
    finest = {key: fmean(runs[min(runs)]) for key, runs in found.items()}
    return {labels: finest[of, labels] for of in names for name, labels in found if name == of}


def as_json(rows: Sequence[ZooRow]) -> str:
    return json.dumps([asdict(row) for row in rows], indent=1) + "\n"


def as_table(rows: Sequence[ZooRow]) -> str:
    """For reading: smallest first."""
    head = ("recipe", "model", "input", "parameters", "MACs", "fp32 file", "fp32 face")
    lines: list[tuple[str, ...]] = [(*head, "FER2013", "FER+", "six classes")]
    for row in sorted(rows, key=lambda row: row.parameters):
        sizes = (f"{row.side}x{row.side}", f"{row.parameters:,}", f"{row.macs / 1e6:,.1f} M")
        measured = (
            known("{:.2f} MB", None if row.bytes is None else row.bytes / 1e6),
            known("{:.2f} ms", row.latency_ms),
            *(known("{:.2%}", row.accuracy.get(labels)) for labels in ("fer2013", "ferplus", "six-classes")),
        )
        lines.append((row.recipe, row.model, *sizes, *measured))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "".join("  ".join(aligned(line, widths)).rstrip() + "\n" for line in lines)


def known(form: str, value: float | None) -> str:
    return "-" if value is None else form.format(value)


def aligned(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    """The two names to the left, figures to the right."""
    pairs = enumerate(zip(line, widths, strict=True))
    return [text.ljust(width) if column < 2 else text.rjust(width) for column, (text, width) in pairs]
