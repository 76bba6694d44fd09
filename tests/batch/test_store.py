from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
from archives import SameProcess, clip, picture

from emojimask.batch.folders import LocalFolder, open_folder
from emojimask.batch.record import MANIFEST, read_manifest
from emojimask.batch.run import BatchRun
from emojimask.batch.tasks import Request
from emojimask.errors import MissingExtraError, SourceError, UsageError
from emojimask.settings import MaskSettings

fsspec = pytest.importorskip("fsspec", reason="needs the extra [ray]")


def test_an_archive_in_a_store_is_masked_and_resumed(tmp_path: Path) -> None:
    store = fsspec.filesystem("memory")
    store.pipe_file("/bucket/in/a b/c.mp4", clip(tmp_path / "c.mp4").read_bytes())
    store.pipe_file("/bucket/in/bad.mp4", b"bad")
    store.pipe_file("/bucket/in/notes.txt", b"no picture")
    wanted = Request(open_folder("memory://bucket/in"), open_folder("memory://bucket/out"), MaskSettings())
    pickle.loads(pickle.dumps(wanted))
    progress = BatchRun(wanted).run(SameProcess(wanted))
    assert (progress.done, set(progress.failed)) == (1, {"bad.mp4"})
    assert progress.failed["bad.mp4"].startswith("memory://bucket/in/bad.mp4: cannot be read as a video")
    assert set(store.find("/bucket/out")) == {f"/bucket/out/{MANIFEST}", "/bucket/out/a b/c_masked.mp4"}
    assert {r.input: r.state for r in read_manifest(wanted.outputs)} == {"a b/c.mp4": "done", "bad.mp4": "failed"}
    assert BatchRun(wanted).run(SameProcess(wanted)).unchanged == 1


def test_a_picture_in_a_store_is_one_whatever_its_name(tmp_path: Path) -> None:
    store = fsspec.filesystem("memory")
    store.pipe_file("/gallery/in/a.mp4", picture(tmp_path / "a.png").read_bytes())
    wanted = Request(open_folder("memory://gallery/in"), open_folder("memory://gallery/out"), MaskSettings())
    assert BatchRun(wanted).run(SameProcess(wanted)).done == 1
    assert store.exists("/gallery/out/a_masked.png")
    assert wanted.inputs.head("nowhere.mp4") == b""


def test_a_name_with_the_marks_of_a_pattern_is_a_name(tmp_path: Path) -> None:
    store = fsspec.filesystem("memory")
    film = clip(tmp_path / "c.mp4").read_bytes()
    names = ("[2021] talk", "a*", "plain", "sub [x]/b", "who?")
    for name in names:
        store.pipe_file(f"/marks/in/{name}.mp4", film)
    wanted = Request(open_folder("memory://marks/in"), open_folder("memory://marks/out"), MaskSettings())
    progress = BatchRun(wanted).run(SameProcess(wanted))
    assert (progress.done, progress.failed) == (len(names), {})
    outputs = {f"/marks/out/{name}_masked.mp4" for name in names}
    assert set(store.find("/marks/out")) == {f"/marks/out/{MANIFEST}", *outputs}
    assert BatchRun(wanted).run(SameProcess(wanted)).unchanged == len(names)


def test_outputs_within_the_inputs_of_a_store_are_no_inputs(tmp_path: Path) -> None:
    store = fsspec.filesystem("memory")
    store.pipe_file("/within/a.mp4", clip(tmp_path / "c.mp4").read_bytes())
    store.pipe_file("/within/masked/b.mp4", b"of another program")
    inputs = open_folder("memory://within")
    wanted = Request(inputs, open_folder("memory://within/masked/"), MaskSettings())
    assert BatchRun(wanted).run(SameProcess(wanted)).done == 1
    again = BatchRun(wanted).run(SameProcess(wanted))
    assert (again.total, again.unchanged) == (1, 1)
    for same in ("memory://within", "memory://within/"):
        with pytest.raises(UsageError, match="is the input folder itself"):
            BatchRun(replace(wanted, outputs=open_folder(same)))
    assert BatchRun(replace(wanted, outputs=open_folder("memory://within2"))).progress.total == 2


def test_a_file_url_is_a_folder_of_this_machine(tmp_path: Path) -> None:
    inputs = open_folder((tmp_path / "a b").as_uri())
    assert isinstance(inputs, LocalFolder)
    assert inputs.shared_path == (tmp_path / "a b").resolve()
    wanted = Request(inputs, open_folder(str(tmp_path / "a b" / "masked")), MaskSettings())
    clip(tmp_path / "a b" / "c.mp4")
    for _ in range(2):
        assert BatchRun(wanted).run(SameProcess(wanted)).total == 1
    with pytest.raises(UsageError, match="is a file; name a folder"):
        open_folder(f"file://{tmp_path}/a b/c.mp4")


def test_a_password_is_not_written_down() -> None:
    assert str(open_folder("memory://me:secret@bucket/in")) == "memory://me@bucket/in"


def test_what_is_no_store_is_told() -> None:
    with pytest.raises((UsageError, MissingExtraError), match="nonsense"):
        open_folder("nonsense://x")
    with pytest.raises(SourceError, match="no such folder"):
        list(open_folder("memory://nowhere").find())
