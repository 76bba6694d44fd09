from __future__ import annotations

from pathlib import Path

import pytest

from emojimask.errors import SinkError
from emojimask.files.atomic import AtomicFile, write_whole


def test_two_that_write_one_output_do_not_spoil_each_others(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    one, other = AtomicFile(path, force=True), AtomicFile(path, force=True)
    one.open(None).write_text("one")
    other.open(None).write_text("other")
    one.complete()
    assert path.read_text() == "one"
    other.complete()
    assert path.read_text() == "other"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["x" * 251 + ".mp4", "é" * 125 + "x.mp4"])
def test_a_name_may_be_as_long_as_the_system_lets_it(tmp_path: Path, name: str) -> None:
    assert len(name.encode()) == 255
    file = AtomicFile(tmp_path / name, force=False)
    part = file.open(None)
    assert part.name.endswith(".part")
    assert part.name[:100] == name[:100]
    file.complete()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_name_that_is_too_long_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match=r"cannot be written \(File name too long\)"):
        AtomicFile(tmp_path / ("x" * 252 + ".mp4"), force=False).open(None)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["me.jpg", "me.jpg/deeper"])
def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path, place: str) -> None:
    (tmp_path / "me.jpg").touch()
    with pytest.raises(SinkError, match=r"out\.jpg: a file lies where its folder would be"):
        AtomicFile(tmp_path / place / "out.jpg", force=False).open(None)


def test_what_is_discarded_is_its_own_part_only(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    one, other = AtomicFile(path, force=True), AtomicFile(path, force=True)
    one.open(None)
    part = other.open(None)
    one.discard()
    assert list(tmp_path.iterdir()) == [part]


def test_two_that_write_one_file_whole_at_once_do_not_spoil_each_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, replace = tmp_path / "a.json", Path.replace

    def replace_after_another(part: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "replace", replace)
        write_whole(path, "other")
        return part.replace(target)

    monkeypatch.setattr(Path, "replace", replace_after_another)
    write_whole(path, "one")
    assert path.read_text() == "one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_with_a_name_of_the_greatest_length_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 250 + ".json")
    write_whole(path, "one")
    assert path.read_text() == "one"
