"""Planes and BGR are read and written alike; what nobody draws on stays to the bit."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emojimask.media import pixels
from emojimask.media.pixels import Colors, YuvImage
from emojimask.types import Box, Image


def picture(height: int = 96, width: int = 128) -> Image:
    """Soft colours, so that colour at half the resolution loses nothing to speak of."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    channels = 128 + 80 * np.sin(x / 23), 128 + 80 * np.cos(y / 19), 128 + 60 * np.sin((x + y) / 31)
    return np.stack(channels, 2).astype(np.uint8)


def planes(image: Image, bt709: bool) -> YuvImage:
    """By the formulas of ITU-R BT.601 and BT.709, in floating point."""
    blue, green, red = (image[..., i].astype(np.float64) / 255 for i in range(3))
    k_red, k_blue = (0.2126, 0.0722) if bt709 else (0.299, 0.114)
    luma = k_red * red + (1 - k_red - k_blue) * green + k_blue * blue
    u, v = (blue - luma) / (2 * (1 - k_blue)), (red - luma) / (2 * (1 - k_red))

    def half(plane: np.ndarray) -> np.ndarray:
        return cv2.resize(plane, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)

    rounded = [np.rint(p).astype(np.uint8) for p in (16 + 219 * luma, 128 + 224 * half(u), 128 + 224 * half(v))]
    return YuvImage(*rounded, bt709=bt709)


@pytest.fixture(params=[False, True], ids=["bt601", "bt709"])
def yuv(request: pytest.FixtureRequest) -> YuvImage:
    return planes(picture(), request.param)


def close(a: np.ndarray, b: np.ndarray, levels: float = 4) -> bool:
    return bool(np.abs(a.astype(int) - b).max() <= levels)


def test_the_whole_picture(yuv: YuvImage) -> None:
    assert yuv.shape == (96, 128, 3)
    assert close(yuv.bgr(), picture(), 8)
    assert np.abs(yuv.bgr().astype(int) - picture()).mean() < 1.5


def test_a_part_a_smaller_one_and_a_warped_one(yuv: YuvImage) -> None:
    image = picture()
    rows, columns = slice(10, 70), slice(20, 90)
    part = pixels.part(yuv, rows, columns)
    assert part.shape == (60, 70, 3)
    assert close(pixels.resized(part, 20, 17), pixels.resized(image[rows, columns], 20, 17), 8)
    turn = np.array([[0.5, 0.1, -3], [-0.1, 0.5, 8]])
    within = np.s_[12:36, 6:36]  # at the picture's very edge colours mix with black in two ways
    assert close(pixels.warped(yuv, turn, 40)[within], pixels.warped(image, turn, 40)[within], 6)


@pytest.mark.parametrize(
    ("box", "place", "shape"),
    [
        (Box(-5, 7, 30, 20), (0, 6), (21, 25, 3)),
        (Box(101, 80, 60, 60), (100, 80), (16, 28, 3)),
        (Box(-50, 10, 20, 20), (0, 10), (20, 0, 3)),
        (Box(200, 10, 20, 20), (200, 10), (20, 0, 3)),
    ],
)
def test_of_what_is_cut_out_only_that_is_there_which_lies_in_the_picture(
    yuv: YuvImage, box: Box, place: tuple[int, int], shape: tuple[int, ...]
) -> None:
    for image in (picture(), yuv):
        found, *corner = pixels.cut_out(image, box)
        assert (found.shape, tuple(corner)) == (shape, place)


def test_outside_of_a_warped_picture_it_is_black(yuv: YuvImage) -> None:
    away = np.array([[1.0, 0, 500], [0, 1.0, 0]])
    assert pixels.warped(yuv, away, 20).max() <= 1


