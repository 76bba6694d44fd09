"""``emojimask mask`` as a user runs it: real clips with real sound, and everything that can be wrong with them."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from emojimask.cli import main
from emojimask.sinks.image_files import ImageFileSink
from emojimask.sources.synthetic import SyntheticSource, portrait
from emojimask.types import MaskedFrame
from media import packets, times, write_tone, write_video
from tiles import write_tiles


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of a moving face with a tone."""
    path = tmp_path_factory.mktemp("clip") / "talk.mp4"
    source = SyntheticSource(320, 240, fps=15, seconds=1.2)
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", 15)
        video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
        sound = output.add_stream("aac", 48000)
        for frame in source:
            output.mux(video.encode(av.VideoFrame.from_ndarray(frame.image, format="bgr24")))
        output.mux(video.encode(None))
        for start in range(0, 48000, 1024):
            tone = np.sin(np.arange(start, start + 1024) / 20)[None].astype(np.float32)
            samples = av.AudioFrame.from_ndarray(np.repeat(tone, 2, 0), format="fltp", layout="stereo")
            samples.sample_rate, samples.pts = 48000, start
            output.mux(sound.encode(samples))
        output.mux(sound.encode(None))
    return path


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "me.jpg"
    cv2.imwrite(str(path), portrait())
    return path


def lines(captured: str) -> list[str]:
    return captured.strip().splitlines()


