"""Recipes: what a file does not say is the default; what it says wrong is named."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from emojimask.errors import DataError, UsageError
from emojimask.training.recipe import RECIPES, Recipe, changed, load_recipe


def test_a_file_replaces_defaults(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("epochs = 3\nrate = 1\nwidths = [8, 16]\nblocks = [1, 2]\n")
    recipe = load_recipe(str(path))
    assert recipe == Recipe(name="mine", epochs=3, rate=1.0, widths=(8, 16), blocks=(1, 2))
    assert type(recipe.rate) is float


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_file_is_read_with_and_without_a_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "mine.toml").write_text("epochs = 3\n", encoding=encoding)
    assert load_recipe(str(tmp_path / "mine.toml")) == Recipe(name="mine", epochs=3)


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_recipes_load_by_name(path: Path) -> None:
    assert load_recipe(path.stem).name == path.stem


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch = 3", "unknown key 'epoch'; known are: .*, epochs, "),
        ("epochs = 3.5", "epochs must be a whole number, found 3.5"),
        ("epochs = true", "epochs must be a whole number"),
        ("rate = true", "rate must be a number"),
        ("rate = 'fast'", "rate must be a number"),
        ("widths = [1, 2.5]", "widths must be a list of whole numbers above 0"),
        ("widths = []", "widths must be a list"),
        ("widths = [8]", "widths and blocks must have one number for each stage"),
        ("batch = 0", "must be above 0"),
        ("name = 'a/b'", "name must do for a file's, found 'a/b'"),
        ("name = ''", "name must do for a file's"),
        ("seed = -1", "seed must be 0 to"),
        ("side = 15", "side must be 16 or more, or 0, found 15"),
        ("seed = 99999999999999999999", "seed must be 0 to"),
        ("epochs = -1", "epochs must be above 0"),
        ("epochs = 0", "epochs must be above 0, or 0 with weights"),
        ("epochs 3", "not valid TOML"),
        pytest.param("epochs = " + "[" * 10_000, "not valid TOML", id="deep"),
        ("optimizer = 'sdg'", "optimizer must be one of nesterov, sgd, adam"),
        ("labels = 'six'", "labels must be one of both, fer2013, ferplus"),
        ("dropout = 1.5", "dropout must be 0 to 1, found 1.5"),
        ("stay = 0.5", "stay needs weights"),
        ("frozen = 2", "frozen needs weights"),
        ("frozen = -2\nweights = 'default'", "frozen must be 0 or more, found -2"),
        ("side = -1", "side must be 0 or more, found -1"),
        ("rate = -0.1", "rate must be above 0, found -0.1"),
        ("rate = nan", "rate must be from 1e-09 to 1e\\+09, .* found nan"),
        ("rate = inf", "rate must be from 1e-09 to"),
        ("rate = 1e38", "rate must be from 1e-09 to"),
        ("mix_alpha = 1e-300", "mix_alpha must be from 1e-09 to"),
        ("half = 1", "half must be true or false"),
        ("name = 1", "name must be a text"),
        ("momentum = 2.0", "momentum must be 0 to 1, found 2.0"),
        ("momentum = 0", "nesterov needs momentum"),
        ("schedule_factor = 1.0", "schedule_factor must be above 0 and below 1"),
        ("teachers = 'a.pt'", "teachers must be a list of texts"),
        ("base = 3", "base must be a recipe's name or path"),
        ("base = 'nothing'", "no recipe 'nothing'"),
        ("base = 'mine.toml'", "is its own base"),
    ],
)
def test_faults_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message) as raised:
        load_recipe(str(path))
    assert "mine.toml" in str(raised.value)


def test_a_base_gives_what_the_file_does_not_say(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text("name = 'first'\nepochs = 3\nrate = 1\nweights = 'first.onnx'\n")
    (tmp_path / "two.toml").write_text("base = 'one.toml'\nepochs = 5\nteachers = ['a/best.pt', './a', 'default']\n")
    recipe = load_recipe(str(tmp_path / "two.toml"))
    teachers = (str(tmp_path / "a" / "best.pt"), str(tmp_path / "a"), "default")
    weights = str(tmp_path / "first.onnx")
    assert recipe == Recipe(name="two", epochs=5, rate=1.0, weights=weights, teachers=teachers)
    assert load_recipe("vgg19") == replace(load_recipe("vgg-ba-small"), name="vgg19", model="vgg19")


def test_what_no_name_says_lies_beside_the_recipe(tmp_path: Path) -> None:
    """A run's folder without a slash too, and not where the command happens to be given."""
    path = tmp_path / "own.toml"
    path.write_text("teachers = ['mine', 'compact-resnet']\nweights = 'mine'\n")
    beside = str(tmp_path / "mine")
    assert load_recipe(str(path)) == Recipe(name="own", teachers=(beside, "compact-resnet"), weights=beside)
    for name in ("", "default", "imagenet", "faces"):
        path.write_text(f"weights = '{name}'\n")
        assert load_recipe(str(path)).weights == name


def test_files_of_two_folders_are_each_other_s_base(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "one.toml").write_text("base = '../two.toml'\n")
    (tmp_path / "two.toml").write_text("base = 'sub/one.toml'\n")
    for name in ("two.toml", "sub/one.toml"):
        with pytest.raises(UsageError, match="is its own base"):
            load_recipe(str(tmp_path / name))


def test_changes_are_checked_as_files_are() -> None:
    assert changed(Recipe(), {"seed": 2}) == Recipe(seed=2)
    with pytest.raises(UsageError, match="run: unknown key 'sede'"):
        changed(Recipe(), {"sede": 2})


def test_a_recipe_goes_through_a_checkpoint() -> None:
    recipe = load_recipe("teacher")
    assert Recipe.from_dict(json.loads(json.dumps(recipe.as_dict())), "best.pt") == recipe
    assert Recipe.from_dict({"widths": (8,), "blocks": (1,)}, "best.pt") == Recipe(widths=(8,), blocks=(1,))
    with pytest.raises(DataError, match=r"best\.pt: its recipe"):
        Recipe.from_dict({"depth": 3}, "best.pt")


@pytest.mark.parametrize("name", ["nothing", "nothing.toml"])
def test_an_unknown_recipe(name: str) -> None:
    with pytest.raises(UsageError, match=r"no recipe 'nothing.*default"):
        load_recipe(name)


def test_every_field_stands_in_the_documentation() -> None:
    text = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")
    for field in fields(Recipe):
        assert f"| `{field.name}` |" in text, f"docs/training.md does not tell of {field.name}"
        default = list(field.default) if isinstance(field.default, tuple) else field.default
        shown = str(default).lower() or '""'
        assert f"| `{field.name}` | {shown} |" in text
