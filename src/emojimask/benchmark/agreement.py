"""Pictures without known truth: what two detectors agree on is a face, and what one alone claims is told apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from emojimask.build import open_file
from emojimask.errors import SourceError
from emojimask.sources.folder import find_inputs
from emojimask.types import Box, Image

_LONGEST = 1280  # pixels; larger pictures are shrunk, so that no back end works on what no other does


class Agreement(NamedTuple):
    """One detector against all together.

    Attributes:
        recall: share of the agreed faces that it found, 0 to 1.
        alone: how many places it alone took for a face: its errors, and faces that all others missed.
    """

    recall: float
    alone: int


@dataclass(slots=True)
class _Place:
    """Where somebody sees a face: the box of whom saw it first, and of everybody who sees it."""

    box: Box
    names: set[str] = field(default_factory=set)


def sampled(folder: Path, every: int) -> Iterator[Image]:
    """Every picture under ``folder``, and of every video each ``every``-th frame from the first on.

    What cannot be read is left out. Raises SourceError where there is no such folder.
    """
    for path in find_inputs(folder, on_problem=lambda _: None):
        try:
            with open_file(path) as source:
                yield from (shrunk(frame.image) for frame in source if frame.index % every == 0)
        except SourceError:
            continue


def agreements(finds: Mapping[str, Sequence[Sequence[Box]]]) -> tuple[int, dict[str, Agreement]]:
    """How many faces two or more detectors agree on, and how each of them stands to that.

    Args:
        finds: by detector, for each picture the boxes that it takes for faces.
    """
    pictures = zip(*finds.values(), strict=True)
    places = [place for boxes in pictures for place in _places(dict(zip(finds, boxes, strict=True)))]
    agreed = [place for place in places if len(place.names) > 1]
    return len(agreed), {
        name: Agreement(
            sum(name in place.names for place in agreed) / max(1, len(agreed)),
            sum(place.names == {name} for place in places),
        )
        for name in finds
    }


def _places(finds: Mapping[str, Sequence[Box]]) -> list[_Place]:
    places: list[_Place] = []
    for name, boxes in finds.items():
        for box in boxes:
            free = [place for place in places if name not in place.names and _is_one(place.box, box)]
            place = max(free, key=lambda p: p.box.iou(box), default=None)
            if place is None:
                place = _Place(box)
                places.append(place)
            place.names.add(name)
    return places


def _is_one(a: Box, b: Box) -> bool:
    """Whether two detectors mean the same face; some frame it from brow to chin and others the whole head."""
    return a.iou(b) > 0.3 or a.overlap(b) > 0.6


def shrunk(image: Image) -> Image:
    """At most 1280 pixels to a side."""
    scale = _LONGEST / max(image.shape[:2])
    if scale >= 1:
        return image
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
