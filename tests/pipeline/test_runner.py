"""One loop for all: outputs are completed, kept or discarded as they should be, and threads end."""

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Self

import av
import numpy as np
import pytest
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from fakes import BlockRenderer, EvenClassifier, PlainSmoother, ScriptedTracker, frame

from emojimask.build import file_sinks
from emojimask.errors import OutputGoneError, SinkError, SourceError, StopRequested
from emojimask.pipeline import MaskingPipeline
from emojimask.runner import PATIENCE_S, Standby, run
from emojimask.sinks.video.muxer import Muxer
from emojimask.sinks.video.sink import VideoFileSink
from emojimask.sources.video_file import VideoFileSource
from emojimask.stages import Glimpse
from emojimask.types import Frame, MaskedFrame, StreamInfo


class Reel:
    """A source of ``count`` frames that then ends, or raises ``error``."""

    def __init__(self, count: int, live: bool = False, error: BaseException | None = None) -> None:
        self.info = StreamInfo("reel", 64, 48, 30.0, count, live=live)
        self.count, self.error = count, error

    def __iter__(self) -> Iterator[Frame]:
        yield from (frame(i) for i in range(self.count))
        if self.error is not None:
            raise self.error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


class Tray:
    """A sink that keeps what it gets, and how it ended; raises ``error`` at frame ``at``."""

    def __init__(self, error: BaseException | None = None, at: int = 3) -> None:
        self.frames: list[MaskedFrame] = []
        self.completed: bool | None = None
        self.error, self.at = error, at

    def open(self, info: StreamInfo) -> None:
        self.info = info

    def write(self, masked: MaskedFrame) -> None:
        if self.error is not None and len(self.frames) == self.at:
            raise self.error
        self.frames.append(masked)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.completed = kind is None


def pipeline() -> MaskingPipeline:
    return MaskingPipeline(ScriptedTracker(lambda i: True), EvenClassifier(), PlainSmoother(), BlockRenderer())


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "emojimask-prefetch"]


@pytest.fixture(params=[2, 8], ids="{} cores".format)
def _cores(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """On few cores one thread finds faces and masks them, on many two do."""
    monkeypatch.setattr("cv2.getNumberOfCPUs", lambda: request.param)


@pytest.mark.usefixtures("_cores")
def test_every_sink_gets_every_frame_and_is_completed() -> None:
    trays, seen = [Tray(), Tray()], []
    summary = run(Reel(100), pipeline(), trays, seen.append)
    assert [len(tray.frames) for tray in trays] == [100, 100]
    assert [tray.completed for tray in trays] == [True, True]
    assert [m.index for m in trays[0].frames] == list(range(100))
    assert len(seen) == summary.frames == summary.with_faces == 100
    assert summary.shielded == 0


@pytest.mark.usefixtures("_cores")
def test_a_source_that_breaks_off_leaves_completed_outputs() -> None:
    tray = Tray()
    summary = run(Reel(7, error=SourceError("torn")), pipeline(), [tray])
    assert len(tray.frames) == 7
    assert tray.completed
    assert str(summary.broken_off) == "torn"


def test_a_source_that_gives_nothing_leaves_nothing() -> None:
    tray = Tray()
    with pytest.raises(SourceError, match="unreadable"):
        run(Reel(0, error=SourceError("unreadable")), pipeline(), [tray])
    assert tray.completed is False


@pytest.mark.usefixtures("_cores")
@pytest.mark.parametrize("live", [True, False])
def test_a_sink_that_fails_discards_all_outputs(live: bool) -> None:
    trays = [Tray(), Tray(SinkError("disk full"))]
    with pytest.raises(SinkError, match="disk full"):
        run(Reel(200, live=live), pipeline(), trays)
    assert [tray.completed for tray in trays] == [False, False]


def test_a_recording_is_kept_when_the_disk_is_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = iter([1e9, 1e9, 1e6])
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=next(left)))
    path, report = tmp_path / "lesson.mp4", Tray()
    summary = run(Reel(200, live=True), pipeline(), [report, VideoFileSink(path)])
    assert "nearly full" in str(summary.broken_off)
    assert report.completed
    with VideoFileSource(path) as written:
        assert len(list(written)) == len(report.frames) == 90


def test_a_recording_is_kept_when_the_virtual_camera_goes_away() -> None:
    recording, camera = Tray(), Tray(OutputGoneError("gone"))
    summary = run(Reel(200, live=True), pipeline(), [recording, camera])
    assert str(summary.broken_off) == "gone"
    assert recording.completed
    assert len(recording.frames) == 4


