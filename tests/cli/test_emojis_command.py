"""``emojimask emojis``: from a starter set to a preview over a real clip."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from emojimask.build import build_pipeline
from emojimask.cli import main
from emojimask.cli.contact_sheet import CELL, MOVES, POSES, STRIP_COLUMNS, STRIP_HEIGHT
from emojimask.cli.emojis import STRIP_EVERY_S, STRIP_FRAMES, add_emojis
from emojimask.emojis.emoji_set import shipped_sets
from emojimask.pipeline import MaskingPipeline
from emojimask.settings import MaskSettings
from emojimask.sources.synthetic import SyntheticSource

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Two and a half seconds of a face that sways."""
    path = tmp_path / "talk.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", 10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for frame in SyntheticSource(320, 240, fps=10, seconds=2.5):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame.image, format="bgr24")))
        output.mux(stream.encode(None))
    return path


def errors(capsys: pytest.CaptureFixture[str]) -> str:
    (line,) = capsys.readouterr().err.strip().splitlines()
    return line


def test_list_tells_the_shipped_sets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["emojis", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == shipped_sets()


def test_each_fault_is_a_line_whatever_a_set_says(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["emojis", "new", "mine"])
    card = here / "mine" / "set.toml"
    card.write_text('"\\u001b[2J\\nno" = 1\n' + card.read_text())
    capsys.readouterr()
    assert main(["emojis", "check", "mine"]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert r'unknown key "\x1b[2J\nno"' in line


def test_from_a_starter_to_a_preview(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["emojis", "new", "mine", "--from", "flat"]) == 0
    assert 'emojimask emojis preview "mine"' in capsys.readouterr().out
    assert main(["emojis", "check", "mine"]) == 0
    assert capsys.readouterr().out == "mine: a sound emoji set\n"
    assert main(["emojis", "preview", "mine"]) == 0
    assert capsys.readouterr().out == "mine_preview.png\n"
    sheet = cv2.imread("mine_preview.png")
    assert sheet.shape[0] > len(POSES) * CELL
    assert sheet.shape[1] > 8 * CELL

    assert main(["emojis", "preview", "mine"]) == 1
    assert "mine_preview.png: is already there" in errors(capsys)
    assert main(["emojis", "preview", "mine", "--force"]) == 0
    assert main(["emojis", "new", "mine"]) == 1
    assert "mine: is there and not empty" in errors(capsys)


@pytest.mark.parametrize("name", ["alive", "classic", "font", "font:mine", "random"])
def test_no_set_is_begun_whose_name_means_another(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["emojis", "new", name]) == 2
    assert f"{name}: --emojis {name} would mean other emoji" in errors(capsys)
    assert not (here / name).exists()
    assert main(["emojis", "new", f"my-{name}".replace(":", "-")]) == 0


def test_check_tells_every_fault_with_its_remedy(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["emojis", "new", "mine"]) == 0
    (here / "mine/sad.png").unlink()
    (here / "mine/set.toml").write_text((here / "mine/set.toml").read_text().replace("fill =", "paint ="))
    capsys.readouterr()
    assert main(["emojis", "check", "mine", "--json"]) == 1
    faults = json.loads(capsys.readouterr().out)
    assert len(faults) == 3
    assert 'unknown key "paint"' in faults[0]
    assert "fill: expected the base colour" in faults[1]
    assert "sad.png: missing" in faults[2]
    assert main(["emojis", "check", "font:nope.ttf"]) == 1
    assert "no such font" in capsys.readouterr().out


def test_every_emoji_of_a_living_set_is_seen_in_every_pose_and_move() -> None:
    assert main(["emojis", "preview", "alive", "-o", "sheet.png"]) == 0
    sheet = cv2.imread("sheet.png")
    rows = len(POSES) + len(MOVES)
    top, left = sheet.shape[0] - rows * CELL, sheet.shape[1] - 8 * CELL
    assert 0 < top < CELL
    cells = sheet[top:, left:].reshape(rows, CELL, 8, CELL, 3).swapaxes(1, 2)
    middle = cells[:, :, CELL // 2 - 20 : CELL // 2 + 20, CELL // 2 - 20 : CELL // 2 + 20].astype(int)
    assert (np.abs(middle - sheet[1, 1]).max(-1) > 40).mean((2, 3)).min() > 0.3, "the paper shows"
    assert len({cell.tobytes() for row in cells for cell in row}) == rows * 8, "two cells are the same"


def test_a_round_emoji_is_hardly_higher_than_wide_as_on_a_real_face() -> None:
    assert main(["emojis", "preview", "classic", "-o", "sheet.png"]) == 0
    sheet = cv2.imread("sheet.png").astype(int)
    top, left = sheet.shape[0] - len(POSES) * CELL, sheet.shape[1] - 8 * CELL
    frontal = sheet[top : top + CELL, left:].reshape(CELL, 8, CELL, 3).swapaxes(0, 1)
    for cell in np.ptp(frontal, 3) > 60:  # colour, which neither the paper nor the shadow has
        rows, columns = np.flatnonzero(cell.any(1)), np.flatnonzero(cell.any(0))
        assert 1.0 <= np.ptp(rows) / np.ptp(columns) < 1.2
        assert 0 < rows[0] < rows[-1] < CELL - 1


def test_no_emoji_is_cut_off_by_its_cell() -> None:
    assert main(["emojis", "preview", "classic", "-o", "sheet.png"]) == 0
    sheet = cv2.imread("sheet.png").astype(int)
    top, left = sheet.shape[0] - len(POSES) * CELL, sheet.shape[1] - 8 * CELL
    cells = sheet[top:, left:].reshape(len(POSES), CELL, 8, CELL, 3).swapaxes(1, 2)
    for edge in (cells[:, :, 0], cells[:, :, -1], cells[:, :, :, 0], cells[:, :, :, -1]):
        assert np.abs(edge - sheet[1, 1]).max() < 10, "more than the end of a shadow"


def test_a_clip_is_shown_masked(clip: Path) -> None:
    assert main(["emojis", "preview", "contrast", "--clip", str(clip), "-o", "clip.png"]) == 0
    plain, sheet = SyntheticSource(320, 240, fps=10, seconds=2.5), cv2.imread("clip.png")
    rows = 2  # five frames, four a row
    strip = sheet[-rows * STRIP_HEIGHT :]
    width = round(320 * STRIP_HEIGHT / 240)
    shown = [
        strip[row * STRIP_HEIGHT : (row + 1) * STRIP_HEIGHT, column * width : (column + 1) * width]
        for row in range(rows)
        for column in range(STRIP_COLUMNS)
    ]
    raw = [frame.image for frame in plain if frame.index % round(10 * STRIP_EVERY_S) == 0]
    assert len(raw) == 5
    for picture, before in zip(shown, raw, strict=False):
        y, x = (int(n * STRIP_HEIGHT / 240) for n in plain.face_outline(0).mean(0)[::-1])
        white = (picture[y - 25 : y + 25, x - 25 : x + 25].min(-1) > 220).mean()
        assert white > 0.25, "no mask where the face is"
        assert (cv2.resize(before, (width, STRIP_HEIGHT))[y - 25 : y + 25, x - 25 : x + 25].min(-1) > 220).mean() < 0.05
    assert len(raw) < STRIP_FRAMES


def test_a_clip_is_masked_by_the_settings_of_the_folder(
    clip: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "emojimask.toml").write_text('emojis = "flat"\nsmoothing = "vote"\n')
    asked: list[MaskSettings] = []

    def build(settings: MaskSettings) -> MaskingPipeline:
        asked.append(settings)
        return build_pipeline(settings)

    monkeypatch.setattr("emojimask.build.build_pipeline", build)
    assert main(["emojis", "preview", "contrast", "--clip", str(clip)]) == 0
    assert asked == [MaskSettings(emojis="contrast", smoothing="vote")]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["preview", "nope"], 2, 'no emoji set "nope"'),
        (["preview", "flat", "--clip", "nope.mp4"], 1, "nope.mp4"),
        (["preview", "flat", "-o", "nowhere/x.png"], 1, "cannot be written"),
        (["preview", "flat", "-o", "x.jpg"], 2, "x.jpg: a preview is written as .png, not as '.jpg'"),
        (["new", "x", "--from", "nope"], 2, 'no emoji set "nope"'),
        (["new", "file"], 1, "file: a file lies where the folder would be; name a new folder"),
        (["new", "file/mine"], 1, "mine: a file lies where the folder would be; name a new folder"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    arguments: list[str], status: int, message: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "file").touch()
    assert main(["emojis", *arguments]) == status
    assert message in errors(capsys)


def test_every_action_and_flag_is_documented() -> None:
    parser = argparse.ArgumentParser()
    add_emojis(parser)
    documented = (ROOT / "docs/command-line.md").read_text()
    (actions,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    for name, action in actions.choices.items():
        (line,) = [part for part in documented.split("\n- ") if part.startswith(f"`emojis {name}")]
        for flag in action._option_string_actions:
            assert flag in line or flag in ("-h", "--help", "--output"), f"emojis {name} {flag}"
