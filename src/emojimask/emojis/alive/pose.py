"""How emoji hold their faces: a base pose for every expression, and the person's own movement over it.

Everything is continuous in the blend and in the measures; what is not a finite number counts as at rest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from emojimask.emojis.alive.curves import Array
from emojimask.types import EXPRESSIONS, MaskedFace, Measures

Sides = tuple[float, float]
"""Left and right as the viewer sees them."""


class Pose(NamedTuple):
    """Every movable part; the first five hold a value per side.

    Attributes:
        eyes: openness, 0 to 1.4. squint: lower lid, 0 to 1. slope: of the upper lid, -1 the inner end down to 1 the
            outer end down. brows: height, -1 to 1. angles: of the brows, -1 the inner end down to 1 the inner end up.
        smile_eyes: closed eyes bow down at -1 (asleep) to up at 1 (laughing). wide: size of the eyes. pupil: its size.
        gaze_x, gaze_y: -1 to 1.
        open: of the mouth, 0 to 1. width: half its width, pixels. lift: of the corners, -1 to 1. round: 0 to 1.
            drop: the share of the opening that lies under the line of the corners. square, wave: of its form, 0 to 1.
            smirk: one corner's lift, 0 to 1.
        teeth, clench, tongue, tongue_out: 0 to 1.
        blush, tear, sweat, wrinkle, anger, sick, pale: accents, 0 to 1.
        yaw, pitch: turn of the ball, -1 to 1.
        weights: of the expressions, summing to 1.
    """

    eyes: Sides
    squint: Sides
    slope: Sides
    brows: Sides
    angles: Sides
    smile_eyes: float
    wide: float
    pupil: float
    gaze_x: float
    gaze_y: float
    open: float
    width: float
    lift: float
    round: float
    drop: float
    square: float
    wave: float
    smirk: float
    teeth: float
    clench: float
    tongue: float
    tongue_out: float
    blush: float
    tear: float
    sweat: float
    wrinkle: float
    anger: float
    sick: float
    pale: float
    yaw: float
    pitch: float
    weights: list[float]


_PAIRS = ("eyes", "squint", "slope", "brows", "angles")
_PARTS = (*(f"{name}_{side}" for name in _PAIRS for side in ("left", "right")), *Pose._fields[len(_PAIRS) : -1])
_AT = {part: i for i, part in enumerate(_PARTS)}

_NEUTRAL = {"eyes": 0.8, "brows": -0.1, "smile_eyes": -0.4, "wide": 1, "pupil": 1, "width": 56, "lift": 0.06,
            "drop": 0.55, "teeth": 0.75, "tongue": 0.8}  # fmt: skip
_BASES: dict[str, dict[str, float]] = {
    "angry": {"eyes": 0.86, "squint": 0.18, "slope": -0.8, "brows": -0.7, "angles": -1, "pupil": 0.8, "width": 84,
              "open": 0.48, "square": 1, "clench": 1, "lift": -0.3, "tongue": 0, "anger": 1},
    "disgust": {"eyes_left": 0.36, "eyes_right": 0.54, "squint": 0.55, "slope": -0.35, "brows_left": -0.75,
                "brows_right": -0.3, "angles": -0.6, "width": 78, "lift": -0.5, "wave": 0.7, "tongue_out": 1,
                "wrinkle": 1, "sick": 1},
    "fear": {"eyes": 1.18, "brows": 0.55, "angles": 1, "pupil": 0.5, "width": 86, "open": 0.5, "square": 0.8,
             "wave": 1, "lift": -0.35, "teeth": 1, "tongue": 0, "sweat": 1, "pale": 1},
    "happy": {"eyes": 0.95, "squint": 0.75, "smile_eyes": 0.9, "brows": 0.35, "width": 106, "open": 0.66, "lift": 0.8,
              "drop": 0.96, "teeth": 1, "tongue": 1, "blush": 1},
    "sad": {"eyes": 0.8, "slope": 0.6, "brows": 0.2, "angles": 1, "pupil": 1.12, "gaze_y": 0.3, "width": 58,
            "lift": -0.9, "tear": 1},
    "surprise": {"eyes": 1.25, "wide": 1.1, "pupil": 0.72, "brows": 1, "width": 62, "open": 0.95, "round": 0.3,
                 "drop": 0.5, "teeth": 0, "tongue": 0.7},
    "neutral": {},
    "contempt": {"eyes": 0.56, "squint": 0.12, "gaze_x": 0.55, "brows_left": -0.4, "brows_right": 0.95, "width": 74,
                 "angles_left": -0.25, "smirk": 1, "lift": 0.14},
}  # fmt: skip


def _row(table: dict[str, float]) -> Array:
    row = np.zeros(len(_PARTS))
    for name, value in (_NEUTRAL | table).items():
        row[[_AT[part] for part in ((name,) if name in _AT else (f"{name}_left", f"{name}_right"))]] = value
    return row


_BASE = np.array([_row(_BASES[expression]) for expression in EXPRESSIONS])

_MEASURES = tuple(Measures.__slots__)
_AT_REST = Measures()
_values = attrgetter(*_MEASURES)
_REST = np.array(_values(_AT_REST))
_SCALE = np.array([30.0 if name in ("yaw", "pitch", "roll") else 1.0 for name in _MEASURES])
_GAINS: dict[str, dict[str, float]] = {
    "eye_left": {"brows_left": 0.25},
    "eye_right": {"brows_right": 0.25},
    "gaze_x": {"gaze_x": 1},
    "gaze_y": {"gaze_y": 1},
    "brow_left": {"brows_left": 1},
    "brow_right": {"brows_right": 1},
    "brow_left_angle": {"angles_left": 1},
    "brow_right_angle": {"angles_right": 1},
    "mouth_open": {"open": 0.9, "round": 0.15},
    "mouth_width": {"width": 36},
    "mouth_corners": {"lift": 0.8, "width": 16, "drop": 0.3, "smile_eyes": 0.8, "squint_left": 0.15,
                      "squint_right": 0.15},
    "mouth_round": {"round": 1, "open": 0.32},
    "cheeks": {"squint_left": 0.3, "squint_right": 0.3, "blush": 0.3, "smile_eyes": 0.5},
    "yaw": {"yaw": 1},
    "pitch": {"pitch": 1},
}  # fmt: skip
_GAIN = np.zeros((len(_MEASURES), len(_PARTS)))
for _measure, _moves in _GAINS.items():
    for _part, _gain in _moves.items():
        _GAIN[_MEASURES.index(_measure), _AT[_part]] = _gain

_LIMITS = {"eyes_left": (0, 1.4), "eyes_right": (0, 1.4), "squint_left": (0, 1), "squint_right": (0, 1),
           "brows_left": (-1, 1.15), "brows_right": (-1, 1.15), "wide": (0.5, 1.2), "pupil": (0.4, 1.3),
           "open": (0, 1), "width": (26, 122), "round": (0, 1), "drop": (0, 1)}  # fmt: skip
_LOW, _HIGH = np.array([_LIMITS.get(part, (-1, 1)) for part in _PARTS], float).T

_OWN = np.ones(len(_PARTS))
_OWN[_AT["open"]] = 0.5
"""A base pose's mouth opens less where the person's own mouth does the opening."""
_HAPPY = EXPRESSIONS.index("happy")
_BROWS = [i for i, name in enumerate(_MEASURES) if name.startswith("brow")]
_SHUT, _AWAKE = 0.15, 0.9
"""Measured openness at which an eye counts as shut, and from which it is as open as the base pose has it."""


def poses(faces: Sequence[MaskedFace]) -> list[Pose]:
    """The poses that the faces' blends and measures call for; never raises."""
    weights = [_weights(face) for face in faces]
    parts = np.array(weights) @ _BASE
    measured = [face.measures is not None for face in faces]
    if any(measured):
        measures = np.array([_values(face.measures or _AT_REST) for face in faces], float)
        glad = np.array(weights)[:, _HAPPY]
        parts = np.where(np.array(measured)[:, None], _moved(parts, measures, glad), parts)
    count = 2 * len(_PAIRS)
    return [
        Pose._make([*zip(values[:count:2], values[1:count:2], strict=True), *values[count:], own])
        for values, own in zip(parts.tolist(), weights, strict=True)
    ]


