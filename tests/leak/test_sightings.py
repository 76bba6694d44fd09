"""Sightings become faces: gaps are bridged, blips are not believed."""

from __future__ import annotations

import numpy as np
import pytest

from emojimask.leak.sightings import Sighting, fuse
from emojimask.types import Box


def stream(frames, fps=25):
    return [(i / fps, [Sighting(Box(*box), score, eye) for box, score, eye in found]) for i, found in enumerate(frames)]


def face(x=100.0, score=0.8, eye="a"):
    return (x, 50.0, 40.0, 40.0), score, eye


def test_a_gap_between_two_sightings_is_filled_evenly():
    frames = [[face(100)]] * 5 + [[]] * 4 + [[face(110)]] * 5
    (found,) = fuse(stream(frames))
    assert sorted(found.places) == list(range(14))
    assert [found.places[i].seen for i in (4, 5, 8, 9)] == [True, False, False, True]
    assert [found.places[i].box.x for i in (5, 8)] == pytest.approx([102, 108])


def test_a_gap_of_more_than_half_a_second_is_not_assumed_to_be_a_face():
    faces = fuse(stream([[face()]] * 6 + [[]] * 14 + [[face()]] * 6))
    assert [sorted(f.places) for f in faces] == [list(range(6)), list(range(20, 26))]


def test_blips_of_one_eye_are_no_face():
    assert fuse(stream([[face(score=0.45)] if i % 5 == 0 else [] for i in range(50)])) == []


def test_a_weak_but_steady_pattern_is_no_face():
    assert fuse(stream([[face(score=0.4)]] * 60)) == []


def test_a_pattern_that_looks_like_a_face_for_a_few_frames_is_none():
    folds = [[face(score=score, eye="profile")] for score in (0.3, 0.5, 0.78, 0.5, 0.4, 0.7, 0.4, 0.6, 0.3)]
    assert fuse(stream(folds + [[]] * 40)) == []
    brief = [[face(score=0.8)]] * 5
    assert len(fuse(stream(brief + [[]] * 40))) == 1


def test_two_eyes_on_one_place_are_one_face_and_surer():
    weak = [face(score=0.4, eye="a"), face(x=104, score=0.4, eye="b")]
    (found,) = fuse(stream([weak] * 20))
    assert found.eyes == {"a", "b"}
    assert 100 < found.places[0].box.x < 104


def test_two_people_keep_apart_while_they_move():
    faces = fuse(stream([[face(100 + 3 * i), face(400 - 3 * i)] for i in range(20)]))
    assert len(faces) == 2
    assert all(len(f.places) == 20 for f in faces)


def test_a_picture_needs_a_clear_sighting():
    assert fuse(stream([[face(score=0.6)]])) == []
    assert len(fuse(stream([[face(score=0.85)]]))) == 1


def test_a_face_surely_seen_outlasts_doubtful_sightings_after_it():
    doubtful = [[face(score=0.5)] if i % 8 == 7 else [] for i in range(300)]
    for frames, surely in (
        ([[face(score=0.9)]] * 100 + doubtful, range(100)),
        (doubtful[::-1] + [[face()]] * 60, range(300, 360)),
    ):
        (found,) = fuse(stream(frames))
        assert set(found.places) >= set(surely)
        assert len(found.places) < len(surely) + 20


def test_a_face_seen_briefly_outlasts_doubtful_sightings_after_it():
    (found,) = fuse(stream([[face(score=0.9)]] * 4 + [[face(score=0.4)] if i % 2 else [] for i in range(40)]))
    assert set(found.places) >= set(range(4))


def test_a_face_seen_twice_with_doubts_between_is_found_both_times():
    doubts = [[face(score=0.5)] if i % 8 == 7 else [] for i in range(400)]
    before, after = fuse(stream([[face(score=0.9)]] * 30 + doubts + [[face(score=0.9)]] * 30))
    assert set(before.places) >= set(range(30))
    assert set(after.places) >= set(range(430, 460))


def test_what_was_seen_weakly_beside_a_sure_face_belongs_to_it():
    turning = [[face(score=0.3)]] * 10
    (found,) = fuse(
        stream([[face(score=0.9)]] * 100 + turning + [[face(score=0.3)] if i % 8 == 7 else [] for i in range(800)])
    )
    assert set(found.places) >= set(range(110))


@pytest.mark.parametrize("fps", [1, 1.9])
def test_frames_far_apart_hold_faces(fps):
    (found,) = fuse(stream([[face()]] * 10, fps=fps))
    assert sorted(found.places) == list(range(10))


def test_in_frames_far_apart_each_counts_like_a_picture():
    clear = fuse(stream([[], [face(score=0.85)], [], [face(300, score=0.9)], []], fps=1))
    assert [sorted(f.places) for f in clear] == [[1], [3]]
    assert fuse(stream([[], [face(score=0.7)], [], [face(300, score=0.7)], []], fps=1)) == []


def test_a_clear_sighting_does_not_make_a_face_of_all_that_follows_far_apart():
    (found,) = fuse(stream([[face(score=0.85)]] + [[face(score=0.2)]] * 100, fps=1))
    assert sorted(found.places) == [0]


def test_a_rate_that_varies_loses_no_face():
    times = [*np.arange(50) / 25, *(2.96 + np.arange(10))]
    (found,) = fuse([(float(time_s), [Sighting(Box(*face()[0]), 0.8, "a")]) for time_s in times])
    assert sorted(found.places) == list(range(60))


@pytest.mark.parametrize(("fps", "faces"), [(5, 1), (25, 0)])
def test_who_walks_by_in_a_slow_recording_is_one_face(fps, faces):
    """At 5 frames a second a walker moves by more than the face's size; at 25 nobody does."""
    walks = [[face(100 + 48 * i, score=0.6)] for i in range(9)]
    assert len(fuse(stream(walks, fps))) == faces


def test_what_two_kinds_of_eye_are_sure_of_counts_in_a_single_frame():
    def seen(*eyes):
        return fuse(stream([[]] * 5 + [[face(score=0.85, eye=eye) for eye in eyes]] + [[]] * 5))

    (found,) = seen("haar frontal", "hog")
    assert sorted(found.places) == [5]
    assert seen("haar frontal", "haar profile") == [], "they err alike"
    assert seen("hog") == []
