"""Measures every network of the zoo on this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from emojimask.benchmark.latency import ms_per_face
from emojimask.expressions.classifier import open_session
from emojimask.training.data.variants import SIX
from emojimask.training.export import to_onnx
from emojimask.training.models.network import count_macs, count_parameters
from emojimask.training.recipe import RECIPES, load_recipe
from emojimask.training.trained import build_model
from emojimask.training.zoo import ZooRow


def measure_all(tell: Callable[[str], None]) -> list[ZooRow]:
    """A row for each shipped recipe, by name, without accuracies; ``tell`` is called with each one's name."""
    rows: dict[tuple[object, ...], ZooRow] = {}
    found = []
    for path in sorted(RECIPES.glob("*.toml")):
        recipe = load_recipe(path.stem)
        network = (recipe.model, recipe.side, recipe.widths, recipe.blocks, recipe.labels, recipe.variant == SIX)
        if network not in rows:
            tell(path.stem)
            rows[network] = measure(path.stem)
        found.append(replace(rows[network], recipe=path.stem))
    return found


def measure(name: str) -> ZooRow:
    """The network of a shipped recipe, with weights by chance: they change neither its size nor its speed."""
    recipe = load_recipe(name)
    network = build_model(recipe).eval()
    graph = to_onnx(network)
    session = open_session(graph, name)
    # The quickest of a few short medians: what else this machine does meanwhile only ever adds.
    latency = min(ms_per_face(session, 1, seconds=0.2) for _ in range(10))
    return ZooRow(
        recipe=name,
        model=recipe.model,
        side=network.side,
        parameters=count_parameters(network),
        macs=count_macs(network),
        bytes=len(graph),
        latency_ms=round(latency, 3),
        accuracy={},
    )