@pytest.mark.parametrize("border", [cv2.BORDER_CONSTANT, cv2.BORDER_REFLECT])
def test_a_warp_is_as_exact_arithmetic_has_it_and_leaves_opencv_as_it_was(border: int) -> None:
    image = picture(200, 300)[..., 0]
    transform = np.array([[0.7, 0.2, -30.0], [-0.2, 0.7, 60.0]])
    before = cv2.ipp.useIPP_NotExact()
    warp = pixels.warp_affine(image, transform, (96, 96), border)
    assert cv2.ipp.useIPP_NotExact() is before
    turned = cv2.invertAffineTransform(transform)
    y, x = np.mgrid[:96, :96]
    u, v = (turned[i, 0] * x + turned[i, 1] * y + turned[i, 2] for i in range(2))
    within = (u >= 0) & (v >= 0) & (u < 299) & (v < 199)
    i, j = u.clip(0, 298).astype(int), v.clip(0, 198).astype(int)
    corners = image[j, i], image[j, i + 1], image[j + 1, i], image[j + 1, i + 1]
    a, b = u - i, v - j
    exact = sum(
        c * share for c, share in zip(corners, [(1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b], strict=True)
    )
    assert within.mean() > 0.5
    assert np.abs(warp - exact)[within].max() < 2


def test_sparse_colours_are_those_of_the_whole(yuv: YuvImage) -> None:
    sparse = pixels.sparse(yuv, 4)
    assert sparse.shape == (24, 32, 3)
    means = [pixels.resized(image, 2, 2).astype(int) for image in (sparse, pixels.sparse(pixels.bgr(yuv), 4), yuv)]
    assert np.abs(means[0] - means[1]).max() <= 12
    assert np.abs(means[0] - means[2]).max() <= 12


def test_brightness_spans_the_whole_range() -> None:
    flat = YuvImage(
        np.array([[16, 235]], np.uint8), np.full((1, 1), 128, np.uint8), np.full((1, 1), 128, np.uint8), True
    )
    assert pixels.gray(flat).tolist() == [[0, 255]]
    assert close(pixels.gray(planes(picture(), False)), pixels.gray(picture()), 2)


@given(color=st.tuples(*[st.integers(0, 255)] * 3), bt709=st.booleans())
def test_ink_is_the_colour(color: tuple[int, int, int], bt709: bool) -> None:
    y, u, v = pixels.ink(color, Colors.BT709 if bt709 else Colors.BT601)
    one = YuvImage(*(np.full((2, 2), y, np.uint8), np.full((1, 1), u, np.uint8), np.full((1, 1), v, np.uint8)), bt709)
    assert close(pixels.resized(one, 2, 2), np.array(color), 3)


def overlay(opacity: int) -> np.ndarray:
    """A premultiplied square of orange, its middle opaque to ``opacity``."""
    sheet = np.zeros((40, 48, 4), np.uint8)
    sheet[10:30, 12:36] = np.array([30, 140, 250, 255]) * opacity // 255
    return sheet


@pytest.mark.parametrize("opacity", [255, 128])
def test_an_overlay_looks_alike_on_planes_and_on_bgr(yuv: YuvImage, opacity: int) -> None:
    image, drawn = picture(), yuv.copy()
    pixels.blend(image, overlay(opacity), 30, 20)
    pixels.blend(drawn, pixels.inked(overlay(opacity), yuv.colors), 30, 20)
    inner = slice(32, 48), slice(44, 64)
    assert close(pixels.resized(pixels.part(drawn, *inner), 20, 16), image[inner], 6)


def test_what_nobody_draws_on_stays_to_the_bit_and_what_is_covered_is_gone(yuv: YuvImage) -> None:
    black = YuvImage(*(np.zeros_like(plane) for plane in (yuv.y, yuv.u, yuv.v)), yuv.bt709)
    drawn, other = yuv.copy(), black.copy()
    for one in (drawn, other):
        pixels.blend(one, pixels.inked(overlay(255), yuv.colors), 30, 20)
    for after, before, covered, by in zip(
        (drawn.y, drawn.u, drawn.v), (yuv.y, yuv.u, yuv.v), (other.y, other.u, other.v), (1, 2, 2), strict=True
    ):
        inside = np.zeros(after.shape, bool)
        inside[30 // by : 50 // by, 42 // by : 66 // by] = True
        assert (after[~inside] == before[~inside]).all()
        assert (after[inside] == covered[inside]).all()


def test_a_copy_is_memory_of_its_own(yuv: YuvImage) -> None:
    copied = yuv.copy()
    copied.y[:] = copied.u[:] = copied.v[:] = 99
    assert close(yuv.bgr(), picture(), 8)


@pytest.mark.parametrize("size", [(2, 2), (34, 66), (720, 1280)])
def test_encoders_get_every_pixel(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(1)
    height, width = size
    y, u, v = (noise.integers(16, 236, (height // n, width // n), dtype=np.uint8) for n in (1, 2, 2))
    frame = YuvImage(y, u, v, True).video_frame()
    for plane, expected in zip(frame.planes, (y, u, v), strict=True):
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
        assert (rows == expected).all()


@pytest.mark.parametrize("size", [(96, 128), (96, 66), (94, 66), (95, 127)])
def test_an_encoder_is_given_what_was_drawn_on_a_copy(size: tuple[int, int]) -> None:
    original = planes(picture(*size), True)
    before = original.bgr()
    copy = original.copy()
    assert (copy.bgr() == before).all()
    copy.y[20:40, 30:60], copy.u[10:20, 15:30] = 200, 90
    assert (copy.bgr() == YuvImage(copy.y, copy.u, copy.v, True).bgr()).all()
    assert (copy.bgr()[20:40, 30:60] != before[20:40, 30:60]).any()
    assert (original.bgr() == before).all()
