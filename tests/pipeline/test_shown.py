"""Expressions in time: in a file a face's change shows when it happens, live as soon as it can be known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from fakes import BlockRenderer, ScriptedTracker, frame

from emojimask.expressions.smoothing import EmaSmoother, NoSmoother, VoteSmoother
from emojimask.pipeline import MaskingPipeline
from emojimask.policy.shown import FORGET_S, Shown, ShownOverTime
from emojimask.settings import MaskSettings
from emojimask.stages import Glimpse
from emojimask.types import EXPRESSIONS, Face, Frame, Image, MaskedFrame, Track

CHANGE_S = 2.0


class Clock(ScriptedTracker):
    """Tells the classifier, which is shown pictures alone, what time it is."""

    def update(self, frame: Frame, hindsight_s: float | None = None, glimpse: Glimpse | None = None) -> list[Track]:
        self.now_s = frame.time_s
        return super().update(frame)


class Changing:
    """Neutral until ``CHANGE_S``, happy from then on."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def classify(self, image: Image, faces: Sequence[Face]) -> np.ndarray:
        name = "neutral" if self.clock.now_s < CHANGE_S - 1e-6 else "happy"
        return np.float32([np.array(EXPRESSIONS) == name] * len(faces)) * 0.9 + 0.0125


def masked(live: bool, sees: range, smoother: object, fps: int = 30, **knobs: object) -> list[MaskedFrame]:
    clock = Clock(lambda i: i in sees)
    masking = MaskingPipeline(clock, Changing(clock), smoother, BlockRenderer(), MaskSettings(**knobs))
    frames = [frame(i, fps) for i in range(4 * fps)]
    return [masking.process(f) for f in frames] if live else list(masking.process_file(frames))


def first_happy_s(out: list[MaskedFrame]) -> float:
    return next(m.time_s for m in out if m.faces and m.faces[0].expression == "happy")


@pytest.mark.parametrize("make", [EmaSmoother, VoteSmoother, NoSmoother])
@pytest.mark.parametrize("look_every_s", [0.0, 0.2])
def test_in_a_file_a_change_shows_when_it_happens(make: type, look_every_s: float) -> None:
    out = masked(False, range(120), make(), look_every_s=look_every_s)
    assert abs(first_happy_s(out) - CHANGE_S) <= max(0.1, look_every_s / 2) + 0.04
    assert {m.faces[0].expression for m in out} == {"neutral", "happy"}, "and once"


@pytest.mark.parametrize("fps", [2, 3, 12])
@pytest.mark.parametrize("look_every_s", [0.0, 0.2])
def test_so_it_does_where_frames_are_farther_apart_than_readings(fps: int, look_every_s: float) -> None:
    out = masked(False, range(4 * fps), EmaSmoother(), fps, look_every_s=look_every_s)
    assert abs(first_happy_s(out) - CHANGE_S) <= 0.1


def test_live_it_shows_once_it_has_lasted() -> None:
    slow = EmaSmoother(tau_s=0.25, margin=0.1, dwell_s=0.2)
    assert first_happy_s(masked(True, range(120), slow)) == pytest.approx(CHANGE_S + 0.35, abs=0.1)
    assert first_happy_s(masked(True, range(120), EmaSmoother())) == pytest.approx(CHANGE_S + 0.1, abs=0.05)


def test_who_is_covered_before_being_seen_wears_what_is_read_first() -> None:
    out = masked(False, range(75, 120), EmaSmoother(), look_every_s=0.0)
    covered = [m for m in out if m.faces]
    assert covered[0].index == 60, "half a second before"
    assert {m.faces[0].expression for m in covered} == {"happy"}
    assert all(m.faces[0].probabilities for m in covered)


def test_without_looking_ahead_a_file_shows_no_more_than_is_known() -> None:
    slow = EmaSmoother(tau_s=0.25, margin=0.1, dwell_s=0.2)
    out = masked(False, range(120), slow, lookahead_s=0.0, look_every_s=0.0)
    assert first_happy_s(out) == pytest.approx(CHANGE_S + 0.35, abs=0.1)


def test_each_person_shows_what_was_read_until_then() -> None:
    over_time = ShownOverTime()
    for read_s, track_id, name in [(1.0, 1, "sad"), (2.0, 2, "fear"), (3.0, 1, "happy")]:
        over_time.add(track_id, Shown(read_s, (), name))
    names = [{i: s.expression for i, s in over_time.until(t).items()} for t in (0.5, 2.9, 3.0)]
    assert names == [{1: "sad", 2: "fear"}, {1: "sad", 2: "fear"}, {1: "happy", 2: "fear"}]
    over_time.add(3, Shown(2.5 + FORGET_S, (), "angry"))
    assert over_time.until(2.5 + FORGET_S).keys() == {1, 3}
    assert over_time.last(2) is None


def test_of_a_long_file_only_what_frames_still_wait_for_is_kept() -> None:
    over_time = ShownOverTime()
    for second in range(1000):
        over_time.add(1, Shown(float(second), (), "sad"))
        over_time.until(second - 2.0)
    assert len(over_time._people[1]) <= 3
