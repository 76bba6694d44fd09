from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from archives import clip, records, request, run

pytest.importorskip("ray", reason="needs the extra [ray]")


def batch(*arguments: object) -> subprocess.CompletedProcess[str]:
    """In a process of its own: Ray raises warnings of its own and stays in the process."""
    command = [sys.executable, "-m", "emojimask", "batch", *map(str, arguments), "--engine", "ray"]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_the_results_are_those_of_the_local_engine(tmp_path: Path) -> None:
    for number in range(2):
        # x264, of which an mp4 is made, is not the same to the byte each time.
        clip(tmp_path / "in" / f"{number}.avi", frames=10 + number, sound="mp3")
    (tmp_path / "in" / "bad.mp4").write_text("bad")
    ended = batch(tmp_path / "in", tmp_path / "ray", "--workers", 1)
    assert ended.returncode == 3, ended.stderr
    by_ray, here = request(tmp_path / "in", tmp_path / "ray"), request(tmp_path / "in", tmp_path / "here")
    run(here)
    told, expected = records(by_ray), records(here)
    assert told.keys() == expected.keys()
    for name, record in told.items():
        same = ("state", "output", "output_sha256", "frames", "seconds", "timeline", "attempts", "error", "settings")
        assert [getattr(record, key) for key in same] == [getattr(expected[name], key) for key in same]


def test_a_cluster_that_cannot_be_reached_is_told_at_once(tmp_path: Path) -> None:
    clip(tmp_path / "in" / "a.mp4")
    ended = batch(tmp_path / "in", tmp_path / "out", "--ray-address", "127.0.0.1:1")
    assert ended.returncode == 1
    assert "Ray cluster 127.0.0.1:1: cannot be reached" in ended.stderr.splitlines()[-1]
