"""From pictures of people to the crops that networks learn from, by the runtime's own detector and crop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from emojimask.build import face_back_end, open_file
from emojimask.errors import DataError, SourceError
from emojimask.expressions.preprocess import crop_face
from emojimask.faces.tracking import LandmarkTracker
from emojimask.training.data import rows
from emojimask.training.data.fer2013 import FerSplit
from emojimask.training.data.rows import Crop
from emojimask.types import Face, Frame, Image

FaceFinder = Callable[[Image], Sequence[Crop]]
"""From an (H, W, 3) uint8 BGR picture to the crops of its faces, the largest first."""


def crops_of(image: Image) -> list[Crop]:
    """The crops of all faces that the default back end finds and outlines, the largest first."""
    return [crop_face(image, face.anchors()) for face in sorted(faces_of(image), key=lambda f: -f.box.area)]


def faces_of(image: Image) -> list[Face]:
    """The faces of a picture, as masking finds them, less those too small to be outlined."""
    tracker = LandmarkTracker(*face_back_end("mediapipe"))
    faces = [track.face for track in tracker.update(Frame(image, 0, 0.0))]
    return [face for face in faces if len(face.landmarks) > 6]


def cropped(files: Iterable[tuple[Path, int]], name: str, where: Path, find: FaceFinder) -> FerSplit:
    """A split from labelled picture files: the largest face of each. Files without a face are left out and counted.

    Args:
        files: paths and labels.
        name: of the data set.
        where: its folder.

    Raises:
        DataError: a picture cannot be read, or no picture has a face.
    """
    images, labels, faceless = [], [], 0
    for path, label in files:
        crops = find(_picture(path))
        if crops:
            images.append(crops[0])
            labels.append(label)
        else:
            faceless += 1
    source = f"{name} (pictures without a face left out: {faceless})" if faceless else name
    return rows.unvoted(images, labels, source, str(where))


def _picture(path: Path) -> Image:
    try:
        with open_file(path) as source:
            return next(iter(source)).image
    except SourceError as error:
        raise DataError(str(error)) from error
