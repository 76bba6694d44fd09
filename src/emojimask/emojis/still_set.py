"""A set of still pictures, from a folder or from a font."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from emojimask.stages import Emoji, Shape
from emojimask.types import MaskedFace


@dataclass(frozen=True, slots=True, eq=False)
class StillEmojiSet:
    """An emoji for every expression; all in memory, shared and read-only.

    Attributes:
        name, title, author, licence: what the set says of itself; of a font, its own name is the title.
        fill: (blue, green, red), 0 to 255: covers what the emoji's shape does not reach of a face.
        emojis: by expression; pictures of 512 x 512 pixels.
    """

    name: str
    title: str
    fill: tuple[int, int, int]
    emojis: Mapping[str, Emoji]
    author: str = ""
    licence: str = ""

    def emoji(self, expression: str) -> Emoji:
        return self.emojis[expression]

    def shapes(self, faces: Sequence[MaskedFace]) -> Sequence[Sequence[Shape]]:
        """Nothing: the pictures are still."""
        return [()] * len(faces)
