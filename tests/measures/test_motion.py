"""A person's measures and blend over time: continuous, deterministic, at rest when the face is lost, then forgotten."""

from pathlib import Path

import numpy as np
import pytest
from heads import head, seen

from emojimask import Face, Frame, MaskSettings, Track, TrackState, build_pipeline, mask_image
from emojimask import build as registry
from emojimask.build import open_file
from emojimask.measures.head_model import MESH
from emojimask.measures.motion import MeasuredMotion
from emojimask.sources.synthetic import portrait
from emojimask.types import EXPRESSIONS, Box, Measures

OPEN = {"lip_lower": (0.0, 0.2), "lip_bottom": (0.0, 0.2)}


def frame(time_s: float) -> Frame:
    return Frame(np.full((480, 640, 3), 128, np.uint8), 0, time_s)


def track(state: TrackState = TrackState.TRACKED, landmarks: np.ndarray | None = None, **changes: object) -> Track:
    points = seen(head(MESH, 468, changes.get("moved")), yaw=changes.get("yaw", 0)) if landmarks is None else landmarks
    return Track(1, Face(Box(240, 160, 160, 180), points, 0.9), state)


def measure(motion: MeasuredMotion, time_s: float, now: Track) -> Measures | None:
    return motion.update(frame(time_s), now, (), "neutral")[0]


def test_an_opening_mouth_is_followed_within_a_tenth_of_a_second() -> None:
    motion = MeasuredMotion()
    for i in range(30):
        before = measure(motion, i / 30, track())
    assert before.mouth_open == pytest.approx(0, abs=0.05)
    values = [measure(motion, 1 + i / 30, track(moved=OPEN)).mouth_open for i in range(10)]
    assert values[3] > 0.8 * values[-1] > 0.4
    assert (np.diff(values) > -0.01).all()


def test_a_head_that_goes_over_upside_down_does_not_turn_back() -> None:
    motion = MeasuredMotion()
    upright = track().face.landmarks
    middle, rolls = upright.mean(0), []
    for degrees in range(0, 361, 4):
        angle = np.radians(degrees)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        points = ((upright - middle) @ turn.T + middle).astype(np.float32)
        rolls.append(measure(motion, degrees / 120, track(landmarks=points)).roll)
    steps = (np.diff(rolls) + 180) % 360 - 180
    assert -180 <= min(rolls) < -150
    assert 150 < max(rolls) <= 180
    assert np.abs(steps).max() < 15


def test_a_lost_face_keeps_its_pose_and_comes_to_rest() -> None:
    motion = MeasuredMotion()
    for i in range(30):
        last = measure(motion, i / 30, track(moved=OPEN, yaw=20))
    held = [measure(motion, 1 + i / 30, track(TrackState.HELD, moved=OPEN, yaw=20)) for i in range(90)]
    opened = [last.mouth_open] + [m.mouth_open for m in held]
    assert max(np.abs(np.diff(opened))) < 0.1
    assert opened[-1] < 0.05 < 0.4 < opened[0]
    assert held[-1].yaw == pytest.approx(20, abs=1)
    found = measure(motion, 4.0, track(moved=OPEN, yaw=20))
    assert found.mouth_open < 0.7 * opened[0]  # no jump when it is found again


def test_too_few_landmarks_come_to_rest_too_and_alone_tell_nothing() -> None:
    six = track(landmarks=track().face.anchors())
    assert measure(MeasuredMotion(), 0.0, six) is None
    motion = MeasuredMotion()
    measure(motion, 0.0, track(moved=OPEN))
    assert measure(motion, 2.0, six).mouth_open < 0.2


@pytest.mark.parametrize("bad", [np.nan, np.inf, 3e38, 0.0])
def test_impossible_landmarks_are_as_not_seen(bad: float) -> None:
    motion, broken = MeasuredMotion(), track(landmarks=np.full((468, 2), bad, np.float32))
    assert measure(motion, 0.0, broken) is None
    measure(motion, 0.1, track())
    assert measure(motion, 0.2, broken).eye_left == pytest.approx(1, abs=0.3)


def test_who_is_long_gone_is_forgotten() -> None:
    motion = MeasuredMotion()
    measure(motion, 0.0, track())
    assert measure(motion, 5.0, track(TrackState.HELD)) is not None
    assert measure(motion, 16.0, track(TrackState.HELD)) is None


