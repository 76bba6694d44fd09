"""Networks that want landmarks drawn on the face see them in a video where they saw them in training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_onnx import write_model

from emojimask.expressions.card import read_card
from emojimask.expressions.classifier import OnnxClassifier
from emojimask.expressions.key_points import draw, draw_face, drawn_of
from emojimask.expressions.preprocess import FER2013_KEY_POINTS, crop_face
from emojimask.types import EXPRESSIONS, Box, Face, Points


def mesh() -> Points:
    """(478, 2) landmarks in FER2013's frame, its anchors where they belong; the others anywhere in it."""
    points = np.random.default_rng(3).uniform(2, 45, (478, 2)).astype(np.float32)
    numbered = np.tile(np.arange(478, dtype=np.float32)[:, None], 2)
    indices = Face(Box(0, 0, 48, 48), numbered, 1.0).anchors()[:, 0].astype(int)
    points[indices] = FER2013_KEY_POINTS
    return points


def face(points: Points) -> Face:
    return Face(Box(0, 0, 48, 48), np.asarray(points, np.float32), 1.0)


@pytest.mark.parametrize("degrees", [0, 25, -70])
def test_dots_follow_the_face_into_its_crop(degrees: float) -> None:
    points = mesh()
    wanted = np.zeros((48, 48), np.uint8)
    draw(wanted, drawn_of(points))
    angle = np.radians(degrees)
    turn = 3 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    seen = face(points @ turn.T + 300)
    crop = crop_face(np.zeros((600, 600, 3), np.uint8), seen.anchors())
    draw_face(crop, seen, FER2013_KEY_POINTS)
    assert np.array_equal(crop, wanted)


def test_points_outside_the_picture_are_not_drawn() -> None:
    image = np.zeros((48, 48), np.uint8)
    draw(image, np.array([[-1, 3], [3, 48], [47.4, 0]], np.float32))
    assert np.argwhere(image).tolist() == [[0, 47]]


def test_a_model_gets_the_dots_that_its_card_asks_for(tmp_path: Path) -> None:
    """The brighter the crop, the happier it finds the face."""
    path = write_model(tmp_path, [0.0, 0.0], ("happy", "sad"), weight=0.01)
    card = read_card(path.with_suffix(".json"))

    def happy(points: Points, *, drawn: bool) -> float:
        path.with_suffix(".json").write_text(replace(card, key_points_drawn=drawn).to_json())
        picture = np.full((64, 64, 3), 128, np.uint8)
        return float(OnnxClassifier(path).classify(picture, [face(points)])[0, EXPRESSIONS.index("happy")])

    plain = happy(mesh(), drawn=False)
    assert happy(mesh(), drawn=True) > plain + 0.1
    assert happy(FER2013_KEY_POINTS, drawn=True) == plain  # six points are no mesh: plain, as in training without one


def test_the_card_keeps_the_wish(tmp_path: Path) -> None:
    path = write_model(tmp_path, [0.0], ("happy",))
    card = read_card(path.with_suffix(".json"))
    assert not card.key_points_drawn
    (tmp_path / "drawn.json").write_text(replace(card, key_points_drawn=True).to_json())
    assert read_card(tmp_path / "drawn.json").key_points_drawn
