"""Files: while all faces are in sight, not every frame is looked at; but no face gets out of those in between."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from fakes import RAW, BlockRenderer, EvenClassifier, PlainSmoother, face, frame
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from emojimask.pipeline import MaskingPipeline
from emojimask.settings import MaskSettings
from emojimask.stages import Glimpse
from emojimask.types import Face, Frame, MaskedFrame, Measures, Picture, Track, TrackState

Way = Callable[[int], float | None]
"""Where a face is, x in pixels, by frame; None where there is none."""


class MovingTracker:
    """Sees the face of person 1 wherever it is; counts the frames that were looked at, and searched again."""

    def __init__(self, way: Way) -> None:
        self.way = way
        self.looked: list[int] = []
        self.again: list[int] = []
        self.last: tuple[float, Face] | None = None

    def update(self, frame: Frame, hindsight_s: float | None = None, glimpse: Glimpse | None = None) -> list[Track]:
        self.looked.append(frame.index)
        x = self.way(frame.index)
        if x is not None:
            self.last = frame.time_s, face(x, 20)
            return [Track(1, self.last[1])]
        if self.last is None:
            return []
        return [Track(1, self.last[1], TrackState.HELD, frame.time_s - self.last[0])]

    def look_again(self, frame: Frame, track: Track) -> Face | None:
        self.again.append(frame.index)
        x = self.way(frame.index)
        return None if x is None or abs(x - track.face.box.center[0]) > 10 else face(x, 20)

    def reset(self) -> None:
        self.last = None


class Still:
    """Measures nothing, but somebody asks for it."""

    def update(
        self, frame: Frame, track: Track, probabilities: tuple[float, ...], expression: str
    ) -> tuple[Measures, tuple[float, ...]]:
        return Measures(), probabilities


def masked(tracker: MovingTracker, count: int, fps: float = 30, **knobs: object) -> list[MaskedFrame]:
    pipeline = MaskingPipeline(tracker, EvenClassifier(), PlainSmoother(), BlockRenderer(), MaskSettings(**knobs))
    return list(pipeline.process_file(frame(i, fps) for i in range(count)))


def shows(out: MaskedFrame, way: Way) -> bool:
    """Whether any pixel at the middle of the face, 8 x 8, is raw."""
    x = way(out.index)
    return x is not None and bool((np.asarray(out.picture)[16:24, int(x) - 4 : int(x) + 4] == RAW).any())


@pytest.mark.parametrize(("fps", "every"), [(10, 2), (15, 3), (24, 4), (25, 5), (30, 6), (60, 12)])
def test_a_face_at_rest_is_looked_at_five_times_a_second_and_is_in_sight_all_along(fps: float, every: int) -> None:
    tracker = MovingTracker(lambda i: 30)
    out = masked(tracker, 61, fps)
    assert tracker.looked == sorted({0, *range(1, 61, every), 60})
    assert not tracker.again
    assert {f.track.state for m in out for f in m.faces} == {TrackState.TRACKED}
    assert all(len(m.faces) == 1 for m in out)


@pytest.mark.parametrize(("place", "every"), [((5, 60), 3), ((20, 30), 6)])
def test_while_anything_stirs_beside_the_face_looks_are_ten_times_a_second(place: tuple[int, int], every: int) -> None:
    tracker = MovingTracker(lambda i: 30)
    pipeline = MaskingPipeline(tracker, EvenClassifier(), PlainSmoother(), BlockRenderer())
    pictures = np.tile(np.linspace(40, 220, 64, dtype=np.uint8)[:, None], (61, 48, 1, 3))
    spot = np.s_[:, place[0] - 2 : place[0] + 2, place[1] - 2 : place[1] + 2]
    pictures[spot] = np.arange(100, 222, 2, dtype=np.uint8)[:, None, None, None]  # so slowly that nothing is ever gone
    list(pipeline.process_file(Frame(picture, i, i / 30) for i, picture in enumerate(pictures)))
    assert tracker.looked == sorted({0, *range(1, 61, every), 60})


def test_expressions_are_read_where_the_face_was_looked_at() -> None:
    tracker, read = MovingTracker(lambda i: 30), []

    class Noting(EvenClassifier):
        def classify(self, image: Picture, faces: Sequence[Face]) -> NDArray[np.float32]:
            read.append(len(faces))
            return super().classify(image, faces)

    pipeline = MaskingPipeline(tracker, Noting(), PlainSmoother(), BlockRenderer())
    out = list(pipeline.process_file(frame(i) for i in range(61)))
    assert len(read) == len([i for i in tracker.looked if i != 1])  # frame 1 comes too soon after the first reading
    assert all(m.faces[0].probabilities for m in out)


def test_a_slow_face_lies_between_the_looks() -> None:
    tracker = MovingTracker(lambda i: 12 + 0.5 * i)
    for m in masked(tracker, 60):
        assert m.faces[0].track.face.box.center[0] == pytest.approx(12 + 0.5 * m.index, abs=0.01)
    assert len(tracker.looked) < 25
    assert not tracker.again


def _sudden(index: int) -> float:
    """At rest, and from frame 30 on it moves by a little over a fifth of its size a frame."""
    return 12 + 4.1 * max(0, min(index, 38) - 30)


def test_a_face_that_moves_off_is_looked_for_between_the_looks_and_then_at_every_frame() -> None:
    tracker = MovingTracker(_sudden)
    for m in masked(tracker, 60):
        assert m.faces[0].track.state is TrackState.TRACKED
        assert m.faces[0].track.face.box.center[0] == pytest.approx(_sudden(m.index), abs=0.01)
    assert tracker.again == [26, 27, 28, 29, 30, 32]
    assert set(range(33, 40)) <= set(tracker.looked)
    assert not set(range(30, 60)) <= set(tracker.looked)


@pytest.mark.parametrize("leaps", range(30, 38))
def test_a_face_that_leaps_between_two_looks_is_covered_at_either_place(leaps: int) -> None:
    tracker = MovingTracker(lambda i: 50 if i >= leaps else 14)
    out = masked(tracker, 60)
    assert not set(range(30, 38)) <= set(tracker.looked)
    assert not any(shows(m, tracker.way) for m in out)


@pytest.mark.parametrize("comes", range(30, 34))
def test_a_face_that_comes_between_two_looks_is_traced_back_to_where_it_came(comes: int) -> None:
    tracker = MovingTracker(lambda i: 30 if i >= comes else None)
    out = masked(tracker, 60, hold_s=0.0)
    states = [m.faces[0].track.state if m.faces else None for m in out]
    assert states[comes:] == [TrackState.TRACKED] * (60 - comes)
    assert TrackState.TRACKED not in states[:comes]


@pytest.mark.parametrize("comes", range(30, 34))
def test_no_frame_leaves_before_it_or_a_later_one_was_looked_at_however_short_the_window(comes: int) -> None:
    tracker = MovingTracker(lambda i: 30 if i >= comes else None)
    out = masked(tracker, 60, hold_s=0.0, lookahead_s=0.0)
    assert [m.index for m in out] == list(range(60))
    assert not any(shows(m, tracker.way) for m in out)
    assert not any(m.faces for m in out[: comes - 6])


@pytest.mark.parametrize("goes", range(30, 34))
def test_a_face_that_goes_between_two_looks_is_followed_to_where_it_went(goes: int) -> None:
    tracker = MovingTracker(lambda i: 30 if i < goes else None)
    states = [m.faces[0].track.state if m.faces else None for m in masked(tracker, 60)]
    assert states[:goes] == [TrackState.TRACKED] * goes
    assert states[goes : goes + 20] == [TrackState.HELD] * 20


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_the_last_frame_is_looked_at(count: int) -> None:
    tracker = MovingTracker(lambda i: 30 if i == count - 1 else None)
    out = masked(tracker, count)
    assert tracker.looked[-1] == count - 1
    assert out[-1].faces[0].track.state is TrackState.TRACKED


def test_the_last_frame_before_a_cut_and_the_first_after_it_are_looked_at() -> None:
    scenes = np.random.default_rng(1).integers(0, 256, (2, 48, 64, 3), np.uint8)
    for cut in range(30, 33):
        tracker = MovingTracker(lambda i: 30)
        pipeline = MaskingPipeline(tracker, EvenClassifier(), PlainSmoother(), BlockRenderer())
        list(pipeline.process_file(Frame(scenes[int(i >= cut)], i, i / 30) for i in range(60)))
        assert {cut - 1, cut} <= set(tracker.looked)


def test_every_frame_is_looked_at_where_that_was_asked_for() -> None:
    for knobs in ({"strict": True}, {"look_every_s": 0.0}):
        tracker = MovingTracker(lambda i: 30)
        masked(tracker, 30, **knobs)
        assert tracker.looked == list(range(30))
    tracker = MovingTracker(lambda i: 30)
    stages = tracker, EvenClassifier(), PlainSmoother(), BlockRenderer()
    list(MaskingPipeline(*stages, motion=Still()).process_file(frame(i) for i in range(30)))
    assert tracker.looked == list(range(30))


def test_frames_that_all_have_the_same_time_are_all_looked_at() -> None:
    tracker = MovingTracker(lambda i: 30)
    pipeline = MaskingPipeline(tracker, EvenClassifier(), PlainSmoother(), BlockRenderer())
    list(pipeline.process_file(Frame(frame(0).picture, i, 1.0) for i in range(20)))
    assert tracker.looked == list(range(20))


def test_a_search_that_fails_between_two_looks_shields_the_frame() -> None:
    class Breaking(MovingTracker):
        def look_again(self, frame: Frame, track: Track) -> Face | None:
            raise RuntimeError("injected fault")

    assert [m.index for m in masked(Breaking(_sudden), 45) if m.shielded] == [26, 27, 28, 29, 30, 32]


def test_a_look_that_fails_shields_what_came_since_the_look_before() -> None:
    class Breaking(MovingTracker):
        def update(self, frame: Frame, hindsight_s: float | None = None, glimpse: Glimpse | None = None) -> list[Track]:
            tracks = super().update(frame, hindsight_s, glimpse)
            if frame.index == 13:
                raise RuntimeError("injected fault")
            return tracks

    tracker = Breaking(lambda i: 30)
    shielded = [m.index for m in masked(tracker, 31) if m.shielded]
    assert tracker.looked[:4] == [0, 1, 7, 13]
    assert shielded == [8, 9, 10, 11, 12, 13]


@given(
    turns=st.lists(st.tuples(st.floats(0.21, 0.6), st.none() | st.floats(-75, 75)), min_size=2, max_size=8),
    fps=st.sampled_from([24.0, 30.0, 60.0]),
)
@settings(max_examples=150, deadline=None)
def test_however_a_face_comes_moves_and_goes_it_is_covered(turns: list[tuple[float, float | None]], fps: float) -> None:
    """Each turn lasts so many seconds, longer than from look to look, with so many pixels a second; None: unseen."""
    places: list[float | None] = []
    x = 30.0
    for seconds, speed in turns:
        for _ in range(math.ceil(seconds * fps)):
            x = float(np.clip(x + (speed or 0) / fps, 10, 54))
            places.append(None if speed is None else x)
    out = masked(MovingTracker(places.__getitem__), len(places), fps)
    assert [m.index for m in out] == list(range(len(places)))
    assert not any(shows(m, places.__getitem__) for m in out)
    assert not any(m.shielded for m in out)
