"""The benchmarks of hard pictures count what is raw, and know where faces are in everything that they make."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from emojimask.build import face_back_end
from emojimask.sources.synthetic import portrait
from script_module import load_script

hard_faces = load_script("benchmarks/hard_faces.py")
laid_faces = load_script("benchmarks/laid_faces.py")
FORMS = hard_faces.FORMS


@pytest.fixture(scope="module")
def posed() -> Any:
    detector, landmarker = face_back_end("mediapipe")
    face = landmarker.locate(portrait(), detector.detect(portrait())[0])
    assert face is not None
    return hard_faces.Posed(portrait(), [face.landmarks], np.zeros((512, 512), np.bool_))


@pytest.mark.parametrize("name", FORMS)
def test_in_every_form_an_unmasked_face_is_raw_and_a_masked_one_is_not(name: str, posed: Any) -> None:
    made = FORMS[name](posed)
    assert list(hard_faces.raw_shares(made, made.image)) in ([1.0], [])
    assert list(hard_faces.raw_shares(made, made.image ^ np.uint8(255))) in ([0.0], [])


def test_the_face_stays_where_it_is_told_to_be_when_the_picture_turns(posed: Any) -> None:
    made = FORMS["turned by 90 degrees"](posed)
    eye, made_eye = posed.meshes[0][33], made.meshes[0][33]
    x, y = np.rint(eye).astype(int)
    made_x, made_y = np.rint(made_eye).astype(int)
    was, now = cv2.blur(posed.image, (9, 9))[y, x], cv2.blur(made.image, (9, 9))[made_y, made_x]
    assert np.abs(was.astype(int) - now).max() < 12


def test_a_face_laid_into_a_picture_is_where_it_is_said_to_be(posed: Any) -> None:
    head = laid_faces.head_of(posed.image, posed.meshes[0]).scaled(60)
    wall = np.full((360, 640, 3), 200, np.uint8)
    drawn, face = head.laid_into(wall, 300, 120)
    rows, columns = np.nonzero(face)
    assert abs(np.ptp(columns) - 60) <= 2
    assert abs(columns.min() + columns.max() - 600) <= 4
    assert abs(rows.min() + rows.max() - 240) <= 4
    assert laid_faces.shows(drawn, drawn, face) == 1.0
    assert laid_faces.shows(drawn, wall, face) < 0.1


def test_the_table_tells_of_each_form_how_many_stayed_raw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cv2.imwrite(str(tmp_path / "face.png"), portrait())
    monkeypatch.setattr(hard_faces, "FORMS", {"as it is": FORMS["as it is"], "balaclava": FORMS["balaclava"]})
    monkeypatch.setattr(sys, "argv", ["hard_faces.py", str(tmp_path), "--sheet", str(tmp_path / "sheet.png")])
    hard_faces.main()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()[2:]]
    assert rows[0] == ["as it is", "1", "0"]
    assert rows[1][:2] == ["balaclava", "1"]
    assert cv2.imread(str(tmp_path / "sheet.png")) is not None
