"""A plot of dots with a name beside each, for docs/results.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from emojimask.evaluation.plots import COLOUR, SOFT, figure, style

Point = tuple[float, float]

_BESIDE: Any = [
    ((dx, dy), align)
    for dy in (0, 10, -10, 20, -20, 30, -30, 40, -40)
    for dx, align in ((6, "left"), (-6, "right"), (0, "center"))
    if dx or dy
]
"""Where a dot's name may stand, in points from it, in the order of preference."""
_LEADER: Any = {"arrowstyle": "-", "color": "0.7", "linewidth": 0.6, "shrinkA": 4, "shrinkB": 3}
"""The line from a name to its dot; too short to be seen where the name stands close by."""


@style()
def scatter(points: Mapping[str, Point], *, title: str, x_label: str, y_label: str, strong: Sequence[str]) -> Figure:
    """A named dot for each point, x in powers of ten; ``strong`` names those that are drawn in colour."""
    drawn = figure(7.5, 4.5)
    axes = drawn.subplots()
    for name, (x, y) in points.items():
        axes.plot(x, y, "o", color=COLOUR if name in strong else SOFT, markersize=5)
    axes.set_xscale("log")
    axes.margins(x=0.1, y=0.15)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_title(title)
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.grid(color="0.9")
    axes.set_axisbelow(True)
    drawn.draw_without_rendering()  # settles where everything lies
    _name(axes, points, strong)
    return drawn


def _name(axes: Axes, points: Mapping[str, Point], strong: Sequence[str]) -> None:
    """Write each dot's name within the axes where it covers no dot and no other name; without a place, not at all."""
    dots = axes.transData.transform(list(points.values()))
    taken = [Bbox.from_bounds(x, y, 0, 0).padded(6) for x, y in dots]
    for name, point in sorted(points.items(), key=lambda item: item[1]):
        note = axes.annotate(name, point, (0, 0), textcoords="offset points", va="center", fontsize=8)
        note.set_color(COLOUR if name in strong else SOFT)
        note.set_in_layout(False)
        for offset, align in _BESIDE:
            note.set(position=offset, ha=align)
            place = note.get_window_extent()
            if axes.bbox.contains(*place.min) and axes.bbox.contains(*place.max) and not place.count_overlaps(taken):
                taken.append(place)
                axes.annotate("", point, offset, textcoords="offset points", arrowprops=_LEADER, zorder=1)
                break
        else:
            note.remove()
