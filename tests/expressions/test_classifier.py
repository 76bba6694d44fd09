"""From faces in a picture to probabilities; and what happens with models that are not right."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tiny_onnx import write_model

from emojimask.build import own_parts
from emojimask.errors import ModelError, UsageError
from emojimask.expressions.classifier import MODELS, OnnxClassifier, softmax
from emojimask.expressions.preprocess import FER2013_KEY_POINTS
from emojimask.settings import MaskSettings
from emojimask.training.data.fer2013 import FER2013_CLASSES, FERPLUS_CLASSES
from emojimask.types import EXPRESSIONS, Box, Face

HAPPY, SAD, NEUTRAL = (EXPRESSIONS.index(name) for name in ("happy", "sad", "neutral"))


def face(points: np.ndarray) -> Face:
    return Face(Box(0, 0, 48, 48), points.astype(np.float32), 1.0)


def faces(*shifts: float) -> Sequence[Face]:
    return [face(FER2013_KEY_POINTS * 2 + shift) for shift in shifts]


def picture(value: int = 90) -> np.ndarray:
    return np.full((240, 320, 3), value, np.uint8)


def test_labels_come_out_in_the_order_of_expressions(tmp_path: Path) -> None:
    model = write_model(tmp_path, [np.log(3.0), np.log(1.0)], ("sad", "happy"))
    probabilities = OnnxClassifier(model).classify(picture(), faces(10, 50))
    assert probabilities.shape == (2, 8)
    assert probabilities.dtype == np.float32
    expected = np.zeros(8)
    expected[[SAD, HAPPY]] = 0.75, 0.25
    assert probabilities == pytest.approx(np.stack([expected, expected]))


def test_a_model_from_elsewhere_needs_the_card_that_is_documented(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs/training.md").read_text(encoding="utf-8")
    card: dict[str, Any] = json.loads(text.split("```json\n")[1].split("```")[0])
    model = write_model(tmp_path, [0.0] * 7, FER2013_CLASSES)
    card["sha256"] = hashlib.sha256(model.read_bytes()).hexdigest()
    model.with_suffix(".json").write_text(json.dumps(card))
    read = OnnxClassifier(model).card
    assert read.labels == FER2013_CLASSES
    assert read.key_points == pytest.approx(FER2013_KEY_POINTS, abs=0.1)
    assert f"for `ferplus` {', '.join(FERPLUS_CLASSES)};" in text
    for entry in card:
        model.with_suffix(".json").write_text(json.dumps({key: card[key] for key in card if key != entry}))
        with pytest.raises(ModelError, match=f"{entry}.* is missing"):
            OnnxClassifier(model)


def test_every_face_is_read_for_itself(tmp_path: Path) -> None:
    """A model that finds bright faces happy: each row belongs to its face."""
    model = write_model(tmp_path, [0.0, 0.0], ("happy", "sad"), weight=0.01)
    image = picture(0)
    image[:, 160:] = 255
    classifier = OnnxClassifier(model)
    dark, bright = face(FER2013_KEY_POINTS + 40), face(FER2013_KEY_POINTS + np.array([220, 40]))
    together = classifier.classify(image, [bright, dark, bright])
    assert together[0, HAPPY] > together[1, HAPPY]
    assert together[0] == pytest.approx(classifier.classify(image, [bright])[0])
    assert together[1] == pytest.approx(classifier.classify(image, [dark])[0])
    assert np.array_equal(together[0], together[2])


def test_no_faces(tmp_path: Path) -> None:
    probabilities = OnnxClassifier(write_model(tmp_path, [0.0], ("happy",))).classify(picture(), [])
    assert probabilities.shape == (0, 8)


def test_a_face_that_cannot_be_framed_is_neutral_and_disturbs_no_other(tmp_path: Path) -> None:
    classifier = OnnxClassifier(write_model(tmp_path, [0.0], ("happy",)))
    for points in (np.full((6, 2), np.nan), np.full((6, 2), 7.0)):
        probabilities = classifier.classify(picture(), [*faces(10), face(points)])
        assert probabilities[0, HAPPY] == 1
        assert probabilities[1, NEUTRAL] == 1


def test_logits_that_are_no_numbers_are_neutral(tmp_path: Path) -> None:
    """On mid-gray this model stays finite; on white its sums overflow."""
    classifier = OnnxClassifier(write_model(tmp_path, [0.0, 0.0], ("happy", "sad"), weight=1e36))
    probabilities = classifier.classify(picture(255), faces(10))
    assert probabilities[0, NEUTRAL] == 1


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    model = write_model(tmp_path, [0.0], ("happy",))
    model.write_bytes(model.read_bytes() + b"\0")
    with pytest.raises(ModelError, match="is damaged, or not the file"):
        OnnxClassifier(model)


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    import hashlib

    (tmp_path / "tiny.onnx").write_bytes(b"no model at all")
    model = write_model(tmp_path, [0.0], ("happy",), sha256=hashlib.sha256(b"no model at all").hexdigest())
    model.write_bytes(b"no model at all")
    with pytest.raises(ModelError, match="ONNX Runtime cannot load it") as raised:
        OnnxClassifier(model)
    assert "\n" not in str(raised.value)


def test_an_output_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="card names output 'ferplus'; it has logits"):
        OnnxClassifier(write_model(tmp_path, [0.0], ("happy",), output="ferplus"))


def test_labels_that_do_not_fit_the_output(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"expected finite logits of shape \(2, 2\), found shape \(2, 3\)"):
        OnnxClassifier(write_model(tmp_path, [0.0, 0.0, 0.0], ("happy", "sad")))


def test_a_model_that_gives_no_numbers(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="expected finite logits"):
        OnnxClassifier(write_model(tmp_path, [float("nan")], ("happy",)))


@pytest.mark.parametrize("name", ["defualt", "nowhere.onnx", 300 * "x"])
def test_an_unknown_model(name: str) -> None:
    with pytest.raises(UsageError, match=f"no model '{name}'"):
        OnnxClassifier(name)


def test_a_card_that_is_missing(tmp_path: Path) -> None:
    model = write_model(tmp_path, [0.0], ("happy",))
    model.with_suffix(".json").unlink()
    with pytest.raises(ModelError, match=r"tiny\.json: cannot be read"):
        OnnxClassifier(model)


def test_softmax_of_large_logits() -> None:
    probabilities = softmax(np.array([[1e4, 1e4, -1e4], [0.0, 0.0, 0.0]], np.float32))
    assert probabilities == pytest.approx(np.array([[0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3]]))


# The model that comes with emojimask.


@pytest.fixture(scope="module")
def default() -> OnnxClassifier:
    return OnnxClassifier()


def test_the_default_model_knows_every_expression(default: OnnxClassifier) -> None:
    assert set(default.card.labels) == set(EXPRESSIONS)
    assert (MODELS / "default.onnx").stat().st_size <= 5_000_000
    assert default.card.limits
    assert default.card.licence


def test_the_default_model_does_not_mind_company(default: OnnxClassifier) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    image = cv2.GaussianBlur(noise, (0, 0), 4)
    together = default.classify(image, faces(5, 60, 100))
    alone = np.concatenate([default.classify(image, [one]) for one in faces(5, 60, 100)])
    assert together == pytest.approx(alone, abs=1e-4)
    assert together.sum(1) == pytest.approx(np.ones(3), abs=1e-5)
    assert not np.allclose(together[0], together[1], atol=1e-3)


def test_a_model_of_ones_own_that_is_trained_anew_is_another(tmp_path: Path) -> None:
    settings = MaskSettings(expressions=str(write_model(tmp_path, [0.0, 0.0], ("happy", "sad"))))
    before = own_parts(settings)
    assert own_parts(settings) == before
    write_model(tmp_path, [0.0, 1.0], ("happy", "sad"))
    assert own_parts(settings) != before
    assert own_parts(MaskSettings()) == own_parts(MaskSettings(expressions="none")) == {}
