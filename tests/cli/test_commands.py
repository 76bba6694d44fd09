"""The other commands, the help, and the promises about start-up and public names."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import IO

import av
import cv2
import numpy as np
import pytest

import emojimask
from emojimask.cli import main
from emojimask.cli.doctor import OPTIONAL, cameras
from emojimask.cli.main import COMMANDS
from emojimask.cli.options import flag
from emojimask.errors import MissingExtraError
from emojimask.settings import MaskSettings
from emojimask.sinks.null import NullSink
from emojimask.sources.synthetic import portrait
from media import write_video

ROOT = Path(__file__).parents[2]


def test_the_demo_makes_a_masked_clip_and_its_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "--quiet"]) == 0
    told = capsys.readouterr().out
    clip, report = tmp_path / "emojimask-demo/demo_masked.mp4", tmp_path / "emojimask-demo/demo_report.jsonl"
    assert str(clip) in told
    assert str(report) in told
    rows = [json.loads(line) for line in report.read_text().splitlines()]
    assert len(rows) == 120
    assert all([face["state"] for face in row["faces"]] == ["tracked"] for row in rows)
    assert sum(row["faces"][0]["expression"] == "happy" for row in rows) > 110
    with av.open(str(clip)) as opened:
        assert sum(1 for _ in opened.decode(video=0)) == 120


def test_a_second_demo_does_not_overwrite_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("emojimask-demo").mkdir()
    assert main(["demo", "--quiet", "--on-lost", "hold"]) == 0
    assert Path("emojimask-demo-2/demo_masked.mp4").exists()


def test_doctor_says_what_works_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    assert "face is found and reads as happy" in told
    assert "PrivateTest" in told
    assert main(["doctor", "--json"]) == 0
    findings = {finding["what"]: finding for finding in json.loads(capsys.readouterr().out)}
    assert findings["emoji set classic"]["ok"]
    assert findings["model default"]["ok"]
    assert findings["model compact-resnet"]["ok"]
    assert not [what for what, finding in findings.items() if finding["text"].startswith(f"{what}: ")]
    for what in ("camera", "virtual camera"):
        if what in findings and not findings[what]["ok"]:
            assert findings[what]["text"]


def test_doctor_knows_every_extra_by_a_package_of_it() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert sorted(OPTIONAL.values()) == sorted(extras)
    for package, extra in OPTIONAL.items():
        assert any(wanted.startswith(package) for wanted in extras[extra])


def test_doctor_tells_of_a_package_that_cannot_be_loaded_and_of_the_rest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    (opencv,) = (line for line in lines if line.startswith("MISS opencv"))
    assert "the system's libgl1" in opencv
    assert any("encoder libx264" in line for line in lines)
    with pytest.raises(ImportError):
        main(["doctor", "--debug"])


def test_emojis_list_and_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["emojis", "list"]) == 0
    assert "classic" in capsys.readouterr().out.split()
    (tmp_path / "set.toml").write_text("name = 3")
    assert main(["emojis", "check", str(tmp_path)]) == 1
    assert main(["emojis", "check", str(ROOT / "src/emojimask/emojis/classic")]) == 0


@pytest.mark.parametrize(("system", "words"), [("linux", "plug one in"), ("win32", "live --camera 0")])
def test_doctor_does_not_miss_a_camera_that_the_system_only_does_not_name(
    system: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emojimask.sources.camera.list_cameras", list)
    monkeypatch.setattr("emojimask.cli.doctor.sys.platform", system)
    (camera,) = cameras()
    assert words in camera.text


def test_live_masks_a_file_in_a_cameras_place(tmp_path: Path) -> None:
    import numpy as np

    source = write_video(tmp_path / "wall.mp4", frames=15, image=np.full((64, 96, 3), 70, np.uint8))
    out = tmp_path / "out.mp4"
    report = tmp_path / "out.csv"
    assert main(["live", "--camera", str(source), "-o", str(out), "--report", str(report), "--quiet"]) == 0
    rows = report.read_text().splitlines()
    assert 2 <= len(rows) <= 16
    assert all(",true," in row.lower() for row in rows[1:])  # no face was ever seen: shielded


@pytest.mark.parametrize("command", ["live", "demo"])
def test_whoever_sees_only_the_shield_is_told_why(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the GPU is gone")

    monkeypatch.setattr("emojimask.expressions.classifier.OnnxClassifier.classify", fail)
    source = write_video(tmp_path / "me.mp4", frames=5, image=portrait())
    outputs = ["--camera", str(source), "-o", str(tmp_path / "out.mp4")] if command == "live" else ["-o", str(tmp_path)]
    assert main([command, *outputs, "--quiet"]) == 0
    told = capsys.readouterr().err
    assert re.search(r"^emojimask: .*: \d+ frames were shielded because of RuntimeError: the GPU is gone$", told, re.M)


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals there")
@pytest.mark.parametrize("order", ["SIGTERM", "SIGHUP"])
def test_what_ends_all_programs_keeps_a_live_recording(order: str, tmp_path: Path) -> None:
    source = write_video(tmp_path / "camera.mp4", frames=2500)
    out, report = tmp_path / "out.mp4", tmp_path / "out.jsonl"
    files = ["--camera", str(source), "-o", str(out), "--report", str(report)]
    live = subprocess.Popen([sys.executable, "-m", "emojimask", "live", *files], stdout=subprocess.PIPE)
    end = time.monotonic() + 60
    while not list(tmp_path.glob("out.mp4.*")) and time.monotonic() < end:
        time.sleep(0.1)
    live.send_signal(getattr(signal, order))
    said, _ = live.communicate(timeout=60)
    assert live.returncode == 0
    with av.open(str(out)) as video:
        frames = sum(1 for _ in video.decode(video=0))
    assert said.decode().startswith(f"{frames} frames")
    assert len(report.read_text().splitlines()) == frames > 0


def test_live_without_a_camera_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["live", "--camera", "93"]) == 1
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 1
    assert "93" in errors[0]


def test_where_no_camera_is_the_first_is_not_the_remedy_for_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("emojimask.sources.camera.list_cameras", list)
    monkeypatch.setattr("emojimask.sources.camera.sys.platform", "linux")
    assert main(["live", "--camera", "93"]) == 1
    assert capsys.readouterr().err.endswith("close other programs that use it; the system names no camera\n")
    assert main(["live", "--camera", "Some Camera"]) == 1
    assert capsys.readouterr().err.endswith("no camera has this name; try a number, such as 0\n")


def test_an_extra_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "emojimask.training.train", raising=False)  # an earlier test may have loaded it
    assert main(["train", "default", "--data", str(tmp_path), "--out", str(tmp_path / "run")]) == 1
    assert "emojimask[train]" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["mask", ""],
        ["mask", "a.jpg", "-o", ""],
        ["mask", "a.jpg", "--report", ""],
        ["batch", "", "out"],
        ["batch", ".", ""],
        ["live", "--camera", ""],
        ["live", "-o", ""],
        ["data", "collect", "", "a.jpg", "--label", "happy"],
        ["data", "collect", "out", "", "--label", "happy"],
        ["emojis", "preview", "flat", "-o", ""],
        ["emojis", "preview", ""],
        ["emojis", "check", ""],
        ["emojis", "new", "mine", "--from", ""],
        ["join", "https://school.example/join", "ABCDEFGH", "--camera", ""],
        ["demo", "-o", ""],
        ["report", ""],
        ["leak", "", "a.jpg"],
        ["bench", "speed", ""],
    ],
)
def test_an_empty_name_is_wrong_usage_and_never_the_working_folder(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("a.jpg", portrait())
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "the name is empty" in line
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]


@pytest.mark.parametrize(
    ("words", "wrong", "of"),
    [
        (["maks", "a.jpg"], "invalid choice: 'maks'", ""),
        (["mask"], "required: INPUT", "mask "),
        (["mask", "a.jpg", "--emojs", "flat"], "unrecognized arguments: --emojs flat", "mask "),
        (["batch", "in", "out", "more"], "unrecognized arguments: more", "batch "),
        (["emojis", "list", "--jsn"], "unrecognized arguments: --jsn", "emojis list "),
        (["bench", "speed", "--minutes", "x"], "--minutes: invalid", "bench speed "),
    ],
)
def test_wrong_usage_is_one_line_and_names_the_help_that_helps(
    words: list[str], wrong: str, of: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words)
    (line,) = capsys.readouterr().err.splitlines()
    assert wrong in line
    assert line.startswith("emojimask: ")
    assert line.endswith(f"; to see what there is: emojimask {of}--help")


@pytest.mark.parametrize(
    ("words", "made"),
    [
        (["mask", "a.jpg", "--quiet", "b.jpg", "--emojis", "flat", "c.jpg"], "?_masked.jpg"),
        (["data", "collect", "faces", "--label", "happy", "a.jpg", "b.jpg", "--json", "c.jpg"], "faces/train/happy/*"),
    ],
)
def test_inputs_stand_on_both_sides_of_options(
    words: list[str], made: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in "abc":
        cv2.imwrite(f"{name}.jpg", np.roll(portrait(), ord(name), axis=1))  # the same face is collected once
    assert main(words) == 0
    assert {path.name[0] for path in tmp_path.glob(made)} == set("abc")


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS:
        with pytest.raises(SystemExit) as stop:
            main([command, "--help"])
        assert stop.value.code == 0
        assert command in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "emojis"), [("mask", "classic"), ("live", "alive"), ("serve", "alive"), ("batch", "classic")]
)
def test_help_tells_range_and_default_that_the_command_has(
    command: str, emojis: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert f"always that emoji (default: {emojis})" in told
    assert "the frame is shielded (slower) (default: off)" in told
    assert "stays and grows (0 to 60; default: 1)" in told


@pytest.mark.parametrize("loading", ["importlib.metadata", "emojimask.cli.emojis", "numpy"])
def test_ctrl_c_while_the_program_starts_is_one_line(loading: str) -> None:
    code = f"""
