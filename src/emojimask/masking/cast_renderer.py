"""Draws people who wear different emoji sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emojimask.masking.renderer import EmojiRenderer, Plan, covered
from emojimask.media.pixels import YuvImage
from emojimask.stages import EmojiCast
from emojimask.types import Image, MaskedFace, Picture


class CastRenderer:
    """Covers each face with the set that its person wears. Keeps no state between frames; may be shared."""

    def __init__(self, cast: EmojiCast, adapt_light: bool = False) -> None:
        self._cast = cast
        self._renderers = {id(emojis): EmojiRenderer(emojis, adapt_light) for emojis in cast.sets}
        self._first = self._renderers[id(cast.sets[0])]

    def render(self, image: Picture, faces: Sequence[MaskedFace]) -> Image | YuvImage:
        return covered(image, faces, self._plans)

    def _plans(self, picture: Picture, faces: Sequence[MaskedFace]) -> list[Plan]:
        """In the order of the faces; those who wear the same are planned together."""
        worn = [id(self._cast.for_track(face.track.id)) for face in faces]
        plans: dict[int, Iterator[Plan]] = {}
        for emojis in set(worn):
            wearers = [face for face, its in zip(faces, worn, strict=True) if its == emojis]
            plans[emojis] = iter(self._renderers[emojis].plans(picture, wearers))
        return [next(plans[emojis]) for emojis in worn]

    def shield(self, height: int, width: int) -> Image:
        return self._first.shield(height, width)
