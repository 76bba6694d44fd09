"""What was measured as plots, drawn by Matplotlib, which is loaded only then."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from emojimask.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOUR, SOFT = "tab:blue", "dimgray"
_STYLE: Any = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "svg.fonttype": "none",  # text stays text ...
    "svg.hashsalt": "emojimask",  # ... and the same plot the same file
}
_DPI = 150


@contextmanager
def style() -> Iterator[None]:
    """How all our plots look; also a decorator. What draws and what encodes must both run in it."""
    import matplotlib

    with matplotlib.rc_context(_STYLE):
        yield


def figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches, of no window."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


@style()
def encoded(figure: Figure, suffix: str) -> bytes:
    """The content of a file, the same for the same figure.

    Raises:
        UsageError: Matplotlib does not know the suffix.
    """
    content = io.BytesIO()
    kind = suffix.removeprefix(".").lower()
    undated = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
    try:
        figure.savefig(content, format=kind, dpi=_DPI, metadata=undated.get(kind))
    except ValueError as error:
        raise UsageError(f"'{suffix}': {error}") from error
    return content.getvalue()


@style()
def reliability(bins: Sequence[Mapping[str, float]], *, title: str) -> Figure:
    """Accuracy in each bin of confidence as a bar, beside the diagonal on which a calibrated model would lie."""
    drawn = figure(4, 4)
    axes = drawn.subplots()
    for part in bins:
        if part["rows"]:
            axes.bar(part["low"], part["accuracy"], part["high"] - part["low"], align="edge", color=COLOUR, ec="w")
    axes.plot([0, 1], [0, 1], color=SOFT)
    axes.set_title(title, wrap=True)
    axes.set(xlabel="confidence", ylabel="share that is right", xlim=(0, 1), ylim=(0, 1))
    return drawn


@style()
def bars(groups: Mapping[str, Mapping[str, float]], *, title: str) -> Figure:
    """Horizontal bars of shares, 0 to 1: for each group (a class, say) one bar for each series."""
    series = list(dict.fromkeys(name for values in groups.values() for name in values))
    drawn = figure(6, 0.8 + 0.17 * len(groups) * (len(series) + 0.7))
    axes = drawn.subplots()
    thick = 1 / (len(series) + 0.7)
    for number, name in enumerate(series):
        rows = [row for row, values in enumerate(groups.values()) if name in values]
        shares = [values[name] for values in groups.values() if name in values]
        shift = (number - (len(series) - 1) / 2) * thick
        drawn_bars = axes.barh([row + shift for row in rows], shares, thick, label=name)
        axes.bar_label(drawn_bars, [f"{100 * share:.1f} %" for share in shares], padding=3, fontsize=8)
    axes.set_yticks(range(len(groups)), list(groups))
    axes.invert_yaxis()
    axes.set_title(title, wrap=True)
    axes.set(xlim=(0, 1.05), xticks=[])
    axes.spines["bottom"].set_visible(False)
    if len(series) > 1:
        drawn.legend(loc="outside lower center", ncols=len(series))
    return drawn


@style()
def matrix(
    shares: Sequence[Sequence[float]], texts: Sequence[Sequence[str]], classes: Sequence[str], *, title: str
) -> Figure:
    """A row a label, a column a class shown; cells are the darker the larger their share, with a text in each."""
    side = 1.2 + 0.62 * len(classes)
    drawn = figure(side, side)
    axes = drawn.subplots()
    axes.imshow(np.asarray(shares), cmap="Blues", vmin=0, vmax=1)
    for row, cells in enumerate(texts):
        for column, text in enumerate(cells):
            color = "white" if shares[row][column] > 0.55 else "black"
            axes.text(column, row, text, ha="center", va="center", color=color, fontsize=8)
    axes.set_xticks(range(len(classes)), classes, rotation=30)
    axes.set_yticks(range(len(classes)), classes)
    axes.set_title(title, wrap=True)
    axes.set(xlabel="shown", ylabel="label")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return drawn
