"""``emojimask data collect``: what it gathers can be trained on; it writes nothing it should not."""

from __future__ import annotations

import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from emojimask.cli.main import main
from emojimask.errors import SinkError
from emojimask.sources.synthetic import SyntheticSource
from emojimask.training.data import collect
from emojimask.training.data.collect import CAMERA_PATIENCE_S, Folders, collect_camera, collect_pictures, labelled
from emojimask.training.data.fer2013 import FER2013_CLASSES
from emojimask.training.data.load import load_split
from emojimask.types import Frame, Image
from media import write_video


@pytest.fixture(scope="module")
def portrait() -> Image:
    """A real face in a scene."""
    return next(iter(SyntheticSource(640, 360, fps=10, seconds=0.1))).image


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_pictures_are_labelled_by_their_folders(
    tmp_path: Path, portrait: Image, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, image in {
        "Happy/a.png": portrait,
        "sadness/b.png": portrait[:, ::-1],
        "fear/c.png": portrait * 0,
    }.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "in" / name), image)
    for _ in range(2):  # a second time adds nothing
        assert main(["data", "collect", str(tmp_path / "out"), str(tmp_path / "in"), "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"happy": 1, "sad": 1}
    assert len(files(tmp_path / "out")) == 2
    split = load_split(tmp_path / "out", "train")
    assert [FER2013_CLASSES[i] for i in split.labels] == ["happy", "sad"]
    happy, sad = split.images.astype(float)
    assert np.abs(happy - sad[:, ::-1]).mean() < 12  # one face, mirrored
    assert happy.std() > 20


def test_a_video_gives_a_crop_a_second(tmp_path: Path, portrait: Image) -> None:
    clip = write_video(tmp_path / "clip.mp4", image=portrait, frames=25, rate=10)
    found = collect_pictures(labelled([clip], "surprise"), tmp_path / "out", lambda image: [image[:48, :48, 0]])
    assert found == {"surprise": 3}


def test_an_unknown_label_is_refused_before_anything_is_written(
    tmp_path: Path, portrait: Image, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("angry", "zeal"):
        (tmp_path / "in" / name).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "in" / name / "a.png"), portrait)
    assert main(["data", "collect", str(tmp_path / "out"), str(tmp_path / "in")]) == 1
    (told,) = capsys.readouterr().err.splitlines()
    assert "unknown label 'zeal'" in told
    assert "name one with --label" in told
    assert not (tmp_path / "out").exists()


def test_an_unknown_label_that_was_given_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for source in ("a.png", "--camera=0"):
        assert main(["data", "collect", str(tmp_path / "out"), source, "--label", "glad"]) == 2
        assert capsys.readouterr().err.startswith("emojimask: --label: unknown label 'glad'; known are angry")
    (tmp_path / "out").touch()
    assert main(["data", "collect", str(tmp_path / "out"), "--camera=0"]) == 1
    assert capsys.readouterr().err == f"emojimask: {tmp_path / 'out'}: is a file; name a folder\n"


@pytest.mark.parametrize("name", ["me.png", "../happy/me.png", "sub/../me.png", "sub/../../happy/sub/../me.png"])
def test_a_picture_is_labelled_by_its_folder_however_it_is_named(
    name: str, tmp_path: Path, portrait: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "happy" / "sub").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "happy")
    cv2.imwrite("me.png", portrait)
    found = collect_pictures(labelled([Path(name)]), tmp_path / "out", find=lambda image: [image[:48, :48, 0]])
    assert found == {"happy": 1}


def test_what_cannot_be_read_is_told_and_the_rest_is_collected(
    tmp_path: Path, portrait: Image, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "happy"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"\x89PNG\r\n" + b"rubbish" * 40)
    cv2.imwrite(str(folder / "b.png"), portrait)
    missing = str(tmp_path / "happy" / "gone.png")
    assert main(["data", "collect", str(tmp_path / "out"), missing, str(folder), "--json"]) == 3
    told = capsys.readouterr()
    assert json.loads(told.out) == {"happy": 1}
    gone, announced, damaged = told.err.splitlines()
    assert [line.split(":")[1].strip() for line in (gone, damaged)] == [missing, str(folder / "a.png")]
    assert "will hold unmasked faces" in announced
    assert main(["data", "collect", str(tmp_path / "out"), missing]) == 1


