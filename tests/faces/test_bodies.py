"""Whose face is hidden is found by the body: in single pictures, and there only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from emojimask.build import build_pipeline, face_back_end, open_file
from emojimask.faces.bodies import BodyDetector
from emojimask.faces.tracking import LandmarkTracker
from emojimask.pipeline import MaskingPipeline
from emojimask.settings import MaskSettings
from emojimask.sources.synthetic import FACE_OUTLINE, portrait
from emojimask.stages import Detection, Glimpse
from emojimask.types import Box, Face, Frame, Image, MaskedFace, Picture, Points

ROOM = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
WHOLE = Box(0, 0, 320, 240)
HEAD = Box(120, 50, 50, 50)
SIX = np.array([[130, 60], [160, 60], [145, 75], [135, 85], [155, 85], [145, 100]], np.float32)


class Nobody:
    def detect(self, image: Picture, thorough: bool = False) -> list[Detection]:
        return []

    def locate(self, image: Picture, near: Detection | Points) -> Face | None:
        return None


class Somebody(Nobody):
    """A face where the head is."""

    def detect(self, image: Picture, thorough: bool = False) -> list[Detection]:
        return [Detection(Box(120, 50, 50, 55), 0.9, SIX)]

    def locate(self, image: Picture, near: Detection | Points) -> Face | None:
        points = np.tile(np.array([[120, 50], [170, 105]], np.float32), (234, 1))
        return Face(Box(120, 50, 50, 55), points, 1.0)


class Bodies:
    """Sees a head in every picture, and counts the pictures."""

    def __init__(self, head: Box = HEAD) -> None:
        self.head, self.looks = head, 0

    def detect(self, image: Picture, thorough: bool = False) -> list[Detection]:
        self.looks += 1
        return [Detection(self.head, 0.9, SIX)]


class Plain:
    def render(self, image: Picture, faces: Sequence[MaskedFace]) -> Picture:
        return image

    def shield(self, height: int, width: int) -> Image:
        return np.zeros((height, width, 3), np.uint8)

    def update(self, track_id: int, time_s: float, reading: object) -> tuple[object, str]:
        raise AssertionError("nobody is read")

    def lag_s(self, every_s: float) -> float:
        return every_s


def looked_at(pictures: Sequence[Image]) -> tuple[int, list[int]]:
    """How often bodies were looked for in a file, and how many faces are covered in each frame."""
    bodies = Bodies()
    tracker = LandmarkTracker(Nobody(), Nobody(), bodies=bodies)
    pipeline = MaskingPipeline(tracker, None, Plain(), Plain())  # type: ignore[arg-type]
    out = list(pipeline.process_file(Frame(picture, i, i / 25) for i, picture in enumerate(pictures)))
    return bodies.looks, [len(frame.faces) for frame in out]


def test_the_head_of_a_body_is_where_the_face_is() -> None:
    (head,) = BodyDetector().detect(portrait())
    assert head.box.iou(Box.around(FACE_OUTLINE)) > 0.5
    assert head.landmarks is not None
    assert head.landmarks[0][0] < head.landmarks[1][0]


@pytest.mark.parametrize("quarters", [1, 2])
def test_a_body_that_lies_or_hangs_has_its_head_there_too(quarters: int) -> None:
    size = portrait().shape[0]
    corners = np.array(FACE_OUTLINE, np.float32)
    for _ in range(quarters):  # as np.rot90: (x, y) -> (y, size - x)
        corners = np.stack([corners[:, 1], size - corners[:, 0]], axis=1)
    (head,) = BodyDetector().detect(np.ascontiguousarray(np.rot90(portrait(), quarters)))
    assert head.box.iou(Box.around(corners)) > 0.4


def test_in_an_empty_room_there_is_no_body() -> None:
    assert BodyDetector().detect(ROOM) == []
    assert BodyDetector().detect(np.full((1, 1, 3), 128, np.uint8)) == []


def test_bodies_are_looked_for_in_a_picture_and_in_a_show_of_pictures_but_not_in_a_video() -> None:
    others = [np.random.default_rng(seed).integers(0, 255, (240, 320, 3), np.uint8) for seed in range(1, 4)]
    assert looked_at([ROOM]) == (1, [1])
    assert looked_at([np.kron(o[:24, :32], np.ones((10, 10, 1), np.uint8)) for o in others])[0] == 3
    assert looked_at([ROOM] * 12) == (0, [0] * 12)


@pytest.mark.parametrize(
    ("bodies", "faces", "count"),
    [
        (Bodies(), Nobody(), 1),
        (Bodies(), Somebody(), 1),
        (Bodies(Box(-45, 50, 50, 50)), Nobody(), 0),
    ],
    ids=["no face is in sight", "a face is in sight on it", "hardly any of it is in the picture"],
)
def test_a_head_is_covered_where_no_face_is_in_sight(bodies: Bodies, faces: Nobody, count: int) -> None:
    tracker = LandmarkTracker(faces, faces, bodies=bodies)
    assert len(tracker.update(Frame(ROOM, 0, 0.0), 1.0, Glimpse(WHOLE, thorough=True, alone=True))) == count


@pytest.mark.parametrize(("faces", "count"), [(Nobody(), 0), (Somebody(), 1)], ids=["hidden", "in sight"])
def test_no_expression_is_read_off_what_hides_a_face(faces: Nobody, count: int) -> None:
    read: list[Face] = []

    class Reader(Plain):
        def classify(self, image: Picture, faces: Sequence[Face]) -> list[object]:
            read.extend(faces)
            return [None] * len(faces)

        def update(self, track_id: int, time_s: float, reading: object) -> tuple[object, str]:
            return (1.0,), "happy"

    tracker = LandmarkTracker(faces, faces, bodies=Bodies())
    (masked,) = MaskingPipeline(tracker, Reader(), Reader(), Plain()).process_file([Frame(ROOM, 0, 0.0)])  # type: ignore[arg-type]
    assert len(read) == count
    assert [face.recognised for face in masked.faces] == ["happy" if count else None]


def test_a_real_face_behind_a_board_is_covered(shared: Path) -> None:
    with open_file(shared / "media" / "intel_ccby" / "eat.mkv") as source:
        picture = next(iter(source)).image.copy()
    (face,) = face_back_end("mediapipe").detector.detect(picture)[:1]
    x, y, width, height = (int(side) for side in (face.box.x, face.box.y, face.box.width, face.box.height))
    picture[y - height : y + int(0.6 * height), x - width : x + 2 * width] = (60, 70, 90)
    (masked,) = build_pipeline(MaskSettings(expressions="none")).process_file([Frame(picture, 0, 0.0)])
    mouth = slice(y + int(0.7 * height), y + height), slice(x + width // 4, x + 3 * width // 4)
    assert not (masked.image[mouth] == picture[mouth]).all(axis=2).any()
