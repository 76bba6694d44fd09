from __future__ import annotations

import cv2
import numpy as np
import pytest

from emojimask.faces.appearance import appearance, difference
from emojimask.types import Box

BOX = Box(40, 40, 60, 60)


@pytest.mark.parametrize("color", [(0, 0, 0), (255, 255, 255), (90, 120, 180), (255, 0, 0), (0, 255, 0), (9, 5, 250)])
def test_looks_are_in_lab(color: tuple[int, int, int]) -> None:
    image = np.full((150, 150, 3), color, np.uint8)
    in_8_bits = cv2.cvtColor(image[:1, :1], cv2.COLOR_BGR2LAB)[0, 0].astype(float) - [0, 128, 128]
    look = appearance(image, BOX)
    assert look is not None
    assert np.abs(look - in_8_bits).max() < 1.5


def test_a_light_and_a_dark_head_are_two_people_and_noise_makes_none() -> None:
    generator = np.random.default_rng(1)
    light, dark = (np.full((150, 150, 3), color, np.uint8) for color in ((150, 180, 230), (40, 50, 70)))
    noisy = np.clip(light + generator.normal(0, 8, light.shape), 0, 255).astype(np.uint8)
    looks = [appearance(image, BOX) for image in (light, dark, noisy)]
    assert difference(looks[0], looks[1]) == 1
    assert difference(looks[0], looks[2]) < 0.2


def test_nobody_is_seen_outside_the_picture() -> None:
    assert appearance(np.zeros((150, 150, 3), np.uint8), Box(400, 40, 60, 60)) is None
    assert difference(None, None) == 0.5
