"""The sinks other than video files."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

import media
from emojimask.errors import MissingExtraError, OutputExistsError, OutputGoneError, SinkError, UsageError
from emojimask.media.letterbox import letterbox
from emojimask.sinks.image_files import ImageFileSink
from emojimask.sinks.null import NullSink
from emojimask.sinks.report import ReportSink
from emojimask.sinks.video.sink import VideoFileSink
from emojimask.sinks.virtual_camera import VirtualCameraSink
from emojimask.sinks.window import WindowSink
from emojimask.stages import Sink
from emojimask.types import EXPRESSIONS, Box, Face, Frame, MaskedFace, MaskedFrame, Measures, Track, TrackState
from fake_camera import FakeBackend


def a_face(track_id: int = 1, known: bool = True) -> MaskedFace:
    face = Face(Box(10.04, 20.06, 30.0, 40.0), np.zeros((6, 2), np.float32), 0.9)
    probabilities = (0.0, 0.0, 0.0, 0.123456, 0.0, 0.0, 0.876544, 0.0) if known else ()
    return MaskedFace(
        Track(track_id, face, TrackState.HELD if track_id == 2 else TrackState.TRACKED),
        probabilities,
        "happy",
        measures=Measures(mouth_open=0.12345, yaw=-7.0) if known else None,
    )


SINKS: list[Callable[[Path], Sink]] = [
    lambda folder: VideoFileSink(folder / "a.mp4"),
    lambda folder: ImageFileSink(folder / "a.png"),
    lambda folder: ReportSink(folder / "a.jsonl"),
    lambda _: NullSink(),
    lambda _: WindowSink(),
    lambda _: VirtualCameraSink(),
]


@pytest.mark.parametrize("make", SINKS)
@pytest.mark.parametrize("opened", [False, True])
def test_no_sink_takes_anything_but_a_masked_frame(tmp_path: Path, make: Callable[[Path], Sink], opened: bool) -> None:
    sink = make(tmp_path)
    if opened and not isinstance(sink, WindowSink | VirtualCameraSink):
        sink.open(media.info())
    raw = Frame(media.bars(), 0, 0.0)
    for wrong in (raw, raw.image, None):
        with pytest.raises(TypeError, match="MaskedFrame"):
            sink.write(wrong)  # type: ignore[arg-type]
    sink.__exit__(TypeError, None, None)
    assert not list(tmp_path.iterdir())


def test_null_sink_counts() -> None:
    with NullSink() as sink:
        sink.open(media.info())
        for index in range(3):
            sink.write(media.masked(media.bars(), index))
    assert (sink.count, sink.completed) == (3, True)
    assert sink.last is not None
    assert sink.last.index == 2


@pytest.mark.parametrize(
    "suffix", [".png", ".bmp", ".tiff", ".tif", ".jpg", ".jpeg", ".webp", ".avif", ".JPG", ".jp2", ".j2k", ".ppm"]
)
def test_pictures_of_every_format(tmp_path: Path, suffix: str) -> None:
    target = tmp_path / "new" / f"a{suffix}"
    with ImageFileSink(target) as sink:
        sink.open(media.info())
        sink.write(media.masked(media.bars()))
        assert not target.exists()
    with Pillow.open(target) as picture:
        assert not picture.getexif().get_ifd(0x8825)
        assert 0x0112 not in picture.getexif()
        pixels = np.asarray(picture.convert("RGB"))[:, :, ::-1].astype(int)
    assert np.abs(pixels - media.bars()).mean() < 3
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_a_picture_file_takes_one_frame(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="one frame"), ImageFileSink(tmp_path / "a.png") as sink:
        media.feed(sink, [media.masked(media.bars())] * 2)
    with pytest.raises(SinkError, match="no frame"), ImageFileSink(tmp_path / "a.png") as sink:
        sink.open(media.info())
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="limits of this kind are POSIX")
def test_a_picture_that_fits_the_disk_in_part_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    script = f"""
import resource, signal, numpy as np
from pathlib import Path
from emojimask.errors import SinkError
from emojimask.sinks.image_files import WRITTEN_PICTURES, ImageFileSink
from emojimask.types import MaskedFrame, StreamInfo
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
for suffix in WRITTEN_PICTURES:
    try:
        with ImageFileSink(Path({str(tmp_path)!r}) / f"a{{suffix}}") as sink:
            sink.open(StreamInfo("x", 320, 240, 0.0))
            sink.write(MaskedFrame(noise, 0, 0.0))
        print(suffix, "was written")
    except SinkError as error:
        assert "free space" in str(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("", "")
    assert not list(tmp_path.iterdir())


def test_pictures_and_reports_are_not_overwritten_and_are_not_the_input(tmp_path: Path) -> None:
    for make, name in ((ImageFileSink, "a.png"), (ReportSink, "a.csv")):
        target = tmp_path / name
        target.write_bytes(b"precious")
        with pytest.raises(OutputExistsError), make(target) as sink:
            sink.open(media.info())
        with pytest.raises(UsageError, match="input"), make(target, force=True) as sink:
            sink.open(media.info(path=target))
        with pytest.raises(TypeError), make(target, force=True) as sink:
            media.feed(sink, [media.masked(media.bars()), None])
        assert target.read_bytes() == b"precious"
        with make(target, force=True) as sink:
            sink.open(media.info())
            sink.write(media.masked(media.bars()))
        assert target.read_bytes() != b"precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.png"]


