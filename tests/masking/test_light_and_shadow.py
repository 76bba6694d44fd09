"""The emoji sits in the scene: a soft shadow around it, and, where asked for, the scene's light on it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from emojimask.emojis.emoji_set import load_emoji_set
from emojimask.masking.light import scene_light
from emojimask.masking.renderer import EmojiRenderer
from emojimask.masking.shadow import margin_of, with_shadow
from emojimask.media.pixels import YuvImage, bgr
from emojimask.types import Box, Face, Image, MaskedFace, Track

FACE = np.array([[-0.5, 0], [0.5, 0], [0, 0.66], [-0.28, 0.73], [0.28, 0.73], [0, 1.16]]) * 60 + [160, 90]


def drawn(scene: tuple[int, int, int], adapt_light: bool, bt709: bool | None = None) -> Image:
    points = FACE.astype(np.float32)
    face = MaskedFace(Track(1, Face(Box.around(points).scaled(1.5), points, 1.0)), (), "neutral")
    image = np.full((240, 320, 3), scene, np.uint8)
    picture = image if bt709 is None else planes(image, bt709)
    return bgr(EmojiRenderer(load_emoji_set("classic"), adapt_light).render(picture, [face]))


def planes(image: Image, bt709: bool) -> YuvImage:
    from emojimask.media.pixels import Colors, ink

    y, u, v = ink(tuple(image[0, 0].tolist()), Colors.BT709 if bt709 else Colors.BT601)
    half = image.shape[0] // 2, image.shape[1] // 2
    return YuvImage(*(np.full(s, c, np.uint8) for s, c in ((image.shape[:2], y), (half, u), (half, v))), bt709)


def test_a_shadow_lies_around_the_emoji_and_leaves_the_emoji_as_it_was() -> None:
    emoji = np.zeros((100, 100, 4), np.uint8)
    cv2.circle(emoji, (50, 50), 40, (10, 200, 250, 255), -1)
    shadowed = with_shadow(emoji)
    margin = margin_of(100)
    inner = shadowed[margin:-margin, margin:-margin]
    assert (inner[emoji[..., 3] == 255] == emoji[emoji[..., 3] == 255]).all()
    below, above = shadowed[margin + 91, margin + 50, 3], shadowed[margin + 8, margin + 50, 3]
    assert 30 < below < 128
    assert above < below
    assert shadowed[[0, -1]].max() == 0  # it has faded before the edge
    assert shadowed[:, [0, -1]].max() == 0


def test_the_shadow_darkens_what_is_beside_the_emoji_a_little() -> None:
    image = drawn((200, 200, 200), adapt_light=False)
    gray = image.max(2)
    shade = (gray > 130) & (gray < 195)
    assert 100 < shade.sum() < 4000
    assert (image[:, :40] == 200).all()


@pytest.mark.parametrize("bt709", [None, False, True])
def test_a_dim_scene_dims_the_emoji_and_a_blue_one_makes_it_bluer(bt709: bool | None) -> None:
    middle = np.s_[100:104, 175:185]  # of the cheek
    plain = drawn((110, 110, 110), True, bt709)[middle].reshape(-1, 3).mean(0)
    assert np.abs(plain - drawn((110, 110, 110), False, bt709)[middle].reshape(-1, 3).mean(0)).max() < 4
    dim = drawn((30, 30, 30), True, bt709)[middle].reshape(-1, 3).mean(0)
    assert 0.5 < dim[2] / plain[2] < 0.7
    blue = drawn((170, 100, 60), True, bt709)[middle].reshape(-1, 3).mean(0)
    assert blue[0] > plain[0] + 5
    assert blue[2] < plain[2] - 5


def test_what_a_video_has_below_black_is_black() -> None:
    below = YuvImage(np.zeros((240, 320), np.uint8), *np.full((2, 120, 160), 128, np.uint8), bt709=True)
    assert np.allclose(scene_light(below), scene_light(np.zeros((240, 320, 3), np.uint8)))
