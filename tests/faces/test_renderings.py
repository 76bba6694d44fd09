"""A face that hides from detectors in odd light, on a negative or in grain is found in another rendering."""

from __future__ import annotations

import numpy as np
import pytest

from emojimask.build import build_pipeline
from emojimask.faces.renderings import RENDERINGS, levelled, merged, negative
from emojimask.media.pixels import YuvImage
from emojimask.settings import MaskSettings
from emojimask.sources.synthetic import FACE_OUTLINE, portrait
from emojimask.types import Box, Frame, Image, MaskedFrame, Picture

BLUE = np.array([1, 0, 0], np.uint8)


def masked(pictures: list[Image]) -> list[MaskedFrame]:
    pipeline = build_pipeline(MaskSettings(expressions="none"))
    return list(pipeline.process_file(Frame(picture, i, i / 25) for i, picture in enumerate(pictures)))


def shows_face(frame: MaskedFrame, picture: Image) -> bool:
    box = Box.around(FACE_OUTLINE).scaled(0.6)
    part = slice(int(box.y), int(box.y + box.height)), slice(int(box.x), int(box.x + box.width))
    return bool((frame.image[part] == picture[part]).all(axis=2).mean() > 0.1)


def test_a_face_in_blue_light_is_covered_in_a_picture() -> None:
    picture = portrait() * BLUE
    assert not shows_face(masked([picture])[0], picture)


def test_and_in_every_frame_of_a_video() -> None:
    pictures = [np.roll(portrait() * BLUE, i // 4, axis=1) for i in range(40)]
    out = masked(pictures)
    assert not any(shows_face(frame, picture) for frame, picture in zip(out, pictures, strict=True))
    assert {face.track.id for frame in out for face in frame.faces} == {1}


def test_and_where_it_comes_into_an_empty_scene_and_goes_again() -> None:
    person = np.ascontiguousarray(portrait()[::2, ::2])
    height, width = person.shape[:2]
    room = np.broadcast_to(np.linspace(20, 220, 3 * width).astype(np.uint8)[:, None], (2 * height, 3 * width, 3))
    pictures, faces = [], []
    for step in [0] * 10 + [*range(0, 21, 2)] + [20] * 5 + [*range(20, -1, -2)] + [0] * 10:
        picture, reach = room.copy(), width * step // 20
        picture[-height:, :reach] = person[:, width - reach :]
        pictures.append(picture * BLUE)
        outline = FACE_OUTLINE / 2 + [reach - width, height]
        faces.append(Box.around(outline.astype(np.float32)).scaled(0.6))
    out = masked(pictures)
    for frame, picture, box in zip(out, pictures, faces, strict=True):
        if box.x >= 0:
            part = slice(int(box.y), int(box.y + box.height)), slice(int(box.x), int(box.x + box.width))
            assert (frame.image[part] == picture[part]).all(axis=2).mean() <= 0.1


def test_a_scene_in_ordinary_light_is_seen_as_it_is_again() -> None:
    pictures = [portrait() * BLUE] * 12 + [np.ascontiguousarray(portrait()[:, ::-1])] * 12
    out = masked(pictures)
    assert all(len(frame.faces) >= 1 for frame in out)
    assert len(out[-1].faces) == 1


def test_levels_come_from_the_colour_that_shows_most() -> None:
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[..., 2] = np.linspace(100, 140, 60, dtype=np.uint8)
    light = levelled(picture)
    assert light[0, 0].tolist() == [0, 0, 0]
    assert light[0, -1].tolist() == [255, 255, 255]
    assert np.abs(negative(picture).astype(int) - (255 - light)).max() <= 1


def test_a_bare_wall_stays_calm() -> None:
    wall = np.random.default_rng(1).integers(120, 124, (200, 300, 3), np.uint8)
    assert np.ptp(levelled(wall).astype(int)) < 64


def test_dots_merge_into_what_they_stand_for() -> None:
    dots = np.zeros((400, 520, 3), np.uint8)
    dots[::2, ::2] = dots[1::2, 1::2] = 255
    assert np.ptp(merged(dots)[20:-20, 20:-20].astype(int)) < 16


@pytest.mark.parametrize("rendering", RENDERINGS)
@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((1, 1, 3), np.uint8),
        np.full((7, 2000, 3), 128, np.uint8),
        YuvImage(
            np.full((33, 47), 90, np.uint8), np.full((17, 24), 128, np.uint8), np.full((17, 24), 128, np.uint8), True
        ),
    ],
    ids=["one pixel", "a line", "planes of odd size"],
)
def test_any_picture_has_renderings_of_its_size(rendering: object, picture: Picture) -> None:
    assert callable(rendering)
    image = rendering(picture)
    assert image.shape == picture.shape
    assert image.dtype == np.uint8
