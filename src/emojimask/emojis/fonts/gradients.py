"""The gradients of COLR fonts as SVG: their lines of colour, and where these run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import copysign, cos, pi, sin
from typing import Any

import numpy as np

Color = tuple[int, int, int, float]
"""Red, green, blue from 0 to 255, alpha from 0 to 1."""

WEDGES = 360
"""Of a full turn of a sweep gradient."""


@dataclass(frozen=True, slots=True)
class ColorLine:
    """Colours along a line.

    Attributes:
        stops: offset and colour, at least one, sorted by offset.
        extend: what is drawn beyond the first and the last: "pad", "repeat" or "reflect".
    """

    stops: tuple[tuple[float, Color], ...]
    extend: str

    @property
    def first(self) -> float:
        return self.stops[0][0]

    @property
    def span(self) -> float:
        """From the first stop to the last; 1 where they coincide."""
        return self.stops[-1][0] - self.first or 1.0

    def along(self, start: float, end: float) -> tuple[float, float]:
        """Where the first and the last stop lie when 0 is at ``start`` and 1 at ``end``: SVG has no stops beyond."""
        return start + self.first * (end - start), start + (self.first + self.span) * (end - start)

    def svg(self) -> str:
        return "".join(
            f'<stop offset="{number((offset - self.first) / self.span)}" stop-color="{_rgb(color)}" '
            f'stop-opacity="{number(color[3])}"/>'
            for offset, color in self.stops
        )

    def color_at(self, offset: float) -> Color:
        place = (offset - self.first) / self.span
        if self.extend == "repeat":
            place %= 1
        elif self.extend == "reflect":
            place = 1 - abs(place % 2 - 1)
        offset = self.first + place * self.span
        before, below = self.stops[0]
        for after, above in self.stops:
            if offset < after:
                share = (offset - before) / (after - before) if after > before else 0
                return _mixed(below, above, share)
            before, below = after, above
        return below


def linear(paint: Any, line: ColorLine, more: str) -> str:
    """A <linearGradient> with the attributes ``more``; "" where it has no direction. ``paint``: PaintLinearGradient."""
    x, y = paint.x1 - paint.x0, paint.y1 - paint.y0
    across, up = paint.y0 - paint.y2, paint.x2 - paint.x0  # at right angles to the third point, in whose direction
    if x * across + y * up == 0:  # all colours are alike
        return ""
    share = (x * across + y * up) / (across**2 + up**2)
    x1, x2 = line.along(paint.x0, paint.x0 + share * across)
    y1, y2 = line.along(paint.y0, paint.y0 + share * up)
    return (
        f'<linearGradient {more} gradientUnits="userSpaceOnUse" spreadMethod="{line.extend}" x1="{number(x1)}" '
        f'y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}">{line.svg()}</linearGradient>'
    )


def radial(paint: Any, line: ColorLine, more: str) -> str:
    """A <radialGradient> with the attributes ``more``, from one circle to another. ``paint``: PaintRadialGradient."""
    (fx, cx), (fy, cy) = line.along(paint.x0, paint.x1), line.along(paint.y0, paint.y1)
    fr, r = (number(max(radius, 0)) for radius in line.along(paint.r0, paint.r1))
    return (
        f'<radialGradient {more} gradientUnits="userSpaceOnUse" spreadMethod="{line.extend}" fx="{number(fx)}" '
        f'fy="{number(fy)}" fr="{fr}" cx="{number(cx)}" cy="{number(cy)}" r="{r}">{line.svg()}</radialGradient>'
    )


def wedges(paint: Any, line: ColorLine, corners: Iterable[tuple[float, float]]) -> Iterator[str]:
    """Wedges of one colour each round the centre, which reach beyond ``corners``. ``paint``: PaintSweepGradient."""
    x, y, turn = paint.centerX, paint.centerY, paint.endAngle - paint.startAngle
    radius = 1.1 * max(abs(corner[0] - x) + abs(corner[1] - y) for corner in corners)
    rim = [(x + radius * cos(angle), y + radius * sin(angle)) for angle in np.linspace(0, 2 * pi, WEDGES + 1)]
    for wedge, (begin, end) in enumerate(pairwise(rim)):
        past = 360 * (wedge + 0.5) / WEDGES - paint.startAngle
        color = line.color_at(past / turn if turn else line.first + copysign(2, past) * line.span)
        path = " ".join(number(value) for value in (x, y, *begin, *end))
        yield f'<path d="M{path}Z" {filling(color)}/>'


def filling(color: Color) -> str:
    """The attributes of what has one colour."""
    return f'fill="{_rgb(color)}" fill-opacity="{number(color[3])}"'


def number(value: float) -> str:
    return f"{value:.9g}"


def _rgb(color: Color) -> str:
    return "#" + "".join(f"{channel:02x}" for channel in color[:3])


def _mixed(one: Color, other: Color, share: float) -> Color:
    red, green, blue = (round(a + share * (b - a)) for a, b in zip(one[:3], other[:3], strict=True))
    return red, green, blue, one[3] + share * (other[3] - one[3])
