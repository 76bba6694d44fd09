"""Which of several faces comes on top where their emojis overlap."""

from __future__ import annotations

from collections.abc import Sequence

from emojimask.types import MaskedFace

NEARER = 1.4
"""How many times as large as another a face must be to come before one that was before it. Two heads side by side are
never of quite one size, and a mouth that opens makes its face larger: with less, they would leap over one another."""


class Stacking:
    """Who is before whom. One per stream."""

    def __init__(self) -> None:
        self._order: list[int] = []  # of the frame before, by id

    def nearest_last(self, faces: Sequence[MaskedFace]) -> list[MaskedFace]:
        """The faces in the order in which they are laid down: as before, unless one has come clearly nearer.

        Who is new takes a place by size.
        """
        places = {track_id: place for place, track_id in enumerate(self._order)}
        order = sorted((f for f in faces if f.track.id in places), key=lambda face: places[face.track.id])
        for face in (f for f in faces if f.track.id not in places):
            order.insert(sum(_size(other) <= _size(face) for other in order), face)
        for end in range(len(order) - 1, 0, -1):
            for i in range(end):
                if _size(order[i]) > NEARER * _size(order[i + 1]):
                    order[i], order[i + 1] = order[i + 1], order[i]
        self._order = [face.track.id for face in order]
        return order


def _size(face: MaskedFace) -> float:
    return face.track.face.box.area
