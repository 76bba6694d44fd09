"""Every combination of a few values of a recipe, trained one after the other; the best chosen on PublicTest."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from emojimask.errors import DivergedError, UsageError
from emojimask.files.atomic import without_slashes, write_whole
from emojimask.training.checkpoint import read_checkpoint, writing
from emojimask.training.data.variants import check_variant
from emojimask.training.recipe import Recipe, changed
from emojimask.training.targets import heads
from emojimask.training.trained import check_model

TABLE = "grid.json"


def run_grid(
    recipe: Recipe,
    choices: Mapping[str, Sequence[Any]],
    out: Path,
    run: Callable[[Recipe, Path], Path],
    tell: Callable[[str], None],
) -> str:
    """Train every combination of ``choices`` in a folder of ``out`` that is named after it, as its recipe is.

    Args:
        recipe: what the combinations change.
        choices: values to try, by the recipe's key.
        out: receives a folder for each combination and ``grid.json``, best first by the heads that all have, and
            last, without a score, those that diverged.
        run: trains a recipe in a folder, or goes on with it, and returns its best checkpoint.
        tell: called with a line before each run.

    Returns:
        The table as text, best first.

    Raises:
        UsageError: a key or value that a recipe does not have, a key without values, the same combination twice, or
            recipes without a head in common; nothing was trained then.
    """
    candidates = candidates_of(recipe, choices)
    first, *others = (heads(candidate.recipe) for candidate in candidates)
    judged = [head for head in first if all(head in other for other in others)]
    if not judged:
        raise UsageError("the grid's recipes have no head in common that they could be compared by")
    rows: list[dict[str, Any]] = []
    for number, (name, values, candidate) in enumerate(candidates, 1):
        tell(f"run {number} of {len(candidates)}: {name}")
        rows.append({"run": name, **values, **outcome(candidate, out / name, run, judged, tell)})
        rows.sort(key=lambda row: -1 if row["score"] is None else row["score"], reverse=True)
        with writing(out):
            write_whole(out / TABLE, json.dumps(rows, indent=1) + "\n")
    return as_text(rows, judged)


class Candidate(NamedTuple):
    """One combination: its name, which is its folder's too, the values that are its own, and its recipe."""

    name: str
    values: dict[str, Any]
    recipe: Recipe


def candidates_of(recipe: Recipe, choices: Mapping[str, Sequence[Any]]) -> list[Candidate]:
    """Every combination. Raises UsageError as :func:`run_grid`."""
    empty = [key for key, values in choices.items() if not values]
    if empty:
        raise UsageError(f"the grid has no value to try for {empty[0]}; write KEY=A,B")
    found: dict[str, Candidate] = {}
    for combination in itertools.product(*choices.values()):
        values = dict(zip(choices, combination, strict=True))
        name = without_slashes(",".join(f"{key}={value}" for key, value in values.items()))
        if name in found:
            raise UsageError(f"the grid has {name} twice")
        found[name] = Candidate(name, values, changed(recipe, {"name": f"{recipe.name}-{name}", **values}))
        check_model(found[name].recipe)
        check_variant(found[name].recipe.variant)
    return list(found.values())


def as_text(rows: Sequence[Mapping[str, Any]], judged: Sequence[str]) -> str:
    """The table as a person reads it."""
    lines = ["PublicTest, best first"]
    for row in rows:
        told = "".join(f"  {head} {row[head]:.2%}" for head in judged if head in row)
        lines.append(f"{row['run']}  epoch {row['epoch']}{told}" if told else f"{row['run']}  diverged")
    return "\n".join(lines)


def outcome(
    recipe: Recipe,
    out: Path,
    run: Callable[[Recipe, Path], Path],
    judged: Sequence[str],
    tell: Callable[[str], None],
) -> dict[str, Any]:
    """What the table tells of a run: its epoch and scores; of one that diverged, that it has no score."""
    try:
        best = run(recipe, out)
    except DivergedError as error:  # says something of its own values, nothing against those still to come
        tell(str(error))
        return {"score": None}
    content = read_checkpoint(best, torch.device("cpu"), "epoch", *heads(recipe))
    scores = {head: content[head] for head in heads(recipe)}
    return {"epoch": content["epoch"], **scores, "score": sum(scores[head] for head in judged)}
