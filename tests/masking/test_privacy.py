"""What no change may break: one maker of masked frames, sinks that take nothing else, a mask that tells nothing."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import numpy as np
import pytest

import emojimask
from emojimask.emojis.emoji_set import load_emoji_set
from emojimask.masking.oval import face_oval
from emojimask.masking.renderer import EmojiRenderer
from emojimask.sinks.image_files import ImageFileSink
from emojimask.sinks.null import NullSink
from emojimask.sinks.report import ReportSink
from emojimask.sinks.video_file import VideoFileSink
from emojimask.sources.synthetic import portrait
from emojimask.stages import Sink
from emojimask.types import Box, Face, Frame, MaskedFace, MaskedFrame, StreamInfo, Track, TrackState

PACKAGE = Path(inspect.getfile(emojimask)).parent


def makers(name: str) -> set[str]:
    """The modules that call ``name(...)``."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if getattr(called, "id", getattr(called, "attr", None)) == name:
                found.add(path.relative_to(PACKAGE).as_posix())
    return found


def test_only_the_pipeline_makes_masked_frames():
    assert makers("MaskedFrame") == {"pipeline.py"}


def test_a_masked_frame_holds_no_raw_pixel(renderer):
    raw = portrait()
    masked = MaskedFrame(renderer.render(raw, [covering()]), 0, 0.0)
    assert not np.shares_memory(masked.image, raw)
    assert not any(isinstance(getattr(masked, slot), Frame) for slot in masked.__slots__)


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: NullSink(),
        lambda folder: VideoFileSink(folder / "a.mp4"),
        lambda folder: ImageFileSink(folder / "a.png"),
        lambda folder: ReportSink(folder / "a.jsonl"),
    ],
    ids=["null", "video", "picture", "report"],
)
def test_a_sink_refuses_a_raw_frame_and_writes_nothing(make, tmp_path):
    sink: Sink = make(tmp_path)

    def write_raw():
        with sink:
            sink.open(StreamInfo("raw", 512, 512, 25.0))
            sink.write(Frame(portrait(), 0, 0.0))  # type: ignore[arg-type]

    with pytest.raises(TypeError, match="MaskedFrame"):
        write_raw()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def renderer() -> EmojiRenderer:
    return EmojiRenderer(load_emoji_set("classic"))


def covering(tilt: float = 0.0, state: TrackState = TrackState.TRACKED) -> MaskedFace:
    points = np.array([[-40, 0], [40, 0], [0, 52], [-22, 60], [22, 60], [0, 95]], np.float32)
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]], np.float32)
    landmarks = (points @ turn.T + [224, 105]).astype(np.float32)
    face = Face(Box.around(landmarks), landmarks, 0.9)
    return MaskedFace(Track(1, face, state, 0.3 if state is TrackState.HELD else 0.0), (), "happy")


@pytest.mark.parametrize("tilt", [0.0, 0.5, -1.2])
@pytest.mark.parametrize("state", list(TrackState))
def test_two_faces_in_one_pose_give_the_same_mask(renderer, tilt, state):
    """Nothing under the cover can be told from the picture, so nothing can be undone: no blur, no pixelation."""
    import cv2

    one = portrait()
    two = np.random.default_rng(2).integers(0, 256, one.shape, np.uint8)
    masked = covering(tilt, state)
    inside = np.zeros(one.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.round(face_oval(masked.track.face)).astype(np.int32)], 1)
    inside = cv2.erode(inside, np.ones((5, 5), np.uint8)) > 0
    assert inside.sum() > 5000
    assert (renderer.render(one, [masked])[inside] == renderer.render(two, [masked])[inside]).all()


def test_the_shield_is_made_of_its_size_alone(renderer):
    first, second = renderer.shield(90, 160), renderer.shield(90, 160)
    assert (first == second).all()
    assert len(np.unique(first.reshape(-1, 3), axis=0)) > 20  # a friendly card, not a black hole
