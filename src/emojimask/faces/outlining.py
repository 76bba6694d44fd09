"""The landmarker, asked until its answer can be trusted: near a face it is half right, and sure of itself."""

from __future__ import annotations

from collections.abc import Iterable

from emojimask.faces.comparison import are_of_like_size, distance
from emojimask.stages import Detection, FaceLandmarker
from emojimask.types import Face, Picture, Points

RESTS = 0.06
"""The landmarker has found its place when it moves by no more than this share of the face's size ..."""
SAME = 0.9
"""... or when its box is the same again by this intersection over union ..."""
MAX_LOOKS = 5
"""... within so many looks, ..."""
MAX_LOOKS_ANEW = 12
"""... or at a face that was just found, of which the detector may have shown it a part, within so many."""
CERTAIN = 0.8
"""The landmarker's score from which it is trusted after it was drawn away, or at a new face."""


class Outliner:
    """Keeps nothing between calls; several threads may ask at once, each for a face of its own."""

    def __init__(self, landmarker: FaceLandmarker) -> None:
        self._landmarker = landmarker

    def locate(self, picture: Picture, near: Detection | Points) -> Face | None:
        """The landmarker's first answer."""
        return self._landmarker.locate(picture, near)

    def settled(self, picture: Picture, near: Points) -> Face | None:
        """The landmarks of the face at ``near``; None where there is none, or the landmarker finds no rest.

        Half beside the face the landmarker is drawn to it only part of the way. So where it was drawn away it looks
        again from there, must stay there twice, and must be certain.
        """
        expected, rested, drawn = near, 0, False
        for _ in range(MAX_LOOKS):
            face = self._landmarker.locate(picture, near)
            if face is None:
                return None
            rests = distance(near, face.landmarks) < RESTS
            rested, drawn = rested + 1 if rests else 0, drawn or not rests
            if rested == 1 and not drawn:
                return face
            if rested == 2:
                return face if face.score >= CERTAIN and are_of_like_size(expected, face.landmarks) else None
            near = face.landmarks
        return None

    def rested(self, picture: Picture, face: Face, looks: int = MAX_LOOKS) -> Face:
        """The landmarker's first answer may be too small or lag behind; look by look it comes to rest."""
        for _ in range(looks):
            again = self._landmarker.locate(picture, face.landmarks)
            if again is None or again.box.iou(face.box) > SAME:
                break
            face = again
        return face

    def is_steady(self, picture: Picture, face: Face) -> bool:
        """On a real face the landmarker finds the same face again from its own landmarks; elsewhere it wanders."""
        again = self._landmarker.locate(picture, face.landmarks)
        return again is not None and again.box.iou(face.box) > 0.6 and max(face.score, again.score) > CERTAIN

    def is_part_of(self, picture: Picture, face: Face, others: Iterable[Face]) -> bool:
        """Whether a face is one of the others, or is drawn to it look by look, as what a tile shows of a face is."""
        beside = [other.box for other in others if face.box.intersection(other.box) > 0]
        for _ in range(MAX_LOOKS if beside else 0):
            if any(face.box.iou(box) > 0.4 for box in beside):
                return True
            again = self._landmarker.locate(picture, face.landmarks) if len(face.landmarks) > 6 else None
            if again is None or again.box.iou(face.box) > SAME:
                return False
            face = again
        return False