def test_a_video_comes_out_masked_with_its_sound_and_its_times(clip: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "out.mp4", tmp_path / "out.jsonl"
    assert main(["mask", str(clip), "-o", str(out), "--report", str(report), "--quiet"]) == 0
    assert packets(out, "audio") == packets(clip, "audio")
    assert times(out) == times(clip)
    rows = [json.loads(line) for line in report.read_text().splitlines()]
    assert [row["frame"] for row in rows] == list(range(18))
    assert all(row["faces"][0]["expression"] == "happy" for row in rows[5:])
    source = SyntheticSource(320, 240, fps=15, seconds=1.2)
    with av.open(str(out)) as masked:
        for raw, shown in zip(source, masked.decode(video=0), strict=True):
            face = np.zeros((240, 320), np.uint8)
            cv2.fillPoly(face, [source.face_outline(raw.time_s).astype(np.int32)], 1)
            was, now = (image[face == 1].astype(float) for image in (raw.image, shown.to_ndarray(format="bgr24")))
            assert np.abs(was - now).mean() > 25  # the face is gone
            assert np.mean(now.mean(0) - [60, 180, 230]) < 40  # and emoji yellow is in its place
    assert not list(tmp_path.glob("*.part"))


def test_the_default_output_lies_beside_the_input(picture: Path) -> None:
    assert main(["mask", str(picture), "--quiet"]) == 0
    out = picture.with_name("me_masked.jpg")
    assert np.abs(cv2.imread(str(out)).astype(int) - portrait())[90:170, 190:260].mean() > 25


def test_a_folder_is_masked_with_its_tree_and_its_masked_files_are_left_alone(
    tmp_path: Path, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deep = tmp_path / "in" / "a b" / "ü"
    deep.mkdir(parents=True)
    picture.rename(deep / "me.png.jpg")
    cv2.imwrite(str(tmp_path / "in" / "wall.png"), np.full((60, 80, 3), 90, np.uint8))
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    assert main(["mask", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--quiet"]) == 0
    made = sorted(str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.*"))
    assert made == ["a b/ü/me.png_masked.jpg", "wall_masked.png"]
    assert main(["mask", str(tmp_path / "in"), "--quiet"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["mask", str(tmp_path / "in"), "--quiet", "--force"]) == 0
    assert "2 files are left alone, masked already by the name (ending in _masked)" in capsys.readouterr().err
    assert not list(tmp_path.rglob("*_masked_masked*"))


def test_results_as_json(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mask", str(picture), "--json", "--quiet"]) == 0
    (result,) = json.loads(capsys.readouterr().out)
    assert result["frames"] == 1
    assert result["frames_with_faces"] == 1
    assert result["error"] is None


def test_an_input_whose_name_is_too_long_is_told_and_the_rest_is_done(
    picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mask", "x" * 300, str(picture), "--quiet"]) == 3
    assert len(lines(capsys.readouterr().err)) == 1
    assert main(["mask", "x" * 300, "--quiet"]) == 1


def test_a_folder_with_nothing_to_mask_is_told_and_the_rest_is_done(
    tmp_path: Path, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bare").mkdir()
    assert main(["mask", str(tmp_path / "bare"), str(picture), "--quiet"]) == 3
    (error,) = lines(capsys.readouterr().err)
    assert error.endswith("bare: the folder holds no picture and no video to mask")
    assert picture.with_name("me_masked.jpg").exists()
    assert main(["mask", str(tmp_path / "bare"), "--quiet"]) == 2


def bad_files(folder: Path) -> dict[str, tuple[Path, str]]:
    """Name -> file, and a word that its error line must hold."""
    empty = folder / "empty.mp4"
    empty.touch()
    text = folder / "text.mp4"
    text.write_text("this is not a video\n" * 50)
    broken = folder / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0" + b"rubbish" * 40)
    return {
        "missing": (folder / "nowhere.mp4", "no such file"),
        "empty": (empty, "empty"),
        "text": (text, "text.mp4"),
        "broken picture": (broken, "broken.jpg"),
        "sound only": (write_tone(folder / "song.m4a"), "no video"),
    }


@pytest.mark.parametrize("fault", ["missing", "empty", "text", "broken picture", "sound only"])
def test_a_bad_input_is_one_clear_line_and_the_rest_is_done(
    fault: str, tmp_path: Path, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, word = bad_files(tmp_path)[fault]
    out = tmp_path / "out"
    assert main(["mask", str(bad), str(picture), "-o", str(out), "--quiet"]) == 3
    errors = lines(capsys.readouterr().err)
    assert len(errors) == 1
    assert word in errors[0]
    assert bad.name in errors[0]
    assert [p.name for p in out.rglob("*")] == ["me_masked.jpg"]
    assert main(["mask", str(bad), "-o", str(tmp_path / "alone.mp4"), "--quiet"]) == 1
    assert not (tmp_path / "alone.mp4").exists()


def sound_that_mp4_cannot_carry(folder: Path) -> None:
    write_video(folder / "a.m2ts", codec="mpeg2video", sound="pcm_bluray")


def name_too_long_for_an_output(folder: Path) -> None:
    cv2.imwrite(str(folder / "a.png"), portrait())
    (folder / "a.png").rename(folder / ("a" * 246 + ".png"))


def link_to_itself(folder: Path) -> None:
    (folder / "a.png").symlink_to("a.png")


@pytest.mark.parametrize("spoil", [sound_that_mp4_cannot_carry, name_too_long_for_an_output, link_to_itself])
def test_the_rest_of_a_folder_is_masked_where_a_file_cannot_be(
    spoil: Callable[[Path], None], tmp_path: Path, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(tmp_path)
    picture.rename(tmp_path / "b.jpg")
    assert main(["mask", str(tmp_path), "--quiet", "--json"]) == 3
    said = capsys.readouterr()
    assert len(lines(said.err)) == 1
    assert "internal fault" not in said.err
    errors = [result["error"] for result in json.loads(said.out)]
    assert [error is None for error in errors] == [False, True]
    assert (tmp_path / "b_masked.jpg").exists()


def test_a_fault_of_the_program_stops_no_other_file(
    tmp_path: Path, picture: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write = ImageFileSink.write

    def broken_once(self: ImageFileSink, frame: MaskedFrame) -> None:
        monkeypatch.setattr(ImageFileSink, "write", write)
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(ImageFileSink, "write", broken_once)
    shutil.copy(picture, tmp_path / "you.jpg")
    assert main(["mask", str(tmp_path), "--quiet"]) == 3
    (error,) = lines(capsys.readouterr().err)
    assert f"{picture}: internal fault: RuntimeError: unforeseen" in error
    assert [path.name for path in tmp_path.glob("*_masked*")] == ["you_masked.jpg"]


@pytest.mark.parametrize(
    "wrong",
    [
        ["--emojis", "nonesuch"],
        ["--expressions", "nonesuch"],
        ["--expressions", "nowhere.onnx"],
        ["--report", "r.txt"],
    ],
)
def test_what_is_wrong_for_every_file_of_a_folder_is_told_once(
    wrong: list[str], tmp_path: Path, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(picture, tmp_path / "you.jpg")
    assert main(["mask", str(tmp_path), "--quiet", *wrong]) == 2
    assert len(lines(capsys.readouterr().err)) == 1


def test_a_video_that_breaks_off_is_masked_as_far_as_it_goes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = write_video(tmp_path / "whole.mkv", frames=60)
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * 0.6)])
    assert main(["mask", str(cut), "--quiet", "--json"]) == 1
    said = capsys.readouterr()
    error = lines(said.err)
    assert len(error) == 1
    assert "what could be read is masked in" in error[0]
    (result,) = json.loads(said.out)
    assert error[0].endswith(result["error"])
    assert result["frames"] == len(times(tmp_path / "cut_masked.mkv"))
    assert 10 < result["frames"] < 60


def test_a_picture_that_is_not_read_is_told_and_the_rest_of_the_folder_is_masked(
    tmp_path: Path, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "IMG_1.DNG").touch()
    assert main(["mask", str(tmp_path), "--quiet"]) == 3
    (error,) = lines(capsys.readouterr().err)
    assert "IMG_1.DNG: pictures of this kind are not read" in error
    assert picture.with_name("me_masked.jpg").exists()


def test_sound_of_an_unknown_codec_is_left_out_with_a_word(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    original = tmp_path / "a.mp4"
    with av.open(str(clip)) as file, av.open(str(original), "w") as output:
        streams = *file.streams, file.streams.audio[0]
        copies = [output.add_stream_from_template(stream) for stream in streams]
        for copy, stream in zip(copies, streams, strict=True):
            file.seek(0)
            for packet in file.demux(stream):
                if packet.size:
                    packet.stream = copy
                    output.mux(packet)
    before, _, after = original.read_bytes().rpartition(b"mp4a")
    original.write_bytes(before + b"xxxx" + after.replace(b"esds", b"xxxx"))
    assert main(["mask", str(original), "--quiet"]) == 0
    (told,) = lines(capsys.readouterr().err)
    assert "without 1 of its sound tracks, whose codec is not known" in told
    assert packets(tmp_path / "a_masked.mp4", "audio") == packets(original, "audio")


def test_nothing_is_overwritten_unasked(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = picture.with_name("me_masked.jpg")
    out.write_bytes(b"precious")
    assert main(["mask", str(picture), "--quiet"]) == 1
    assert "--force" in capsys.readouterr().err
    assert out.read_bytes() == b"precious"
    assert main(["mask", str(picture), "--quiet", "--force"]) == 0
    assert out.read_bytes() != b"precious"


def test_the_input_is_never_its_own_output(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = picture.read_bytes()
    assert main(["mask", str(picture), "-o", str(picture), "--force", "--quiet"]) in (1, 2)
    assert len(lines(capsys.readouterr().err)) == 1
    assert picture.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--on-lost", "nothing"], "on-lost"),
        (["--hold-s", "-1"], "hold_s"),
        (["--emojis", "nonesuch"], "nonesuch"),
        (["--expressions", "nonesuch"], "nonesuch"),
        (["-o", "me.xyz"], "xyz"),
        (["--report", "me.txt"], ".txt"),
        (["--report", "."], ".: a report is written as .jsonl or .csv"),
        (["--settings", "nowhere.toml"], "nowhere.toml"),
    ],
)
def test_wrong_usage_is_status_2_and_one_line(
    arguments: list[str], word: str, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status = main(["mask", str(picture), "--quiet", *arguments])
    except SystemExit as stop:  # argparse's own errors
        status = int(stop.code or 0)
    assert status == 2
    (line,) = lines(capsys.readouterr().err)
    assert word in line
    assert not picture.with_name("me_masked.jpg").exists()


def test_two_inputs_for_one_output_are_told_and_the_rest_is_done(
    tmp_path: Path, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    picture.rename(folder / "x.jpg")
    for name in ("a.mp4", "a.ts"):
        write_video(folder / name, frames=5)
    assert main(["mask", str(folder), "-o", str(out), "--quiet", "--json"]) == 3
    said = capsys.readouterr()
    errors = lines(said.err)
    assert len(errors) == 2
    assert (
        f"{folder / 'a.mp4'}: would be written to {out / 'a_masked.mp4'}, and so would {folder / 'a.ts'}" in errors[0]
    )
    assert f"{folder / 'a.ts'}: would be written to" in errors[1]
    assert [result["error"] is None for result in json.loads(said.out)] == [False, False, True]
    assert [path.name for path in out.iterdir()] == ["x_masked.jpg"]
    assert main(["mask", str(folder / "a.ts"), "-o", str(out / "a of ts.mp4"), "--quiet"]) == 0  # as is advised


def test_where_all_inputs_have_one_output_nothing_is_done(tmp_path: Path, picture: Path) -> None:
    twin = tmp_path / "other" / picture.name
    twin.parent.mkdir()
    twin.write_bytes(picture.read_bytes())
    assert main(["mask", str(picture), str(twin), "-o", str(tmp_path / "out"), "--quiet"]) == 1
    assert not (tmp_path / "out").exists()


def test_each_input_has_its_own_report_whatever_its_name(tmp_path: Path) -> None:
    blank = np.full((60, 80, 3), 90, np.uint8)
    for name in ("me.jpg", "me.png", "you.png", "cam1/clip.png", "cam2/clip.png"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / "in" / name), blank)
    report = tmp_path / "reports" / "r.jsonl"
    assert main(["mask", str(tmp_path / "in"), "--report", str(report), "--quiet"]) == 0
    assert sorted(path.name for path in report.parent.iterdir()) == [
        "r_cam1_clip.png.jsonl",
        "r_cam2_clip.png.jsonl",
        "r_me.jpg.jsonl",
        "r_me.png.jsonl",
        "r_you.jsonl",
    ]


def test_a_file_named_twice_is_masked_once(tmp_path: Path, picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    picture.rename(tmp_path / "in" / "deep" / "me.jpg")
    inputs = [str(tmp_path / "in"), str(tmp_path / "in" / "deep"), str(tmp_path / "in" / "deep" / "me.jpg")]
    assert main(["mask", *inputs, "--quiet", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 1


def test_a_file_in_the_place_of_the_output_folder_is_told_before_the_work(
    tmp_path: Path, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twin = shutil.copy(picture, tmp_path / "you.jpg")
    before = picture.read_bytes()
    assert main(["mask", str(picture), str(twin), "-o", str(picture), "--force", "--quiet"]) == 2
    (error,) = lines(capsys.readouterr().err)
    assert f"{picture}: names a file; name a folder" in error
    assert picture.read_bytes() == before


@pytest.mark.parametrize("name", ["new.jpg", "new.MP4"])
def test_no_folder_is_made_with_the_name_of_a_file(
    name: str, tmp_path: Path, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twin, place = shutil.copy(picture, tmp_path / "you.jpg"), tmp_path / name
    assert main(["mask", str(picture), str(twin), "-o", str(place), "--quiet"]) == 2
    (error,) = lines(capsys.readouterr().err)
    assert f"{place}: names a file; name a folder" in error
    assert not place.exists()
    place.mkdir()
    assert main(["mask", str(picture), str(twin), "-o", str(place), "--quiet"]) == 0
    assert len(list(place.iterdir())) == 2


def test_a_slash_at_the_end_names_a_folder_that_is_made(
    tmp_path: Path, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "new"
    assert main(["mask", str(picture), "-o", str(place), "--quiet"]) == 2
    (error,) = lines(capsys.readouterr().err)
    assert f"for a folder, write {place}/" in error
    assert main(["mask", str(picture), "-o", f"{place}/", "--quiet"]) == 0
    assert [file.name for file in place.iterdir()] == ["me_masked.jpg"]


def test_one_name_for_picture_and_report_is_wrong_usage(
    tmp_path: Path, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = str(tmp_path / "me.jsonl")
    assert main(["mask", str(picture), "-o", both, "--report", both, "--quiet"]) == 2
    assert "no picture format is known" in lines(capsys.readouterr().err)[0]


@pytest.mark.parametrize(
    ("name", "kind", "output"),
    [
        ("me.jfif", ".jpg", "me_masked.jfif"),
        ("me.JPE", ".jpg", "me_masked.JPE"),
        ("me", ".jpg", "me_masked.jpg"),
        ("me.mp4", ".png", "me_masked.png"),
        ("me.webp", ".webp", "me_masked.webp"),
    ],
)
def test_a_picture_is_masked_as_a_picture_whatever_its_name(name: str, kind: str, output: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(cv2.imencode(kind, portrait())[1].tobytes())
    assert main(["mask", str(tmp_path / name), "--quiet"]) == 0
    masked = cv2.imread(str(tmp_path / output))
    assert np.abs(masked.astype(int) - portrait())[90:170, 190:260].mean() > 25


def test_an_avif_stays_one(tmp_path: Path) -> None:
    Pillow.fromarray(portrait()[:, :, ::-1]).save(tmp_path / "me.avif")
    assert main(["mask", str(tmp_path / "me.avif"), "--quiet"]) == 0
    with Pillow.open(tmp_path / "me_masked.avif") as masked:
        assert masked.format == "AVIF"
        shown = np.asarray(masked)[:, :, ::-1]
    assert np.abs(shown.astype(int) - portrait())[90:170, 190:260].mean() > 25


@pytest.mark.parametrize("name", ["IMG_1.HEIC", "IMG_1"])
def test_a_telephone_s_heic_becomes_a_jpeg(tmp_path: Path, name: str) -> None:
    write_tiles(tmp_path / name, [Pillow.fromarray(portrait()[:, :, ::-1])], b"heic")
    assert main(["mask", str(tmp_path / name), "--quiet"]) == 0
    shown = cv2.imread(str(tmp_path / "IMG_1_masked.jpg"))
    assert np.abs(shown.astype(int) - portrait())[90:170, 190:260].mean() > 25
    assert np.abs(shown.astype(int) - portrait())[:, :40].mean() < 5


@pytest.mark.parametrize(("name", "output"), [("a.jpx", "a_masked.jp2"), ("a.pgm", "a_masked.ppm")])
def test_pictures_of_archives_and_research_stay_without_loss(tmp_path: Path, name: str, output: str) -> None:
    picture = Pillow.fromarray(portrait()[:, :, ::-1]).convert("L")
    picture.save(tmp_path / name, "JPEG2000" if name.endswith("x") else "PPM")
    assert main(["mask", str(tmp_path / name), "--quiet"]) == 0
    with Pillow.open(tmp_path / output) as masked:
        shown, before = np.asarray(masked.convert("L")).astype(int), np.asarray(picture)
    assert np.abs(shown - before)[90:170, 190:260].mean() > 25
    assert (shown == before)[:, :40].all()


def test_a_video_named_as_a_picture_is_masked_as_a_video(tmp_path: Path) -> None:
    gray, white = (Pillow.new("L", (80, 60), level) for level in (90, 255))
    gray.save(tmp_path / "a.png", "GIF", save_all=True, append_images=[white], duration=100)
    assert main(["mask", str(tmp_path / "a.png"), "--quiet"]) == 0
    assert len(times(tmp_path / "a_masked.mp4")) == 2


@pytest.mark.parametrize(("height", "width"), [(1, 1), (4320, 7680)])
def test_tiny_and_huge_pictures(height: int, width: int, tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    cv2.imwrite(str(path), np.full((height, width, 3), 77, np.uint8))
    assert main(["mask", str(path), "--quiet"]) == 0
    assert cv2.imread(str(tmp_path / "p_masked.png")).shape == (height, width, 3)


@pytest.mark.parametrize("kind", ["gray", "sixteen bits", "alpha"])
def test_pictures_of_other_kinds(kind: str, tmp_path: Path) -> None:
    image = portrait()
    other = {
        "gray": cv2.cvtColor(image, cv2.COLOR_BGR2GRAY),
        "sixteen bits": cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.uint16) * 257,
        "alpha": np.dstack([image, np.full(image.shape[:2], 255, np.uint8)]),
    }[kind]
    cv2.imwrite(str(tmp_path / "p.png"), other)
    assert main(["mask", str(tmp_path / "p.png"), "--quiet"]) == 0
    masked = cv2.imread(str(tmp_path / "p_masked.png"))
    assert np.abs(masked.astype(int) - image)[100:160, 195:255].mean() > 25


def test_settings_come_from_the_file_and_flags_win(
    picture: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(picture.parent)
    Path("emojimask.toml").write_text('emojis = "nonesuch"\n')
    assert main(["mask", "me.jpg", "--quiet"]) == 2
    assert main(["mask", "me.jpg", "--quiet", "--emojis", "classic"]) == 0
    Path("emojimask.toml").write_text("emojies = 1\n")
    capsys.readouterr()
    assert main(["mask", "me.jpg", "--quiet"]) == 2
    assert "emojies" in capsys.readouterr().err


def start(*arguments: str, limit: int | None = None, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    def limit_files() -> None:
        if limit:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.Popen(
        [sys.executable, "-m", "emojimask", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
        preexec_fn=limit_files,
    )


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (360, 640, 3), np.uint8)
    source = write_video(tmp_path / "noise.mp4", image=noise, frames=30)
    process = start("mask", str(source), "--quiet", limit=100_000)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert len(lines(errors)) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["noise.mp4"]


@pytest.fixture(scope="module")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Takes several seconds to mask."""
    picture = np.full((120, 160, 3), 60, np.uint8)
    return write_video(tmp_path_factory.mktemp("long") / "long.mp4", frames=3000, image=picture)


def test_ctrl_c_ends_at_once_and_leaves_nothing(tmp_path: Path, long_video: Path, ctrl_c: signal.Signals) -> None:
    end_amid_a_file(tmp_path, long_video, ctrl_c)


@pytest.mark.parametrize("order", [signal.SIGTERM, signal.SIGHUP])
def test_so_does_whatever_ends_programs(tmp_path: Path, long_video: Path, order: signal.Signals) -> None:
    end_amid_a_file(tmp_path, long_video, order)


def end_amid_a_file(tmp_path: Path, video: Path, order: signal.Signals) -> None:
    source = Path(shutil.copy(video, tmp_path))
    process = start("mask", str(source), "--quiet")
    deadline = time.monotonic() + 30
    while not list(tmp_path.glob("*.part")) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(order)
    _, errors = process.communicate(timeout=15)
    assert process.returncode == 130
    assert lines(errors) == ["emojimask: interrupted"]
    assert [p.name for p in tmp_path.iterdir()] == ["long.mp4"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are Unicode")
def test_names_that_the_output_cannot_show_are_told_all_the_same(tmp_path: Path, picture: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_video(folder / "0.mp4", frames=5).rename(folder / "0 \udcff.mp4")
    for name in ("1 \udcff.jpg", "2 顔.jpg"):  # a byte that is no text, and text that is not ASCII
        shutil.copy(picture, folder / name)
    process = start("mask", str(folder), env={**os.environ, "PYTHONIOENCODING": "ascii"})
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert [line.split(":")[0] for line in lines(out)] == [
        f"{folder}/{name}" for name in ("0 \\udcff_masked.mp4", "1 \\udcff_masked.jpg", "2 \\u9854_masked.jpg")
    ]
    assert len(list(folder.glob("*_masked*"))) == 3


@pytest.mark.skipif(os.name == "nt", reason="POSIX descriptors")
@pytest.mark.parametrize("closed", [1, 2])
def test_closed_streams_are_no_fault(closed: int, tmp_path: Path, picture: Path) -> None:
    out = tmp_path / "out.jpg"
    command = [sys.executable, "-m", "emojimask", "mask", str(picture), "-o", str(out)]
    assert subprocess.run(command, preexec_fn=lambda: os.close(closed), check=False, timeout=60).returncode == 0
    assert out.stat().st_size > 0


@pytest.mark.skipif(sys.platform == "win32", reason="no such names there")
def test_no_name_can_break_a_line_or_steer_the_terminal(
    tmp_path: Path, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture.rename(tmp_path / "a\x1b[2J\nb.jpg")
    (tmp_path / "bad\x1b[2J\nb.jpg").write_text("bad")
    assert main(["mask", str(tmp_path)]) == 3
    said = capsys.readouterr()
    (line,), (error,) = lines(said.out), lines(said.err)
    assert "a\\x1b[2J\\nb_masked.jpg: faces covered" in line
    assert "bad\\x1b[2J\\nb.jpg: " in error
    assert main(["mask", str(tmp_path / "bad\x1b[2J\nb.jpg")]) == 1
    assert lines(capsys.readouterr().err) == [error]


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
def test_progress_is_plain_lines_where_there_is_no_terminal(clip: Path, tmp_path: Path) -> None:
    process = start("mask", str(clip), "-o", str(tmp_path / "o.mp4"))
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "18 frames, faces covered in 18, shielded 0" in out
    assert "\r" not in errors