def test_ctrl_c_discards_a_files_outputs_and_completes_a_recording() -> None:
    tray = Tray(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run(Reel(200), pipeline(), [tray])
    assert tray.completed is False
    tray = Tray(KeyboardInterrupt())
    assert run(Reel(200, live=True), pipeline(), [tray]).frames == 3
    assert tray.completed


@pytest.fixture
def _pythons_ctrl_c(ctrl_c: signal.Signals) -> Iterator[None]:
    before = signal.signal(ctrl_c, signal.default_int_handler)
    yield
    assert signal.signal(ctrl_c, before) is signal.default_int_handler


class Interrupted:
    """A stream of video during whose encoding of frame ``at`` somebody presses Ctrl-C."""

    def __init__(self, stream: VideoStream, at: int) -> None:
        self.stream, self.at, self.count = stream, at, 0

    def encode(self, picture: VideoFrame | None) -> list[Packet]:
        packets = self.stream.encode(picture)
        self.count += 1
        if self.count == self.at:
            signal.raise_signal(signal.SIGINT)
        return packets


class InterruptedSink(VideoFileSink):
    def open(self, info: StreamInfo) -> None:
        super().open(info)
        self._stream = Interrupted(self._stream, 30)  # type: ignore[assignment]


@pytest.mark.usefixtures("_pythons_ctrl_c")
def test_ctrl_c_amid_a_frame_keeps_a_recording_whole_and_its_report_in_step(tmp_path: Path) -> None:
    report = Tray()
    sinks = [InterruptedSink(tmp_path / "out.mp4", threads=1), report]
    summary = run(Reel(200, live=True), pipeline(), sinks)
    assert summary.frames == len(report.frames) == 30
    with av.open(str(tmp_path / "out.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) == 30


@pytest.mark.usefixtures("_pythons_ctrl_c")
def test_ctrl_c_amid_a_files_frame_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(Reel(200), pipeline(), [InterruptedSink(tmp_path / "out.mp4", threads=1)])
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("_pythons_ctrl_c")
def test_impatience_does_not_keep_a_files_run_from_clearing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    discard = Muxer.discard

    def interrupted(muxer: Muxer) -> None:
        signal.raise_signal(signal.SIGINT)
        discard(muxer)

    monkeypatch.setattr(Muxer, "discard", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(Reel(200), pipeline(), [InterruptedSink(tmp_path / "out.mp4", threads=1)])
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("_pythons_ctrl_c")
def test_a_second_ctrl_c_ends_a_live_run_at_once() -> None:
    class Twice(Tray):
        def write(self, masked: MaskedFrame) -> None:
            super().write(masked)
            if len(self.frames) == 3:
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)
                pytest.fail("goes on after the second Ctrl-C")

    tray = Twice()
    assert run(Reel(200, live=True), pipeline(), [tray]).frames == 2
    assert tray.completed


@pytest.mark.usefixtures("_pythons_ctrl_c")
def test_impatience_at_the_end_does_not_cost_a_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check = Muxer._check

    def interrupted(muxer: Muxer) -> None:
        for _ in range(3):
            signal.raise_signal(signal.SIGINT)
        check(muxer)

    monkeypatch.setattr(Muxer, "_check", interrupted)
    run(Reel(20, live=True), pipeline(), [VideoFileSink(tmp_path / "out.mp4", threads=1)])
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]
    with pytest.raises(KeyboardInterrupt):
        run(Reel(20), pipeline(), [VideoFileSink(tmp_path / "file.mp4", threads=1)])
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_whoever_handles_ctrl_c_otherwise_still_does(ctrl_c: signal.Signals) -> None:
    heard: list[int] = []
    handler = lambda number, frame: heard.append(number)  # noqa: E731
    before = signal.signal(ctrl_c, handler)
    try:
        tray = Tray()
        run(Reel(5, live=True), pipeline(), [tray], lambda masked: signal.raise_signal(ctrl_c))
        assert signal.getsignal(ctrl_c) is handler
    finally:
        signal.signal(ctrl_c, before)
    assert len(heard) == len(tray.frames) == 5


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_video_that_fails_at_its_end_takes_its_report_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def check(muxer: Muxer) -> None:
        raise error

    monkeypatch.setattr(Muxer, "_check", check)
    reel = Reel(20)
    sinks = file_sinks(reel.info, tmp_path / "out.mp4", tmp_path / "out.jsonl", audio=False, force=False)
    with pytest.raises((SinkError, KeyboardInterrupt)):
        run(reel, pipeline(), sinks)
    assert not list(tmp_path.iterdir())


def test_closing_the_window_ends_well() -> None:
    recording, window = Tray(), Tray(StopRequested())
    summary = run(Reel(200, live=True), pipeline(), [recording, window])
    assert summary.frames == 3
    assert recording.completed
    assert window.completed


def test_no_sink_ever_sees_a_raw_frame() -> None:
    tray = Tray()
    run(Reel(40), pipeline(), [tray])
    assert all(isinstance(m, MaskedFrame) for m in tray.frames)
    assert all((m.image[20, 30] == 10).all() for m in tray.frames)
    assert isinstance(tray.frames[0].image, np.ndarray)


def test_a_live_stream_that_stalls_shows_the_shield_and_never_a_frozen_frame():
    class Stalling(Reel):
        def __iter__(self) -> Iterator[Frame]:
            yield frame(0)
            yield frame(1)
            time.sleep(2.5 * PATIENCE_S)
            yield frame(2)

    tray = Tray()
    pipeline = MaskingPipeline(ScriptedTracker(lambda _: True), EvenClassifier(), PlainSmoother(), BlockRenderer())
    run(Stalling(3, live=True), pipeline, [tray])
    assert [masked.shielded for masked in tray.frames] == [False, False, True, True, False]
    assert [masked.time_s for masked in tray.frames[:4]] == sorted(masked.time_s for masked in tray.frames[:4])
    assert all((masked.image == 20).all() for masked in tray.frames if masked.shielded)


def test_the_shields_time_does_not_fall_where_a_frame_came_late(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = iter([100.0, 100.5, 103.5, 104.0, 104.5])
    monkeypatch.setattr("emojimask.runner.time.monotonic", lambda: next(now_s))
    standby = Standby(Reel(3, live=True).info, pipeline())
    standby.note(MaskedFrame(np.zeros((48, 64, 3), np.uint8), 0, 0.4))
    assert standby.shield().time_s == pytest.approx(3.5)
    standby.note(MaskedFrame(np.zeros((48, 64, 3), np.uint8), 1, 0.5))
    assert standby.shield().time_s == pytest.approx(4.5)


@pytest.mark.parametrize(
    ("came_s", "waits_s"),
    [
        ([0.0, 0.03, 0.06], 0.5),  # from when on it is asked at all
        ([0.0, 0.5, 1.0], 1.0),
        ([0.0, 0.03, 3.0], 0.5),  # a single stall makes nobody more patient
        ([0.0, 8.0, 16.0], 3.0),
        ([0.0], 0.5),
    ],
)
def test_pictures_that_come_slowly_do_not_take_turns_with_the_shield(
    monkeypatch: pytest.MonkeyPatch, came_s: list[float], waits_s: float
) -> None:
    now_s = [0.0]
    monkeypatch.setattr("emojimask.runner.time.monotonic", lambda: now_s[0])
    standby = Standby(Reel(3, live=True).info, pipeline())
    for index, then_s in enumerate(came_s):
        now_s[0] = then_s
        standby.note(MaskedFrame(np.zeros((48, 64, 3), np.uint8), index, then_s))
    asked_s = np.arange(PATIENCE_S, 4, 0.1)
    shields = []
    for after_s in asked_s:
        now_s[0] = came_s[-1] + after_s
        shields.append(standby())
    assert next(s for s, shield in zip(asked_s, shields, strict=True) if shield) == pytest.approx(waits_s)
    assert all(shield.shielded for shield in shields if shield)


def test_a_model_that_hangs_for_ever_does_not_keep_the_window_from_closing():
    released = threading.Event()

    class Hanging(ScriptedTracker):
        def update(self, frame: Frame, hindsight_s: float | None = None, glimpse: Glimpse | None = None):
            released.wait(30)
            return []

    tray = Tray(error=StopRequested(), at=2)
    pipeline = MaskingPipeline(Hanging(lambda _: False), EvenClassifier(), PlainSmoother(), BlockRenderer())
    run(Reel(3, live=True), pipeline, [tray])
    released.set()
    for thread in threading.enumerate():
        if thread.name == "emojimask-prefetch":
            thread.join(5)
    assert [masked.shielded for masked in tray.frames] == [True, True]
