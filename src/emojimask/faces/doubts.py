"""Strict mode: what the second detector is sure of and nobody can outline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from emojimask.faces.comparison import covers
from emojimask.stages import Detection, Doubt
from emojimask.types import Box, Face, Track

SURE = 0.75
"""The second detector's score from which it is believed even where the landmarker denies a face."""
ROUND = 8
"""For so many looks a doubt lasts: the second detector looks for some kinds of face once in so many frames."""


class _Find(NamedTuple):
    detection: Detection
    looks_left: int


class Doubts:
    """One per stream."""

    def __init__(self) -> None:
        self._finds: list[_Find] = []

    def weigh(self, finds: Iterable[Detection], seen: Sequence[Face], tracks: Sequence[Track]) -> None:
        """Take in what the second detector found in the next frame.

        Args:
            finds: in the frame.
            seen: the faces that are in sight. One that is only held vouches for nothing: whether it is covered, the
                policy decides.
            tracks: all that is known of the frame, for whoever shields it.

        Raises:
            Doubt: it is sure of a face where none is in sight, or was a few looks ago and nobody has seen one there.
        """
        new = [_Find(find, ROUND) for find in finds if find.score >= SURE]
        old = [_Find(find, looks - 1) for find, looks in self._finds if looks > 1 and not _is_at(find.box, new)]
        self._finds = [each for each in new + old if not any(covers(face.box, each.detection.box) for face in seen)]
        if self._finds:
            score = max(find.score for find, _ in self._finds)
            raise Doubt(f"the second detector sees a face ({score:.1f}) that nobody can outline", tracks)

    def reset(self) -> None:
        self._finds.clear()


def _is_at(box: Box, finds: Iterable[_Find]) -> bool:
    return any(find.detection.box.iou(box) > 0.3 for find in finds)
