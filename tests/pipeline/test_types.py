"""What may enter the pipeline, and what is refused at the border with a clear word."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emojimask.types import Box, Face, Frame, MaskedFace, MaskedFrame, Track

sides = st.floats(0.1, 1e4)
places = st.floats(-1e4, 1e4)
boxes = st.builds(Box, places, places, sides, sides)


@pytest.mark.parametrize(
    ("image", "error", "word"),
    [
        (np.zeros((4, 4), np.uint8), ValueError, r"\(H, W, 3\), found \(4, 4\)"),
        (np.zeros((4, 4, 4), np.uint8), ValueError, r"found \(4, 4, 4\)"),
        (np.zeros((0, 4, 3), np.uint8), ValueError, "found"),
        (np.zeros((4, 4, 3), np.float32), TypeError, "expected a uint8 array, found float32"),
        ("face.jpg", TypeError, "found str"),
    ],
)
def test_a_frame_that_is_no_picture_is_refused(image: object, error: type[Exception], word: str) -> None:
    with pytest.raises(error, match=word):
        Frame(image, 0, 0.0)  # type: ignore[arg-type]
    with pytest.raises(error, match=word):
        MaskedFrame(image, 0, 0.0)  # type: ignore[arg-type]


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        Frame(np.zeros((2, 2, 3), np.uint8), 0, float("nan"))
    with pytest.raises(TypeError, match=r"Frame\.time_s: expected a number of seconds, found NoneType"):
        Frame(np.zeros((2, 2, 3), np.uint8), 0, None)  # type: ignore[arg-type]  # as PyAV has it of a frame without a time


@pytest.mark.parametrize("count", [6, 68, 468, 478])
def test_every_known_kind_of_landmarks_has_six_anchors(count: int) -> None:
    landmarks = np.arange(2 * count, dtype=np.float32).reshape(count, 2)
    assert Face(Box(0, 0, 1, 1), landmarks, 1.0).anchors().shape == (6, 2)


def test_other_landmarks_are_refused() -> None:
    with pytest.raises(ValueError, match=r"found \(5, 2\)"):
        Face(Box(0, 0, 1, 1), np.zeros((5, 2), np.float32), 1.0)
    with pytest.raises(TypeError, match=r"Face\.landmarks: expected a float32 array, found list"):
        Face(Box(0, 0, 1, 1), [(0.0, 0.0)] * 6, 1.0)  # type: ignore[arg-type]


def test_emotions_are_named_or_none() -> None:
    track = Track(1, Face(Box(0, 0, 1, 1), np.zeros((6, 2), np.float32), 1.0))
    assert MaskedFace(track, (), "neutral").emotions() == {}
    named = MaskedFace(track, (0.1, 0, 0, 0.9, 0, 0, 0, 0), "happy").emotions()
    assert named["happy"] == 0.9
    assert named["angry"] == 0.1


@given(boxes, boxes)
def test_overlap_is_symmetric_and_bounded(a: Box, b: Box) -> None:
    assert a.iou(b) == pytest.approx(b.iou(a))
    assert 0 <= a.iou(b) <= 1 + 1e-6
    assert a.intersection(b) <= min(a.area, b.area) * (1 + 1e-6)
    assert a.overlap(b) == pytest.approx(b.overlap(a))
    assert a.overlap(b) == pytest.approx(a.intersection(b) / min(a.area, b.area))


@given(boxes, st.floats(0.1, 10))
def test_scaling_keeps_the_middle(box: Box, factor: float) -> None:
    scaled = box.scaled(factor)
    assert scaled.center == pytest.approx(box.center, abs=1e-6 * (1 + abs(box.x) + abs(box.y) + box.area))
    assert scaled.area == pytest.approx(box.area * factor**2, rel=1e-6)
