"""Faces over time: follow each by its landmarks, detect only when there is reason to, keep identity, never forget fast.

A face that was found is followed by running the landmarker where it should be now. The detector looks over the whole
picture at intervals, and at once when a face is lost. What it finds is matched to lost faces before a new identity
is given. A face that is not found is held: its pose is predicted, and the caller decides for how long it counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TypeGuard

import numpy as np

from emojimask.faces.appearance import appearance, difference
from emojimask.faces.comparison import (
    are_of_like_size,
    covers,
    distance,
    goes_behind,
    grown_within,
    is_cut_off,
    is_near,
    is_plausible,
    share_inside,
    stretched,
)
from emojimask.faces.doubts import Doubts
from emojimask.faces.lookout import Lookout
from emojimask.faces.person import Person
from emojimask.pixels import part
from emojimask.side_by_side import side_by_side
from emojimask.stages import Detection, FaceDetector, FaceLandmarker, Glimpse, TiledDetector
from emojimask.types import Box, Face, Frame, Picture, Points, Track, TrackState

SURE, SURE_SMALL = 0.5, 0.4
"""A detection of at least this score is tried for a new face, the second where it is small; a weaker one only where a
face was lost."""
LEAST_INSIDE = 0.25
"""A detection counts where this share of it lies in the picture; nobody can see more of a face outside."""
AGAIN, AGAIN_SMALL = (0.7, (6.0, 4.0, 3.0)), (0.6, (6.0, 4.0))
"""Where the landmarker denies a face, a detection counts if it comes again with at least this score in squares so many
times as large: from farther away a blurred face is clearer, and a fist or a print is one no longer. The second where it
is small: from near it is too blurred."""
SMALL = 48.0
"""Pixels: of faces that are no larger the landmarker denies many."""
SEARCH_S = 1.0
"""A small face that the look over the whole picture missed is searched for where it should be for this long, ..."""
ROUND_S = 0.2
"""... and, live, at all tiles in so many seconds."""
CROWD = 80.0
"""Where a face is in sight that is smaller than so many pixels, others may be smaller still: there the picture is
looked at closely."""
DENIED_S = 0.2
"""Whom a detection alone shows, as the landmarker has denied the face, it is asked for again after this: of faces that
are small, blurred or turned away it denies most, and takes several looks for it."""
MEMORY_S = 6.0
"""A lost face can take up its identity again for this long."""
RESTS = 0.06
"""The landmarker has found its place when it moves by no more than this share of the face's size ..."""
SAME = 0.9
"""... or when its box is the same again by this intersection over union ..."""
MAX_LOOKS = 5
"""... within so many looks."""
CERTAIN = 0.8
"""The landmarker's score from which it is trusted after it was drawn away."""
FEW = 2
"""Live: where more faces than this are in sight, those at ease take turns to be looked at ..."""
REST_S = 0.05 + 1e-6
"""... again after this at the latest, being carried on meanwhile; ..."""
EASE = 0.3
"""... at ease is one whose fastest landmark moves by no more than this share of the face's size a second."""