import sys

class CtrlC:
    def find_spec(self, name, *_):
        if name == {loading!r}:
            raise KeyboardInterrupt

sys.modules.pop({loading!r}, None)
sys.meta_path.insert(0, CtrlC())
from emojimask.cli import main
sys.exit(main(["emojis", "list"]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "emojimask: interrupted\n")


def test_ctrl_c_while_a_package_loads_is_no_broken_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def loading(args: object) -> int:
        try:
            try:
                raise KeyboardInterrupt
            except KeyboardInterrupt as pressed:
                raise ImportError("initialization failed") from pressed
        except ImportError as error:
            raise MissingExtraError("face detection cannot be loaded") from error

    monkeypatch.setattr("emojimask.cli.doctor.run_doctor", loading)
    assert main(["doctor"]) == 130
    assert capsys.readouterr().err == "emojimask: interrupted\n"


def test_a_command_that_cannot_be_loaded_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "emojimask.cli.emojis", None)
    assert main(["emojis", "list"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("emojimask: a package cannot be loaded (import of emojimask.cli.emojis halted")
    assert "install emojimask anew; on Linux OpenCV also needs the system's libgl1" in told
    assert len(told.splitlines()) == 1
    with pytest.raises(ModuleNotFoundError):
        main(["emojis", "list", "--debug"])


@pytest.mark.parametrize(
    "line",
    [
        "{} leak {} no.mp4 no.mp4 {}",
        "{} emojis {} preview {} nonesuch {}",
        "bench {} speed {} no.mp4 {}",
        "bench {} expressions {} --media no --labels no.toml {}",
        "data {} collect {} out a.png --label none {}",
    ],
)
def test_debug_shows_where_an_error_comes_from_wherever_it_stands(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    places = line.count("{}")
    assert main(line.format(*[""] * places).split()) in (1, 2)
    for place in range(places):
        words = ["--debug" if place == index else "" for index in range(places)]
        with pytest.raises(emojimask.EmojimaskError):
            main(line.format(*words).split())


def test_an_option_without_a_command_is_told_where_it_belongs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--camera", "0"]) == 2
    assert capsys.readouterr().err == "emojimask: options follow their command, as in: emojimask serve --camera 0\n"


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"emojimask {emojimask.__version__}\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["mask"], "Cover the faces in pictures, videos and folders."),
        (["bench", "faces"], "The installed face back ends side by side."),
        (["emojis", "list"], "The shipped sets."),
    ],
)
def test_the_help_of_a_command_and_of_its_parts_says_what_they_do(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*words, "--help"])
    assert told in capsys.readouterr().out


