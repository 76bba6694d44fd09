"""The pictures that living emoji are held to: expressions, movements and poses, small, in sheets.

Run this file to draw them anew after a change that is meant, and look at them before you keep them:

    uv run python tests/emojis/alive_golden.py
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.emojis.alive.alive_set import AliveEmojiSet
from emojimask.emojis.alive.style import STYLES
from emojimask.types import EXPRESSIONS, Box, Face, MaskedFace, Measures, Track

FOLDER = Path(__file__).parent / "golden"
CELL = 40
_SOMEBODY = Track(1, Face(Box(0, 0, 1, 1), np.zeros((6, 2), np.float32), 1.0))

MOVEMENTS: dict[str, Sequence[float]] = {
    "eye_left": (0, 0.3, 0.6, 1.3, 1.6),
    "eye_right": (0, 0.3, 0.6, 1.3, 1.6),
    "gaze_x": (-1, -0.5, 0, 0.5, 1),
    "gaze_y": (-1, -0.5, 0, 0.5, 1),
    "brow_left": (-1, -0.5, 0, 0.5, 1),
    "brow_right_angle": (-1, -0.5, 0, 0.5, 1),
    "mouth_open": (0.1, 0.3, 0.5, 0.7, 1),
    "mouth_width": (-1, -0.5, 0, 0.5, 1),
    "mouth_corners": (-1, -0.5, 0, 0.5, 1),
    "mouth_round": (0.2, 0.4, 0.6, 0.8, 1),
    "cheeks": (0.2, 0.4, 0.6, 0.8, 1),
}


def masked(expression: str = "neutral", blend: Sequence[float] = (), measures: Measures | None = None) -> MaskedFace:
    return MaskedFace(_SOMEBODY, (), expression, tuple(blend), measures)


def drawn(emoji_set: AliveEmojiSet, face: MaskedFace, size: int) -> NDArray[np.uint8]:
    """(size, size, 3) BGR, on white."""
    fine = 4 * size
    head = cv2.resize(emoji_set.emoji(face.expression).image, (fine, fine), interpolation=cv2.INTER_AREA)
    alpha = head[..., 3:].astype(np.float32) / 255
    picture = (head[..., :3] * alpha + 255 * (1 - alpha)).round().astype(np.uint8)
    for outline, color, opacity in emoji_set.shapes([face])[0]:
        corners = np.rint(outline * (16 * fine / 512)).astype(np.int32)
        over = cv2.fillPoly(picture.copy(), [corners], color, cv2.LINE_8, 4)
        picture = cv2.addWeighted(over, opacity, picture, 1 - opacity, 0)
    return cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)


def sheets() -> dict[str, NDArray[np.uint8]]:
    """By name; each a grid of emojis of ``CELL`` pixels."""
    sets = {name: AliveEmojiSet(name) for name in STYLES}
    faces = {
        "movements": [
            [masked("happy" if row % 2 else "neutral", measures=Measures(**{name: value})) for value in values]
            for row, (name, values) in enumerate(MOVEMENTS.items())
        ],
        "poses": [
            [masked("surprise", measures=Measures(yaw=yaw, pitch=pitch)) for yaw in (-60, -20, 0, 20, 60)]
            for pitch in (-30, 0, 30)
        ],
        "blends": [
            [
                masked(blend=np.eye(8)[i] * (1 - share) + np.eye(8)[(i + 3) % 8] * share)
                for share in (0.2, 0.4, 0.6, 0.8)
            ]
            for i in range(8)
        ],
    }
    found = {
        name: _grid([[drawn(sets["alive"], face, CELL) for face in row] for row in rows])
        for name, rows in faces.items()
    }
    found["expressions"] = _grid([[drawn(one, masked(name), CELL) for name in EXPRESSIONS] for one in sets.values()])
    return found


def _grid(rows: list[list[NDArray[np.uint8]]]) -> NDArray[np.uint8]:
    return np.vstack([np.hstack(row) for row in rows])


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, sheet in sheets().items():
        cv2.imwrite(str(FOLDER / f"{name}.png"), sheet, [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main()
