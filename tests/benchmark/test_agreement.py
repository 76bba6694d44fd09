"""Truth by agreement: counted right, and read from files."""

from __future__ import annotations

import pytest

import media
from emojimask.benchmark.agreement import agreements, sampled
from emojimask.errors import SourceError
from emojimask.types import Box

HERE, NEAR, ELSEWHERE = Box(10, 10, 40, 40), Box(14, 6, 40, 48), Box(200, 10, 40, 40)


def test_what_two_see_is_a_face_and_what_one_sees_is_his_own():
    finds = {"a": [[HERE], [HERE]], "b": [[NEAR], [ELSEWHERE]], "c": [[], [HERE, Box(300, 300, 9, 9)]]}
    faces, stands = agreements(finds)
    assert faces == 2
    assert stands == {"a": (1.0, 0), "b": (0.5, 1), "c": (0.5, 1)}


def test_two_finds_of_one_detector_never_agree_with_each_other():
    faces, stands = agreements({"a": [[HERE, NEAR]], "b": [[]]})
    assert (faces, stands["a"].recall, stands["a"].alone) == (0, 0.0, 2)


def test_a_small_frame_within_a_large_one_is_the_same_face():
    assert agreements({"a": [[Box(0, 0, 100, 100)]], "b": [[Box(30, 30, 40, 40)]]})[0] == 1


def test_every_nth_frame_of_every_file_that_can_be_read(tmp_path):
    media.write_video(tmp_path / "a.mp4", frames=25)
    (tmp_path / "b.mp4").write_bytes(b"no video")
    assert len(list(sampled(tmp_path, 10))) == 3
    with pytest.raises(SourceError, match="no such"):
        list(sampled(tmp_path / "nowhere", 10))


def test_no_picture_at_all_is_no_agreement():
    assert agreements({"a": [], "b": []}) == (0, {"a": (0.0, 0), "b": (0.0, 0)})
