from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from archives import clip

from emojimask.batch.run import Progress
from emojimask.cli import main
from emojimask.cli.batch_table import Table
from emojimask.cli.given import printable
from emojimask.emojis.emoji_set import load_emoji_set
from emojimask.emojis.starter import make_starter


def test_some_failed_is_told_and_ends_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip(tmp_path / "in" / "a.mp4")
    (tmp_path / "in" / "b\nc.mp4").write_text("bad")
    arguments = ["batch", str(tmp_path / "in"), str(tmp_path / "out"), "--workers", "1"]
    assert main([*arguments, "--json"]) == 3
    said = capsys.readouterr()
    result = json.loads(said.out)
    assert (result["files"], result["done"], result["unchanged"], result["frames"]) == (2, 1, 0, 6)
    assert list(result["failed"]) == ["b\nc.mp4"]
    assert [line for line in said.err.splitlines() if "b\\nc.mp4" in line]
    (tmp_path / "in" / "b\nc.mp4").unlink()
    assert main(arguments) == 0
    assert capsys.readouterr().out == "0 masked, 1 unchanged; 0 frames\n"


def test_who_is_refused_is_not_told_to_try_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip(tmp_path / "in" / "a.mp4")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a_masked.mp4").write_text("precious")
    assert main(["batch", str(tmp_path / "in"), str(tmp_path / "out"), "--workers", "1"]) == 1
    assert "run the same command again" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags", [["--workers", "0"], *(["--split-s", wrong] for wrong in ("-1", "nan", "inf")), ["--ray-address", "x:1"]]
)
def test_wrong_usage_ends_with_2(tmp_path: Path, flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    clip(tmp_path / "a.mp4")
    assert main(["batch", str(tmp_path), str(tmp_path / "out"), *flags]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("wrong", [["--emojis", "nonesuch"], ["--expressions", "nowhere.onnx"]])
def test_what_is_wrong_for_every_file_is_told_once_and_noted_of_none(
    wrong: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip(tmp_path / "in" / "a.mp4")
    arguments = ["batch", str(tmp_path / "in"), str(tmp_path / "out"), "--workers", "1"]
    assert main(arguments) == 0
    capsys.readouterr()
    assert main([*arguments, *wrong]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert main(arguments) == 0
    assert capsys.readouterr().out == "0 masked, 1 unchanged; 0 frames\n"


def test_a_set_of_ones_own_that_was_redrawn_is_worn_by_all_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip(tmp_path / "in" / "a.mp4")
    mine = tmp_path / "mine"
    make_starter(mine, load_emoji_set("classic"))
    arguments = ["batch", str(tmp_path / "in"), str(tmp_path / "out"), "--workers", "1", "--emojis", str(mine)]
    assert main([*arguments, "--quiet"]) == 0
    (mine / "sad.png").write_bytes((mine / "happy.png").read_bytes())
    for said in ("1 masked, 0 unchanged; 6 frames\n", "0 masked, 1 unchanged; 0 frames\n"):
        assert main(arguments) == 0
        assert capsys.readouterr().out == said


def test_help_says_that_force_masks_all_again(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["batch", "--help"])
    assert "mask again what is done" in " ".join(capsys.readouterr().out.split())


def test_a_file_in_a_folders_place_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = clip(tmp_path / "in" / "a.mp4")
    before = file.read_bytes()
    for arguments in ([str(file.parent), str(file)], [str(file), str(tmp_path / "out")]):
        assert main(["batch", *arguments]) == 2
        assert capsys.readouterr().err == f"emojimask: {file}: is a file; name a folder\n"
    assert file.read_bytes() == before
    assert not (tmp_path / "out").exists()


def test_an_archive_where_all_failed_ends_with_1(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "self.mp4").symlink_to("self.mp4")
    assert main(["batch", str(tmp_path / "in"), str(tmp_path / "out"), "--quiet"]) == 1


def test_the_table_tells_files_frames_and_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(total=10, total_bytes=1000, done=3, unchanged=1, frames=50, bytes=500)
    with Table(quiet=True) as table:
        table.watch(progress, lambda: 90)
        table._started = time.monotonic() - 30
        rows = table._table()
        progress.done, progress.bytes = 9, 1000
        at_the_end = table._table()
        table.say("a\x1b[2Jb\nc")
    assert "4 of 10 files (3 masked, 1 unchanged)" in rows[0]
    assert "90 frames, 3.0 a second" in rows[1]
    assert "about 0:00:30" in rows[2]
    assert at_the_end[2].endswith("time left: none")
    assert capsys.readouterr().err == "emojimask: a\\x1b[2Jb\\nc\n"


def test_what_a_terminal_cannot_show_is_escaped() -> None:
    assert printable("é 顔 \udcff\u202e") == "é 顔 \\udcff\\u202e"