class LandmarkTracker:
    """Tracks faces with any detector and landmarker. One per stream.

    Args:
        detector, landmarker: shared models.
        detect_every_s: least seconds between looks over the whole picture while nothing is lost.
        thorough_every_s: least seconds between thorough looks at the same place, which find small faces.
        second: strict mode: a detector of another kind that looks at every frame.
    """

    def __init__(
        self,
        detector: FaceDetector,
        landmarker: FaceLandmarker,
        detect_every_s: float = 0.1,
        thorough_every_s: float = 0.5,
        second: FaceDetector | None = None,
    ) -> None:
        self._detector = detector
        self._landmarker = landmarker
        self._lookout = Lookout(detect_every_s, thorough_every_s)
        self._thorough_every_s = thorough_every_s
        self._second = second
        self._doubts = Doubts()
        self._people: list[Person] = []
        self._weak: set[int] = set()  # who is known in this frame by a weak find alone
        self._next_id = 1
        self._time_s: float | None = None  # of the frame before

    def update(self, frame: Frame, hindsight_s: float | None = None, glimpse: Glimpse | None = None) -> list[Track]:
        """Every face known now: tracked where it is seen in ``frame``, held where it is not.

        Raises:
            Doubt: in strict mode, where the frame must be shielded. What is seen in it is not forgotten.
        """
        self._people = [p for p in self._people if frame.time_s - p.seen_s <= MEMORY_S]
        live = hindsight_s is None
        resting = {p.id: p.carried_on(frame) for p in self._resting(frame.time_s)} if live else {}
        seen = self._follow(frame, resting)
        self._weak.clear()
        self._lookout.watch(frame.picture, frame.time_s, [face.box for face in seen.values()], hindsight_s)
        self._detect(frame, seen, glimpse, live)
        others = self._second.detect(frame.picture) if self._second is not None else []
        self._take_in(frame, others, seen)
        resting = {i: face for i, face in resting.items() if seen.get(i) is face}
        for person in self._people:
            if person.id in seen and person.id not in resting:
                person.see(seen[person.id], frame, person.id not in self._weak)
        self._time_s = frame.time_s
        tracks = [
            Track(p.id, resting[p.id], looked=False) if p.id in resting else self._track(p, frame, p.id in seen)
            for p in self._people
        ]
        self._doubts.weigh(others, list(seen.values()), tracks)
        return tracks

    def reset(self) -> None:
        self._people.clear()
        self._lookout.reset()
        self._doubts.reset()
        self._time_s = None

    def look_again(self, frame: Frame, track: Track) -> Face | None:
        face = self._settled(frame, track.face.landmarks)
        return face if face is not None and is_plausible(face, track.face.landmarks) else None

    def _resting(self, time_s: float) -> list[Person]:
        """Whom not to look at now: of many, at most half, all at ease, those who were looked at last."""
        in_sight = [p for p in self._people if time_s - p.seen_s <= 2 * REST_S and len(p.raw) > 6]
        if self._second is not None or len(in_sight) <= FEW:
            return []
        rested = sorted((p for p in in_sight if p.speed <= EASE), key=lambda p: -p.seen_s)
        return [p for p in rested if time_s - p.seen_s <= REST_S][: len(in_sight) // 2]

    def _follow(self, frame: Frame, resting: Mapping[int, Face]) -> dict[int, Face]:
        """Run the landmarker where each face should be, but for those that are ``resting``.

        Of two that land on one face the one that looks like it stays.
        """
        # Too long ago, or known from a detection only: the detector must find those.
        near = [p for p in self._people if frame.time_s - p.seen_s <= 0.5 and len(p.raw) > 6 and p.id not in resting]
        seen = dict(resting)
        for person, face in zip(near, side_by_side(lambda p: self._followed(frame, p), near), strict=True):
            if face is not None:
                self._claim(person, face, frame, seen)
        return seen

    def _followed(self, frame: Frame, person: Person) -> Face | None:
        """The person's face, from where it should be now; None where it is not there."""
        expected = person.predicted(frame.time_s)
        face = self._settled(frame, expected)
        if face is None:
            return None
        face = self._rested(frame, face)
        return face if is_plausible(face, expected) else None

    def _settled(self, frame: Frame, near: Points) -> Face | None:
        """The landmarks of the face at ``near``; None where there is none, or the landmarker finds no rest.

        Half beside the face the landmarker is drawn to it only part of the way, and is sure of itself all the same.
        So where it was drawn away it looks again from there, must stay there twice, and must be certain.
        """
        expected, rested, drawn = near, 0, False
        for _ in range(MAX_LOOKS):
            face = self._landmarker.locate(frame.picture, near)
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

    def _claim(self, person: Person, face: Face, frame: Frame, seen: dict[int, Face]) -> None:
        rival_id = next((i for i, other in seen.items() if face.box.iou(other.box) > 0.4), None)
        if rival_id is None:
            seen[person.id] = face
            return
        rival = next(p for p in self._people if p.id == rival_id)
        look = appearance(frame.picture, face.box)
        if difference(person.look, look) < difference(rival.look, look):
            del seen[rival_id]
            seen[person.id] = face

    def _detect(self, frame: Frame, seen: dict[int, Face], glimpse: Glimpse | None, live: bool) -> None:
        """Look for new faces where one may have come, or may show but now, and for lost ones at every frame."""
        lost = any(p.id not in seen and frame.time_s - p.seen_s <= 2.0 for p in self._people)
        stands = self._time_s is not None and frame.time_s <= self._time_s  # by such a clock no look is ever due
        everywhere = stands or (glimpse is not None and glimpse.thorough)
        if lost or everywhere or self._lookout.whole_is_due(eager=not seen):
            self._take_in(frame, self._detector.detect(frame.picture), seen)
            self._lookout.whole_was_looked_at()
        searched = live and any(p.id not in seen and frame.time_s - p.seen_s <= SEARCH_S for p in self._people)
        self._take_in(frame, self._thorough(frame, everywhere, searched, live), seen)
        if glimpse is not None and not everywhere:
            self._take_in(frame, self._glance(frame, glimpse.box), seen)
        for person in [p for p in self._people if p.id not in seen and frame.time_s - p.seen_s <= SEARCH_S]:
            around = Box.around(person.predicted(frame.time_s)).scaled(4.0)
            if max(around.width, around.height) < 0.5 * max(frame.picture.shape[:2]):
                self._take_in(frame, detect_in(self._detector, frame.picture, around), seen)

    def _thorough(self, frame: Frame, at_once: bool, searched: bool, live: bool) -> list[Detection]:
        """A thorough look; where it can be had in parts, live only at a few in a frame, so that none takes long.

        Args:
            at_once: at all that has changed, however short ago the last look was.
            searched: somebody was lost but now, so that there is no time to lose.
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
        crowd = any(_size(p.face.box) < CROWD for p in self._people if frame.time_s - p.seen_s <= SEARCH_S)
        found = self._in_tiles(frame, detector, crowd, at_once or searched, share)
        if at_once and not crowd and any(d.score >= SURE and _size(d.box) < CROWD for d in found):
            found += self._in_tiles(frame, detector, True, at_once, share)
        return found

    def _in_tiles(
        self, frame: Frame, detector: TiledDetector, closely: bool, at_once: bool, share: float
    ) -> list[Detection]:
        """The finds in the tiles that it is time for, up to this share of all."""
        height, width = frame.picture.shape[:2]
        tiles = detector.tiles(height, width, closely)
        due = self._lookout.due_tiles(tiles, height, width, at_once, math.ceil(len(tiles) * share))
        return [found for tile in due for found in detector.detect_in_tile(frame.picture, tile)]

    def _glance(self, frame: Frame, around: Box) -> list[Detection]:
        """A look at a part of the picture, no closer than at a tile: closer, a fold of cloth may pass for a face."""
        if not _has_tiles(self._detector):
            return detect_in(self._detector, frame.picture, around)
        height, width = frame.picture.shape[:2]
        tile = self._detector.tiles(height, width)[-1]
        return self._detector.detect_in_tile(frame.picture, grown_within(around, tile, frame.picture))

    def _take_in(self, frame: Frame, detections: list[Detection], seen: dict[int, Face]) -> None:
        """Give each detection that is news a face and a person."""
        for detection in detections:
            if any(covers(face.box, detection.box) for face in seen.values()):
                continue
            lost = [p for p in self._people if p.id not in seen]
            face, surely = self._confirmed(frame, detection, lost)
            if face is None or self._is_part_of(frame, face, seen.values()):
                continue
            person = self._recognised(frame, face, lost)
            if person is None:
                person = self._welcome(frame, face)
            else:
                expected = Box.around(person.predicted(frame.time_s))
                if goes_behind(face, expected, frame.time_s - person.seen_s, seen.values()):
                    face = stretched(face, expected)
                if not surely:
                    self._weak.add(person.id)
            seen[person.id] = face

    def _confirmed(self, frame: Frame, detection: Detection, lost: list[Person]) -> tuple[Face | None, bool]:
        """A face with landmarks, and whether it is all of the face.

        Where the landmarker denies one, the detection itself if it is sure enough; where somebody was lost, a weak one
        will do, but it may be of what a hand leaves of him to be seen.
        """
        now = frame.time_s
        near = [
            p
            for p in lost
            if is_near(detection.box, p.outlined or p.face.box, Box.around(p.predicted(now)), now - p.seen_s)
        ]
        expected = bool(near)
        sure = SURE_SMALL if _size(detection.box) <= SMALL else SURE
        if (detection.score < sure and not expected) or share_inside(detection.box, frame.picture) < LEAST_INSIDE:
            return None, False
        just_denied = expected and all(len(p.raw) == 6 and 0 < now - p.denied_s < DENIED_S for p in near)
        face = None if just_denied else self._landmarker.locate(frame.picture, detection)
        if face is None and not just_denied:
            for person in near:
                person.denied_s = now
        overlaps = face is not None and face.box.overlap(detection.box) > 0.4
        if face is not None and overlaps and (expected or self._is_steady(frame, face)):
            return self._rested(frame, face), True
        if detection.landmarks is None:
            return None, False
        surely = detection.score >= sure and self._stands_alone(frame, detection)
        return (Face(detection.box, detection.landmarks, detection.score) if expected or surely else None), surely

    def _is_part_of(self, frame: Frame, face: Face, others: Iterable[Face]) -> bool:
        """Whether a face is one of the others, or is drawn to it look by look, as what a tile shows of a face is."""
        beside = [other.box for other in others if face.box.intersection(other.box) > 0]
        for _ in range(MAX_LOOKS if beside else 0):
            if any(face.box.iou(box) > 0.4 for box in beside):
                return True
            again = self._landmarker.locate(frame.picture, face.landmarks) if len(face.landmarks) > 6 else None
            if again is None or again.box.iou(face.box) > SAME:
                return False
            face = again
        return False

    def _rested(self, frame: Frame, face: Face) -> Face:
        """Where the picture's edge cuts a face, its mesh is too small or lags behind; look by look it comes to rest."""
        for _ in range(MAX_LOOKS if is_cut_off(face, frame.picture) else 0):
            again = self._landmarker.locate(frame.picture, face.landmarks)
            if again is None or again.box.iou(face.box) > SAME:
                break
            face = again
        return face

    def _is_steady(self, frame: Frame, face: Face) -> bool:
        """On a real face the landmarker finds the same face again from its own landmarks; elsewhere it wanders."""
        again = self._landmarker.locate(frame.picture, face.landmarks)
        return again is not None and again.box.iou(face.box) > 0.6 and max(face.score, again.score) > 0.8

    def _stands_alone(self, frame: Frame, detection: Detection) -> bool:
        """Look again: a real face is found from farther away too, a fist or a print is not."""
        least, sizes = AGAIN_SMALL if _size(detection.box) <= SMALL else AGAIN
        return all(
            any(d.score >= least and d.box.iou(detection.box) > 0.25 for d in found)
            for found in (detect_in(self._detector, frame.picture, detection.box.scaled(size)) for size in sizes)
        )

    def _recognised(self, frame: Frame, face: Face, lost: list[Person]) -> Person | None:
        """The lost person whom this face belongs to: near where it should be, of like size, of like looks."""
        look = appearance(frame.picture, face.box)
        best, best_cost = None, 1.0
        for person in lost:
            box = Box.around(person.predicted(frame.time_s))
            size = max(box.width, box.height, face.box.width, face.box.height)
            distance = float(np.hypot(*np.subtract(face.box.center, box.center))) / size
            gap_s = frame.time_s - person.seen_s
            reach = 1.0 + 2.0 * gap_s  # in face sizes; a head can move this far
            trust = 0.5 + 0.6 * min(gap_s, 1.0)  # in looks: the longer ago, the less the place tells
            cost = 0.5 * min(distance / reach, 2.0) + trust * difference(person.look, look)
            if cost < best_cost:
                best, best_cost = person, cost
        return best

    def _welcome(self, frame: Frame, face: Face) -> Person:
        look = appearance(frame.picture, face.box)
        now = frame.time_s
        person = Person(self._next_id, face, now, np.zeros(2, np.float32), look, now, raw=face.landmarks)
        self._next_id += 1
        self._people.append(person)
        return person

    def _track(self, person: Person, frame: Frame, seen: bool) -> Track:
        if seen:
            return Track(person.id, person.face)
        return Track(person.id, person.carried_on(frame), TrackState.HELD, frame.time_s - person.seen_s)


def _size(box: Box) -> float:
    return max(box.width, box.height)


def _has_tiles(detector: FaceDetector) -> TypeGuard[TiledDetector]:
    return hasattr(detector, "tiles")


def detect_in(detector: FaceDetector, image: Picture, around: Box) -> list[Detection]:
    """The detector's finds in a part of the picture only, where a small face looks large."""
    height, width = image.shape[:2]
    left, top = max(0, int(around.x)) // 2 * 2, max(0, int(around.y)) // 2 * 2
    right, bottom = min(width, int(around.x + around.width)), min(height, int(around.y + around.height))
    if right - left < 8 or bottom - top < 8:
        return []
    return [d.moved(left, top) for d in detector.detect(part(image, slice(top, bottom), slice(left, right)))]
