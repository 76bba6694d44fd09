"""Emoji sets at a glance: every expression in several poses, and strips of a masked clip."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from emojimask.emojis.sample import is_living
from emojimask.masking.renderer import EmojiRenderer
from emojimask.stages import EmojiSet
from emojimask.types import EXPRESSIONS, Box, Face, Image, MaskedFace, MaskedFrame, Measures, Points, Track

CELL = 160
"""Width and height of a picture of a contact sheet, pixels: room for ears, and for who looks up astonished."""
STRIP_HEIGHT, STRIP_COLUMNS = 180, 4
_MARGIN, _LINE = 92, 26
_PAPER, _INK = (238, 238, 236), (40, 40, 44)

# A face seen from the front, in units of the distance between its outer eye corners, its middle at (0, 0).
_FACE = np.array([[-0.5, -0.18], [0.5, -0.18], [0, 0.48], [-0.28, 0.55], [0.28, 0.55], [0, 0.98]], np.float32)
_DEPTH = np.array([0.25, 0.25, 0, 0.08, 0.08, 0.05], np.float32)  # behind the lips
_SIZE = 0.256 * CELL

_Pose = tuple[float, float, float, float]  # turned, nodding, tilted, degrees; size
POSES: dict[str, _Pose] = {
    "frontal": (0, 0, 0, 1),
    "turned": (35, 0, 0, 1),
    "looking up": (0, -18, 0, 1),
    "tilted": (0, 0, 25, 1),
    "small": (0, 0, 0, 0.3),
}
MOVES = {
    "speaking": Measures(mouth_open=0.7, brow_left=0.4, brow_right=0.4),
    "winking": Measures(eye_left=0.0, brow_left=-0.3, brow_right=0.5, mouth_corners=0.7, mouth_width=0.4, cheeks=0.6),
    "kissing": Measures(eye_left=0.4, eye_right=0.4, mouth_round=1.0, mouth_width=-0.8),
}
"""What a living set shows in addition."""


def contact_sheet(emojis: EmojiSet) -> Image:
    """(H, W, 3) uint8 BGR: a column an expression and a row a pose, drawn as faces are covered."""
    renderer = EmojiRenderer(emojis)
    rows = {name: [_masked(pose, name, Measures()) for name in EXPRESSIONS] for name, pose in POSES.items()}
    if is_living(emojis):
        rows |= {move: [_masked(POSES["frontal"], name, so) for name in EXPRESSIONS] for move, so in MOVES.items()}
    paper = np.full((CELL, CELL, 3), _PAPER, np.uint8)
    drawn = [np.hstack([np.asarray(renderer.render(paper, [face])) for face in faces]) for faces in rows.values()]
    return _labelled(np.vstack(drawn), list(EXPRESSIONS), list(rows))


def strips(frames: Iterable[MaskedFrame]) -> Image:
    """(H, W, 3) uint8 BGR: masked frames side by side, in rows."""
    small = [_shrunk(frame.image) for frame in frames]
    width = max(picture.shape[1] for picture in small)
    blank = np.full((STRIP_HEIGHT, width, 3), _PAPER, np.uint8)
    cells = [np.hstack([picture, blank[:, picture.shape[1] :]]) for picture in small]
    cells += [blank] * (-len(cells) % STRIP_COLUMNS)
    return np.vstack([np.hstack(cells[i : i + STRIP_COLUMNS]) for i in range(0, len(cells), STRIP_COLUMNS)])


def below(upper: Image, lower: Image) -> Image:
    """Two pictures, one under the other, made equally wide on the right."""
    width = max(upper.shape[1], lower.shape[1])
    padded = [
        cv2.copyMakeBorder(picture, 0, 0, 0, width - picture.shape[1], cv2.BORDER_CONSTANT, value=_PAPER)
        for picture in (upper, lower)
    ]
    return np.vstack(padded).astype(np.uint8, copy=False)


def _masked(pose: _Pose, expression: str, measures: Measures) -> MaskedFace:
    points = _posed(pose)
    face = Face(Box.around(points), points, 1.0)
    return MaskedFace(Track(1, face), (), expression, measures=measures)


def _posed(pose: _Pose) -> Points:
    """(6, 2) key points of a face in the middle of a cell."""
    yaw, pitch, roll = np.radians(pose[:3])
    x, y = _FACE.T
    x, depth = x * np.cos(yaw) - _DEPTH * np.sin(yaw), _DEPTH * np.cos(yaw) + x * np.sin(yaw)
    y, depth = y * np.cos(pitch) - depth * np.sin(pitch), depth * np.cos(pitch) + y * np.sin(pitch)
    near = 1 / (1 + 0.18 * depth)
    x, y = (x * near) * np.cos(roll) - (y * near) * np.sin(roll), (x * near) * np.sin(roll) + (y * near) * np.cos(roll)
    return ((np.column_stack([x, y]) * _SIZE * pose[3]) + CELL / 2).astype(np.float32)


def _labelled(grid: Image, columns: Sequence[str], rows: Sequence[str]) -> Image:
    height, width = grid.shape[:2]
    sheet = Pillow.new("RGB", (width + _MARGIN, height + _LINE), _PAPER[::-1])
    sheet.paste(Pillow.fromarray(np.asarray(cv2.cvtColor(grid, cv2.COLOR_BGR2RGB), np.uint8)), (_MARGIN, _LINE))
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    for number, name in enumerate(columns):
        pen.text((_MARGIN + (number + 0.5) * CELL, _LINE / 2), name, _INK, font, "mm")
    for number, name in enumerate(rows):
        pen.text((_MARGIN - 8, _LINE + (number + 0.5) * CELL), name, _INK, font, "rm")
    return np.asarray(cv2.cvtColor(np.asarray(sheet), cv2.COLOR_RGB2BGR), np.uint8)


def _shrunk(image: Image) -> Image:
    width = max(1, round(image.shape[1] * STRIP_HEIGHT / image.shape[0]))
    return np.asarray(cv2.resize(image, (width, STRIP_HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