def test_a_camera_is_asked_for_one_expression_after_another(
    tmp_path: Path, portrait: Image, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_video(tmp_path / "camera.mkv", image=portrait, frames=30, rate=10)
    monkeypatch.setattr("sys.stdin", io.StringIO("s\n\n"))  # not angry; disgust; then nobody answers
    arguments = ["data", "collect", str(tmp_path / "out"), "--camera", str(clip), "--count", "2", "--json"]
    assert main(arguments) == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == {"disgust": 2}
    assert "angry: look into the camera so" in told.err
    assert {path.split("/")[1] for path in files(tmp_path / "out")} == {"disgust"}


def test_a_camera_gives_the_largest_face_at_intervals_and_is_left_where_there_is_none(tmp_path: Path) -> None:
    looked: list[float] = []

    def frames() -> object:
        for i in range(1000):
            yield Frame(np.full((60, 60, 3), i % 250, np.uint8), i, i / 10)

    def find(image: Image) -> list[np.ndarray]:
        looked.append(float(image[0, 0, 0]) / 10)
        return [image[:48, :48, 0], image[:48, :48, 0] * 0] if len(looked) <= 3 else []

    taken = collect_camera(frames(), tmp_path, ["happy", "sad"], lambda _: True, count=3, find=find)  # type: ignore[arg-type]
    assert taken == {"happy": 3}
    assert np.diff(looked[:3]) == pytest.approx(0.3)
    assert looked[-1] - looked[3] == pytest.approx(CAMERA_PATIENCE_S, abs=0.5)


@pytest.mark.parametrize(
    "arguments", [[], ["a.png", "--camera", "0"], ["a.png", "--count", "0"], ["a.png", "--count", "2"]]
)
def test_wrong_usage(tmp_path: Path, arguments: list[str]) -> None:
    try:
        status = main(["data", "collect", str(tmp_path / "out"), *arguments])
    except SystemExit as stop:
        status = int(str(stop.code))
    assert status == 2
    assert not (tmp_path / "out").exists()


def test_it_says_before_it_writes_that_unmasked_faces_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["data", "collect", "--help"])
    help_text = " ".join(capsys.readouterr().out.split())
    assert "unmasked (gray, 48x48); they stay on this machine until you delete the folder" in help_text

    told: list[str] = []
    monkeypatch.setattr(collect, "collect_pictures", lambda *_, **__: told.append(capsys.readouterr().err) or {})
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((48, 48), np.uint8))
    main(["data", "collect", str(tmp_path / "out"), str(tmp_path / "a.png"), "--label", "happy"])
    assert told == [f"{tmp_path / 'out'}: will hold unmasked faces, on this machine, until you delete it\n"]


def test_a_crop_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    crop = np.zeros((48, 48), np.uint8)
    Folders(tmp_path).keep(crop, "happy", "a")
    (path,) = tmp_path.rglob("*.png")
    path.unlink()
    (path / "in the way").mkdir(parents=True)
    with pytest.raises(SinkError, match=r"\.png: cannot be written \(.*\); check permissions and free space"):
        Folders(tmp_path).keep(crop, "happy", "a")
    assert files(tmp_path) == []


def test_a_crop_is_kept_once_whoever_brings_it(tmp_path: Path) -> None:
    crop, other = np.zeros((48, 48), np.uint8), np.ones((48, 48), np.uint8)
    folders = Folders(tmp_path)
    for sitting in ("a", "b"):
        folders.keep(crop, "happy", sitting)
    Folders(tmp_path).keep(crop, "happy", "c")
    assert len(files(tmp_path)) == 1
    folders.keep(other, "happy", "a")
    folders.keep(crop, "sad", "a")
    assert len(files(tmp_path)) == 3


def test_a_label_s_folder_is_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For every crop it would take an hour where there are a hundred thousand."""
    listed: list[Path] = []
    listing = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda path: listed.append(path) or listing(path))
    folders = Folders(tmp_path)
    for shade in range(5):
        folders.keep(np.full((48, 48), shade, np.uint8), "happy", "a")
    assert listed == [tmp_path / "train" / "happy"]


@pytest.mark.parametrize("letter", ["a", "脸", "😀"])
def test_a_source_s_name_may_be_as_long_as_names_are(tmp_path: Path, letter: str) -> None:
    longest = letter * (251 // len(letter.encode()))  # with .mp4
    Folders(tmp_path).keep(np.zeros((48, 48), np.uint8), "happy", longest)
    assert len(files(tmp_path)) == 1


def test_what_is_held_out_comes_from_the_last_sitting(tmp_path: Path) -> None:
    shades = iter([*range(24), *range(12)])
    out, clips = tmp_path / "out", [tmp_path / f"{name}.mp4" for name in ("monday", "tuesday", "wednesday")]
    for clip in clips:  # twelve crops each, those of the last one the same as of the first
        write_video(clip, frames=60, rate=5)
    collect_pictures(labelled(clips, "happy"), out, lambda _: [np.full((48, 48), next(shades), np.uint8)])
    names = files(out)
    assert [sum(day in name for name in names) for day in ("monday", "tuesday", "wednesday")] == [12, 12, 0]
    held_out = {int(cv2.imread(str(out / name))[0, 0, 0]) for name in names[-2:]}
    assert set(load_split(out, "valid").images[:, 0, 0].tolist()) == held_out
    assert min(held_out) >= 12, "none of monday's"


def test_no_face_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((100, 100, 3), np.uint8))
    assert main(["data", "collect", str(tmp_path / "out"), str(tmp_path / "a.png"), "--label", "happy"]) == 1
    assert capsys.readouterr().out == "no face was found\n"
