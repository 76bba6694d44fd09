"""set.toml: what an emoji set says of itself, and where the key points of its drawings lie."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from emojimask.files.toml import read_toml
from emojimask.types import EXPRESSIONS, KEY_POINTS, Points

_TEXTS = ("name", "title", "author", "licence")

_LEFT_OF = (("left_eye_outer", "right_eye_outer"), ("mouth_left", "mouth_right"))
_ABOVE = (
    ("left_eye_outer", "mouth_left"),
    ("right_eye_outer", "mouth_right"),
    ("mouth_left", "chin"),
    ("mouth_right", "chin"),
    ("philtrum", "chin"),
)
_FLATTEST = 0.1  # smallest spread of the key points across their long axis, as a share of that along it
_SMALLEST = 0.1  # least width or height of all six together: beside a smaller face its picture would fill the frame


class Drawing(NamedTuple):
    """Where one emoji's picture is, and its key points: (6, 2) float32, 0 to 1 across and down; None where faulty."""

    file: Path
    key_points: Points | None


@dataclass(frozen=True, slots=True, eq=False)
class SetCard:
    """What set.toml says; ``fill`` is (blue, green, red), 0 to 255. What is faulty in the file is left empty."""

    name: str
    title: str
    author: str
    licence: str
    fill: tuple[int, int, int]
    drawings: Mapping[str, Drawing]


def read_card(file: Path, faults: list[str]) -> SetCard | None:
    """The card in ``file``, adding every fault of it to ``faults``; None where nothing of it can be read."""
    try:
        table = read_toml(file)
    except FileNotFoundError:
        faults.append(f"{file}: missing; an emoji set is described by this file")
        return None
    except (OSError, ValueError) as error:
        faults.append(f"{file}: cannot be read as TOML: {error}")
        return None

    _look_for_strangers(f"{file}", "key", table, (*_TEXTS, "fill", "key_points", "expressions"), faults)
    texts = {key: _text(file, key, table.get(key), faults) for key in _TEXTS}
    return SetCard(**texts, fill=_color(file, table.get("fill"), faults), drawings=_drawings(file, table, faults))


def _look_for_strangers(where: str, what: str, names: Iterable[str], known: Iterable[str], faults: list[str]) -> None:
    known = tuple(known)
    faults += [f'{where}: unknown {what} "{name}"; known: {", ".join(known)}' for name in names if name not in known]


def _text(file: Path, key: str, value: Any, faults: list[str]) -> str:
    if isinstance(value, str) and value.strip():
        return value
    faults.append(f'{file}: {key}: expected a text; add {key} = "..." at the top')
    return ""


def _color(file: Path, value: Any, faults: list[str]) -> tuple[int, int, int]:
    if isinstance(value, str) and re.fullmatch("#[0-9a-fA-F]{6}", value):
        red, green, blue = bytes.fromhex(value[1:])
        return blue, green, red
    faults.append(f'{file}: fill: expected the base colour of the emojis, as fill = "#RRGGBB"')
    return 0, 0, 0


def _table(where: str, value: Any, faults: list[str]) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return value
    faults.append(f"{where}: expected a table")
    return {}


def _drawings(file: Path, card: Mapping[str, Any], faults: list[str]) -> dict[str, Drawing]:
    where = f"{file} [key_points]"
    default = _points(where, card.get("key_points", {}), faults)
    missing = [name for name in KEY_POINTS if name not in default]
    faults += [f"{where}: {name} is missing; add {name} = [x, y], both from 0 to 1" for name in missing]
    default_array = _arranged(where, default, faults)

    expressions = _table(f"{file} [expressions]", card.get("expressions", {}), faults)
    _look_for_strangers(f"{file} [expressions]", "expression", expressions, EXPRESSIONS, faults)
    drawings = {}
    for expression in EXPRESSIONS:
        where = f"{file} [expressions.{expression}]"
        table = _table(where, expressions.get(expression, {}), faults)
        _look_for_strangers(where, "key", table, ("file", "key_points"), faults)
        points = default_array
        if "key_points" in table:
            where = f"{file} [expressions.{expression}.key_points]"
            points = _arranged(where, default | _points(where, table["key_points"], faults), faults)
        picture = _sibling(file, expression, table.get("file", _usual_name(file.parent, expression)), faults)
        if picture is not None:
            drawings[expression] = Drawing(picture, points)
    return drawings


def _usual_name(folder: Path, expression: str) -> str:
    svg, png = f"{expression}.svg", f"{expression}.png"
    return svg if (folder / svg).is_file() and not (folder / png).exists() else png


def _sibling(file: Path, expression: str, name: Any, faults: list[str]) -> Path | None:
    if isinstance(name, str) and name not in ("", ".", "..") and not re.search(r"[/\\:\0]", name):
        return file.parent / name
    where = f"{file} [expressions.{expression}]"
    faults.append(f"{where}: file: expected the name of a PNG or SVG in the same folder, found {name!r}")
    return None


_Point = tuple[float, float] | None  # None: faulty, and reported


def _points(where: str, value: Any, faults: list[str]) -> dict[str, _Point]:
    table = _table(where, value, faults)
    _look_for_strangers(where, "key point", table, KEY_POINTS, faults)
    points = {name: _point(table[name]) for name in KEY_POINTS if name in table}
    faults += [
        f"{where}: {name}: expected [x, y] inside the picture, both from 0 to 1; found {table[name]}"
        for name, point in points.items()
        if point is None
    ]
    return points


def _point(value: Any) -> _Point:
    match value:
        case [bool(), _] | [_, bool()]:  # which Python takes for numbers
            return None
        case [int() | float() as x, int() | float() as y] if 0 <= x <= 1 and 0 <= y <= 1:
            return float(x), float(y)
        case _:
            return None


def _arranged(where: str, points: Mapping[str, _Point], faults: list[str]) -> Points | None:
    """The six points as an array, if they are all there and make a face together; else None."""
    array = np.array([points.get(name) or (np.nan, np.nan) for name in KEY_POINTS], np.float32)
    if np.isnan(array).any():
        return None  # reported before
    at = dict(zip(KEY_POINTS, array, strict=True))
    found = [
        f"{where}: mirrored: {a} must lie left of {b}; left and right are as the viewer sees them"
        for a, b in _LEFT_OF
        if at[a][0] >= at[b][0]
    ]
    found += [
        f"{where}: upside down: {a} must lie above {b}; y grows downwards" for a, b in _ABOVE if at[a][1] >= at[b][1]
    ]
    along, across = np.linalg.svd(array - array.mean(0), compute_uv=False)
    if across < _FLATTEST * along:
        found.append(f"{where}: the key points lie (nearly) on one line; spread them as on a face")
    elif np.ptp(array, axis=0).max() < _SMALLEST:
        found.append(f"{where}: the key points lie within {_SMALLEST:.0%} of the picture; draw the face larger")
    faults += found
    return None if found else array
