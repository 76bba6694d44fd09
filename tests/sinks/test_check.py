from __future__ import annotations

from pathlib import Path

import av
import pytest

import media
from emojimask.sinks.video.check import Sound, fault_in


def heard(path: Path) -> Sound:
    sound = Sound()
    with av.open(str(path)) as file:
        for packet in file.demux(audio=0):
            if packet.size:
                sound.add(packet.size, float(packet.pts * packet.time_base))
    return sound


def test_sound_at_wrong_times_is_found_though_every_packet_is_there(tmp_path: Path) -> None:
    path = media.write_video(tmp_path / "a.mp4", frames=50, sound="aac")
    sound = heard(path)
    assert fault_in(path, 50, 1.96, 0.04, [sound]) is None
    sound.last_s += 3
    assert fault_in(path, 50, 1.96, 0.04, [sound]) == "its sound lasts 2.176 s instead of 5.176 s"


@pytest.mark.parametrize("written", [False, True])
def test_sound_without_a_packet_counts_on_neither_side(tmp_path: Path, written: bool) -> None:
    path = media.write_video(tmp_path / "a.mp4", sound="aac")
    sounds = [Sound(), heard(path)] if written else [heard(path), Sound()]
    assert fault_in(path, 25, 0.96, 0.04, sounds) is None
