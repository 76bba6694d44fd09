"""Draws the pictures of the living emoji sets in docs/images.

uv run scripts/draw_gallery.py
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from emojimask.emojis.alive.alive_set import AliveEmojiSet
from emojimask.emojis.alive.style import STYLES
from emojimask.emojis.sample import still
from emojimask.masking.homography import fit
from emojimask.types import EXPRESSIONS, Box, Face, MaskedFace, Measures, Points, Track

PICTURES = Path(__file__).parent.parent / "docs" / "images"
PAPER = "white"
INK = "#333"

Picture = NDArray[np.uint8]

_SOMEBODY = Track(1, Face(Box(0, 0, 1, 1), np.zeros((6, 2), np.float32), 1.0))


def masked(expression: str = "neutral", blend: Sequence[float] = (), **measures: float) -> MaskedFace:
    return MaskedFace(_SOMEBODY, (), expression, tuple(blend), Measures(**measures) if measures else None)


def worn(emoji_set: AliveEmojiSet, face: MaskedFace) -> Picture:
    """(512, 512, 4) BGRA."""
    return still(emoji_set.emoji(face.expression), emoji_set.shapes([face])[0])


# --- sheets -----------------------------------------------------------------------------------------------------------


def sheet(rows: Sequence[tuple[str, Sequence[Picture]]], columns: Sequence[str], cell: int, label: int) -> Image.Image:
    """Pictures in rows with their names."""
    head = 26 if columns else 0
    picture = Image.new("RGB", (label + len(rows[0][1]) * cell, head + len(rows) * cell), PAPER)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(15)
    for i, name in enumerate(columns):
        draw.text((label + (i + 0.5) * cell, head / 2 + 2), name, INK, font, "mm")
    for j, (name, cells) in enumerate(rows):
        draw.text((8, head + (j + 0.5) * cell), name, INK, font, "lm")
        for i, bgra in enumerate(cells):
            emoji = Image.fromarray(cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGBA)).resize(
                (cell - 8, cell - 8), Image.Resampling.LANCZOS
            )
            picture.paste(emoji, (label + i * cell + 4, head + j * cell + 4), emoji)
    return picture


def expressions() -> Image.Image:
    rows = []
    for name in STYLES:
        emoji_set = AliveEmojiSet(name)
        rows.append((name, [worn(emoji_set, masked(expression)) for expression in EXPRESSIONS]))
    return sheet(rows, EXPRESSIONS, 92, 84)


def movements() -> Image.Image:
    emoji_set = AliveEmojiSet("alive")
    return sheet(
        [(what, [worn(emoji_set, face) for face in faces]) for what, faces in _sweeps()], (), cell=92, label=112
    )


def _sweeps() -> Iterator[tuple[str, list[MaskedFace]]]:
    steps = [i / 6 for i in range(7)]
    swing = [2 * s - 1 for s in steps]
    yield "eyes", [masked(eye_left=1.6 * s, eye_right=1.6 * s) for s in steps]
    yield "wink", [masked("happy", eye_left=1 - s, mouth_open=0.2) for s in steps]
    yield "gaze", [masked(gaze_x=s, gaze_y=0.4 * s * s) for s in swing]
    yield "brows", [masked(brow_left=s, brow_right=s) for s in swing]
    yield "brow angles", [masked(brow_left_angle=s, brow_right_angle=s) for s in swing]
    yield "mouth open", [masked(mouth_open=s) for s in steps]
    yield "corners", [masked(mouth_corners=s, cheeks=max(s, 0)) for s in swing]
    yield "width", [masked(mouth_width=s, mouth_open=0.2) for s in swing]
    yield "rounding", [masked(mouth_round=s) for s in steps]
    yield "laughing", [masked("happy", mouth_open=s, cheeks=s, mouth_corners=0.5 * s) for s in steps]
    for first, last in pairwise(("neutral", "sad", "surprise", "happy", "angry")):
        yield f"{first}, {last}", [masked(blend=_blend(first, last, s)) for s in steps]


def _blend(first: str, last: str, share: float) -> list[float]:
    weights = [0.0] * len(EXPRESSIONS)
    weights[EXPRESSIONS.index(first)] += 1 - share
    weights[EXPRESSIONS.index(last)] += share
    return weights


# --- poses ------------------------------------------------------------------------------------------------------------


def poses() -> Image.Image:
    emoji_set = AliveEmojiSet("alive")
    rows = [[_posed(emoji_set, yaw, pitch) for yaw in (-45, -22, 0, 22, 45)] for pitch in (-20, 0, 20)]
    return sheet([("", row) for row in rows], (), cell=120, label=0)


def _posed(emoji_set: AliveEmojiSet, yaw: float, pitch: float) -> Picture:
    """The emoji laid on a head turned so many degrees, 512 pixels wide."""
    picture = worn(emoji_set, masked("happy", yaw=yaw, pitch=pitch, mouth_open=0.3))
    key_points = emoji_set.emoji("happy").key_points
    angle = np.linspace(0, 2 * np.pi, 24)
    disc = (256 + 250 * np.stack([np.cos(angle), np.sin(angle)], 1)).astype(np.float32)
    transform = fit(key_points, _turned(key_points, yaw, pitch), disc)
    shrink = np.array([[0.8, 0, 51], [0, 0.8, 51], [0, 0, 1]])
    premultiplied = np.dstack([picture[..., :3] * (picture[..., 3:] / 255), picture[..., 3]]).astype(np.float32)
    warped = cv2.warpPerspective(premultiplied, shrink @ transform, (512, 512), flags=cv2.INTER_LINEAR)
    warped[..., :3] /= np.maximum(warped[..., 3:] / 255, 1e-3)
    return warped.round().clip(0, 255).astype(np.uint8)


def _turned(points: Points, yaw: float, pitch: float) -> Points:
    """A face's key points seen from the front -> seen on a turned head, in weak perspective."""
    x, y = (points - 256).T.astype(float)
    z = np.array([0, 0, 60, 40, 40, 30]) * 1.0
    a, b = np.radians(yaw), np.radians(pitch)
    x, z = x * np.cos(a) + z * np.sin(a), z * np.cos(a) - x * np.sin(a)
    y, z = y * np.cos(b) + z * np.sin(b), z * np.cos(b) - y * np.sin(b)
    near = 1 / (1 - z / 1400)
    return (np.stack([x * near, y * near], 1) + 256).astype(np.float32)


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, draw in (("alive", expressions), ("alive-moves", movements), ("alive-poses", poses)):
        draw().save(PICTURES / f"{name}.jpg", quality=86, optimize=True)


if __name__ == "__main__":
    main()
