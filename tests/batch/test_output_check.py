from __future__ import annotations

from pathlib import Path

import av
import pytest
from archives import clip

from emojimask.errors import SinkError
from emojimask.sinks.video.check import Sound, fault_in
from emojimask.sinks.video.muxer import Muxer
from emojimask.sinks.video.sink import VideoFileSink
from emojimask.sources.video_file import VideoFileSource
from emojimask.types import MaskedFrame


def test_faults_in_a_written_video_are_found(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", frames=25, sound="aac")
    sound = Sound()
    with av.open(str(path)) as file:
        for packet in file.demux(audio=0):
            if packet.size:
                sound.add(packet.size)
    seconds = 24 / 25
    assert fault_in(path, 25, seconds, 0.04, [sound]) is None
    assert fault_in(path, 26, seconds, 0.04, [sound]) == "25 frames arrived of 26"
    assert "lasts 0.960 s instead of 2.000 s" in (fault_in(path, 25, 2.0, 0.04, [sound]) or "")
    assert "sound did not arrive" in (fault_in(path, 25, seconds, 0.04, []) or "")
    fewer = Sound(sound.packets + 1, sound.size + 9)
    assert "sound did not arrive" in (fault_in(path, 25, seconds, 0.04, [fewer]) or "")
    assert fault_in(path, 25, None, 0.04, [Sound(sound.packets, 0)]) is None  # a header taken off every packet


def test_an_output_that_lost_a_frame_never_takes_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = clip(tmp_path / "a.mp4", frames=10)
    mux = Muxer.mux
    lost: list[int] = []

    def lose_one(self, packet, tick):  # type: ignore[no-untyped-def]
        if lost:
            mux(self, packet, tick)
        lost.append(tick)

    monkeypatch.setattr(Muxer, "mux", lose_one)
    target = tmp_path / "b.mp4"
    with pytest.raises(SinkError, match=r"9 frames arrived of 10.*; choose another suffix, such as \.mkv$"):
        copy(original, target)
    assert list(tmp_path.iterdir()) == [original]


def copy(original: Path, target: Path) -> None:
    with VideoFileSource(original) as source, VideoFileSink(target) as sink:
        sink.open(source.info)
        for frame in source:
            sink.write(MaskedFrame(frame.image, frame.index, frame.time_s))
