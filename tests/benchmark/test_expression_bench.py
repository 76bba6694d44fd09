"""The bench on real faces counts as it says, and its difficulties do what their names say."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from emojimask.benchmark.difficulties import DIFFICULTIES, SMALL_FACE
from emojimask.benchmark.expressions import AS_IT_IS, Score, bench, table
from emojimask.benchmark.labelled import Show, read_shows
from emojimask.cli.main import main
from emojimask.errors import DataError
from emojimask.sources.synthetic import SyntheticSource
from emojimask.types import EXPRESSIONS, Box, Face
from media import write_video

HAPPY = Show("a", 0, 1, ("happy", "surprise"), 2)


def face_at(x: float, y: float, width: float) -> Face:
    """A face whose eyes lie at its height 0.4 and whose mouth at 0.8, upright."""
    points = np.array([[0.2, 0.4], [0.8, 0.4], [0.5, 0.7], [0.35, 0.8], [0.65, 0.8], [0.5, 1]]) * width + [x, y]
    return Face(Box(x, y, width, width), points.astype(np.float32), 1.0)


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    return next(iter(SyntheticSource(640, 360, fps=10, seconds=0.1))).image


@pytest.mark.parametrize(
    ("worn", "right", "missed", "opposite"),
    [
        (["happy", "surprise"], 1.0, 0.0, 0.0),
        (["happy", "sad"], 0.5, 0.0, 0.5),
        (["happy"], 0.5, 0.5, 0.0),
        ([], 0.0, 1.0, 0.0),
        (["neutral", "neutral", "happy"], 0.0, 0.0, 0.0),  # the third is nobody of whom it is known
    ],
)
def test_a_second_is_shared_by_the_faces_that_should_be_there(
    worn: list[str], right: float, missed: float, opposite: float
) -> None:
    score = Score()
    score.add(HAPPY, 3.0, worn)
    record = score.as_record()
    assert record["face_seconds"] == 6
    assert (record["accuracy"], record["missed"], record["opposite"]) == (right, missed, opposite)


def test_rare_expressions_count_as_much_as_common_ones_in_the_balanced_mean() -> None:
    score = Score()
    score.add(Show("a", 0, 1, ("neutral",), 1), 9.0, ["neutral"])
    score.add(Show("a", 0, 1, ("sad",), 1), 1.0, ["happy"])
    assert score.accuracy == pytest.approx(0.9)
    assert score.balanced == pytest.approx(0.5)
    assert score.opposite == pytest.approx(1)


@pytest.mark.parametrize("name", DIFFICULTIES)
def test_a_difficulty_changes_the_face_and_keeps_the_size(name: str, portrait: np.ndarray) -> None:
    before = portrait.copy()
    spoiled = DIFFICULTIES[name][1](portrait, face_at(250, 100, 120))
    assert spoiled.shape == portrait.shape
    assert spoiled.dtype == np.uint8
    assert np.array_equal(portrait, before)
    region = slice(100, 220), slice(250, 370)
    assert np.abs(spoiled[region].astype(float) - portrait[region]).mean() > 2


def test_bars_cover_eyes_and_mouth_and_leave_the_rest() -> None:
    white, face = np.full((200, 200, 3), 255, np.uint8), face_at(50, 50, 100)
    eyes, mouth = (DIFFICULTIES[f"bar over the {part}"][1](white, face) for part in ("eyes", "mouth"))
    assert not eyes[90, 70:131].any()  # the eyes lie at y = 90, from x = 70 to 130
    assert eyes[130].all()
    assert not mouth[130, 85:116].any()
    assert mouth[90].all()


def test_a_turned_face_is_turned_about_itself() -> None:
    image = np.zeros((200, 200, 3), np.uint8)
    cv2.line(image, (60, 100), (140, 100), (255, 255, 255), 3)
    upright = DIFFICULTIES["turned by 45 degrees"][1](image, face_at(50, 50, 100))
    assert upright[100, 100].all()
    assert upright[100 - 20, 100 + 20].all()  # counter-clockwise, as seen
    assert not upright[100, 130].any()


def test_aside_makes_faces_narrower_about_their_middle() -> None:
    image = np.zeros((200, 200, 3), np.uint8)
    image[50:150, 50:150] = 255
    narrow = DIFFICULTIES["aside by 50 degrees"][1](image, face_at(50, 50, 100))
    assert 55 < narrow[100, :, 0].astype(bool).sum() < 75
    assert narrow[100, 100].all()


def test_small_leaves_no_more_detail_than_so_many_pixels_have() -> None:
    stripes = np.zeros((128, 128, 3), np.uint8)
    stripes[:, ::2] = 255
    spoiled = DIFFICULTIES["32 pixels wide"][1](stripes, face_at(0, 0, 4 * SMALL_FACE))
    assert spoiled.std() < 5
    assert np.array_equal(DIFFICULTIES["32 pixels wide"][1](stripes, face_at(0, 0, 30)), stripes)


def write_table(path: Path, *entries: str) -> Path:
    path.write_text("\n".join(f"[[show]]\n{entry}" for entry in entries))
    return path


def test_a_table_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    table = write_table(tmp_path / "t.toml", 'file = "a"\nexpressions = ["happy"]')
    plain = read_shows(table)
    table.write_text(table.read_text(), encoding="utf-8-sig")
    assert read_shows(table) == plain


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('file = "a"\nexpressions = ["joy"]', "expressions must be a list out of angry"),
        ('file = "a"\nexpressions = []', "expressions must be"),
        ('expressions = ["happy"]', "file must be the path"),
        ('file = "a"\nexpressions = ["happy"]\nfrom = 2\nto = 1', "from before to"),
        ('file = "a"\nexpressions = ["happy"]\nfrom = nan', "from and to must be seconds"),
        ('file = "a"\nexpressions = ["happy"]\nfaces = 0', "faces must be 1 or more"),
        ('file = "a"\nexpressions = ["happy"]\nuntil = 1', "unknown key 'until'"),
        ("file = ", "not valid TOML"),
        pytest.param("file = " + "[" * 10_000, "not valid TOML", id="deep"),
    ],
)
def test_a_faulty_entry_is_named(tmp_path: Path, entry: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as raised:
        read_shows(write_table(tmp_path / "labels.toml", entry))
    assert "labels.toml" in str(raised.value)


def test_a_table_that_is_empty_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "labels.toml").write_text("")
    with pytest.raises(DataError, match=r"holds no \[\[show\]\]"):
        read_shows(tmp_path / "labels.toml")
    (tmp_path / "labels.toml").write_text("show = [1]")
    with pytest.raises(DataError, match=r"\[\[show\]\] 1: must be a table .*, found 1"):
        read_shows(tmp_path / "labels.toml")
    with pytest.raises(DataError, match="cannot be read"):
        read_shows(tmp_path / "none.toml")


def test_the_table_of_this_project_is_sound() -> None:
    shows = read_shows(Path(__file__).parents[2] / "benchmarks" / "real_faces.toml")
    assert {show.expressions[0] for show in shows} >= {"angry", "happy", "neutral", "sad", "surprise"}


def test_a_face_from_the_file_to_the_emoji(
    tmp_path: Path, portrait: np.ndarray, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cv2.imwrite(str(tmp_path / "astronaut.png"), portrait)
    cv2.imwrite(str(tmp_path / "nobody.png"), portrait[:60] * 0)
    labels = write_table(
        tmp_path / "labels.toml",
        'file = "astronaut.png"\nexpressions = ["happy"]',
        'file = "nobody.png"\nexpressions = ["sad"]',
    )
    monkeypatch.setattr("emojimask.benchmark.expressions.DIFFICULTIES", {"dark": ("light", lambda image, _: image * 0)})
    assert main(["bench", "expressions", "--media", str(tmp_path), "--labels", str(labels), "--json", "--quiet"]) == 0
    record = json.loads(capsys.readouterr().out)["default"]
    assert record[AS_IT_IS]["recall"] == {"happy": 1.0, "sad": 0.0}  # she smiles
    assert record[AS_IT_IS]["missed"] == 0.5
    assert record["dark"]["missed"] == 1.0


def test_the_table_compares_models() -> None:
    scores = {name: {AS_IT_IS: Score()} for name in ("ours", "theirs")}
    scores["ours"][AS_IT_IS].add(HAPPY, 1.0, ["happy", "happy"])
    scores["theirs"][AS_IT_IS].add(HAPPY, 1.0, ["sad"])
    lines = table(scores).splitlines()
    assert lines[0] == "|  | ours | theirs |"
    assert lines[2] == "| as it is | 100.0% | 0.0% |"
    assert "| happy shown as negative or the reverse | 0.0% | 50.0% |" in lines


def test_the_first_stretch_without_a_frame_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emojimask.benchmark.expressions.DIFFICULTIES", {})
    write_video(tmp_path / "clip.mp4", frames=13)  # half a second
    labels = write_table(
        tmp_path / "labels.toml",
        'file = "clip.mp4"\nexpressions = ["neutral"]',
        'file = "clip.mp4"\nexpressions = ["sad"]\nfrom = 5\nto = 6.5',
        'file = "clip.mp4"\nexpressions = ["happy"]\nfrom = 7',
    )
    for more in ([], ["--json"]):
        words = ["bench", "expressions", "--media", str(tmp_path), "--labels", str(labels), "--quiet", *more]
        assert main(words) == 1
        told, error = capsys.readouterr()
        assert not told
        assert len(error.splitlines()) == 1
        assert f"{tmp_path / 'clip.mp4'}: no frame is looked at from 5 to 6.5 s, where the table has sad;" in error


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.mp4"):
        bench(tmp_path, [Show("none.mp4", 0, 1, (EXPRESSIONS[0],), 1)], ["default"])
