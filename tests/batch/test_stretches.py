from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from archives import SameProcess, clip, face_clip, records, request, run
from hypothesis import given
from hypothesis import strategies as st

import media
from emojimask.batch import stretches, worker
from emojimask.batch.folders import STAGING
from emojimask.batch.run import BatchRun
from emojimask.batch.stretches import Stretch, plan_stretches, same_people
from emojimask.batch.tasks import Join, Piece, Whole
from emojimask.errors import SinkError
from emojimask.runner import RunSummary
from emojimask.settings import MaskSettings
from emojimask.sinks.video.joined import join_videos
from emojimask.sources.cuts import FrameTimes, frame_times
from emojimask.sources.video_file import VideoFileSource
from emojimask.types import Box


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=300),
    st.integers(1, 40),
    st.floats(1, 30),
    st.floats(0, 20),
)
def test_stretches_hold_every_frame_once(steps: list[int], every: int, length_s: float, hold_s: float) -> None:
    frames = tuple(float(t) / 10 for t in np.cumsum(steps))
    times = FrameTimes(frames, frames[::every])
    found = plan_stretches(times, MaskSettings(hold_s=hold_s), length_s)
    assert sum(s.frames for s in found) == len(frames)
    assert [s.number for s in found] == list(range(len(found)))
    assert [s.end_s for s in found] == [s.start_s for s in found[1:]] + [math.inf]
    for s in found:
        assert {s.start_s, s.warm_s} <= set(times.keys)
        assert s.frames == sum(s.start_s <= t < s.end_s for t in frames)
        assert s.warm_s == frames[0] or s.start_s - s.warm_s >= max(10, hold_s)


def test_a_video_that_begins_within_a_group_is_not_cut() -> None:
    assert plan_stretches(FrameTimes((0.0, 1.0, 2.0), (1.0,)), MaskSettings(), 1.0) == []


def test_people_are_told_by_where_they_are() -> None:
    left, right = Box(0, 0, 50, 50), Box(200, 0, 50, 50)
    before = [(1.0, {4: left, 7: right}), (1.1, {4: left, 7: right})]
    after = [(1.0, {1: right, 2: left}), (1.1, {1: right, 2: left, 3: Box(400, 0, 9, 9)})]
    assert same_people(before, after) == {1: 7, 2: 4}


@pytest.fixture
def short_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretches, "MEMORY_S", 2.0)


@pytest.mark.usefixtures("short_memory")
def test_a_long_video_in_stretches_is_as_if_masked_in_one_go(tmp_path: Path) -> None:
    original = face_clip(tmp_path / "in" / "long.mp4", seconds=9, sound=True)
    cut = request(tmp_path / "in", tmp_path / "cut", MaskSettings(lookahead_s=0.5), split_s=3, reports=True)
    whole = request(tmp_path / "in", tmp_path / "whole", MaskSettings(lookahead_s=0.5), split_s=0, reports=True)
    _, _, engine = run(cut)
    run(whole)
    assert [type(task) for task in engine.done] == [Whole, Piece, Piece, Piece, Join]

    joined, single = tmp_path / "cut" / "long_masked.mp4", tmp_path / "whole" / "long_masked.mp4"
    assert media.times(joined) == media.times(single) == media.times(original)
    assert media.packets(joined, "audio") == media.packets(original, "audio")
    assert not list((tmp_path / "cut").rglob("*.part"))
    told, expected = (json_lines(path.with_name(path.name + ".jsonl")) for path in (joined, single))
    for a, b in zip(told, expected, strict=True):
        assert (a["frame"], a["time_s"], a["shielded"]) == (b["frame"], b["time_s"], b["shielded"])
        assert [face["track_id"] for face in a["faces"]] == [face["track_id"] for face in b["faces"]]
        for mine, theirs in zip(a["faces"], b["faces"], strict=True):
            assert mine["box"] == pytest.approx(theirs["box"], abs=2.0)  # pixels
    a, b = records(cut)["long.mp4"], records(whole)["long.mp4"]
    assert (a.frames, a.seconds, a.faces, a.people) == (b.frames, b.seconds, b.faces, b.people) == (90, 8.9, 90, 1)
    alike = [a["faces"][0]["expression"] == b["faces"][0]["expression"] for a, b in zip(told, expected, strict=True)]
    assert sum(alike) >= 81  # where two expressions are nearly tied, which one stays depends on all that came before
    with VideoFileSource(joined) as one, VideoFileSource(single) as other:
        gaps = [float(np.abs(a.image.astype(int) - b.image).mean()) for a, b in zip(one, other, strict=True)]
    same = [gap for gap, agreed in zip(gaps, alike, strict=True) if agreed]
    assert float(np.quantile(same, 0.95)) < 3.0  # a mask that is about to fold may fall back a frame sooner
    assert run(cut)[0].unchanged == 1


