"""Plots as PNG pictures, drawn with Pillow alone: lines, dots, bars and matrices of shares."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

Point = tuple[float, float]
Colour = tuple[int, int, int]

INK, SOFT, RULE, PAPER = (29, 35, 41), (91, 102, 113), (221, 226, 231), (255, 255, 255)
COLOURS: tuple[Colour, ...] = ((47, 111, 178), (209, 73, 91), (232, 128, 74), (122, 158, 58), (123, 94, 167))
_FULL = (47, 111, 178)
"""What a share of 1 is painted with in a matrix."""
_SCALE = 2  # drawn at twice the size, so that text is sharp on fine screens too
_FONT = 12


class Axis(NamedTuple):
    """An axis: its label, and where it begins and ends."""

    label: str
    low: float
    high: float


def lines(series: Mapping[str, Sequence[Point]], *, title: str, x_label: str, y_label: str) -> Image.Image:
    """Points of each series joined by a line; a legend names the series where there are several."""
    plot = _Plot(title, _axis(series, 0, x_label), _axis(series, 1, y_label))
    for colour, (_, points) in zip(_colours(series), series.items(), strict=True):
        plot.polyline(points, colour)
    plot.legend(series)
    return plot.image


def scatter(points: Mapping[str, Point], *, title: str, x: Axis, y: Axis, strong: Sequence[str] = ()) -> Image.Image:
    """A named dot for each point; ``strong`` names those that are drawn in the first colour, the rest is gray."""
    plot = _Plot(title, x, y, width=640, height=400)
    ordered = sorted(points.items(), key=lambda item: item[0] not in strong)
    for name, point in ordered:
        plot.dot(point, COLOURS[0] if name in strong else SOFT)
    for name, point in ordered:
        plot.name(point, name, COLOURS[0] if name in strong else SOFT)
    return plot.image


def reliability(bins: Sequence[Mapping[str, float]], *, title: str) -> Image.Image:
    """Accuracy in each bin of confidence as a bar, beside the diagonal on which a calibrated model would lie."""
    plot = _Plot(title, Axis("confidence", 0, 1), Axis("share that is right", 0, 1), width=400, height=400)
    for part in bins:
        if part["rows"]:
            plot.box((part["low"], 0), (part["high"], part["accuracy"]), COLOURS[0])
    plot.polyline([(0, 0), (1, 1)], SOFT)
    return plot.image


def bars(groups: Mapping[str, Mapping[str, float]], *, title: str) -> Image.Image:
    """Horizontal bars of shares, 0 to 1: for each group (a class, say) one bar for each series."""
    series = list(dict.fromkeys(name for values in groups.values() for name in values))
    bar, gap, left, width, top = 14, 10, 90, 560, 56 if len(series) > 1 else 36
    height = top + sum(len(values) * bar + gap for values in groups.values()) + 8
    image, draw = _canvas(width, height)
    _text(draw, (12, 8), title, size=15)
    _legend(draw, (12, 34), series)
    y = top
    for group, values in groups.items():
        _text(draw, (left - 8, y + len(values) * bar / 2), group, anchor="rm")
        for name, share in values.items():
            end = left + (width - left - 60) * share
            _box(draw, (left, y + 1), (end, y + bar - 1), COLOURS[series.index(name) % len(COLOURS)])
            _text(draw, (end + 6, y + bar / 2), f"{100 * share:.1f} %", anchor="lm", size=11)
            y += bar
        y += gap
    return image


def matrix(
    shares: Sequence[Sequence[float]], texts: Sequence[Sequence[str]], classes: Sequence[str], *, title: str
) -> Image.Image:
    """A row a label, a column a class shown; cells are the darker the larger their share, with a text in each."""
    cell, left, top = 54, 96, 76
    side = cell * len(classes)
    image, draw = _canvas(left + side + 16, top + side + 16)
    _text(draw, (12, 8), title, size=15)
    _text(draw, (left + side / 2, 40), "shown", anchor="mm", colour=SOFT)
    _text(draw, (12, top - 14), "label", anchor="lm", colour=SOFT)
    for i, name in enumerate(classes):
        _text(draw, (left - 8, top + (i + 0.5) * cell), name, anchor="rm")
        _text(draw, (left + (i + 0.5) * cell, top - 14), name, anchor="mm", size=11)
        for j, share in enumerate(shares[i]):
            x, y = left + j * cell, top + i * cell
            _box(draw, (x, y), (x + cell - 1, y + cell - 1), _mixed(share))
            colour = PAPER if share > 0.55 else INK
            _text(draw, (x + cell / 2, y + cell / 2), texts[i][j], anchor="mm", colour=colour)
    return image


class _Plot:
    """Two axes with their grid, and things placed by values."""

    def __init__(self, title: str, x: Axis, y: Axis, width: int = 560, height: int = 340) -> None:
        self.image, self._draw = _canvas(width, height)
        self._x, self._y = x, y
        self._taken: list[tuple[float, float, float, float]] = []
        self._left, self._right, self._top, self._bottom = 62, width - 24, 58, height - 48
        _text(self._draw, (12, 8), title, size=15)
        for value in _ticks(x):
            _text(self._draw, (self._at((value, y.low))[0], self._bottom + 6), f"{value:g}", anchor="mt", colour=SOFT)
        for value in _ticks(y):
            height_of = self._at((x.low, value))[1]
            _line(self._draw, [(self._left, height_of), (self._right, height_of)], RULE, 1)
            _text(self._draw, (self._left - 6, height_of), f"{value:g}", anchor="rm", colour=SOFT)
        _text(self._draw, ((self._left + self._right) / 2, height - 10), x.label, anchor="ms", colour=SOFT)
        _text(self._draw, (16, self._top - 24), y.label, colour=SOFT, size=11)

    def polyline(self, points: Sequence[Point], colour: Colour) -> None:
        if len(points) == 1:
            self.dot(points[0], colour)
        elif points:
            _line(self._draw, [self._at(point) for point in points], colour, 2)

    def dot(self, point: Point, colour: Colour) -> None:
        x, y = self._at(point)
        self._draw.ellipse([v * _SCALE for v in (x - 4, y - 4, x + 4, y + 4)], fill=colour)
        self._taken.append((x - 4, y - 4, x + 4, y + 4))

    def name(self, point: Point, name: str, colour: Colour) -> None:
        """Write a dot's name where there is room beside it; where there is none, leave it out."""
        x, y = self._at(point)
        font = ImageFont.load_default(11 * _SCALE)
        width = font.getlength(name) / _SCALE
        beside = [(x + 7, y - 7), (x - 7 - width, y - 7), (x - width / 2, y - 20), (x - width / 2, y + 6)]
        further = [(left, y + dy) for dy in (-32, 18, -44, 30, -56, 42) for left in (x + 4, x - width - 4)]
        for left, top in beside + further:
            place = (left, top, left + width, top + 13)
            inside = self._left < left and place[2] < self.image.width / _SCALE and place[3] < self._bottom
            if inside and not any(_overlap(place, other) for other in self._taken):
                self._taken.append(place)
                _text(self._draw, (left, top), name, colour=colour, size=11)
                return

    def box(self, low: Point, high: Point, colour: Colour) -> None:
        (x0, y0), (x1, y1) = self._at(low), self._at(high)
        _box(self._draw, (x0 + 1, y1), (x1 - 1, y0), colour)

    def legend(self, names: Mapping[str, object]) -> None:
        _legend(self._draw, (self._left + 90, self._top - 22), list(names))

    def _at(self, point: Point) -> Point:
        x = (point[0] - self._x.low) / (self._x.high - self._x.low)
        y = (point[1] - self._y.low) / (self._y.high - self._y.low)
        return self._left + (self._right - self._left) * x, self._bottom - (self._bottom - self._top) * y


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _axis(series: Mapping[str, Sequence[Point]], which: int, label: str) -> Axis:
    values = [point[which] for points in series.values() for point in points]
    low, high = min(values, default=0.0), max(values, default=1.0)
    margin = (high - low) * 0.05 or max(0.5, abs(high) * 0.05)  # to a large number half of one may be nothing
    return Axis(label, low - margin, high + margin)


