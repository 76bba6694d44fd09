"""The living sets: one head for every expression, and features that wear the face's movement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emojimask.emojis.alive.accents import draw_over, draw_under
from emojimask.emojis.alive.curves import column, grid
from emojimask.emojis.alive.eyes import draw_brows, draw_eyes
from emojimask.emojis.alive.head import draw_head, head_edge
from emojimask.emojis.alive.mouth import draw_mouth
from emojimask.emojis.alive.pose import poses
from emojimask.emojis.alive.sheet import Sheet
from emojimask.emojis.alive.style import STYLES
from emojimask.emojis.picture import SIZE
from emojimask.stages import Emoji, Shape
from emojimask.types import MaskedFace

# Where eyes and mouth of every head lie, in the order of KEY_POINTS, 0 to 1 across and down.
_KEY_POINTS = ((0.284, 0.4225), (0.716, 0.4225), (0.5, 0.7083), (0.3775, 0.7373), (0.6225, 0.7373), (0.5, 0.9166))

_LARGE, _FINER = 500, 3
"""Faces from so many pixels high have more points to a curve, lest its corners show; but cut paper has corners."""


class AliveEmojiSet:
    """An emoji drawn from vector shapes by the face's blend and measures; stateless, shared, read-only.

    Args:
        name: one of :data:`~emojimask.emojis.alive.style.STYLES`.

    Attributes:
        name, title, author, licence: what the set says of itself.
        fill: (blue, green, red), 0 to 255: covers what the head does not reach of a face.
    """

    author = "The emojimask contributors"
    licence = "MIT"

    def __init__(self, name: str) -> None:
        self._style = STYLES[name]
        self.name = name
        self.title = self._style.title
        self.fill = self._style.skin
        self._edge = head_edge(self._style)
        self._grid = grid(self._style.samples)
        self._fine_grid = self._grid if self._style.cut else grid(_FINER * self._style.samples)
        key_points = (np.array(_KEY_POINTS) * SIZE - 0.5).astype(np.float32)
        key_points.flags.writeable = False
        self._emoji = Emoji(draw_head(self._style), key_points)

    def emoji(self, expression: str) -> Emoji:  # noqa: ARG002
        """The bare head, the same for every expression."""
        return self._emoji

    def shapes(self, faces: Sequence[MaskedFace]) -> Sequence[Sequence[Shape]]:
        """The features, back to front; continuous in a face's blend and measures, and all within the head."""
        if not faces:
            return ()
        held, style = poses(faces), self._style
        places = self._grid if max(face.track.face.box.height for face in faces) < _LARGE else self._fine_grid
        sheet = Sheet(style, places, len(faces))
        draw_under(sheet, held, style, places, self._edge)
        draw_eyes(sheet, held, style, places)
        draw_brows(sheet, held, style, places)
        draw_mouth(sheet, held, style, places)
        draw_over(sheet, held, style, places)
        return sheet.shapes(column(pose.yaw for pose in held), column(pose.pitch for pose in held))