@pytest.mark.usefixtures("short_memory")
def test_a_long_video_is_finished_before_another_is_begun(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        clip(tmp_path / "in" / name, frames=250, options={"g": "25"})
    clip(tmp_path / "in" / "short.mp4")
    progress, _, engine = run(request(tmp_path / "in", tmp_path / "out", MaskSettings(expressions="none"), split_s=3))
    order = [(task.job.input, type(task)) for task in engine.done]
    each = [Whole, Piece, Piece, Piece, Join]
    assert order == [(name, task) for name in ("a.mp4", "b.mp4") for task in each] + [("short.mp4", Whole)]
    numbers = [task.stretch.number for task in engine.done if isinstance(task, Piece)]
    assert (progress.done, numbers) == (3, [0, 1, 2] * 2)


@pytest.mark.usefixtures("short_memory")
def test_a_stretch_that_fails_is_made_good_in_one_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip(tmp_path / "in" / "long.mp4", frames=250, options={"g": "25"})
    wanted = request(tmp_path / "in", tmp_path / "out", MaskSettings(expressions="none"), split_s=3, reports=True)
    lying: list[int] = []
    engine = SameProcess(wanted, lambda _: lying.append(len(list((tmp_path / "out" / STAGING).glob("*-*")))))

    def spoil_the_last(*given: Any) -> list[Stretch]:
        *others, last = plan_stretches(*given)
        return [*others, replace(last, frames=1)]

    monkeypatch.setattr(worker, "plan_stretches", spoil_the_last)
    progress = BatchRun(wanted).run(engine)
    assert (progress.done, progress.failed) == (1, {})
    assert lying == [0, 0, 2, 4, 0]  # pieces and their reports take no room once they are of no use
    assert engine.done[-1] == Whole(engine.done[0].job, may_cut=False, attempt=2)
    assert records(wanted)["long.mp4"].frames == 250
    assert progress.bytes == pytest.approx(progress.total_bytes)


@pytest.mark.usefixtures("short_memory")
def test_faults_in_a_stretch_are_told_of_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip(tmp_path / "in" / "long.mp4", frames=250, options={"g": "25"})
    wanted = request(tmp_path / "in", tmp_path / "out", MaskSettings(expressions="none"), split_s=3)
    shield = worker.run

    def run_with_a_fault(*given: Any, **more: Any) -> RunSummary:
        summary = shield(*given, **more)
        summary.failures["MemoryError: none left"] += 2
        return summary

    monkeypatch.setattr(worker, "run", run_with_a_fault)
    progress, said, engine = run(wanted)
    pieces = sum(isinstance(task, Piece) for task in engine.done)
    assert (progress.done, pieces > 1, len(said)) == (1, True, 1)
    assert records(wanted)["long.mp4"].faults == {"MemoryError: none left": 2 * pieces}


@pytest.mark.usefixtures("short_memory")
@pytest.mark.parametrize("split_s", [0.0, 3.0])
def test_sound_of_an_unknown_codec_that_is_left_out_is_told_and_noted(tmp_path: Path, split_s: float) -> None:
    (tmp_path / "in").mkdir()
    media.with_unknown_sound(tmp_path / "in" / "a.mp4", known=True, frames=250)
    wanted = request(tmp_path / "in", tmp_path / "out", MaskSettings(expressions="none"), split_s=split_s)
    progress, said, engine = run(wanted)
    assert (progress.done, isinstance(engine.done[-1], Join)) == (1, split_s > 0)
    assert said == ["a.mp4: without 1 of its sound tracks, whose codec is not known"]
    assert records(wanted)["a.mp4"].left_out == 1


@pytest.mark.usefixtures("short_memory")
def test_a_container_for_the_sound_is_found_before_the_stretches_are_masked(tmp_path: Path) -> None:
    """Surveillance cameras write long mp4s with G.711."""
    original = clip(tmp_path / "in" / "a.mov", frames=250, options={"g": "25"}, sound="pcm_mulaw", sound_rate=8000)
    original = original.rename(tmp_path / "in" / "a.mp4")
    wanted = request(tmp_path / "in", tmp_path / "out", MaskSettings(expressions="none"), split_s=3)
    progress, said, engine = run(wanted)
    assert (progress.done, said) == (1, [])
    assert [type(task) for task in engine.done] == [Whole, Whole, Piece, Piece, Piece, Join]
    (output,) = (tmp_path / "out").glob("a_masked.*")
    assert output.suffix != ".mp4"
    assert media.times(output) == media.times(original)
    assert [content for _, content in media.packets(output, "audio")] == [
        content for _, content in media.packets(original, "audio")
    ]


def test_stretches_of_two_sizes_are_not_joined(tmp_path: Path) -> None:
    """As of calls that were recorded in a browser; nothing else in a WebM's head tells them apart."""
    sizes = [(140, 64), (64, 140)]
    parts = [
        media.write_video(tmp_path / f"{width}.webm", image=media.bars(width, height), codec="libvpx-vp9")
        for width, height in sizes
    ]
    with pytest.raises(SinkError, match="are encoded differently"):
        join_videos(parts, [n / 25 for n in range(50)], media.info(*sizes[0]), tmp_path / "joined.webm")
    assert sorted(tmp_path.iterdir()) == sorted(parts)


@pytest.mark.parametrize(
    ("settings", "name"),
    [(MaskSettings(on_lost="hold"), "long.mp4"), (MaskSettings(), "long.avi")],
)
def test_what_cannot_be_cut_without_a_seam_is_masked_in_one_go(
    tmp_path: Path, settings: MaskSettings, name: str
) -> None:
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    clip(tmp_path / "in" / name, frames=50, codec=codec, options={"g": "10"})
    progress, _, engine = run(request(tmp_path / "in", tmp_path / "out", settings, split_s=0.5))
    assert [type(task) for task in engine.done] == [Whole]
    assert progress.done == 1


@pytest.mark.parametrize("content", [b"", b"no video"])
def test_what_cannot_be_read_is_told_by_who_opens_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "in" / "a.mp4"
    path.parent.mkdir()
    path.write_bytes(content)
    assert frame_times(path) is None
    _, (said,), _ = run(request(path.parent, tmp_path / "out"))
    assert said.endswith("the file is empty") == (not content)


def test_a_span_holds_exactly_its_frames(tmp_path: Path) -> None:
    path = face_clip(tmp_path / "a.mp4", seconds=4)
    times = frame_times(path)
    assert times is not None
    assert len(times.frames) == 40
    assert times.keys == (0.0, 1.0, 2.0, 3.0)
    with VideoFileSource(path) as whole:
        expected = [f for f in whole if 2.0 <= f.time_s < 3.0]
    with VideoFileSource(path, span=(2.0, 3.0)) as span:
        found = list(span)
    assert [f.index for f in found] == list(range(10))
    assert [f.time_s for f in found] == [f.time_s for f in expected]
    assert all(np.array_equal(a.image, b.image) for a, b in zip(found, expected, strict=True))


def json_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]
