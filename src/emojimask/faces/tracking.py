"""Faces over time: follow each by its landmarks, keep its identity, never forget fast.

A face that was found is followed by running the landmarker where it should be now (:mod:`emojimask.faces.outlining`).
New and lost ones are looked for (:mod:`emojimask.faces.search`), and what is found is matched to lost ones before a new
identity is given. A face that is not found is held: its pose is predicted, and the caller decides for how long it
counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from emojimask.faces.appearance import appearance, difference
from emojimask.faces.comparison import (
    covers,
    goes_behind,
    hides,
    is_cut_off,
    is_near,
    is_plausible,
    share_inside,
    stretched,
)
from emojimask.faces.doubts import Doubts
from emojimask.faces.outlining import MAX_LOOKS_ANEW, Outliner
from emojimask.faces.person import Person
from emojimask.faces.renderings import RENDERINGS, Cadence, Rendering, Views
from emojimask.faces.search import LOST_S, SMALL, Search, is_sure
from emojimask.stages import Detection, FaceDetector, FaceLandmarker, Glimpse
from emojimask.threads.parallel import parallel_map
from emojimask.types import Box, Face, Frame, Picture, Track, TrackState

LEAST_INSIDE = 0.25
"""A detection counts where this share of it lies in the picture; nobody can see more of a face outside."""
CLEAR = 0.8
"""A detection of at least this score says where a face is; a weaker one may be of a part, or show it too large."""
PLAIN = 0.98
"""The landmarker's score from which, where there is but one chance, a weak detection is enough for a new face that is
not small: of letters and patterns that look so to it, hardly any is large."""
KNOWN = 0.9
"""The landmarker's score from which a face counts that shows in another rendering of the picture alone."""
DENIED_S = 0.2
"""Whom a detection alone shows, as the landmarker has denied the face, it is asked for again after this: of faces that
are small, blurred or turned away it denies most, and takes several looks for it."""
MEMORY_S = 6.0
"""A lost face can take up its identity again for this long."""
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
        bodies: finds heads by their bodies, in pictures that are no video.
    """

    def __init__(
        self,
        detector: FaceDetector,
        landmarker: FaceLandmarker,
        detect_every_s: float = 0.1,
        thorough_every_s: float = 0.5,
        second: FaceDetector | None = None,
        bodies: FaceDetector | None = None,
    ) -> None:
        self._search = Search(detector, detect_every_s, thorough_every_s)
        self._outliner = Outliner(landmarker)
        self._second, self._bodies = second, bodies
        self._doubts = Doubts()
        self._people: list[Person] = []
        self._weak: set[int] = set()  # who is known in this frame by a weak find alone
        self._hidden: set[int] = set()  # who by the body alone
        self._otherwise = Cadence()
        self._next_id = 1

    def update(self, frame: Frame, hindsight_s: float | None = None, glimpse: Glimpse | None = None) -> list[Track]:
        """Every face known now: tracked where it is seen in ``frame``, held where it is not.

        Raises:
            Doubt: in strict mode, where the frame must be shielded. What is seen in it is not forgotten.
        """
        only_chance, views = glimpse is not None and glimpse.thorough, Views(frame)
        self._people = [p for p in self._people if frame.time_s - p.seen_s <= MEMORY_S]
        resting = {p.id: p.carried_on(frame) for p in self._resting(frame.time_s)} if hindsight_s is None else {}
        seen = self._follow(views, resting)
        self._weak.clear()
        self._hidden.clear()
        for finds in self._search.finds(frame, self._people, seen, hindsight_s, glimpse):
            self._take_in(views, finds, seen, only_chance)
        self._look_otherwise(views, seen, only_chance, hindsight_s)
        if glimpse is not None and glimpse.alone and self._bodies is not None:
            self._add_heads(frame, self._bodies.detect(frame.picture), seen)
        others = self._second.detect(frame.picture) if self._second is not None else []
        self._take_in(views, others, seen)
        resting = {i: face for i, face in resting.items() if seen.get(i) is face}
        for person in self._people:
            if person.id in seen and person.id not in resting:
                person.see(seen[person.id], frame, person.id not in self._weak)
        tracks = [
            Track(p.id, resting[p.id], looked=False) if p.id in resting else self._track(p, frame, p.id in seen)
            for p in self._people
        ]
        self._doubts.weigh(others, list(seen.values()), tracks)
        return tracks

    def reset(self) -> None:
        self._people.clear()
        self._search.reset()
        self._doubts.reset()
        self._otherwise = Cadence()

    def look_again(self, frame: Frame, track: Track) -> Face | None:
        rendering = next((p.rendering for p in self._people if p.id == track.id), None)
        face = self._outliner.settled(Views(frame).through(rendering).picture, track.face.landmarks)
        return face if face is not None and is_plausible(face, track.face.landmarks) else None

    def _look_otherwise(
        self, views: Views, seen: dict[int, Face], only_chance: bool, hindsight_s: float | None
    ) -> None:
        """Look through other renderings: for whom they showed before, and where nobody is in sight for anybody.

        Where somebody is, others hide in no other light, and what looks like them there is a print or a fold. Live,
        where nobody is in sight, the shield stands anyway.
        """
        now = views.frame.time_s
        is_due = hindsight_s is not None and not seen and self._otherwise.is_due(views.frame, hindsight_s, only_chance)
        lost = [p for p in self._people if p.id not in seen and now - p.seen_s <= LOST_S]
        for rendering in RENDERINGS:
            if (is_due and not seen) or any(p.rendering is rendering for p in lost):
                picture = views.through(rendering).picture
                known = [find for find in self._search.whole(picture) if self._is_known(picture, find)]
                self._take_in(views, known, seen, rendering=rendering)

    def _add_heads(self, frame: Frame, heads: Iterable[Detection], seen: dict[int, Face]) -> None:
        """Cover heads on which no face is in sight, since something hides it or it is turned away."""
        for head in heads:
            known = any(covers(face.box, head.box) for face in seen.values())
            if known or head.landmarks is None or share_inside(head.box, frame.picture) < LEAST_INSIDE:
                continue
            face = Face(head.box, head.landmarks, head.score)
            person = self._welcome(frame, face)
            self._hidden.add(person.id)
            seen[person.id] = face

    def _is_known(self, picture: Picture, detection: Detection) -> bool:
        """Whether detector and landmarker both know a face in another rendering, which shows many patterns besides."""
        face = self._outliner.locate(picture, detection) if is_sure(detection) else None
        return face is not None and face.score >= KNOWN

    def _resting(self, time_s: float) -> list[Person]:
        """Whom not to look at now: of many, at most half, all at ease, those who were looked at last."""
        in_sight = [p for p in self._people if time_s - p.seen_s <= 2 * REST_S and len(p.raw) > 6]
        if self._second is not None or len(in_sight) <= FEW:
            return []
        rested = sorted((p for p in in_sight if p.speed <= EASE), key=lambda p: -p.seen_s)
        return [p for p in rested if time_s - p.seen_s <= REST_S][: len(in_sight) // 2]

    def _follow(self, views: Views, resting: Mapping[int, Face]) -> dict[int, Face]:
        """Run the landmarker where each face should be, but for those that are ``resting``.

        Of two that land on one face the one that looks like it stays.
        """
        frame = views.frame
        # Too long ago, or known from a detection only: the detector must find those.
        near = [p for p in self._people if frame.time_s - p.seen_s <= 0.5 and len(p.raw) > 6 and p.id not in resting]
        seen = dict(resting)
        for person, face in zip(near, parallel_map(lambda p: self._followed(views, p), near), strict=True):
            if face is not None:
                self._claim(person, face, frame, seen)
        return seen

    def _followed(self, views: Views, person: Person) -> Face | None:
        """The person's face, from where it should be now; None where it is not there."""
        frame = views.through(person.rendering)
        expected = person.predicted(frame.time_s)
        face = self._outliner.settled(frame.picture, expected)
        if face is None:
            return None
        if is_cut_off(face, frame.picture):  # its mesh is too small or lags behind
            face = self._outliner.rested(frame.picture, face)
        return face if is_plausible(face, expected) else None

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

    def _take_in(
        self,
        views: Views,
        detections: list[Detection],
        seen: dict[int, Face],
        only_chance: bool = False,
        rendering: Rendering | None = None,
    ) -> None:
        """Give each detection that is news a face and a person. ``rendering``: in which they were found."""
        frame, shown = views.frame, views.through(rendering)
        for detection in detections:
            is_known = hides if detection.score >= CLEAR else covers
            if any(is_known(face.box, detection.box) for face in seen.values()):
                continue
            lost = [p for p in self._people if p.id not in seen]
            face, surely = self._confirmed(shown, detection, lost, only_chance)
            if face is None or self._outliner.is_part_of(shown.picture, face, seen.values()):
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
            person.rendering = rendering
            seen[person.id] = face

    def _confirmed(
        self, frame: Frame, detection: Detection, lost: list[Person], only_chance: bool
    ) -> tuple[Face | None, bool]:
        """A face with landmarks, and whether it is all of the face.

        Where the landmarker denies one, the detection itself if it is sure enough; where somebody was lost, a weak one
        will do, but it may be of what a hand leaves of him to be seen. Weak ones are of half faces, too, and of those
        that fill the picture; where this frame is the ``only_chance`` to find them, the landmarker must be all the
        surer.
        """
        now = frame.time_s
        near = [
            p
            for p in lost
            if is_near(detection.box, p.outlined or p.face.box, Box.around(p.predicted(now)), now - p.seen_s)
        ]
        expected, sure = bool(near), is_sure(detection)
        tried = sure or expected or (only_chance and detection.box.side > SMALL)
        if not tried or share_inside(detection.box, frame.picture) < LEAST_INSIDE:
            return None, False
        just_denied = expected and all(len(p.raw) == 6 and 0 < now - p.denied_s < DENIED_S for p in near)
        face = None if just_denied else self._outliner.locate(frame.picture, detection)
        if face is None and not just_denied:
            for person in near:
                person.denied_s = now
        if face is not None and face.box.overlap(detection.box) > 0.4:
            believed = sure or face.score >= PLAIN
            if expected or (believed and self._outliner.is_steady(frame.picture, face)):
                return self._outliner.rested(frame.picture, face, MAX_LOOKS_ANEW), True
        if detection.landmarks is None or not (sure or expected):
            return None, False
        surely = sure and self._search.finds_again(frame.picture, detection)
        return (Face(detection.box, detection.landmarks, detection.score) if expected or surely else None), surely

    def _recognised(self, frame: Frame, face: Face, lost: list[Person]) -> Person | None:
        """The lost person whom this face belongs to: near where it should be, of like size, of like looks."""
        look = appearance(frame.picture, face.box)
        best, best_cost = None, 1.0
        for person in lost:
            box = Box.around(person.predicted(frame.time_s))
            size = max(box.side, face.box.side)
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
            return Track(person.id, person.face, looked=person.id not in self._hidden)
        return Track(person.id, person.carried_on(frame), TrackState.HELD, frame.time_s - person.seen_s)
