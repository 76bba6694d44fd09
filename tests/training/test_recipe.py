"""Recipes: what a file does not say is the default; what it says wrong is named."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from emojimask.errors import UsageError
from emojimask.training.recipe import RECIPES, Recipe, load_recipe


def test_a_file_replaces_defaults(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("epochs = 3\nrate = 1\nwidths = [8, 16]\nblocks = [1, 2]\n")
    recipe = load_recipe(str(path))
    assert recipe == Recipe(name="mine", epochs=3, rate=1.0, widths=(8, 16), blocks=(1, 2))
    assert type(recipe.rate) is float


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_recipes_load_by_name(path: Path) -> None:
    assert load_recipe(path.stem).name == path.stem


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch = 3", "unknown key 'epoch'"),
        ("epochs = 3.5", "epochs must be a int, found 3.5"),
        ("epochs = true", "epochs must be a int"),
        ("rate = true", "rate must be a float"),
        ("rate = 'fast'", "rate must be a float"),
        ("widths = [1, 2.5]", "widths must be a list of whole numbers above 0"),
        ("widths = []", "widths must be a list"),
        ("widths = [8]", "widths and blocks must have one number for each stage"),
        ("batch = 0", "epochs and batch must be above 0"),
        ("epochs = -1", "epochs and batch must be above 0"),
        ("epochs 3", "not valid TOML"),
    ],
)
def test_faults_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message) as raised:
        load_recipe(str(path))
    assert "mine.toml" in str(raised.value)


@pytest.mark.parametrize("name", ["nothing", "nothing.toml"])
def test_an_unknown_recipe(name: str) -> None:
    with pytest.raises(UsageError, match=r"no recipe 'nothing.*default"):
        load_recipe(name)


def test_every_field_stands_in_the_documentation() -> None:
    text = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")
    for field in fields(Recipe):
        assert f"| `{field.name}` |" in text, f"docs/training.md does not tell of {field.name}"
        shown = str(list(field.default)) if isinstance(field.default, tuple) else str(field.default)
        assert f"| `{field.name}` | {shown} |" in text