def test_help_tells_the_exit_status_of_an_interrupted_run(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "130 interrupted" in " ".join(capsys.readouterr().out.split())


def test_every_setting_has_a_flag_with_help_and_a_line_in_the_docs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["mask", "--help"])
    told = capsys.readouterr().out
    documented = (ROOT / "docs/command-line.md").read_text()
    for name in MaskSettings.__dataclass_fields__:
        assert flag(name) in told
        assert f"`{name}`" in documented
        assert f"`{flag(name)}`" in documented
        assert MaskSettings.__dataclass_fields__[name].metadata["help"]


def test_every_command_is_documented() -> None:
    documented = (ROOT / "docs/command-line.md").read_text()
    for command in COMMANDS:
        assert f"emojimask {command}" in documented


def test_an_internal_fault_is_one_line_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(self: NullSink, *_: object) -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr("emojimask.sinks.image_files.ImageFileSink.write", broken)
    from PIL import Image

    Image.new("RGB", (20, 20)).save(tmp_path / "p.png")
    assert main(["mask", str(tmp_path / "p.png"), "--quiet"]) == 1
    assert capsys.readouterr().err.strip().splitlines() == [
        f"emojimask: {tmp_path / 'p.png'}: internal fault: RuntimeError: two lines (--debug shows where)"
    ]
    assert [p.name for p in tmp_path.iterdir()] == ["p.png"]


