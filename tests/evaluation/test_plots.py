"""Plots hold what they are given, whatever it is."""

from __future__ import annotations

import io

import matplotlib
import numpy as np
import pytest
from PIL import Image

from emojimask.errors import UsageError
from emojimask.evaluation import plots
from script_module import load_script

scatter = load_script("scripts/scatter_plot.py").scatter


def test_a_matrix_shows_its_shares_and_texts() -> None:
    drawn = plots.matrix([[1.0, 0.0], [0.25, 0.75]], [["7", ""], ["1", "3"]], ("happy", "sad"), title="t")
    (axes,) = drawn.axes
    assert np.array_equal(axes.images[0].get_array(), [[1.0, 0.0], [0.25, 0.75]])
    assert [text.get_text() for text in axes.texts] == ["7", "", "1", "3"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["happy", "sad"]


def test_bars_are_as_long_as_their_shares_and_a_class_may_lack_one() -> None:
    drawn = plots.bars({"a": {"fer2013": 0.25, "ferplus": 0.5}, "b": {"ferplus": 1.0}}, title="t")
    (axes,) = drawn.axes
    of_one, of_other = ([bar.get_width() for bar in group] for group in axes.containers)
    assert (of_one, of_other) == ([0.25], [0.5, 1.0])
    low, high = (np.mean([bar.get_y() for bar in group]) for group in axes.containers)
    assert low < high  # side by side, not one over the other


def test_every_dot_has_its_name_and_no_two_names_touch() -> None:
    points = {f"network-{number}": (1.0 + number / 10, 70.0 + number / 5) for number in range(8)}
    drawn = scatter(points, title="t", x_label="MB", y_label="%", strong=["network-3"])
    (axes,) = drawn.axes
    names = [text for text in axes.texts if text.get_text()]
    assert {name.get_text() for name in names} == set(points)
    places = [name.get_window_extent() for name in names]
    assert not any(place.count_overlaps(places[:number]) for number, place in enumerate(places))


def test_a_long_title_is_not_cut_off() -> None:
    title = "Of each shown: gray-face-resnet-int8, six-classes, PrivateTest"
    shares = [[1.0] * 6] * 6
    for drawn in (
        plots.reliability([], title=title),
        plots.matrix(shares, [["1"] * 6] * 6, "abcdef", title=title),
        plots.bars({"a": {"f1": 1.0}}, title=2 * title),
    ):
        with Image.open(io.BytesIO(plots.encoded(drawn, ".png"))) as image:
            seen = np.asarray(image.convert("L"))
        assert seen[:, [0, -1]].min() == 255  # no letter runs over the edge
        assert seen[0].min() == 255


@pytest.mark.parametrize("points", [{}, {"a": (1e-9, 0.0)}, {"a": (1.0, 1e33), "b": (1e17, -3.5)}])
def test_numbers_of_any_size_are_drawn(points: dict[str, tuple[float, float]]) -> None:
    drawn = scatter(points, title="t", x_label="x", y_label="y", strong=[])
    with Image.open(io.BytesIO(plots.encoded(drawn, ".png"))) as image:
        assert min(image.size) > 200


def test_the_same_plot_is_the_same_file() -> None:
    for suffix in (".png", ".SVG", ".pdf"):
        one, other = (plots.encoded(plots.reliability([], title="t"), suffix) for _ in range(2))
        assert one == other
    with pytest.raises(UsageError, match=r"'\.xyz'.*png"):
        plots.encoded(plots.figure(1, 1), ".xyz")


def test_drawing_leaves_the_users_own_settings_alone() -> None:
    before = dict(matplotlib.rcParams)
    plots.encoded(plots.reliability([], title="t"), ".png")
    assert dict(matplotlib.rcParams) == before
