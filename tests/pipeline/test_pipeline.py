"""The promise: no raw face in any frame that leaves. Under every policy, fault and gap."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from fakes import RAW, BlockRenderer, EvenClassifier, Failing, PlainSmoother, ScriptedTracker, face, frame
from hypothesis import given, settings
from hypothesis import strategies as st

from emojimask.emojis.emoji_set import load_emoji_set
from emojimask.masking.renderer import EmojiRenderer
from emojimask.pipeline import MaskingPipeline
from emojimask.settings import MaskSettings
from emojimask.stages import Doubt, Glimpse
from emojimask.types import Box, Face, Frame, MaskedFrame, Track, TrackState

FACE_PIXEL = (20, 30)


def pipeline(tracker: object, **knobs: object) -> MaskingPipeline:
    return MaskingPipeline(tracker, EvenClassifier(), PlainSmoother(), BlockRenderer(), MaskSettings(**knobs))


def live(tracker: object, count: int, **knobs: object) -> list[MaskedFrame]:
    masking = pipeline(tracker, **knobs)
    return [masking.process(frame(i)) for i in range(count)]


def filed(tracker: object, count: int, **knobs: object) -> list[MaskedFrame]:
    """Every frame is looked at, but where a test asks for less."""
    masking = pipeline(tracker, **({"look_every_s": 0.0} | knobs))
    return list(masking.process_file(frame(i) for i in range(count)))


def shows_face(masked: MaskedFrame) -> bool:
    return bool((masked.image[FACE_PIXEL] == RAW).any())


def test_live_is_shielded_until_the_first_face() -> None:
    out = live(ScriptedTracker(lambda i: i >= 10), 20)
    assert [m.shielded for m in out] == [True] * 10 + [False] * 10
    assert not any(shows_face(m) for m in out)


def test_live_holds_then_shields_then_comes_back() -> None:
    out = live(ScriptedTracker(lambda i: i < 10 or i >= 80), 90, hold_s=1.0)
    states = ["shield" if m.shielded else m.faces[0].track.state for m in out]
    assert states[:10] == ["tracked"] * 10
    assert states[10:39] == ["held"] * 29
    assert states[40:80] == ["shield"] * 40
    assert states[80:] == ["tracked"] * 10
    assert not any(shows_face(m) for m in out)
    held = [(m.image == 10).sum() for m in out[10:39]]
    assert held == sorted(held)
    assert held[-1] > 1.5 * held[0]


def test_live_hold_never_shields_once_a_face_was_seen() -> None:
    out = live(ScriptedTracker(lambda i: 5 <= i < 10), 400, on_lost="hold")
    assert [m.shielded for m in out] == [True] * 5 + [False] * 395
    assert not any(shows_face(m) for m in out)


def test_live_hold_keeps_the_mask_of_one_who_is_hidden_while_somebody_else_comes() -> None:
    class Comes(ScriptedTracker):
        def update(self, f):  # type: ignore[no-untyped-def]
            return [*super().update(f), *([Track(2, face(50, 40))] if f.index >= 11 else [])]

    out = live(Comes(lambda i: i < 10 or 20 <= i < 30), 90, on_lost="hold", hold_s=1.0)
    ids = [[masked.track.id for masked in m.faces] for m in out]
    assert ids == [[1]] * 11 + [[1, 2]] * 79
    assert not any(shows_face(m) for m in out)


def test_live_hold_takes_a_newcomer_for_whoever_stays_away() -> None:
    class Comes(ScriptedTracker):
        def update(self, f):  # type: ignore[no-untyped-def]
            return [*super().update(f), *([Track(2, face(50, 40))] if f.index >= 11 else [])]

    out = live(Comes(lambda i: i < 10), 90, on_lost="hold", hold_s=1.0)
    assert [[masked.track.id for masked in m.faces] for m in out] == [[1]] * 11 + [[1, 2]] * 29 + [[2]] * 50


def test_live_pass_shows_the_camera_where_no_face_is_seen_because_the_person_asked_for_it() -> None:
    out = live(ScriptedTracker(lambda i: i == 3), 6, on_lost="pass")
    assert [shows_face(m) for m in out] == [True, True, True, False, True, True]


def test_live_shields_on_a_new_size_until_a_face_is_seen_in_it() -> None:
    tracker = ScriptedTracker(lambda i: i < 5 or i >= 8)
    masking = pipeline(tracker)
    sizes = [(48, 64)] * 5 + [(96, 128)] * 5
    out = [masking.process(frame(i, size=size)) for i, size in enumerate(sizes)]
    assert [m.shielded for m in out] == [False] * 5 + [True] * 3 + [False] * 2
    assert [m.image.shape[:2] for m in out] == sizes
    assert tracker.resets == 1


def test_live_begins_anew_where_the_time_falls() -> None:
    tracker = ScriptedTracker(lambda i: i < 5 or i >= 8)
    masking = pipeline(tracker)
    out = [masking.process(Frame(frame(i).picture, i, (i % 5) / 30)) for i in range(10)]
    assert [m.shielded for m in out] == [False] * 5 + [True] * 3 + [False] * 2
    assert tracker.resets == 1


def test_one_of_two_who_leaves_is_first_held_then_shielded_then_taken_for_gone() -> None:
    class Two(ScriptedTracker):
        def update(self, f):  # type: ignore[no-untyped-def]
            first = super().update(f)
            return [*first, Track(2, face(50, 40))]

    out = live(Two(lambda i: i < 10), 120, hold_s=0.5)
    shielded = [i for i, m in enumerate(out) if m.shielded]
    assert shielded
    assert shielded == list(range(shielded[0], shielded[-1] + 1))
    assert abs(shielded[0] - (9 + 15 + 1)) <= 1
    assert abs(len(shielded) - 30) <= 2
    assert [f.track.id for f in out[-1].faces] == [2]


def test_a_look_that_fails_between_frames_of_one_time_shields_that_frame_alone() -> None:
    masking = pipeline(Failing(ScriptedTracker(lambda i: True), lambda call: call == 2))
    out = list(masking.process_file(Frame(frame(i).picture, i, 1.0) for i in range(3)))
    assert [m.shielded for m in out] == [False, True, False]


@pytest.mark.parametrize("gap", [1, 10, 59])
def test_a_gap_in_a_file_is_covered_from_both_sides(gap: int) -> None:
    out = filed(ScriptedTracker(lambda i: i < 10 or i >= 10 + gap), 30 + gap)
    assert not any(shows_face(m) for m in out)
    assert not any(m.shielded for m in out)
    unseen = [m.faces[0].track.unseen_s for m in out[10 : 10 + gap]]
    assert unseen == pytest.approx(unseen[::-1])  # largest in the middle
    assert max(unseen) == pytest.approx((gap + 1) // 2 / 30)


def test_a_file_is_covered_a_while_before_and_after_a_face_and_passes_elsewhere() -> None:
    out = filed(ScriptedTracker(lambda i: 100 <= i < 110), 300, hold_s=1.01)
    covered = [i for i, m in enumerate(out) if not shows_face(m)]
    assert covered == list(range(85, 140))
    assert not any(m.shielded for m in out)


def test_a_face_that_is_found_late_is_traced_back_to_where_it_came_into_sight() -> None:
    out = filed(ScriptedTracker(lambda i: i >= 50, visible=lambda i: i >= 20), 60)
    states = [m.faces[0].track.state if m.faces else None for m in out]
    assert states[20:] == [TrackState.TRACKED] * 40
    assert states[5:20] == [TrackState.HELD] * 15


@pytest.mark.parametrize(("policy", "first_raw"), [("pass", 10), ("shield", 40), ("hold", None)])
def test_files_follow_the_policy_when_a_face_does_not_come_back(policy: str, first_raw: int | None) -> None:
    out = filed(ScriptedTracker(lambda i: i < 10), 200, on_lost=policy, hold_s=1.0)
    raw = [i for i, m in enumerate(out) if shows_face(m)]
    assert (raw[0] if raw else None) == first_raw


def test_of_one_file_nothing_is_kept_for_the_next() -> None:
    tracker = ScriptedTracker(lambda i: i < 10)
    masking = pipeline(tracker)
    first = list(masking.process_file(frame(i) for i in range(10)))
    second = list(masking.process_file(frame(i) for i in range(10, 20)))
    assert [len(m.faces) for m in first + second] == [1] * 10 + [0] * 10
    assert tracker.last is None


def test_a_cut_ends_the_hold() -> None:
    rng = np.random.default_rng(1)
    scenes = rng.integers(0, 256, (2, 48, 64, 3), np.uint8)
    tracker = ScriptedTracker(lambda i: i < 10)
    frames = (Frame(scenes[int(i >= 10)], i, i / 30) for i in range(60))
    out = list(pipeline(tracker).process_file(frames))
    covered = [i for i, m in enumerate(out) if m.faces]
    assert covered == list(range(16))  # 0.2 s over the cut


def test_a_gap_over_a_cut_is_covered_in_each_scene_where_the_face_is_in_that_scene() -> None:
    class Moving(ScriptedTracker):
        """Sees the person left of a cut and right of it, but not in the three frames on either side."""

        def update(self, frame: Frame, hindsight_s: float | None = None, glimpse: Glimpse | None = None) -> list[Track]:
            return [] if 7 <= frame.index < 13 else [Track(1, face(x=10 if frame.index < 10 else 50))]

    scenes = np.random.default_rng(1).integers(0, 256, (2, 48, 64, 3), np.uint8)
    frames = (Frame(scenes[int(i >= 10)], i, i / 30) for i in range(20))
    out = list(pipeline(Moving(lambda i: True), look_every_s=0.0).process_file(frames))
    assert [m.faces[0].track.face.box.center[0] for m in out] == [10] * 10 + [50] * 10
    assert [m.faces[0].track.unseen_s for m in out[7:13]] == pytest.approx(np.array([1, 2, 3, 3, 2, 1]) / 30)


def test_frames_come_out_one_for_one_in_order_with_their_times() -> None:
    out = filed(ScriptedTracker(lambda i: i % 7 < 3), 150)
    assert [m.index for m in out] == list(range(150))
    assert [m.time_s for m in out] == [i / 30 for i in range(150)]


def test_a_file_of_changing_size_keeps_every_frame_and_its_size() -> None:
    sizes = [(48, 64)] * 10 + [(64, 48)] * 10 + [(48, 64)] * 10
    tracker = ScriptedTracker(lambda i: True)
    out = list(pipeline(tracker).process_file(frame(i, size=s) for i, s in enumerate(sizes)))
    assert [m.image.shape[:2] for m in out] == sizes
    assert not any(shows_face(m) for m in out)


def test_what_came_before_a_broken_source_comes_out_before_the_error() -> None:
    def broken():  # type: ignore[no-untyped-def]
        yield from (frame(i) for i in range(12))
        raise OSError("unplugged")

    masked = pipeline(ScriptedTracker(lambda i: True)).process_file(broken())
    assert [next(masked).index for _ in range(12)] == list(range(12))
    with pytest.raises(OSError, match="unplugged"):
        next(masked)


def test_the_masked_frame_has_memory_of_its_own() -> None:
    raw = frame(0)
    masked = next(pipeline(ScriptedTracker(lambda i: False)).process_file([raw]))
    assert not np.shares_memory(masked.image, raw.image)


faults = st.sets(st.integers(1, 60), min_size=1, max_size=20)


@pytest.mark.parametrize("mode", ["live", "file"])
@pytest.mark.parametrize("stage", ["tracker", "classifier", "smoother", "renderer", "renderer and shield"])
@given(when=faults)
@settings(max_examples=25, deadline=None)
def test_no_fault_in_any_stage_lets_a_face_out(mode: str, stage: str, when: set[int]) -> None:
    stages = {
        "tracker": ScriptedTracker(lambda i: True, visible=lambda i: True),
        "classifier": EvenClassifier(),
        "smoother": PlainSmoother(),
        "renderer": BlockRenderer(),
    }
    broken = stage.split()[0]
    wrapped = Failing(stages[broken], lambda call: call in when)
    if stage == "renderer":
        wrapped.shield = stages["renderer"].shield  # only drawing fails
    wrapped.lag_s = PlainSmoother().lag_s  # which is asked for before the first frame
    stages[broken] = wrapped
    masking = MaskingPipeline(*stages.values(), MaskSettings())
    frames = [frame(i) for i in range(40)]
    out = [masking.process(f) for f in frames] if mode == "live" else list(masking.process_file(frames))
    assert len(out) == 40
    assert not any(shows_face(m) for m in out)
    assert all(m.shielded or m.faces for m in out)
    assert bool(masking.failures) == any(m.shielded for m in out)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize("what", ["landmark", "box"])
def test_a_face_that_lies_nowhere_shields_the_frame(bad: float, what: str) -> None:
    """It would be covered by nothing: whatever stage gives such a face, the frame does not get out."""
    landmarks, box = face().landmarks, face().box
    if what == "landmark":
        landmarks[3] = bad
    else:
        box = Box(box.x, box.y, bad, box.height)

    class Finder(ScriptedTracker):
        def update(self, frame: Frame, *_: object, **__: object) -> list[Track]:
            return [Track(1, Face(box, landmarks, 0.9) if frame.index else face())]

    renderer = EmojiRenderer(load_emoji_set("classic"))
    masking = MaskingPipeline(Finder(lambda _: True), EvenClassifier(), PlainSmoother(), renderer)
    assert [masking.process(frame(i)).shielded for i in range(3)] == [False, True, True]
    assert "cannot be covered" in next(iter(masking.failures))


class Doubting(ScriptedTracker):
    """Doubts in strict mode, and knows all the same who is in sight."""

    def __init__(self, sees: Callable[[int], bool], doubts: Callable[[int], bool]) -> None:
        super().__init__(sees)
        self.doubts = doubts

    def update(self, frame: Frame, *more: object, **others: object) -> list[Track]:
        tracks = [*super().update(frame), Track(2, face(50, 40))]
        if self.doubts(frame.index):
            raise Doubt("somebody is there", tracks)
        return tracks


@pytest.mark.parametrize("mask", [live, filed])
def test_who_was_seen_in_a_doubted_frame_is_held_after_it_as_ever(mask: Callable[..., list[MaskedFrame]]) -> None:
    out = mask(Doubting(lambda i: 15 <= i <= 30, lambda i: 15 <= i <= 30), 90, hold_s=1.0)
    assert all(m.shielded for m in out[15:31])
    assert all(m.shielded or not shows_face(m) for m in out[31:61]), "for a second"


def test_frames_farther_apart_than_anybody_is_remembered_are_masked() -> None:
    class Forgetful(ScriptedTracker):
        def update(self, frame: Frame, *_: object, **__: object) -> list[Track]:
            return [Track(frame.index + 1, face())]

    masking = pipeline(Forgetful(lambda i: True))
    assert not any(masking.process(Frame(frame(i).picture, i, 7.0 * i)).shielded for i in range(8))


@pytest.mark.parametrize("pictures", [1, 2, 5])
def test_a_source_may_write_over_its_frames_while_they_wait(pictures: int) -> None:
    memory = [np.zeros((48, 64, 3), np.uint8) for _ in range(pictures)]

    def frames() -> Iterator[Frame]:
        for index in range(30):
            picture = memory[index % pictures]
            picture[:] = 100 + index
            yield Frame(picture, index, index / 30)

    out = pipeline(ScriptedTracker(lambda i: True)).process_file(frames())
    assert [(m.shielded, len(m.faces), m.image[0, 0, 0]) for m in out] == [(False, 1, 100 + i) for i in range(30)]
