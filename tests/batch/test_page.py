from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from emojimask.batch.page import make_page
from emojimask.batch.record import Record, parse_manifest
from emojimask.batch.tally import Tally
from emojimask.cli import main
from emojimask.types import EXPRESSIONS, Box, Face, MaskedFace, MaskedFrame, Track

DONE = Record(
    input='a/<b>&"c".mp4',
    output="a/x_masked.mp4",
    state="done",
    finished="2030-01-01T10:00:00+00:00",
    took_s=20.0,
    frames=600,
    seconds=20.0,
    frames_with_faces=300,
    shielded=6,
    faces=300,
    people=2,
    expressions={"happy": 0.75, "sad": 0.25},
    timeline="..hhhss#",
    leak={"frames": 600, "frames_with_face": 240, "leaked_frames": 3},
    version="1.2.3",
)
FAILED = Record("bad\udcff.mp4", None, "failed", "<script>alert(1)</script>", 2, "2030-01-01T10:05:00+00:00")


def test_the_page_tells_all_and_asks_nobody() -> None:
    page = make_page([replace(DONE, frames=1), DONE, FAILED], "title <i>")
    assert "<script" not in page
    assert not re.search(r"https?:|src=|@import|url\(", page)
    for text in ("title &lt;i&gt;", "a/&lt;b&gt;&amp;", "bad\\udcff.mp4", "600", "30.0", "1.25 %", "75.0 %", "1.00 %"):
        assert text in page, text
    page.encode()  # has no lone surrogates
    for drawing in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ElementTree.fromstring(drawing)
    strip = re.findall(r'<rect x="(\d+)" width="(\d+)" height="1"', page)
    assert strip == [("0", "2"), ("2", "3"), ("5", "2"), ("7", "1")]


def test_why_a_file_failed_is_told_without_scrolling_whatever_path_is_in_it() -> None:
    error = f"/{'x' * 300}: cannot be read"
    assert f'<td class="name">{error}</td>' in make_page([replace(FAILED, error=error)], "long")
    assert re.search(r"\.name \{[^}]*overflow-wrap: anywhere", make_page([], "none"))


def test_what_could_not_be_measured_is_no_good_figure() -> None:
    nobody = replace(DONE, input="empty.mp4", leak={"frames": 600, "frames_with_face": 0})
    page = make_page([nobody], "no face")
    assert "0.00 %</td>" not in page
    assert "leaked, in" not in page
    strange = {"frames": 600, "frames_with_face": 300, "leaked_frames": 0, "unlike_frames": 7}
    page = make_page([nobody, replace(DONE, leak=strange)], "seven frames of another")
    assert "of the frames with a face leaked, in 1 files" in page
    assert "0.00 %; 7 not vouched for" in page
    assert '<div class="tile bad"><b>7</b><span>frames that cannot be vouched for' in page


def test_frames_that_were_shielded_for_a_fault_are_told() -> None:
    assert "Shielded for a fault" not in make_page([DONE], "well")
    page = make_page([replace(DONE, faults={"MemoryError: <none> left": 1234})], "not so well")
    assert "Shielded for a fault" in page
    assert '<td class="n">1,234</td><td>MemoryError: &lt;none&gt; left</td>' in page


def test_what_a_run_had_begun_when_it_was_cut_off_is_no_failure() -> None:
    begun = Record("new.mp4", "new_masked.mp4", "begun")
    page = make_page([DONE, begun], "cut off")
    assert "<b>1</b><span>begun and not finished" in page
    assert "<h2>Failed</h2>" not in page
    assert "begun and not finished" not in make_page([begun, replace(DONE, input="new.mp4")], "all done")


def test_what_another_folder_could_not_make_hides_nothing_that_was_made() -> None:
    done = replace(DONE, input_folder="/one")
    refused = replace(FAILED, input=DONE.input, input_folder="/other")
    page = make_page([done, refused], "shared")
    assert "<b>1</b><span>files masked" in page
    assert "<b>1</b><span>failed" in page
    page = make_page([refused, replace(refused, input_folder="/one"), done], "moved")
    assert "<b>1</b><span>files masked" in page
    assert "<b>0</b><span>failed" in page


