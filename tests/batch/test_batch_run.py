from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from archives import SameProcess, clip, face_clip, picture, records, request, run
from PIL import Image as Pillow

import media
from emojimask.batch.folders import STAGING, LocalFolder
from emojimask.batch.page import make_page
from emojimask.batch.record import MANIFEST, read_manifest
from emojimask.batch.run import BatchRun
from emojimask.batch.tasks import Whole
from emojimask.batch.worker import sha256_of
from emojimask.errors import SinkError, SourceError, UsageError
from emojimask.settings import MaskSettings

STRANGE = 'it\'s "a" <b>\nnew line é 顔.mp4'


def test_it_mirrors_the_tree_and_tells_what_it_did(tmp_path: Path) -> None:
    original = clip(tmp_path / "in" / "one" / STRANGE, frames=30, sound="aac")
    picture(tmp_path / "in" / "two" / "still.png")
    (tmp_path / "in" / "notes.txt").write_text("not a picture")
    wanted = request(tmp_path / "in", tmp_path / "out", reports=True)
    progress, said, _ = run(wanted)

    assert (progress.total, progress.done, progress.failed, said) == (2, 2, {}, [])
    stem = STRANGE.removesuffix(".mp4")
    written = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    video, still = f"one/{stem}_masked.mp4", "two/still_masked.png"
    assert written == {MANIFEST, video, f"{video}.jsonl", still, f"{still}.jsonl"}
    masked = tmp_path / "out" / video
    assert media.times(masked) == media.times(original)
    assert media.packets(masked, "audio") == media.packets(original, "audio")
    record = records(wanted)[f"one/{STRANGE}"]
    assert (record.state, record.error, record.output, record.frames, record.attempts) == ("done", None, video, 30, 1)
    assert record.seconds == pytest.approx(29 / 25)
    assert (record.input_sha256, record.output_sha256) == (sha256_of(original), sha256_of(masked))
    assert record.timeline == ".."
    assert record.settings["on_lost"] == "shield"
    assert records(wanted)["two/still.png"].frames == 1


def test_a_second_run_does_nothing(tmp_path: Path) -> None:
    clip(tmp_path / "in" / "a.mp4")
    wanted = request(tmp_path / "in", tmp_path / "out")
    run(wanted)
    before = (tmp_path / "out" / MANIFEST).read_bytes(), (tmp_path / "out" / "a_masked.mp4").stat().st_mtime_ns
    progress, _, _ = run(wanted)
    assert (progress.done, progress.unchanged) == (0, 1)
    assert before == (
        (tmp_path / "out" / MANIFEST).read_bytes(),
        (tmp_path / "out" / "a_masked.mp4").stat().st_mtime_ns,
    )


def test_only_what_is_missing_or_changed_is_done_again(tmp_path: Path) -> None:
    for name in ("same", "changed", "missing", "cut"):
        clip(tmp_path / "in" / f"{name}.mp4")
    wanted = request(tmp_path / "in", tmp_path / "out")
    run(wanted)
    clip(tmp_path / "in" / "changed.mp4", frames=7)
    (tmp_path / "out" / "missing_masked.mp4").unlink()
    (tmp_path / "out" / "cut_masked.mp4").write_bytes(b"half")
    progress, _, _ = run(wanted)
    assert (progress.done, progress.unchanged) == (3, 1)
    assert records(wanted)["changed.mp4"].frames == 7
    assert len(media.times(tmp_path / "out" / "cut_masked.mp4")) == 6


def test_what_failed_since_and_is_as_it_was_is_not_masked_again(tmp_path: Path) -> None:
    original = clip(tmp_path / "in" / "a.mp4")
    content = original.read_bytes()
    wanted = request(tmp_path / "in", tmp_path / "out")
    assert run(wanted)[0].done == 1
    done = records(wanted)["a.mp4"]
    original.write_bytes(b"what a disk gives that is about to go")
    assert list(run(wanted)[0].failed) == ["a.mp4"]
    assert records(wanted)["a.mp4"].state == "failed"
    original.write_bytes(content)
    assert run(wanted)[0].unchanged == 1
    assert records(wanted)["a.mp4"] == done  # is the last word again
    lines = (tmp_path / "out" / MANIFEST).read_text()
    assert run(wanted)[0].unchanged == 1
    assert (tmp_path / "out" / MANIFEST).read_text() == lines