def _ticks(axis: Axis) -> list[float]:
    """About five round numbers within an axis."""
    rough = (axis.high - axis.low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first = math.ceil(axis.low / step - 1e-9)
    return [round(n * step, 10) for n in range(first, math.floor(axis.high / step + 1e-9) + 1)]


def _colours(names: Mapping[str, object]) -> list[Colour]:
    return [COLOURS[i % len(COLOURS)] for i in range(len(names))]


def _canvas(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (width * _SCALE, height * _SCALE), PAPER)
    return image, ImageDraw.Draw(image)


def _text(
    draw: ImageDraw.ImageDraw,
    at: Point,
    text: str,
    *,
    anchor: str = "la",
    colour: Colour = INK,
    size: int = _FONT,
) -> None:
    font = ImageFont.load_default(size * _SCALE)
    draw.text((at[0] * _SCALE, at[1] * _SCALE), text, fill=colour, font=font, anchor=anchor)


def _line(draw: ImageDraw.ImageDraw, points: Sequence[Point], colour: Colour, width: int) -> None:
    draw.line([(x * _SCALE, y * _SCALE) for x, y in points], fill=colour, width=width * _SCALE, joint="curve")


def _box(draw: ImageDraw.ImageDraw, low: Point, high: Point, colour: Colour) -> None:
    x0, y0, x1, y1 = (value * _SCALE for value in (*low, *high))
    draw.rectangle([x0, y0, max(x0, x1), max(y0, y1)], fill=colour)


def _legend(draw: ImageDraw.ImageDraw, at: Point, names: Sequence[str]) -> None:
    if len(names) < 2:
        return
    x, y = at
    font = ImageFont.load_default(_FONT * _SCALE)
    for i, name in enumerate(names):
        _box(draw, (x, y), (x + 10, y + 10), COLOURS[i % len(COLOURS)])
        _text(draw, (x + 15, y + 5), name, anchor="lm")
        x += 15 + font.getlength(name) / _SCALE + 18


def _mixed(share: float) -> Colour:
    """White for 0, the full colour for 1."""
    red, green, blue = (round(255 + (full - 255) * max(0.0, min(1.0, share))) for full in _FULL)
    return red, green, blue
