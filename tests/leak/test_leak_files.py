"""``emojimask leak`` on real files: reads both in lockstep, and never says "no leak" of what it could not measure."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from emojimask.cli import main
from emojimask.leak import files as leak_files
from emojimask.sources.synthetic import SyntheticSource

FPS = 15
SECONDS = 0.8
LEAKING = range(5, 8)


def encode(path: Path, images, fps=FPS) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", fps, {"crf": "24", "preset": "veryfast"})
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> dict[str, Path]:
    """A clip of a face; itself covered throughout; covered but for three frames; and others that do not fit."""
    folder = tmp_path_factory.mktemp("films")
    width, height = 384, 216  # at 320x180, on processors without AVX-512, Haar misses a frame
    source = SyntheticSource(width=width, height=height, fps=FPS, seconds=SECONDS)
    bare = [frame.image for frame in source]
    covered = []
    for index, image in enumerate(bare):
        picture = image.copy()
        outline = source.face_outline(index / FPS)
        center, size = outline.mean(0), np.ptp(outline, axis=0)
        middle = (round(float(center[0])), round(float(center[1])))
        cv2.ellipse(picture, middle, (round(0.8 * size[0]), round(0.8 * size[1])), 0, 0, 360, (40, 190, 250), -1)
        covered.append(picture)
    leaking = [bare[i] if i in LEAKING else covered[i] for i in range(len(bare))]
    room = [np.broadcast_to(np.linspace(90, 150, width)[None, :, None], bare[0].shape).astype(np.uint8)] * len(bare)
    everything = {"bare": bare, "covered": covered, "leaking": leaking, "short": covered[:-3], "room": room}
    everything["long"] = covered + covered[-2:]
    everything["small"] = [cv2.resize(i, (240, 136)) for i in covered]
    rng = np.random.default_rng(1)
    everything["other"] = [cv2.resize(rng.integers(0, 255, (27, 48, 3), np.uint8), (width, height)) for _ in bare]
    files = {name: encode(folder / f"{name}.mp4", images) for name, images in everything.items()}
    files["slow"] = encode(folder / "slow.mp4", covered, fps=5)
    broken = folder / "broken.mp4"
    data = bytearray(files["covered"].read_bytes())
    data[len(data) // 3 : len(data) // 3 + 4000] = bytes(4000)
    broken.write_bytes(data)
    files["broken"] = broken
    return files


def leak(capsys, original, masked, *flags):
    status = main(["leak", str(original), str(masked), "--eyes", "haar", "--quiet", *flags])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_a_covered_clip_passes(films, capsys):
    status, out, _ = leak(capsys, films["bare"], films["covered"], "--limit", "0", "--json")
    report = json.loads(out)
    assert status == 0
    assert report["frames_with_face"] == report["frames"] == round(SECONDS * FPS)
    assert report["leaked_frames"] == 0


def test_three_leaking_frames_are_found_and_break_the_limit(films, capsys, tmp_path):
    plot, worst = tmp_path / "plot.png", tmp_path / "worst"
    status, out, _ = leak(
        capsys, films["bare"], films["leaking"], "--limit", "0", "--json", "--plot", str(plot), "--worst", str(worst)
    )
    report = json.loads(out)
    assert status == 4
    assert [entry["frame"] for entry in report["leaked"]] == list(LEAKING)
    assert report["longest_exposure_ms"] == pytest.approx(3000 / FPS, abs=1)
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert len(list(worst.iterdir())) == 3


@pytest.mark.parametrize(("plot", "what"), [("x.foo", ".png, .svg, .pdf"), ("nowhere/x.png", "no folder")])
def test_a_plot_that_cannot_be_drawn_is_told_before_the_search(films, capsys, tmp_path, monkeypatch, plot, what):
    monkeypatch.setattr("emojimask.leak.files.compare_files", lambda *_: pytest.fail("searched"))
    with pytest.raises(SystemExit) as ended:
        leak(capsys, films["bare"], films["leaking"], "--plot", str(tmp_path / plot))
    assert ended.value.code == 2
    assert what in capsys.readouterr().err


@pytest.mark.parametrize(("masked", "ends"), [("leaking", 4), ("covered", 1)])
@pytest.mark.parametrize("flag", ["--plot", "--worst"])
def test_what_was_measured_is_told_even_where_nothing_can_be_saved(
    films, capsys, tmp_path, monkeypatch, flag, masked, ends
):
    there = tmp_path / "place" / "there.png"
    there.parent.mkdir()
    search = leak_files.compare_files

    def bare_in_the_end(*given):
        found = search(*given)
        there.parent.rmdir()
        there.parent.touch()
        return found

    monkeypatch.setattr(leak_files, "compare_files", bare_in_the_end)
    status, out, err = leak(capsys, films["bare"], films[masked], "--limit", "0", "--json", flag, str(there))
    assert status == ends
    assert json.loads(out)["leaked_frames"] == (3 if masked == "leaking" else 0)
    assert "there.png: cannot be written" in err


@pytest.mark.parametrize("flag", ["--plot", "--worst"])
def test_what_is_there_is_not_overwritten_without_force_and_told_before_the_search(
    films, capsys, tmp_path, monkeypatch, flag
):
    there = tmp_path / "there.png"
    kept = there if flag == "--plot" else there / "frame_000005_100_percent.png"
    kept.parent.mkdir(exist_ok=True)
    kept.write_bytes(b"mine")
    with monkeypatch.context() as patched:
        patched.setattr("emojimask.leak.files.compare_files", lambda *_: pytest.fail("searched"))
        status, _, err = leak(capsys, films["bare"], films["leaking"], flag, str(there))
    assert status == 1
    assert err.startswith(f"emojimask: {there}: is ")
    assert "--force" in err
    assert kept.read_bytes() == b"mine"
    status, _, err = leak(capsys, films["bare"], films["leaking"], flag, str(there), "--force")
    assert (status, err) == (0, "")
    assert len(list(kept.parent.iterdir())) > 1 or kept.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("role", ["original", "masked"])
def test_a_plot_never_takes_the_place_of_a_compared_file(capsys, tmp_path, role):
    picture = tmp_path / "picture.png"
    cv2.imwrite(str(picture), np.full((64, 96, 3), 90, np.uint8))
    content = picture.read_bytes()
    other = tmp_path / "other.png"
    other.write_bytes(content)
    pair = (picture, other) if role == "original" else (other, picture)
    status, out, err = leak(capsys, *pair, "--plot", str(picture), "--force")
    assert (status, out) == (2, "")
    assert err == f"emojimask: {picture}: is the input itself; choose another output\n"
    assert picture.read_bytes() == content


def test_a_folder_is_no_place_for_a_plot(films, capsys, tmp_path):
    (tmp_path / "plot.png").mkdir()
    status, out, err = leak(capsys, films["bare"], films["leaking"], "--plot", str(tmp_path / "plot.png"), "--force")
    assert (status, out) == (1, "")
    assert "is a folder; name a file in it" in err


def test_a_file_is_no_place_for_the_worst_frames(films, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("emojimask.leak.files.compare_files", lambda *_: pytest.fail("searched"))
    (tmp_path / "worst").write_text("mine")
    status, out, err = leak(capsys, films["bare"], films["leaking"], "--worst", str(tmp_path / "worst"), "--force")
    assert (status, out) == (1, "")
    assert "is a file; name a folder" in err


def test_no_picture_of_a_face_is_written_unasked(films, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    leak(capsys, films["bare"], films["leaking"])
    assert list(tmp_path.iterdir()) == []


def test_the_table_says_it_in_words(films, capsys):
    _, out, _ = leak(capsys, films["bare"], films["leaking"])
    assert "leaked frames" in out
    assert "3 (25.00 %)" in out


def test_without_a_face_nothing_is_measured_and_nothing_is_passed(films, capsys):
    status, out, _ = leak(capsys, films["room"], films["room"], "--limit", "0")
    assert status == 1
    assert "nothing to measure" in out
    record = json.loads(leak(capsys, films["room"], films["room"], "--json")[1])
    assert record["leaked_share"] is None


@pytest.mark.parametrize(
    ("masked", "status", "what"),
    [
        ("short", 2, "ends after 9 frames"),
        ("long", 2, "more than the 12 frames"),
        ("small", 2, "240x136 pixels"),
        ("slow", 2, "these are not the frames"),
        ("other", 2, "no masked copy"),
    ],
)
def test_what_does_not_fit_is_an_error_and_never_no_leak(films, capsys, masked, status, what):
    found, out, err = leak(capsys, films["bare"], films[masked], "--limit", "0")
    assert found == status
    assert what in err
    assert out == ""


def test_the_masked_copy_named_first_is_refused(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("emojimask.leak.files.compare_files", lambda *_: pytest.fail("compared"))
    status, out, err = leak(capsys, tmp_path / "clip_masked.mp4", tmp_path / "clip.ts", "--limit", "0")
    assert (status, out) == (2, "")
    assert "clip_masked.mp4: is by its name the masked copy of" in err
    assert "name the original first" in err


def test_folders_are_measured_by_batch(films, capsys):
    folder = films["bare"].parent
    for pair in ((folder, films["covered"]), (films["bare"], folder)):
        status, out, err = leak(capsys, *pair, "--limit", "0")
        assert (status, out) == (2, "")
        assert f"{folder}: is a folder; name files, or have all of them measured: emojimask batch --leak" in err


def test_a_damaged_file_is_an_error_that_names_it(films, capsys):
    status, out, err = leak(capsys, films["bare"], films["broken"], "--limit", "0")
    assert status != 0
    assert "broken.mp4" in err
    assert out == ""


def with_second_video(path, target):
    with av.open(str(path)) as file, av.open(str(target), "w") as output:
        streams = [output.add_stream_from_template(file.streams.video[0]) for _ in range(2)]
        for stream in streams:
            file.seek(0)
            for packet in file.demux(video=0):
                if packet.size:
                    packet.stream = stream
                    output.mux(packet)
    return target


def test_a_second_video_is_told_and_the_first_compared(films, capsys, tmp_path):
    lenses = with_second_video(films["bare"], tmp_path / "lenses.mp4")
    status, out, _ = leak(capsys, lenses, films["covered"], "--json")
    report = json.loads(out)
    assert status == 1
    assert report["leaked_frames"] == 0
    assert report["frames_with_face"] == 12
    (told,) = report["unread"]
    assert "lenses.mp4: holds 2 videos" in told
    status, out, _ = leak(capsys, lenses, films["covered"], "--limit", "0")
    assert (status, "not compared" in out) == (4, True)


def test_a_second_video_in_the_masked_file_breaks_the_limit(films, capsys, tmp_path):
    lenses = with_second_video(films["covered"], tmp_path / "lenses.mp4")
    status, out, _ = leak(capsys, films["bare"], lenses, "--limit", "0", "--json")
    assert status == 4
    assert json.loads(out)["hidden"] == ["1 more video stream or cover picture"]


def test_files_that_break_off_together_are_compared(films, capsys, tmp_path):
    cut = tmp_path / "cut.mkv"
    with av.open(str(films["bare"])) as file, av.open(str(cut), "w") as output:
        stream = output.add_stream_from_template(file.streams.video[0])
        for packet in file.demux(video=0):
            if packet.size:
                packet.stream = stream
                output.mux(packet)
    data = bytearray(cut.read_bytes())
    at = data.index(b"\x44\x89\x88") + 3  # its length in the header, which now promises a minute
    data[at : at + 8] = struct.pack(">d", 60_000)
    cut.write_bytes(data)
    status, out, _ = leak(capsys, cut, films["covered"], "--json")
    report = json.loads(out)
    assert (status, report["leaked_frames"], report["frames_with_face"]) == (1, 0, 12)
    assert "breaks off" in report["unread"][0]


def test_an_unknown_eye_is_wrong_usage(films, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["leak", str(films["bare"]), str(films["covered"]), "--eyes", "owl"])
    assert ended.value.code == 2
    assert "owl" in capsys.readouterr().err