def test_reports_that_are_missing_are_made(tmp_path: Path) -> None:
    clip(tmp_path / "in" / "a.mp4")
    wanted = request(tmp_path / "in", tmp_path / "out")
    run(wanted)
    reported = replace(wanted, reports=True)
    assert run(reported)[0].done == 1
    assert len((tmp_path / "out" / "a_masked.mp4.jsonl").read_text().splitlines()) == 6
    assert run(reported)[0].unchanged == 1
    assert run(wanted)[0].unchanged == 1
    clip(tmp_path / "in" / "a.mp4", frames=7)
    assert run(wanted)[0].done == 1  # and the report is of another file than the output
    assert run(reported)[0].done == 1
    assert len((tmp_path / "out" / "a_masked.mp4.jsonl").read_text().splitlines()) == 7


def test_other_settings_and_force_do_it_again(tmp_path: Path) -> None:
    clip(tmp_path / "in" / "a.mp4")
    wanted = request(tmp_path / "in", tmp_path / "out")
    run(wanted)
    assert run(wanted, force=True)[0].done == 1
    other = replace(wanted, settings=MaskSettings(smoothing="vote"))
    assert run(other)[0].done == 1
    assert run(other)[0].unchanged == 1


def test_bad_files_fail_after_one_retry_and_the_rest_is_done(tmp_path: Path) -> None:
    whole = clip(tmp_path / "in" / "good.mp4", frames=50)
    (tmp_path / "in" / "text.mp4").write_text("hello")
    (tmp_path / "in" / "empty.jpg").write_bytes(b"")
    cut_off = clip(tmp_path / "in" / "cut_off.mkv", frames=50)
    cut_off.write_bytes(cut_off.read_bytes()[: cut_off.stat().st_size * 2 // 3])
    wanted = request(tmp_path / "in", tmp_path / "out")
    progress, said, engine = run(wanted)
    assert progress.done == 1
    assert set(progress.failed) == {"text.mp4", "empty.jpg", "cut_off.mkv"}
    assert len(said) == 3
    assert not any("\n" in line for line in said)
    assert sorted(task.job.input for task in engine.done).count("text.mp4") == 2
    assert {r.input: r.attempts for r in records(wanted).values() if r.state == "failed"} == dict.fromkeys(
        progress.failed, 2
    )
    assert {p.name for p in (tmp_path / "out").iterdir()} == {MANIFEST, "good_masked.mp4"}  # no half file
    cut_off.write_bytes(clip(tmp_path / "mended.mkv").read_bytes())
    progress, _, _ = run(wanted)
    assert (progress.done, progress.unchanged, len(progress.failed)) == (1, 1, 2)
    assert whole.exists()


def test_a_file_that_fails_once_is_done_at_the_second_attempt(tmp_path: Path) -> None:
    original = clip(tmp_path / "in" / "a.mp4")
    content = original.read_bytes()
    wanted = request(tmp_path / "in", tmp_path / "out")

    def spoil_the_first(task: object) -> None:
        assert isinstance(task, Whole)
        original.write_bytes(b"" if task.attempt == 1 else content)

    progress = BatchRun(wanted).run(SameProcess(wanted, spoil_the_first))
    assert (progress.done, progress.failed) == (1, {})
    assert records(wanted)["a.mp4"].attempts == 2


def test_links_in_loops_and_to_nowhere(tmp_path: Path) -> None:
    clip(tmp_path / "in" / "a.mp4")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "broken.mp4").symlink_to("nowhere.mp4")
    (tmp_path / "in" / "self.mp4").symlink_to("self.mp4")
    progress, said, _ = run(request(tmp_path / "in", tmp_path / "out"))
    assert progress.done == 1
    assert set(progress.failed) == {"broken.mp4", "self.mp4"}
    assert sorted(line.split(":")[0] for line in said) == ["broken.mp4", "self.mp4"]


def test_a_picture_of_a_kind_that_is_not_read_is_told(tmp_path: Path) -> None:
    clip(tmp_path / "in" / "a.mp4")
    (tmp_path / "in" / "IMG_1.DNG").write_bytes(b"II*\0")
    progress, _, _ = run(request(tmp_path / "in", tmp_path / "out"))
    assert progress.done == 1
    assert "JPEG" in progress.failed["IMG_1.DNG"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    clip(tmp_path / "in" / "a.mp4")
    os.mkfifo(tmp_path / "in" / "b.mp4")
    assert [found.name for found in LocalFolder(tmp_path / "in").find()] == ["a.mp4"]


def test_a_clip_and_its_small_copies_do_not_get_one_output(tmp_path: Path) -> None:
    film = clip(tmp_path / "in" / "a.mp4").read_bytes()
    for name in ("a.lrf", "a.LRV"):
        (tmp_path / "in" / name).write_bytes(film)
    for name in ("a.jpg", "a.thm"):
        Pillow.fromarray(media.bars()).save(tmp_path / "in" / name, "JPEG")
    progress, said, _ = run(request(tmp_path / "in", tmp_path / "out"))
    assert (progress.done, said) == (5, [])
    names = {"a_masked.mp4", "a.lrf_masked.mp4", "a.LRV_masked.mp4", "a_masked.jpg", "a.thm_masked.jpg"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {MANIFEST, *names}


def test_two_inputs_with_one_output_are_refused_and_the_rest_is_done(tmp_path: Path) -> None:
    for name in ("a.flv", "a.mp4", "b.mp4"):
        clip(tmp_path / "in" / name)
    progress, _, _ = run(request(tmp_path / "in", tmp_path / "out"))
    assert progress.done == 1
    assert "would become a_masked.mp4, and so would a.flv" in progress.failed["a.mp4"]
    assert not (tmp_path / "out" / "a_masked.mp4").exists()


def test_what_had_failed_and_was_removed_or_renamed_is_no_failure_any_more(tmp_path: Path) -> None:
    picture(tmp_path / "in" / "sound.png")
    (tmp_path / "in" / "bad.mp4").write_bytes(b"no video")
    wanted = request(tmp_path / "in", tmp_path / "out")
    run(wanted)
    assert "bad.mp4" in make_page(read_manifest(wanted.outputs), "archive")
    (tmp_path / "in" / "bad.mp4").rename(tmp_path / "in" / "bad.mp4.old")
    run(wanted)
    assert "bad.mp4" not in make_page(read_manifest(wanted.outputs), "archive")
    assert records(wanted)["bad.mp4"].state == "gone"
    before = (tmp_path / "out" / MANIFEST).read_bytes()
    run(wanted)
    assert (tmp_path / "out" / MANIFEST).read_bytes() == before


def test_pictures_named_jfif_and_jpe_are_masked(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.jfif", "b.jpe"):
        (tmp_path / "in" / name).write_bytes(cv2.imencode(".jpg", media.bars())[1].tobytes())
    progress, _, _ = run(request(tmp_path / "in", tmp_path / "out"))
    assert (progress.done, progress.failed) == (2, {})
    assert (tmp_path / "out" / "a_masked.jfif").read_bytes().startswith(b"\xff\xd8\xff")


def test_what_a_file_is_its_content_says(tmp_path: Path) -> None:
    picture(tmp_path / "in" / "a.png").rename(tmp_path / "in" / "a.mp4")
    gray, white = (Pillow.new("L", (80, 60), level) for level in (90, 255))
    gray.save(tmp_path / "in" / "b.png", "GIF", save_all=True, append_images=[white])
    progress, _, _ = run(request(tmp_path / "in", tmp_path / "out"))
    assert (progress.done, progress.failed) == (2, {})
    assert (tmp_path / "out" / "b_masked.mp4").is_file()
    assert (tmp_path / "out" / "a_masked.png").read_bytes().startswith(b"\x89PNG")


def test_outputs_within_the_inputs_are_no_inputs(tmp_path: Path) -> None:
    clip(tmp_path / "in" / "a.mp4")
    wanted = request(tmp_path / "in", tmp_path / "in" / "masked")
    assert run(wanted)[0].done == 1
    assert run(wanted)[0].total == 1


def test_what_mask_has_made_in_the_input_folder_is_no_input(tmp_path: Path) -> None:
    for name in ("a.mp4", "a_masked.mp4", "sub/b_masked.mov"):
        clip(tmp_path / "in" / name)
    (tmp_path / "in" / "gone_masked.mp4").symlink_to("nowhere.mp4")
    progress, said, _ = run(request(tmp_path / "in", tmp_path / "out"))
    assert "2 files are left alone, masked already by the name (ending in _masked)" in said
    assert (progress.done, list(progress.failed)) == (1, ["gone_masked.mp4"])  # nothing is passed over in silence
    for name in ("a.mp4", "gone_masked.mp4"):
        (tmp_path / "in" / name).unlink()
    with pytest.raises(UsageError, match="no picture and no video to mask"):
        run(request(tmp_path / "in", tmp_path / "out"))


def test_what_cannot_be_begun_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(UsageError, match="no picture and no video"):
        run(request(tmp_path / "in", tmp_path / "out"))
    with pytest.raises(SourceError, match="no such folder"):
        run(request(tmp_path / "nowhere", tmp_path / "out"))
    with pytest.raises(UsageError, match="input folder itself"):
        run(request(tmp_path / "in", tmp_path / "in"))
    assert not (tmp_path / "out").exists()


def test_all_that_is_refused_is_noted_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip(tmp_path / "in" / "a.mp4")
    for name in ("1.cr2", "2.cr2", "3.cr2"):
        (tmp_path / "in" / name).touch()
    wanted, written = request(tmp_path / "in", tmp_path / "out"), []
    append = LocalFolder.append

    def counted(self: LocalFolder, name: str, line: str) -> None:
        written.append(line)
        append(self, name, line)

    monkeypatch.setattr(LocalFolder, "append", counted)
    BatchRun(wanted)
    assert [line.count("\n") for line in written] == [3]
    assert {record.state for record in records(wanted).values()} == {"failed"}
    del written[:]
    assert run(wanted)[0].refused == 3
    assert not any("cr2" in line for line in written)  # it is the last word on them already


def test_files_of_others_are_not_overwritten_unasked(tmp_path: Path) -> None:
    clip(tmp_path / "in" / "a.mp4")
    (tmp_path / "out").mkdir()
    foreign = tmp_path / "out" / "a_masked.mp4"
    foreign.write_text("precious")
    wanted = request(tmp_path / "in", tmp_path / "out")
    for _ in range(2):
        assert "--force" in run(wanted)[0].failed["a.mp4"]
        assert foreign.read_text() == "precious"
    assert run(wanted, force=True)[0].done == 1


def test_files_of_others_that_came_after_a_run_are_not_overwritten(tmp_path: Path) -> None:
    for name in ("a.mp4", "bad.mp4"):
        clip(tmp_path / "in" / name)
    (tmp_path / "in" / "bad.mp4").write_text("bad")
    wanted = request(tmp_path / "in", tmp_path / "out")
    BatchRun(wanted)  # and no engine could be started
    foreign = tmp_path / "out" / "a_masked.mp4"
    foreign.write_text("precious")
    assert set(run(wanted)[0].failed) == {"a.mp4", "bad.mp4"}
    for name in ("bad.mp4", "new.mp4"):
        clip(tmp_path / "in" / name)
        (tmp_path / "out" / name.replace(".mp4", "_masked.mp4")).write_text("precious")
    assert set(run(wanted)[0].failed) == {"a.mp4", "bad.mp4", "new.mp4"}
    assert {p.read_text() for p in (tmp_path / "out").glob("*.mp4")} == {"precious"}


def test_a_report_of_others_is_not_overwritten(tmp_path: Path) -> None:
    clip(tmp_path / "in" / "a.mp4")
    (tmp_path / "out").mkdir()
    foreign = tmp_path / "out" / "a_masked.mp4.jsonl"
    foreign.write_text("precious")
    wanted = request(tmp_path / "in", tmp_path / "out", reports=True)
    assert "a_masked.mp4.jsonl is already there" in run(wanted)[0].failed["a.mp4"]
    assert run(replace(wanted, reports=False))[0].done == 1
    assert "a_masked.mp4.jsonl is already there" in run(wanted)[0].failed["a.mp4"]
    assert foreign.read_text() == "precious"


def test_a_run_that_was_cut_off_between_an_output_and_its_record_is_resumed(tmp_path: Path) -> None:
    clip(tmp_path / "in" / "a.mp4")
    wanted = request(tmp_path / "in", tmp_path / "out")
    run(wanted)
    manifest = tmp_path / "out" / MANIFEST
    begun = manifest.read_text().splitlines(keepends=True)[0]
    manifest.write_text(begun)
    assert json.loads(begun)["state"] == "begun"
    assert run(wanted)[0].done == 1
    assert run(wanted)[0].unchanged == 1


def test_so_it_is_where_it_cannot_be_resumed_at_once(tmp_path: Path) -> None:
    """As on a disk that is full just after an output."""
    original = clip(tmp_path / "in" / "a.mp4")
    content = original.read_bytes()
    wanted = request(tmp_path / "in", tmp_path / "out")
    run(wanted)
    manifest = tmp_path / "out" / MANIFEST
    manifest.write_text(manifest.read_text().splitlines(keepends=True)[0])
    original.write_text("no disk")
    for _ in range(2):
        assert "a.mp4" in run(wanted)[0].failed
    original.write_bytes(content)
    assert run(wanted)[0].done == 1


def test_an_output_whose_name_is_too_long_fails_alone(tmp_path: Path) -> None:
    clip(tmp_path / "in" / "a.mp4")
    clip(tmp_path / "in" / ("x" * 248 + ".mp4"))
    (tmp_path / "out").mkdir()
    progress, said, _ = run(request(tmp_path / "in", tmp_path / "out"))
    assert (progress.done, len(progress.failed), len(said)) == (1, 1, 1)
    assert "too long" in said[0]


def test_a_name_that_the_disk_does_not_take_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip(tmp_path / "in" / "sub" / ("x" * 240 + ".mp4"))  # long enough for the report's name alone to be too long
    monkeypatch.setattr("emojimask.batch.worker.run", lambda *_, **__: pytest.fail("it was masked"))
    _, (said,), _ = run(request(tmp_path / "in", tmp_path / "out", reports=True))
    assert "_masked.mp4.jsonl: cannot be written (" in said
    assert said.endswith("check its name, permissions and space")
    assert not (tmp_path / "out" / STAGING).exists()


def test_a_run_that_was_killed_leaves_a_cut_line_and_a_staging_folder_and_no_harm(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        clip(tmp_path / "in" / name)
    wanted = request(tmp_path / "in", tmp_path / "out")
    run(wanted)
    manifest = tmp_path / "out" / MANIFEST
    *whole, last = manifest.read_text().splitlines(keepends=True)
    manifest.write_text("".join(whole) + last[:50])
    (tmp_path / "out" / STAGING).mkdir()
    (tmp_path / "out" / STAGING / "x.mp4.part").write_text("half")
    progress, _, _ = run(wanted)
    assert (progress.done, progress.unchanged) == (1, 1)
    assert json.loads(manifest.read_text().splitlines()[-1])["state"] == "done"
    assert not (tmp_path / "out" / STAGING).exists()
    assert run(wanted)[0].unchanged == 2


def test_an_output_is_on_the_disk_before_it_takes_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output, synced = tmp_path / "a.txt", []

    def fsync(file: int) -> None:
        synced.append((os.fstat(file).st_ino, output.exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    with LocalFolder(tmp_path).place(output.name) as place:
        place.write_text("whole")
    assert synced == [(output.stat().st_ino, False)]


def test_an_output_gets_its_place_on_another_disk_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a link in the output folder leads there."""
    rename = Path.replace

    def rename_on_one_disk(path: Path, target: Path) -> Path:
        if path.parent != target.parent:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return rename(path, target)

    monkeypatch.setattr(Path, "replace", rename_on_one_disk)
    with LocalFolder(tmp_path).place("sub/a.txt") as place:
        place.write_text("whole")
    assert (tmp_path / "sub" / "a.txt").read_text() == "whole"
    assert [path.name for path in (tmp_path / "sub").iterdir()] == ["a.txt"]
    assert not list((tmp_path / STAGING).iterdir())


def test_a_second_run_at_the_same_time_is_refused(tmp_path: Path) -> None:
    clip(tmp_path / "in" / "a.mp4")
    wanted = request(tmp_path / "in", tmp_path / "out")
    first = BatchRun(wanted)
    clip(tmp_path / "other" / "a.mp4")
    with wanted.outputs.place("a_masked.mp4") as path:
        path.write_text("half")
        for inputs in ("in", "other"):
            with pytest.raises(SinkError, match="out: another batch is at work in this folder; wait until") as refusal:
                BatchRun(request(tmp_path / inputs, tmp_path / "out"), force=True)
            assert "\n" not in str(refusal.value)
        assert path.read_text() == "half"
    assert first.run(SameProcess(wanted)).done == 1
    assert run(wanted)[0].unchanged == 1
    assert {path.name for path in (tmp_path / "out").iterdir()} == {MANIFEST, "a_masked.mp4"}


def test_a_full_disk_is_told_in_one_line() -> None:
    with pytest.raises(SinkError, match="No space left on device"):
        LocalFolder(Path("/dev")).append("full", "line\n")


def test_faces_are_counted_where_no_expression_is_read(tmp_path: Path) -> None:
    face_clip(tmp_path / "in" / "a.mp4", 0.5)
    wanted = request(tmp_path / "in", tmp_path / "out", MaskSettings(expressions="none"))
    run(wanted)
    record = records(wanted)["a.mp4"]
    assert record.faces == record.frames_with_faces == record.frames == 5
    assert record.expressions == {}


def test_frames_that_a_fault_has_shielded_are_told_and_masked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip(tmp_path / "in" / "a.mp4")
    wanted = request(tmp_path / "in", tmp_path / "out")

    def fail(*_: object) -> None:
        raise MemoryError("no memory left")

    with monkeypatch.context() as patch:
        patch.setattr("emojimask.faces.mediapipe.MediapipeDetector.detect", fail)
        progress, said, _ = run(wanted)
    assert (progress.done, progress.failed) == (1, {})
    reason = "MemoryError: no memory left"
    assert said == [f"a.mp4: 6 frames were shielded because of {reason}; the next run masks it again"]
    assert (records(wanted)["a.mp4"].faults, records(wanted)["a.mp4"].shielded) == ({reason: 6}, 6)
    progress, said, _ = run(wanted)
    assert (progress.done, said, records(wanted)["a.mp4"].faults) == (1, [], {})
    assert run(wanted)[0].unchanged == 1


def test_sound_that_fits_no_mp4_gets_a_container_that_has_a_place_for_it(tmp_path: Path) -> None:
    original = clip(tmp_path / "in" / "a.flv", sound="nellymoser", sound_rate=44100)
    wanted = request(tmp_path / "in", tmp_path / "out", reports=True)
    progress, said, _ = run(wanted)
    assert (progress.done, said) == (1, [])
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {MANIFEST, "a_masked.mov", "a_masked.mov.jsonl"}
    copied, packets = (media.packets(path, "audio") for path in (tmp_path / "out" / "a_masked.mov", original))
    assert [content for _, content in copied] == [content for _, content in packets]
    lines = [json.loads(line) for line in (tmp_path / "out" / MANIFEST).read_text().splitlines()]
    assert [(line["state"], line["output"]) for line in lines[1:]] == [(s, "a_masked.mov") for s in ("begun", "done")]
    for _ in range(2):
        assert run(wanted)[0].unchanged == 1
        assert records(wanted)["a.flv"].state == "done"


def test_so_does_sound_that_fits_not_even_the_files_own_container(tmp_path: Path) -> None:
    """Surveillance cameras write G.711 into an mp4."""
    original = clip(tmp_path / "in" / "a.mov", sound="pcm_mulaw", sound_rate=8000)
    original = original.rename(tmp_path / "in" / "a.mp4")
    wanted = request(tmp_path / "in", tmp_path / "out")
    progress, said, _ = run(wanted)
    assert (progress.done, said) == (1, [])
    (output,) = (tmp_path / "out").glob("a_masked.*")
    assert output.suffix != ".mp4"
    copied, packets = (media.packets(path, "audio") for path in (output, original))
    assert [content for _, content in copied] == [content for _, content in packets]
    assert run(wanted)[0].unchanged == 1


def test_a_container_for_the_sound_takes_nobodys_place(tmp_path: Path) -> None:
    for name in ("a.flv", "b.flv"):
        clip(tmp_path / "in" / name, sound="nellymoser", sound_rate=44100)
    clip(tmp_path / "in" / "a.mov")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "b_masked.mov").write_text("precious")
    progress, _, _ = run(request(tmp_path / "in", tmp_path / "out"))
    assert progress.done == 1
    assert progress.failed == {
        "a.flv": "its sound fits no .mp4, so it would become a_masked.mov, and so would a.mov; rename one",
        "b.flv": "b_masked.mov is already there and not from a batch; overwrite it with --force",
    }


def test_names_that_differ_by_case_alone_lose_nothing_on_a_disk_that_is_blind_to_it(tmp_path: Path) -> None:
    for name in ("A.png", "a.png", "b.png"):
        picture(tmp_path / "in" / name)
    wanted = request(tmp_path / "in", tmp_path / "out")
    (tmp_path / "out" / STAGING.upper()).mkdir(parents=True)  # as such a disk would show the folder of that name
    progress, _, _ = run(wanted)
    assert progress.done == 1
    assert progress.failed == {
        "A.png": "would become A_masked.png, and so would a.png; rename one",
        "a.png": "would become a_masked.png, and so would A.png; rename one",
    }
    (tmp_path / "out" / STAGING.upper()).rmdir()
    assert run(wanted)[0].done == 2


def test_an_error_names_the_output_and_not_where_it_was_made(tmp_path: Path) -> None:
    clip(tmp_path / "in" / "a.flv", sound="adpcm_swf", sound_rate=44100)  # which nothing else carries
    progress, said, _ = run(request(tmp_path / "in", tmp_path / "out"))
    reason = ".mp4 cannot carry the original's audio (adpcm_swf); leave sound and subtitles out with --no-audio"
    assert progress.failed == {"a.flv": f"a_masked.mp4: {reason}"}
    assert said == [f"a.flv: a_masked.mp4: {reason}"]


def test_leak_figures_are_measured_where_they_are_asked_for(tmp_path: Path) -> None:
    clip(tmp_path / "in" / "a.mp4")
    wanted = request(tmp_path / "in", tmp_path / "out")
    run(wanted)
    measured = replace(wanted, leak=True)
    assert run(measured)[0].done == 1  # was not measured before
    assert records(measured)["a.mp4"].leak == {"frames": 6, "frames_with_face": 0}
    assert run(measured)[0].unchanged == 1
