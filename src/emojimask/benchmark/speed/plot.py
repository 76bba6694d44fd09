"""The speed bench's record as plots."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emojimask.benchmark.speed.stages import MASKING
from emojimask.errors import UsageError
from emojimask.evaluation import plots
from emojimask.files.atomic import write_result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@plots.style()
def save_plot(record: Mapping[str, Any], path: Path, parts: tuple[str, ...] = ()) -> None:
    """Draw a panel for every part that the record has, or for those of ``parts``, into an .svg, .png or .pdf.

    Raises:
        UsageError: the suffix is not known, or the record has nothing to draw.
        SinkError: the file cannot be written.
    """
    check_drawable(record.keys() & (parts or record.keys()), path)
    drawn = [part for part in (parts or tuple(_PANELS)) if part in record]
    columns = min(2, len(drawn))
    rows = -(-len(drawn) // columns)
    figure = plots.figure(4.6 * columns, 2.8 * rows)
    for place, part in enumerate(drawn, 1):
        _PANELS[part](figure.add_subplot(rows, columns, place), record[part])
    write_result(path, plots.encoded(figure, path.suffix))


def check_drawable(parts: Collection[str], path: Path) -> None:
    """Raise UsageError where of these parts none has a panel."""
    if _PANELS.keys().isdisjoint(parts):
        raise UsageError(f"{path}: nothing to draw; measure one of {', '.join(_PANELS)}")


def _stages(axes: Axes, part: Mapping[str, Any]) -> None:
    spent = {name: spread["mean_ms"] for name, spread in part["stages"].items() if name != MASKING}
    bars = axes.barh(list(spent), list(spent.values()), color=plots.COLOUR)
    axes.bar_label(bars, fmt="%.2f", padding=3)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set(xlabel="ms a frame, mean", title="Where the time goes")


def _faces(axes: Axes, part: list[Mapping[str, Any]]) -> None:
    _curve(axes, [row["faces"] for row in part], part)
    axes.set(xlabel="faces", title="Masking by number of faces")


def _sizes(axes: Axes, part: list[Mapping[str, Any]]) -> None:
    _curve(axes, [row["width"] * row["height"] / 1e6 for row in part], part)
    for index, row in enumerate(part):
        at = row["width"] * row["height"] / 1e6, row["mean_ms"]
        beside = (0, -12 if index % 2 else 5)  # in turn, as 480p and 720p lie too close for their names
        axes.annotate(f"{row['height']}p", at, xytext=beside, textcoords="offset points", ha="center")
    axes.set(xlabel="million pixels", title="Masking by size of the picture")


def _curve(axes: Axes, x: list[float], part: list[Mapping[str, Any]]) -> None:
    for key, style in (("mean_ms", "o-"), ("p95_ms", "o:")):
        axes.plot(x, [row[key] for row in part], style, color=plots.COLOUR, label=key.removesuffix("_ms"), markersize=4)
    axes.set(ylabel="ms a frame", ylim=(0, None), xlim=(0, 1.08 * max(x)))
    axes.legend()


def _file(axes: Axes, part: list[Mapping[str, Any]]) -> None:
    names = {
        "codecs_s": ("codecs alone", "tab:gray", -0.27),
        "our_codecs_s": ("the same, our threads", "silver", 0.0),
        "masked_s": ("masked", "tab:blue", 0.27),
    }
    for key, (label, color, shift) in names.items():
        places = [place + shift for place in range(len(part))]
        bars = axes.barh(places, [row[key] for row in part], 0.25, label=label, color=color)
        axes.bar_label(bars, fmt="%.1f", padding=3)
    axes.set_yticks(range(len(part)), [f"{row['mbit_s']:.1f} Mbit/s" for row in part])
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set(xlabel="seconds", title="A whole file")
    axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.22), ncols=3, columnspacing=1)  # below the axes


def _live(axes: Axes, part: Mapping[str, Any]) -> None:
    axes.plot(*zip(*part["course"], strict=True), color=plots.COLOUR, label="median")
    axes.axhline(part["p95_ms"], color=plots.COLOUR, linestyle=":", label="p95 of all")
    axes.set(xlabel="seconds", ylabel="ms", ylim=(0, None), title="Live: captured to delivered")
    axes.legend()


def _memory(axes: Axes, part: Mapping[str, Any]) -> None:
    if part["course"]:
        axes.plot(*zip(*part["course"], strict=True), color=plots.COLOUR)
    axes.set(xlabel="minutes of video", ylabel="MB resident", ylim=(0, None), title="Memory")


_PANELS: dict[str, Callable[[Axes, Any], None]] = {
    "stages": _stages,
    "faces": _faces,
    "sizes": _sizes,
    "file": _file,
    "live": _live,
    "memory": _memory,
}
