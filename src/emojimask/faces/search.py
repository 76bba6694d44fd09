"""Looking for faces in a frame: all over it, closely in parts of it, and where a lost one should be."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeGuard

from emojimask.faces.comparison import grown_within
from emojimask.faces.lookout import Lookout
from emojimask.faces.person import Person
from emojimask.media.pixels import cut_out
from emojimask.stages import Detection, FaceDetector, Glimpse, TiledDetector
from emojimask.types import Box, Face, Frame, Picture

SURE, SURE_SMALL = 0.5, 0.4
"""A detection of at least this score is tried for a new face, the second where it is small; a weaker one only where a
face was lost."""
SMALL = 48.0
"""Pixels: of faces that are no larger the landmarker denies many."""
AGAIN, AGAIN_SMALL = (0.7, (6.0, 4.0, 3.0)), (0.6, (6.0, 4.0))
"""Where the landmarker denies a face, a detection counts if it comes again with at least this score in squares so many
times as large: from farther away a blurred face is clearer, and a fist or a print is one no longer. The second where it
is small: from near it is too blurred."""
LOST_S = 2.0
"""So long after somebody was lost the whole picture is looked at in every frame, ..."""
SEARCH_S = 1.0
"""... and for so long a small face that these looks missed is searched for where it should be, ..."""
ROUND_S = 0.2
"""... and, live, at all tiles in so many seconds."""
CROWD = 80.0
"""Where a face is in sight that is smaller than so many pixels, others may be smaller still: there the picture is
looked at closely."""


class Search:
    """One per stream.

    Args:
        detector: may offer its thorough look in parts (:class:`~emojimask.stages.TiledDetector`).
        detect_every_s: least seconds between looks over the whole picture while nothing is lost.
        thorough_every_s: least seconds between thorough looks at the same place, which find small faces.
    """

    def __init__(self, detector: FaceDetector, detect_every_s: float, thorough_every_s: float) -> None:
        self._detector = detector
        self._lookout = Lookout(detect_every_s, thorough_every_s)
        self._thorough_every_s = thorough_every_s
        self._time_s: float | None = None  # of the frame before

    def reset(self) -> None:
        self._lookout.reset()
        self._time_s = None

    def finds(
        self,
        frame: Frame,
        people: Sequence[Person],
        seen: Mapping[int, Face],
        hindsight_s: float | None,
        glimpse: Glimpse | None,
    ) -> Iterator[list[Detection]]:
        """What look after look finds: for new faces where one may have come, for lost ones at every frame.

        Args:
            seen: who of the ``people`` is in sight, by number. What is found must be noted there before the next look,
                which may then not be needed.
            hindsight_s, glimpse: as in :meth:`~emojimask.stages.FaceTracker.update`.
        """
        self._lookout.watch(frame.picture, frame.time_s, [face.box for face in seen.values()], hindsight_s)
        live = hindsight_s is None

        def lost(for_s: float) -> list[Person]:
            return [p for p in people if p.id not in seen and frame.time_s - p.seen_s <= for_s]

        stands = self._time_s is not None and frame.time_s <= self._time_s  # by such a clock no look is ever due
        everywhere = stands or (glimpse is not None and glimpse.thorough)
        if lost(LOST_S) or everywhere or self._lookout.whole_is_due(eager=not seen):
            yield self._detector.detect(frame.picture)
            self._lookout.whole_was_looked_at()
        crowd = any(p.face.box.side < CROWD for p in people if frame.time_s - p.seen_s <= SEARCH_S)
        yield self._thorough(frame, everywhere, live and bool(lost(SEARCH_S)), live, crowd)
        if glimpse is not None and not everywhere:
            yield self._glance(frame.picture, glimpse.box)
        for person in lost(SEARCH_S):
            around = Box.around(person.predicted(frame.time_s)).scaled(4.0)
            if around.side < 0.5 * max(frame.picture.shape[:2]):
                yield self._detect_in(frame.picture, around)
        self._time_s = frame.time_s

    def whole(self, picture: Picture) -> list[Detection]:
        """A look over all of a picture, but not into its parts."""
        return self._detector.detect(picture)

    def finds_again(self, picture: Picture, detection: Detection) -> bool:
        """Whether the detection comes again from farther away, as a real face does; a fist or a print does not."""
        least, sizes = AGAIN_SMALL if detection.box.side <= SMALL else AGAIN
        return all(
            any(d.score >= least and d.box.iou(detection.box) > 0.25 for d in found)
            for found in (self._detect_in(picture, detection.box.scaled(size)) for size in sizes)
        )

    def _thorough(self, frame: Frame, at_once: bool, searched: bool, live: bool, crowd: bool) -> list[Detection]:
        """A thorough look; where it can be had in parts, live only at a few in a frame, so that none takes long.

        Args:
            at_once: at all that has changed, however short ago the last look was.
            searched: somebody was lost but now, so that there is no time to lose.
            crowd: look closely.
        """
        height, width = frame.picture.shape[:2]
        detector = self._detector
        if not _has_tiles(detector):
            whole = Box(0, 0, width, height)
            due = self._lookout.due_tiles([whole], height, width, at_once)
            return detector.detect(frame.picture, thorough=True) if due else []
        share = 1.0  # of the tiles
        if live and not at_once and self._time_s is not None:
            share = (frame.time_s - self._time_s) / (ROUND_S if searched else self._thorough_every_s)
        found = self._in_tiles(frame.picture, detector, crowd, at_once or searched, share)
        if at_once and not crowd and any(d.score >= SURE and d.box.side < CROWD for d in found):
            found += self._in_tiles(frame.picture, detector, True, at_once, share)
        return found

    def _in_tiles(
        self, picture: Picture, detector: TiledDetector, closely: bool, at_once: bool, share: float
    ) -> list[Detection]:
        """The finds in the tiles that it is time for, up to this share of all."""
        height, width = picture.shape[:2]
        tiles = detector.tiles(height, width, closely)
        due = self._lookout.due_tiles(tiles, height, width, at_once, math.ceil(len(tiles) * share))
        return [found for tile in due for found in detector.detect_in_tile(picture, tile)]

    def _glance(self, picture: Picture, around: Box) -> list[Detection]:
        """A look at a part of the picture, no closer than at a tile: closer, a fold of cloth may pass for a face."""
        if not _has_tiles(self._detector):
            return self._detect_in(picture, around)
        height, width = picture.shape[:2]
        tile = self._detector.tiles(height, width)[-1]
        return self._detector.detect_in_tile(picture, grown_within(around, tile, picture))

    def _detect_in(self, picture: Picture, around: Box) -> list[Detection]:
        """The finds in a part of the picture only, where a small face looks large."""
        region, left, top = cut_out(picture, around)
        if min(region.shape[:2]) < 8:
            return []
        return [d.moved(left, top) for d in self._detector.detect(region)]


def is_sure(detection: Detection) -> bool:
    """Whether it is tried for a new face."""
    return detection.score >= (SURE_SMALL if detection.box.side <= SMALL else SURE)


def _has_tiles(detector: FaceDetector) -> TypeGuard[TiledDetector]:
    return hasattr(detector, "tiles")
