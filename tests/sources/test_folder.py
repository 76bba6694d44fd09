from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from emojimask.errors import SourceError
from emojimask.sources.folder import find_inputs


def test_a_folder_is_searched_in_order_without_loops(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.mp4", ".hidden.png", "notes.txt", "in/c.gif", "in/c.jfif", ".git/d.png", "in/deep/e.webp"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "in" / "deep" / "up").symlink_to(tmp_path)
    found = [path.relative_to(tmp_path).as_posix() for path in find_inputs(tmp_path)]
    assert found == ["a.mp4", "b.JPG", "in/c.gif", "in/c.jfif", "in/deep/e.webp"]


def test_a_linked_folder_is_entered_once(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.png").touch()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert len(list(find_inputs(tmp_path))) == 1


def test_a_file_is_itself_whatever_its_suffix(tmp_path: Path) -> None:
    (tmp_path / "x.dat").touch()
    assert list(find_inputs(tmp_path / "x.dat")) == [tmp_path / "x.dat"]


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such"):
        list(find_inputs(tmp_path / "none"))


def test_what_cannot_be_entered_is_told_and_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locked").mkdir()
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "gone.mp4").symlink_to("nowhere.mp4")
    (tmp_path / "z.png").touch()
    scandir = os.scandir

    def locked(path: Path) -> Iterator[os.DirEntry[str]]:
        if Path(path).name == "locked":
            raise PermissionError(errno.EACCES, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", locked)
    problems: list[SourceError] = []
    assert list(find_inputs(tmp_path, problems.append)) == [tmp_path / "z.png"]
    assert [Path(str(problem).split(":")[0]).name for problem in problems] == ["gone.mp4", "locked", "loop.png"]
    with pytest.raises(SourceError, match="cannot be opened"):
        list(find_inputs(tmp_path))


def test_what_is_not_read_is_told(tmp_path: Path) -> None:
    pictures = ("GOPR1.GPR", "a.dng", "d.jxl", "f.kdc", "g.psd")
    for name in (*pictures, "b.jpg", "c.txt", "h.INSV"):
        (tmp_path / name).touch()
    problems: list[SourceError] = []
    assert list(find_inputs(tmp_path, problems.append)) == [tmp_path / "b.jpg"]
    told = [f"{tmp_path / name}: pictures of this kind are not read; save it as JPEG first" for name in pictures]
    assert list(map(str, problems)) == [
        *told,
        f"{tmp_path / 'h.INSV'}: videos of this kind are not read; save it as MP4 first",
    ]
