"""Faces on film that play the scenes of the benchmarks: the portrait that comes along, and people in clips."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from emojimask.build import face_back_end, open_file
from emojimask.errors import EmojimaskError, SourceError, UsageError
from emojimask.sources.folder import find_inputs
from emojimask.sources.kinds import VIDEO_SUFFIXES
from emojimask.sources.synthetic import FACE_OUTLINE, portrait
from emojimask.types import Image, Points

_ACTORS = 6
_CLIP_FRAMES = 60  # of a clip, that an actor is made of
_NOSE = 1  # its tip, in the face mesh


class Actor(NamedTuple):
    """A face on film: a picture, or the frames of a clip, with the outline of the face in each.

    Attributes:
        pictures: of one size, one after another for ever.
        outlines: of the face in each, (N, 2) pixels.
        turn: how far the head turns from side to side: from 0, it does not, to 1, from ear to ear.
    """

    name: str
    pictures: Sequence[Image]
    outlines: Sequence[Points]
    turn: float = 0.0

    def at(self, index: int) -> tuple[Image, Points]:
        return self.pictures[index % len(self.pictures)], self.outlines[index % len(self.pictures)]

    def mirrored(self) -> Actor:
        """The same face the other way round, in other light: a second person."""
        width = self.pictures[0].shape[1]
        tint = np.array([0.75, 0.9, 1.0])
        pictures = [np.ascontiguousarray(p[:, ::-1] * tint).astype(np.uint8) for p in self.pictures]
        outlines = [(o * [-1, 1] + [width - 1, 0]).astype(np.float32) for o in self.outlines]
        return Actor(f"{self.name} mirrored", pictures, outlines)

    def cut_out(self) -> Actor:
        """The head alone, so that two people have room beside one another."""
        outline = np.vstack(self.outlines)
        (left, top), (right, bottom) = outline.min(0), outline.max(0)
        across, down = 0.35 * (right - left), 0.3 * (bottom - top)
        height, width = self.pictures[0].shape[:2]
        x, y = max(0, int(left - across)), max(0, int(top - down))
        columns, rows = slice(x, min(width, int(right + across))), slice(y, min(height, int(bottom + down)))
        pictures = [np.ascontiguousarray(picture[rows, columns]) for picture in self.pictures]
        return Actor(self.name, pictures, [(o - [x, y]).astype(np.float32) for o in self.outlines])


def portrait_actor() -> Actor:
    return Actor("portrait", [portrait()], [FACE_OUTLINE])


def cast_of(media: Path | None) -> list[Actor]:
    """The portrait, and the actors of a folder where one is given."""
    return [portrait_actor(), *(actors_of(media) if media is not None else ())]


def actors_of(folder: Path) -> list[Actor]:
    """Actors made of the clips under a folder that show one large face throughout; the face is where the mesh finds it.

    The folders take turns, so that the first actors come from different cameras; the last of :data:`_ACTORS` is the one
    of all others whose head turns farthest.

    Raises:
        SourceError: there is no such folder, or it cannot be opened.
        UsageError: no clip in it will do.
    """
    try:
        files = find_inputs(folder, on_problem=lambda _: None)
        clips = _by_turns(path for path in files if path.suffix.lower() in VIDEO_SUFFIXES)
    except OSError as error:
        raise SourceError(f"{folder}: cannot be opened ({error.strerror})") from error
    found: list[Actor] = []
    for actor in filter(None, map(_actor, clips)):
        if len(found) < _ACTORS:
            found.append(actor)
        elif actor.turn > found[-1].turn:
            found[-1] = actor
    if not found:
        raise UsageError(f"{folder}: no clip in it shows one large face throughout")
    return found


def _by_turns(paths: Iterable[Path]) -> list[Path]:
    before: Counter[Path] = Counter()
    turns = []
    for path in paths:
        turns.append((before[path.parent], path))
        before[path.parent] += 1
    return [path for _, path in sorted(turns)]


def _actor(path: Path) -> Actor | None:
    detector, landmarker = face_back_end("mediapipe")
    pictures, outlines, noses = [], [], []
    try:
        with open_file(path) as source:
            for frame in source:
                found = [d for d in detector.detect(frame.image) if d.score > 0.6]
                face = landmarker.locate(frame.image, found[0]) if len(found) == 1 else None
                if face is None or face.box.height < 0.25 * frame.image.shape[0]:
                    return None
                pictures.append(frame.image)
                outlines.append(_hull(face.landmarks))
                noses.append((face.landmarks[_NOSE][0] - face.box.x) / face.box.width)
                if len(pictures) == _CLIP_FRAMES:
                    break
    except EmojimaskError:
        return None  # what cannot be read is no actor
    back_and_forth = [*range(len(pictures)), *range(len(pictures) - 2, 0, -1)]
    turn = float(np.ptp(noses))
    return Actor(path.stem, [pictures[i] for i in back_and_forth], [outlines[i] for i in back_and_forth], turn)


def _hull(points: Points) -> Points:
    return np.asarray(cv2.convexHull(points)[:, 0], np.float32)
