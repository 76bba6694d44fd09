from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from archives import SameProcess, clip, picture

from emojimask.batch.folders import open_folder
from emojimask.batch.run import MANIFEST, BatchRun, read_manifest
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


def test_what_is_no_store_is_told() -> None:
    with pytest.raises((UsageError, MissingExtraError), match="nonsense"):
        open_folder("nonsense://x")
    with pytest.raises(SourceError, match="no such folder"):
        list(open_folder("memory://nowhere").find())
