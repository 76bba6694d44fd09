"""Strict mode: what a second detector sees is covered, or the frame is shielded."""

from __future__ import annotations

import numpy as np
import pytest

from emojimask.faces.doubts import ROUND
from emojimask.faces.tracking import LandmarkTracker
from emojimask.stages import Detection, Doubt
from emojimask.types import Box, Face, Frame, TrackState

BOX = Box(40, 30, 40, 40)


def points(box: Box) -> np.ndarray:
    shape = np.array([[0.2, 0.3], [0.8, 0.3], [0.5, 0.65], [0.35, 0.75], [0.65, 0.75], [0.5, 1]], np.float32)
    return (shape * [box.width, box.height] + [box.x, box.y]).astype(np.float32)


class Sees:
    def __init__(self, *detections: Detection) -> None:
        self.detections = list(detections)

    def detect(self, image, thorough=False):
        return self.detections


class Outlines:
    """A landmarker that confirms every face, or none."""

    def __init__(self, confirms: bool) -> None:
        self.confirms = confirms

    def locate(self, image, near):
        box = near.box if isinstance(near, Detection) else BOX
        return Face(box, points(box), 0.99) if self.confirms else None


def frame(index: int = 0) -> Frame:
    return Frame(np.full((120, 160, 3), 90, np.uint8), index, index / 30)


def test_what_only_the_second_detector_sees_is_tracked_under_one_id():
    tracker = LandmarkTracker(Sees(), Outlines(True), second=Sees(Detection(BOX, 0.8)))
    ids = [[track.id for track in tracker.update(frame(i))] for i in range(4)]
    assert ids == [[1]] * 4


def test_a_sure_find_that_nobody_can_outline_is_doubt():
    tracker = LandmarkTracker(Sees(), Outlines(False), second=Sees(Detection(BOX, 0.8)))
    with pytest.raises(Doubt):
        tracker.update(frame())


def test_a_weak_find_that_nobody_can_outline_is_none():
    tracker = LandmarkTracker(Sees(), Outlines(False), second=Sees(Detection(BOX, 0.6)))
    assert tracker.update(frame()) == []


def test_doubt_forgets_nobody():
    first, second, outlines = Sees(Detection(BOX, 0.9, points(BOX))), Sees(), Outlines(True)
    tracker = LandmarkTracker(first, outlines, second=second)
    tracker.update(frame(0))
    first.detections, outlines.confirms = [], False
    second.detections = [Detection(Box(110, 60, 40, 40), 0.9)]
    for index in range(1, 1 + ROUND):  # the second detector looks by turns
        with pytest.raises(Doubt) as doubt:
            tracker.update(frame(index))
        assert [track.id for track in doubt.value.tracks] == [1]
        second.detections = []
    assert [track.id for track in tracker.update(frame(1 + ROUND))] == [1]


def test_doubt_ends_where_the_face_is_seen():
    first, second, outlines = Sees(), Sees(Detection(BOX, 0.9)), Outlines(False)
    tracker = LandmarkTracker(first, outlines, second=second)
    with pytest.raises(Doubt):
        tracker.update(frame(0))
    first.detections, second.detections, outlines.confirms = [Detection(BOX, 0.9, points(BOX))], [], True
    assert [track.id for track in tracker.update(frame(4))] == [1]


def test_a_held_face_does_not_vouch_for_a_find():
    """Once the hold has run out nothing is drawn there, while the tracker remembers the person for longer."""
    first, second = Sees(Detection(BOX, 0.9, points(BOX))), Sees()
    outlines = Outlines(True)
    tracker = LandmarkTracker(first, outlines, second=second)
    tracker.update(frame(0))
    first.detections, outlines.confirms = [], False
    assert [track.state for track in tracker.update(frame(1))] == [TrackState.HELD]
    second.detections = [Detection(BOX, 0.9)]
    with pytest.raises(Doubt):
        tracker.update(frame(60))
