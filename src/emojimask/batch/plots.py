"""Plots as SVG, drawn by hand: they need nothing from outside and take on the page's colours."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 460, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 14, 12, 38


def bars(shares: Mapping[str, float], colours: Mapping[str, str]) -> str:
    """A horizontal bar for each share, 0 to 1."""
    row = 24
    widest = max(shares.values(), default=0) or 1
    parts = []
    for number, (name, share) in enumerate(shares.items()):
        y, width = number * row, 300 * share / widest
        parts.append(
            f'<text x="72" y="{y + 16}" class="end">{escape(name)}</text>'
            f'<rect x="80" y="{y + 4}" width="{width:.1f}" height="16" rx="2" fill="{colours[name]}"/>'
            f'<text x="{86 + width:.1f}" y="{y + 16}">{100 * share:.1f} %</text>'
        )
    return _svg("".join(parts), WIDTH, row * len(shares), "share of each expression")


def strip(letters: str, colours: Mapping[str, str], names: Mapping[str, str]) -> str:
    """A timeline: one band of colour for each run of equal letters."""
    parts, start = [], 0
    for end in range(1, len(letters) + 1):
        if end == len(letters) or letters[end] != letters[start]:
            letter = letters[start]
            parts.append(
                f'<rect x="{start}" width="{end - start}" height="1" fill="{colours[letter]}">'
                f"<title>{escape(names[letter])}</title></rect>"
            )
            start = end
    size = f'viewBox="0 0 {max(1, len(letters))} 1" preserveAspectRatio="none"'
    return f'<svg class="strip" {size} role="img" aria-label="timeline">{"".join(parts)}</svg>'


def plot(points: Sequence[tuple[float, float]], x_label: str, y_label: str, *, joined: bool) -> str:
    """Points, ``joined`` by a line or by themselves; both axes begin at 0."""
    x_end, x_ticks = _axis(max((x for x, _ in points), default=0))
    y_end, y_ticks = _axis(max((y for _, y in points), default=0))
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM
    at_x = [(_LEFT + (right - _LEFT) * x / x_end, x) for x in x_ticks]
    at_y = [(bottom - (bottom - _TOP) * y / y_end, y) for y in y_ticks]
    placed = [(_LEFT + (right - _LEFT) * x / x_end, bottom - (bottom - _TOP) * y / y_end) for x, y in points]
    parts = [f'<path class="grid" d="M{_LEFT} {y:.1f}H{right}"/>' for y, _ in at_y]
    parts += [f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" class="end">{value:,g}</text>' for y, value in at_y]
    parts += [f'<text x="{x:.1f}" y="{bottom + 16}" class="middle">{value:,g}</text>' for x, value in at_x]
    parts.append(f'<text x="{(_LEFT + right) / 2}" y="{HEIGHT - 5}" class="middle axis">{escape(x_label)}</text>')
    turned = f'transform="translate(11 {(_TOP + bottom) / 2}) rotate(-90)"'
    parts.append(f'<text {turned} class="middle axis">{escape(y_label)}</text>')
    if joined:
        parts.append('<path class="line" d="M' + "L".join(f"{x:.1f} {y:.1f}" for x, y in placed) + '"/>')
    else:
        parts += [f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in placed]
    return _svg("".join(parts), WIDTH, HEIGHT, f"{y_label} over {x_label}")


def _axis(highest: float) -> tuple[float, list[float]]:
    """The end of an axis from 0 and its ticks, at round numbers."""
    if highest <= 0:
        return 1.0, [0.0, 1.0]
    step = 10.0 ** math.floor(math.log10(highest / 4))
    step *= next(factor for factor in (1, 2, 5, 10) if highest / (step * factor) <= 5)
    count = math.ceil(highest / step - 1e-9)
    return step * count, [step * number for number in range(count + 1)]


def _svg(content: str, width: int, height: int, label: str) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" aria-label="{escape(label)}">{content}</svg>'
    )