def test_a_manifest_becomes_a_file_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "manifest.jsonl").write_text(DONE.line() + FAILED.line() + '{"cut": ')
    assert main(["report", str(tmp_path)]) == 0
    assert (tmp_path / "manifest.html").read_text().startswith("<!doctype html>")
    assert main(["report", str(tmp_path)]) == 1
    assert "--force" in capsys.readouterr().err
    assert main(["report", str(tmp_path / "nowhere")]) == 1
    capsys.readouterr()
    assert main(["report", "long" * 80]) == 1
    assert capsys.readouterr().err.endswith("long: cannot be read (File name too long)\n")


def test_the_page_never_takes_the_place_of_the_manifest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text(DONE.line())
    assert main(["report", str(tmp_path), "-o", str(manifest), "--force"]) == 2
    assert "is the input itself" in capsys.readouterr().err
    assert manifest.read_text() == DONE.line()


def test_a_record_survives_its_line() -> None:
    assert parse_manifest(DONE.line() + "not json\n[1]\n" + FAILED.line()) == [DONE, FAILED]
    assert FAILED.line().isascii()
    assert FAILED.line().count("\n") == 1


def seen(time_s: float, *expressions: str, shielded: bool = False) -> MaskedFrame:
    box = Box(0, 0, 9, 9)
    faces = [
        MaskedFace(
            Track(n, Face(box, np.zeros((6, 2), np.float32), 1.0)),
            tuple(float(name == e) for name in EXPRESSIONS) if e else (),
            e or "neutral",
        )
        for n, e in enumerate(expressions, 1)
    ]
    return MaskedFrame(np.zeros((4, 4, 3), np.uint8), 0, time_s, faces, shielded)


def test_faces_that_were_not_read_count_as_faces_without_expression() -> None:
    tally = Tally()
    for frame in (seen(0.0, ""), seen(1.2, "", "sad"), seen(1.4, ""), seen(2.1)):
        tally.write(frame)
    assert (tally.timeline(), tally.frames_with_faces, tally.shares()["sad"]) == ("--.", 3, 1.0)
    assert tally.covered == 4
    tally.add(tally)
    assert tally.covered == 8
    unread = Tally()
    unread.write(seen(0.0, ""))
    assert (unread.shares(), unread.timeline()) == ({}, "-")
    page = make_page([replace(DONE, expressions={}, timeline="--.")], "nobody read")
    assert "expression not read" in page
    assert "What the covered faces showed" not in page


def test_files_that_were_not_read_take_nothing_from_the_shares_of_those_that_were() -> None:
    unread = replace(DONE, input="unread.mp4", expressions={}, timeline="--.")
    for text in ("75.0 %", "25.0 %"):
        assert text in make_page([DONE, unread], "half of them read")


def test_a_tally_adds_up_and_neighbours_join() -> None:
    frames = [seen(5.0), seen(5.5, "happy"), seen(6.1, "sad", "sad"), seen(7.0, shielded=True), seen(8.2)]
    whole, first, second = Tally(), Tally(), Tally()
    for number, frame in enumerate(frames):
        whole.write(frame)
        (first if number < 3 else second).write(frame)
    first.add(second)
    assert first == whole
    assert whole.timeline() == "hs#."
    assert whole.shares() == {**dict.fromkeys(whole.shares(), 0.0), "happy": 0.3333, "sad": 0.6667}
    assert (whole.frames, whole.frames_with_faces, whole.shielded, len(whole.people)) == (5, 2, 1, 2)


def test_a_clock_that_jumps_ahead_takes_no_memory_for_the_time_between() -> None:
    tally = Tally()
    for frame in (seen(0.0, "happy"), seen(0.9, "happy"), seen(100_000.0, "sad")):
        tally.write(frame)
    assert len(tally.course) == 2
    assert tally.timeline() == "h" + 118 * "." + "s"
