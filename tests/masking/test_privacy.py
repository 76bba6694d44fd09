"""What no change may break: one maker of masked frames, sinks that take nothing else, a mask that tells nothing."""

from __future__ import annotations

import ast
import inspect
import os
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

import emojimask
from emojimask import mask_file
from emojimask.emojis.emoji_set import load_emoji_set
from emojimask.masking.oval import face_oval
from emojimask.masking.renderer import EmojiRenderer
from emojimask.sinks.image_files import ImageFileSink
from emojimask.sinks.null import NullSink
from emojimask.sinks.report import ReportSink
from emojimask.sinks.video.sink import VideoFileSink
from emojimask.sinks.virtual_camera import VirtualCameraSink
from emojimask.sinks.window import WindowSink
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


def test_the_virtual_camera_is_never_sent_a_raw_frame(virtual_camera):
    with VirtualCameraSink() as sink:
        sink.open(StreamInfo("raw", 512, 512, 25.0))
        for raw in (Frame(portrait(), 0, 0.0), portrait()):
            with pytest.raises(TypeError, match="MaskedFrame"):
                sink.write(raw)  # type: ignore[arg-type]
        (camera,) = virtual_camera.made
        assert camera.sent == []
        sink.write(MaskedFrame(portrait(), 0, 0.0))
    assert len(camera.sent) == 1


def test_the_window_refuses_a_raw_frame_before_anything_else():
    for raw in (Frame(portrait(), 0, 0.0), portrait()):  # no screen is asked for: nothing was touched before
        with pytest.raises(TypeError, match="MaskedFrame"):
            WindowSink().write(raw)  # type: ignore[arg-type]


def test_the_page_is_sent_masked_frames_alone():
    from emojimask.web.page.picture import pack

    for raw in (Frame(portrait(), 0, 0.0), portrait()):
        with pytest.raises(TypeError, match="MaskedFrame"):
            pack(raw, 0, 0.0)  # type: ignore[arg-type]
    assert b"\xff\xd8\xff" in pack(MaskedFrame(portrait(), 0, 0.0), 0, 0.0)  # and a masked one goes, as a JPEG
    assert {name for name in makers("imencode") if name.startswith("web/")} == {
        "web/page/picture.py",  # pack, and nothing else in it
        "web/emoji_pictures.py",  # draws emojis, and never meets a frame
    }
    assert makers("imwrite") == set()


def clip(path: Path) -> Path:
    """Ten frames of a real face, with the bare face for a cover picture."""
    face = np.ascontiguousarray(portrait()[:256, 96:352])
    with av.open(str(path), "w") as output:
        cover, video = output.add_stream("png", 10), output.add_stream("libx264", 10)
        cover.disposition = av.stream.Disposition.attached_pic
        cover.width, cover.height, cover.pix_fmt = 256, 256, "rgb24"
        video.width, video.height, video.pix_fmt = 256, 256, "yuv420p"
        for stream, count in ((cover, 1), (video, 10)):
            for index in range(count):
                frame = av.VideoFrame.from_ndarray(face, format="bgr24").reformat(format=stream.pix_fmt)
                frame.pts, frame.time_base = index, Fraction(1, 10)
                output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
    return path


def pictures_in(path: Path) -> bool:
    """Whether a PNG or a JPEG lies in a file."""
    data = path.read_bytes()
    return b"\x89PNG" in data or b"\xff\xd8\xff\xe0" in data


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_raw_face_in_the_cover_art_stays_behind(tmp_path, suffix):
    original = clip(tmp_path / "original.mp4")
    assert pictures_in(original)
    target = tmp_path / f"masked{suffix}"
    assert mask_file(original, target).with_faces == 10
    assert not pictures_in(target)
    with av.open(str(target)) as file:
        assert len(file.streams) == 1


def test_masking_leaves_nothing_anywhere_when_it_fails(tmp_path, monkeypatch):
    """While frames are masked and after a fault: nothing in the temporary folder, and no half a file for an output."""
    original = clip(tmp_path / "original.mp4")
    temporary, outputs = tmp_path / "temporary", tmp_path / "outputs"
    temporary.mkdir()
    outputs.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    lay_there, write = [], VideoFileSink.write

    def breaks(sink: VideoFileSink, frame: MaskedFrame) -> None:
        write(sink, frame)
        lay_there.extend(temporary.iterdir())
        if frame.index == 6:
            raise OSError("the disk is gone")

    monkeypatch.setattr(VideoFileSink, "write", breaks)
    with pytest.raises(OSError, match="the disk is gone"):
        mask_file(original, outputs / "masked.mp4", report=outputs / "masked.jsonl")
    assert lay_there == []
    assert list(temporary.iterdir()) == []
    assert list(outputs.iterdir()) == []
    assert Path(tempfile.gettempdir()) == temporary  # it was this folder that was looked at


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


def test_no_library_sends_word_of_its_use(tmp_path):
    """ONNX Runtime's official builds would, with a lasting number of this machine that they keep in its cache."""
    homes = dict.fromkeys(("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME", "TMPDIR", "TEMP"), str(tmp_path))
    kept = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    code = """
import emojimask
from emojimask.sources.synthetic import portrait

(face,) = emojimask.mask_image(portrait()).faces
print(face.recognised)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=kept | homes, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == "happy"
    assert list(tmp_path.iterdir()) == []


def test_events_for_windows_are_switched_off_too():
    code = "import onnxruntime; onnxruntime.disable_telemetry_events = lambda: print('off'); "
    code += "import emojimask.expressions.classifier"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "off\n"
