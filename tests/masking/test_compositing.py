"""Drawing through a transform: where it lands, and that nothing is drawn where nothing is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from emojimask.masking.compositing import Layers, Sheet, enlarged, painted
from emojimask.media.pixels import Colors, premultiplied
from emojimask.stages import Shape
from emojimask.types import Box

SIDE = 128


def soft_disc() -> np.ndarray:
    """(128, 128, 4) BGRA: a disc of soft colours."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    picture = np.dstack([128 + 90 * np.sin(x / 9), 128 + 90 * np.cos(y / 7), 60 + x, np.zeros_like(x)]).astype(np.uint8)
    inside = np.hypot(x - 63.5, y - 63.5) < 60
    picture[..., 3] = 255 * inside
    return picture


def drawn(level: np.ndarray, transform: np.ndarray, width: int, height: int) -> np.ndarray:
    picture = np.zeros((height, width, 3), np.uint8)
    sheet = Sheet(picture, Box(0, 0, width, height))
    sheet.draw(level, transform)
    sheet.lay_on(picture)
    return picture


@pytest.mark.parametrize("size", [24, 190, 1500])
@pytest.mark.parametrize("tilt", [0.0, 2e-3, 4e-3])
def test_a_warp_lands_where_exact_arithmetic_puts_it(size: int, tilt: float) -> None:
    """At the most, one side of the disc is drawn 1.7 times as large as the other."""
    scale = size / SIDE
    turn = np.array([[0.8, -0.5, 40], [0.5, 0.8, 5], [tilt, 0, 1.0]])
    transform = np.diag([scale, scale, 1.0]) @ turn
    level = Layers(premultiplied(soft_disc())).at_scale(1.0)[0]
    exact = cv2.warpPerspective(level, transform, (size, size), flags=cv2.INTER_LINEAR)[..., :3]
    differs = np.abs(drawn(level, transform, size, size).astype(int) - exact).max(2)
    assert (exact.max(2) > 0).mean() > 0.2
    assert differs.mean() < 1
    assert (differs > 24).mean() < 0.002  # a steep edge that moves by a tenth of a pixel


def test_shapes_are_painted_on_a_copy_and_a_soft_one_lets_through() -> None:
    level = np.full((40, 40, 4), (100, 100, 100, 255), np.uint8)
    square = np.array([[10, 10], [29, 10], [29, 29], [10, 29]], np.float32)
    shapes = [Shape(square - 30, (0, 0, 255), 0.5), Shape(square, (0, 0, 200), 0.5), Shape(square + 12, (9, 9, 9))]
    after = painted(level, np.eye(3), shapes, Colors.BGR)
    assert (level == (100, 100, 100, 255)).all()
    assert np.abs(after[15, 15].astype(int) - (50, 50, 150, 255)).max() <= 1
    assert (after[35, 35] == (9, 9, 9, 255)).all()
    assert (after[5, 35] == (100, 100, 100, 255)).all()


@pytest.mark.parametrize(("scale", "side"), [(0.4, 32), (1.0, 32), (1.3, 42), (2.0, 64), (3.0, 96), (30.0, 128)])
def test_a_level_is_enlarged_as_far_as_shapes_need(scale: float, side: int) -> None:
    level = np.zeros((32, 32, 4), np.uint8)
    larger, from_level = enlarged(level, np.eye(3), scale)
    assert larger.shape == (side, side, 4)
    corners = from_level @ np.array([[-0.5, -0.5, 1], [side - 0.5, side - 0.5, 1]]).T
    assert np.allclose(corners[:2].T, [[-0.5, -0.5], [31.5, 31.5]])


@pytest.mark.parametrize("scale", [8.0, 1.6, 1.4, 1.0, 0.99, 0.6, 0.5, 0.2, 0.001])
def test_a_level_is_as_large_as_it_is_drawn_or_little_larger(scale: float) -> None:
    level, from_level = Layers(premultiplied(soft_disc())).at_scale(scale)
    side = level.shape[0]
    drawn_side = SIDE * (2.0 if scale > 1.5 else min(max(scale, 16 / SIDE), 1.0))
    assert drawn_side - 1 <= side <= 1.2 * drawn_side + 1
    corners = from_level @ np.array([[-0.5, -0.5, 1], [side - 0.5, side - 0.5, 1]]).T
    assert np.allclose(corners[:2].T, [[-0.5, -0.5], [SIDE - 0.5, SIDE - 0.5]])


@pytest.mark.parametrize("scale", [4.0, 1.0, 0.3])
def test_no_colour_of_a_level_is_stronger_than_its_opacity(scale: float) -> None:
    level = Layers(premultiplied(soft_disc())).at_scale(scale)[0]
    assert (level[..., :3] <= level[..., 3:]).all()


def test_what_is_enlarged_already_is_enlarged_no_further_than_is_drawn() -> None:
    layers = Layers(premultiplied(soft_disc()))
    level, from_level = enlarged(*layers.at_scale(3.0), 3.0)
    assert level.shape[0] == 3 * SIDE
    assert np.isclose(from_level[0, 0], 1 / 3)


@pytest.mark.parametrize(("side", "roughest"), [(300, 1.1), (1200, 0.6)])
def test_a_disc_of_many_corners_has_an_even_edge(side: int, roughest: float) -> None:
    """The edge's distance from the centre, where opacity is a half, along many rays."""
    center, radius = (side - 1) / 2, 0.3 * side
    turns = np.linspace(0, 2 * np.pi, 112, endpoint=False)
    disc = (center + radius * np.stack([np.cos(turns), np.sin(turns)], 1)).astype(np.float32)
    level = np.zeros((side, side, 4), np.uint8)
    after = painted(level, np.eye(3), [Shape(disc, (200, 200, 200))], Colors.BGR)[..., 3].astype(np.float32)
    out = np.arange(-3, 3, 0.05)[:, None] + radius
    rays = np.linspace(0, 2 * np.pi, 700)
    x, y = (np.float32(center + out * turn(rays)) for turn in (np.cos, np.sin))
    edge = cv2.remap(after, x, y, cv2.INTER_LINEAR) > 127
    assert np.ptp(out[edge.argmin(0)]) < roughest


def test_fine_shapes_let_through_what_they_should() -> None:
    level = np.full((1000, 1000, 4), (100, 100, 100, 255), np.uint8)
    square = np.array([[200, 200], [599.5, 200], [599.5, 599.5], [200, 599.5]], np.float32)
    shapes = [Shape(square, (0, 0, 200), 0.5), Shape(square + 300, (9, 9, 9)), Shape(square - 900, (0, 255, 0))]
    after = painted(level, np.eye(3), shapes, Colors.BGR)
    assert np.abs(after[300, 300].astype(int) - (50, 50, 150, 255)).max() <= 1
    assert (after[700, 700] == (9, 9, 9, 255)).all()
    assert (after[:150] == 100).sum() == 3 * 150 * 1000
    assert np.abs(after[..., 3].astype(int) - 255).max() <= 1