def emojis_listed_to(output: IO[bytes] | int, unbuffered: str = "") -> tuple[int, list[str]]:
    """The exit status and what is said."""
    command, env = [sys.executable, "-m", "emojimask", "emojis", "list"], {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, env=env, text=True, check=False)
    return done.returncode, done.stderr.splitlines()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_what_is_printed_onto_a_full_disk_is_told_in_one_line(unbuffered: str) -> None:
    told = "emojimask: the output cannot be written, for no space is left on the disk; free some"
    with Path("/dev/full").open("wb") as full:
        assert emojis_listed_to(full, unbuffered) == (1, [told])


@pytest.mark.skipif(sys.platform == "win32", reason="which knows no broken pipes")
def test_nothing_is_said_where_nobody_reads_on() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        assert emojis_listed_to(writer) == (1, [])
    finally:
        os.close(writer)


def test_the_public_names_are_these() -> None:
    expected = {
        "EXPRESSIONS", "KEY_POINTS", "Box", "DataError", "EmojiSetError", "EmojimaskError", "Face", "Frame",
        "MaskSettings", "MaskedFace", "MaskedFrame", "Measures", "MissingExtraError", "ModelError", "NoVideoError",
        "OutputExistsError", "SinkError", "SourceError", "StreamInfo", "Track", "TrackState", "UsageError",
        "build_pipeline", "mask_file", "mask_image",
    }  # fmt: skip
    assert set(emojimask.__all__) == expected
    assert all(hasattr(emojimask, name) for name in expected)
    assert expected == set(dir(emojimask))
    with pytest.raises(AttributeError, match="'mask_everything'"):
        emojimask.mask_everything  # noqa: B018


@pytest.mark.parametrize("code", ["import emojimask", "from emojimask.cli.main import build_parser; build_parser([])"])
def test_importing_the_package_and_asking_for_help_load_nothing_heavy(code: str) -> None:
    code += "; import sys; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "emojimask" in loaded
    assert not {"numpy", "cv2", "mediapipe", "onnxruntime", "av", "PIL", "torch", "tqdm"} & set(loaded)