@pytest.mark.parametrize("fps", [10, 30, 60])
def test_the_blend_goes_from_one_expression_to_the_next_in_a_quarter_second(fps: int) -> None:
    motion, happy, sad = MeasuredMotion(), EXPRESSIONS.index("happy"), EXPRESSIONS.index("sad")
    first = motion.update(frame(0.0), track(), (), "happy")[1]
    assert first[happy] == 1  # nothing was worn before
    blends = np.array([first] + [motion.update(frame(i / fps), track(), (), "sad")[1] for i in range(1, fps)])
    assert blends.sum(1) == pytest.approx(1)
    assert (np.diff(blends[:, sad]) > 0).all()
    assert np.diff(blends[:, sad]).max() < 8 / fps
    assert 0.7 < np.interp(0.25, np.arange(fps) / fps, blends[:, sad]) < 0.95


@pytest.mark.parametrize("back_s", [1 / 30, 0.0636619772, 3600.0])
def test_time_that_runs_back_does_no_harm(back_s: float) -> None:
    motion = MeasuredMotion()
    for time_s, expression in ((0.0, "happy"), (0.1, "sad"), (0.1 - back_s, "sad"), (0.2 - back_s, "fear")):
        measures, blend = motion.update(frame(time_s), track(moved=OPEN), (), expression)
        assert sum(blend) == pytest.approx(1)
        assert min(blend) >= 0
        assert 0 <= measures.mouth_open <= 1


def test_the_pipeline_tells_measures_and_blend() -> None:
    (face,) = mask_image(portrait()).faces
    assert face.measures is not None
    assert face.measures.mouth_corners > 0.3  # she smiles
    assert face.measures.roll == pytest.approx(3, abs=4)
    assert face.blend[EXPRESSIONS.index("happy")] == 1


def test_runs_are_alike() -> None:
    def run() -> list[Measures | None]:
        pipeline = build_pipeline()
        frames = [Frame(np.roll(portrait(), 2 * i, 1), i, i / 25) for i in range(6)]
        return [face.measures for frame in frames for face in pipeline.process(frame).faces]

    assert run() == run()


def test_a_laughing_mans_face_moves(shared: Path) -> None:
    crying, laughing = [], []
    pipeline = build_pipeline()
    with open_file(shared / "media/pyfeat/WolfgangLanger_Pexels.mp4") as source:
        for frame in source:
            if frame.index in range(40) or frame.index in range(250, 300):
                part = crying if frame.index < 40 else laughing
                part += [face.measures for face in pipeline.process(frame).faces]
            elif frame.index == 300:
                break
    assert np.median([m.mouth_open for m in laughing]) > np.median([m.mouth_open for m in crying]) + 0.3
    assert np.median([m.mouth_width for m in laughing]) > 0.5
    assert np.median([m.eye_left for m in crying]) < 0.5 < np.median([m.eye_left for m in laughing])
    assert np.abs(np.diff([m.mouth_open for m in laughing])).max() < 0.3


def test_a_smile_is_told_from_a_neutral_face_and_surprise(shared: Path) -> None:
    def still(name: str) -> Measures:
        with open_file(shared / "media/pexels_stills" / name) as source:
            measures = mask_image(next(iter(source)).image).faces[0].measures
        assert measures is not None
        return measures

    happy, neutral, surprised = still("happy-baby.jpeg"), still("neutral.jpeg"), still("surprised.jpeg")
    assert happy.mouth_corners > max(neutral.mouth_corners, surprised.mouth_corners, 0) + 0.3
    assert happy.mouth_width > neutral.mouth_width + 0.5
    assert surprised.brow_left > neutral.brow_left
    assert abs(neutral.mouth_corners) < 0.3
    assert happy.pitch < -10  # looks up


def test_nobody_is_measured_where_nobody_asks_and_nothing_moves() -> None:
    """A file without a report, in still emoji, is masked the sooner for it."""
    frame = Frame(portrait(), 0, 0.0)

    def measures(emojis: str, measured: bool) -> list[bool]:
        pipeline = registry.build_pipeline(MaskSettings(emojis=emojis), measured=measured)
        return [face.measures is not None for face in pipeline.process(frame).faces]

    assert measures("classic", True) == measures("alive", False) == measures("classic,alive", False) == [True]
    assert measures("classic", False) == [False]
