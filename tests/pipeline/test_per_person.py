"""Who wears what, and whose expression is read: with real faces, from the setting to the pixels and the report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from emojimask import Frame, MaskSettings, build_pipeline, mask_file, mask_image
from emojimask import build as registry
from emojimask.emojis.cast import load_cast
from emojimask.expressions.classifier import OnnxClassifier
from emojimask.masking.cast_renderer import CastRenderer
from emojimask.masking.oval import face_oval
from emojimask.masking.renderer import EmojiRenderer
from emojimask.media.pixels import YuvImage
from emojimask.sources.synthetic import portrait
from emojimask.types import Image, MaskedFrame


def couple() -> Image:
    """The portrait twice, side by side."""
    return np.hstack([portrait(), portrait()])


def shifted(image: Image, pixels: int) -> Image:
    return np.roll(image, pixels, axis=1)


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Loading an expression model fails."""

    def refuse(*_: object) -> None:
        raise AssertionError("a model was loaded")

    registry.classifier.cache_clear()
    monkeypatch.setattr(OnnxClassifier, "__init__", refuse)
    yield
    registry.classifier.cache_clear()


@pytest.fixture
def read_faces(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many faces the model was asked for, run by run."""
    counts: list[int] = []
    classify = OnnxClassifier.classify

    def counted(self: OnnxClassifier, image: Image, faces: list[object]) -> object:
        counts.append(len(faces))
        return classify(self, image, faces)  # type: ignore[arg-type]

    monkeypatch.setattr(OnnxClassifier, "classify", counted)
    return counts


def usual_colours(masked: MaskedFrame) -> dict[int, tuple[int, ...]]:
    """By person: the colour that most of their mask has."""
    colours = {}
    for face in masked.faces:
        area = np.zeros(masked.image.shape[:2], np.uint8)
        cv2.fillConvexPoly(area, face_oval(face.track.face).astype(np.int32), 1)
        colours[face.track.id] = tuple(np.median(masked.image[area == 1], axis=0).astype(int).tolist())
    return colours


def is_white(colour: tuple[int, ...]) -> bool:
    return min(colour) > 240


def test_two_people_wear_two_sets() -> None:
    masked = mask_image(couple(), MaskSettings(emojis="contrast,classic"))
    colours = usual_colours(masked)
    assert sorted(colours) == [1, 2]
    assert is_white(colours[1])
    assert not is_white(colours[2])


def test_a_person_keeps_the_set_while_moving_and_coming_back() -> None:
    pipeline = build_pipeline(MaskSettings(emojis="contrast,classic", lookahead_s=0.0))
    pictures = [shifted(couple(), 4 * i) for i in range(5)] + [np.full_like(couple(), 90)] + [shifted(couple(), 24)] * 3
    masked = list(pipeline.process_file(Frame(picture, i, i / 10) for i, picture in enumerate(pictures)))
    for frame in (*masked[:5], masked[-1]):
        assert {i: is_white(colour) for i, colour in usual_colours(frame).items()} == {1: True, 2: False}


def test_random_sets_stay_with_their_people() -> None:
    shown = [usual_colours(mask_image(couple(), MaskSettings(emojis="random"))) for _ in range(2)]
    assert shown[0] == shown[1]
    assert shown[0][1] != shown[0][2]


def test_a_fixed_emoji_needs_no_model_and_looks_as_when_it_is_recognised(no_model: None) -> None:
    fixed = mask_image(portrait(), MaskSettings(emojis="classic:happy"))
    sad = mask_image(portrait(), MaskSettings(emojis="classic:sad,alive:happy"))
    assert [face.recognised for face in (*fixed.faces, *sad.faces)] == [None, None]
    assert (fixed.image != sad.image).any()
    (face,) = fixed.faces
    expected = EmojiRenderer(load_cast("classic").sets[0])
    read = type(face)(face.track, (), "happy")
    np.testing.assert_array_equal(fixed.image, expected.render(portrait(), [read]))


def test_only_who_does_not_wear_a_fixed_emoji_is_read(read_faces: list[int]) -> None:
    pipeline = build_pipeline(MaskSettings(emojis="classic:sad,classic", read_every_s=0.0))
    masked = [pipeline.process(Frame(couple(), i, i / 10)) for i in range(3)]
    assert read_faces
    assert set(read_faces) == {1}
    assert {face.track.id: face.recognised for face in masked[-1].faces} == {1: None, 2: "happy"}


def test_mirror_only_recognises_nothing_and_still_follows_the_movement(no_model: None, tmp_path: Path) -> None:
    settings = MaskSettings(expressions="none", emojis="alive")
    pipeline = build_pipeline(settings)
    masked = [pipeline.process(Frame(portrait(), i, i / 10)) for i in range(4)]
    (face,) = masked[-1].faces
    assert (face.probabilities, face.recognised, face.emotions()) == ((), None, {})
    assert face.measures is not None
    neutral = np.array(face.blend)
    assert neutral.argmax() == 6
    assert neutral.sum() == pytest.approx(1)
    assert neutral.max() == pytest.approx(1)
    outline = np.abs(masked[-1].image.astype(int) - portrait())[100:160, 195:255].mean()
    assert outline > 25, "the face is covered"

    cv2.imwrite(str(tmp_path / "me.png"), portrait())
    mask_file(tmp_path / "me.png", tmp_path / "out.png", settings, report=tmp_path / "out.jsonl")
    (told,) = json.loads((tmp_path / "out.jsonl").read_text())["faces"]
    assert (told["expression"], told["emotions"]) == (None, {})
    assert "happy" not in json.dumps(told)


@pytest.mark.parametrize("planes", [False, True])
def test_different_sets_cover_as_one_set_does(planes: bool) -> None:
    faces = mask_image(couple(), MaskSettings(expressions="none")).faces
    height, width = couple().shape[:2]
    half = np.full((height // 2, width // 2), 90, np.uint8)
    source = YuvImage(np.full((height, width), 90, np.uint8), half, half.copy(), False) if planes else couple()
    cast = load_cast("classic,flat")
    together = CastRenderer(cast).render(source, faces)
    apart = source
    for face in faces:
        apart = EmojiRenderer(cast.for_track(face.track.id)).render(apart, [face])
    assert type(together) is type(apart)
    for left, right in zip(_planes(together), _planes(apart), strict=True):
        np.testing.assert_array_equal(left, right)
    assert any((left != raw).any() for left, raw in zip(_planes(together), _planes(source), strict=True))


def _planes(picture: Image | YuvImage) -> list[np.ndarray]:
    return [picture.y, picture.u, picture.v] if isinstance(picture, YuvImage) else [picture]