def test_unknown_suffixes(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.png"):
        ImageFileSink(tmp_path / "a.psd")
    with pytest.raises(UsageError, match=r"\.jsonl"):
        ReportSink(tmp_path / "a.txt")


def report(target: Path) -> Path:
    with ReportSink(target) as sink:
        sink.open(media.info())
        sink.write(MaskedFrame(media.bars(), 0, 0.0, [a_face(), a_face(2, known=False)]))
        sink.write(MaskedFrame(media.bars(), 1, 1 / 3, [], shielded=True))
    return target


def test_json_lines_report(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in report(tmp_path / "r.jsonl").read_text().splitlines()]
    emotions = dict.fromkeys(EXPRESSIONS, 0.0) | {"happy": 0.1235, "neutral": 0.8765}
    first = {"track_id": 1, "state": "tracked", "box": [10.0, 20.1, 30.0, 40.0], "expression": "happy"}
    measures = asdict(Measures()) | {"mouth_open": 0.123, "yaw": -7.0}
    assert lines == [
        {
            "frame": 0,
            "time_s": 0.0,
            "shielded": False,
            "faces": [
                {**first, "emotions": emotions, "measures": measures},
                {**first, "track_id": 2, "state": "held", "expression": None, "emotions": {}, "measures": {}},
            ],
        },
        {"frame": 1, "time_s": 0.333333, "shielded": True, "faces": []},
    ]


def test_csv_report(tmp_path: Path) -> None:
    with report(tmp_path / "r.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["frame"], row["shielded"], row["track_id"], row["state"]) for row in rows] == [
        ("0", "false", "1", "tracked"),
        ("0", "false", "2", "held"),
        ("1", "true", "", ""),
    ]
    assert (rows[0]["y"], rows[0]["happy"], rows[1]["happy"], rows[2]["happy"]) == ("20.1", "0.1235", "", "")
    assert [(row["eye_left"], row["mouth_open"], row["roll"]) for row in rows] == [
        ("1.0", "0.123", "0.0"),
        ("", "", ""),
        ("", "", ""),
    ]


def test_virtual_camera_gets_frames_in_size_and_colour(virtual_camera: type[FakeBackend]) -> None:
    with VirtualCameraSink() as sink:
        sink.open(media.info(96, 64, fps=0.0))
        sink.write(media.masked(media.quarters()))
        sink.write(media.masked(np.full((64, 32, 3), 255, np.uint8)))
    (camera,) = virtual_camera.made
    assert (camera.width, camera.height, camera.fps, camera.closed) == (96, 64, 30.0, True)
    assert (camera.sent[0] == media.quarters()).all()
    assert camera.fourcc == int.from_bytes(b"24BG", "little")
    assert camera.sent[1].shape == (64, 96, 3)
    assert camera.sent[1][0, 0].max() == 0
    assert camera.sent[1][32, 48].min() == 255


def test_a_virtual_camera_has_even_sizes(virtual_camera: type[FakeBackend]) -> None:
    with VirtualCameraSink() as sink:
        sink.open(media.info(97, 63))
        sink.write(media.masked(np.full((63, 97, 3), 255, np.uint8)))
    (camera,) = virtual_camera.made
    assert (camera.width, camera.height) == (98, 64)
    assert camera.sent[0].shape == (64, 98, 3)


def test_a_missing_virtual_camera_is_told_with_a_remedy(virtual_camera: type[FakeBackend]) -> None:
    with (
        pytest.raises(SinkError, match=r"/dev/none: .*no such device.*close other programs.*install"),
        VirtualCameraSink("/dev/none") as sink,
    ):
        sink.open(media.info())


def test_a_virtual_camera_that_goes_away_is_told(virtual_camera: type[FakeBackend]) -> None:
    with VirtualCameraSink("/dev/video9") as sink:
        sink.open(media.info(96, 64))
        sink.write(media.masked(media.quarters()))
        virtual_camera.made[0].gone = True
        with pytest.raises(
            OutputGoneError, match=r"^virtual camera /dev/video9: takes no more .*does not exist.*driver"
        ):
            sink.write(media.masked(media.quarters()))
    assert virtual_camera.made[0].closed


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with pytest.raises(MissingExtraError, match=r"emojimask\[virtual-camera\]"), VirtualCameraSink() as sink:
        sink.open(media.info())


@pytest.mark.parametrize(
    ("size", "target", "inside"),
    [((10, 20), (40, 40), (20, 40)), ((20, 10), (40, 40), (40, 20)), ((300, 1), (10, 10), (10, 1))],
)
def test_letterbox_keeps_the_shape(size: tuple[int, int], target: tuple[int, int], inside: tuple[int, int]) -> None:
    boxed = letterbox(np.full((size[1], size[0], 3), 255, np.uint8), *target)
    assert boxed.shape == (target[1], target[0], 3)
    rows, columns = boxed.any((1, 2)), boxed.any((0, 2))
    assert (columns.sum(), rows.sum()) == inside
