"""Two input folders with files of the same names, and one output folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from archives import clip, picture, records, request, run

from emojimask.batch.folders import STAGING, LocalFolder
from emojimask.batch.record import MANIFEST
from emojimask.settings import MaskSettings


@pytest.fixture
def masked(tmp_path: Path) -> bytes:
    """Two cameras with a file of the same name; the first is masked. Its output."""
    clip(tmp_path / "cam1" / "clip.mp4", frames=6)
    clip(tmp_path / "cam2" / "clip.mp4", frames=9)
    assert run(request(tmp_path / "cam1", tmp_path / "out"))[0].done == 1
    return (tmp_path / "out" / "clip_masked.mp4").read_bytes()


def test_outputs_of_another_input_folder_are_not_overwritten_unasked(tmp_path: Path, masked: bytes) -> None:
    one, other = (request(tmp_path / name, tmp_path / "out") for name in ("cam1", "cam2"))
    for _ in range(2):
        progress, said, _ = run(other)
        assert (progress.done, progress.refused) == (0, 1)
        assert said == [
            f"clip.mp4: clip_masked.mp4 is already there, from a file in {tmp_path / 'cam1'}; choose another output "
            "folder, or overwrite it with --force"
        ]
        assert (tmp_path / "out" / "clip_masked.mp4").read_bytes() == masked
        assert run(one)[0].unchanged == 1

    assert run(other, force=True)[0].done == 1
    assert records(other)["clip.mp4"].frames == 9
    assert run(other)[0].unchanged == 1
    assert run(one)[0].refused == 1  # it is the other's now


def test_other_settings_or_a_report_overwrite_nothing_of_another_folder(tmp_path: Path, masked: bytes) -> None:
    other = request(tmp_path / "cam2", tmp_path / "out", MaskSettings(smoothing="vote"))
    for wanted in (other, replace(other, reports=True)):
        assert run(wanted)[0].refused == 1
    assert (tmp_path / "out" / "clip_masked.mp4").read_bytes() == masked


def test_an_archive_that_has_moved_is_known_by_its_content(tmp_path: Path, masked: bytes) -> None:
    moved = (tmp_path / "cam1").rename(tmp_path / "elsewhere")
    wanted = request(moved, tmp_path / "out")
    assert run(wanted)[0].unchanged == 1
    assert (tmp_path / "out" / "clip_masked.mp4").read_bytes() == masked
    assert run(replace(wanted, settings=MaskSettings(smoothing="vote")))[0].done == 1
    assert records(wanted)["clip.mp4"].input_folder == str(moved)


@pytest.mark.usefixtures("masked")
def test_what_was_cut_off_in_another_folder_is_not_overwritten_unasked(tmp_path: Path) -> None:
    manifest = tmp_path / "out" / MANIFEST
    manifest.write_text(manifest.read_text().splitlines(keepends=True)[0])
    assert json.loads(manifest.read_text())["state"] == "begun"
    assert run(request(tmp_path / "cam2", tmp_path / "out"))[0].refused == 1
    assert run(request(tmp_path / "cam1", tmp_path / "out"))[0].done == 1


@pytest.mark.usefixtures("masked")
def test_a_manifest_of_before_the_folder_was_noted_counts(tmp_path: Path) -> None:
    manifest = tmp_path / "out" / MANIFEST
    lines = [json.loads(line) for line in manifest.read_text().splitlines()]
    manifest.write_text("".join(json.dumps({**line, "input_folder": None}) + "\n" for line in lines))
    assert run(request(tmp_path / "cam1", tmp_path / "out"))[0].unchanged == 1
    assert run(request(tmp_path / "cam2", tmp_path / "out"))[0].done == 1


@pytest.mark.usefixtures("masked")
def test_where_the_other_folders_output_is_gone_the_place_is_free(tmp_path: Path) -> None:
    (tmp_path / "out" / "clip_masked.mp4").unlink()
    wanted = request(tmp_path / "cam2", tmp_path / "out")
    assert run(wanted)[0].done == 1
    begun, done = (json.loads(line) for line in LocalFolder(tmp_path / "out").read_text(MANIFEST).splitlines()[-2:])
    assert (begun["state"], done["state"]) == ("begun", "done")
    assert begun["input_folder"] == done["input_folder"] == str(tmp_path / "cam2")


def test_a_folder_renamed_in_its_case_alone_is_known_by_its_content_on_a_disk_that_is_blind_to_it(
    tmp_path: Path,
) -> None:
    for name in ("a.png", "b.png"):
        picture(tmp_path / "in" / "box" / name)
    wanted = request(tmp_path / "in", tmp_path / "out", MaskSettings(expressions="none"), reports=True)
    assert run(wanted)[0].done == 2
    (tmp_path / "out" / STAGING.upper()).mkdir()  # as such a disk would show the folder of that name
    (tmp_path / "out" / "Box").symlink_to("box")  # and this one
    (tmp_path / "in" / "box").rename(tmp_path / "in" / "Box")
    (tmp_path / "in" / "Box" / "b.png").write_bytes(b"another")
    progress, said, _ = run(wanted)
    assert (progress.done, progress.refused) == (1, 1)
    assert "Box/b_masked.png is already there, from a file in" in said[0]
    assert run(wanted)[0].unchanged == 1