def _weights(face: MaskedFace) -> list[float]:
    if len(face.blend) == len(EXPRESSIONS):
        weights = [weight if 0 < weight < math.inf else 0.0 for weight in face.blend]
        total = sum(weights)
        if 1e-6 < total < math.inf:
            return [weight / total for weight in weights]
    shown = face.expression if face.expression in EXPRESSIONS else "neutral"
    return [float(name == shown) for name in EXPRESSIONS]


def _moved(parts: Array, measures: Array, glad: Array) -> Array:
    """Base poses (F, parts) with the movement of (F, measures) over them. ``glad``: (F,), how happy they look."""
    move = np.where(np.isfinite(measures), measures - _REST, 0) / _SCALE
    move = 1.4 * np.tanh(move / 1.4)  # the usual range passes almost as it is, and no movement is too much
    # Laughing people's brows may come out low, but drawn like that a laugh is malicious: who is glad does not frown.
    move[:, _BROWS] = np.maximum(move[:, _BROWS], np.minimum(move[:, _BROWS], 0) * (1 - glad)[:, None])
    parts = parts * _OWN + move @ _GAIN
    eyes = move[:, :2]  # a wink wins over every expression, wide eyes add to it
    shut = np.minimum(np.maximum((1 + eyes - _SHUT) / (_AWAKE - _SHUT), 0), 1)
    parts[:, :2] = parts[:, :2] * shut + 0.5 * np.maximum(eyes, 0)
    return np.asarray(np.minimum(np.maximum(parts, _LOW), _HIGH))
