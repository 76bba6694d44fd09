"""A clip made on the spot: a public-domain face that moves about. For the demo, for tests and for benchmarks.

The picture is NASA's portrait of the astronaut Eileen Collins (1993, public domain).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from importlib.resources import as_file, files
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.types import Frame, Image, Points, StreamInfo

FACE_OUTLINE = np.array(
    [
        [180, 112],
        [194, 84],
        [224, 74],
        [256, 82],
        [273, 108],
        [270, 140],
        [254, 172],
        [230, 190],
        [202, 174],
        [184, 144],
    ],
    np.float32,
)
"""Around the face in :func:`portrait`, hairline to chin, (N, 2) pixels."""

_Motion = Callable[[float], NDArray[np.float64]]
"""Seconds -> (2, 3) affine transform from the portrait's pixels to the frame's."""


def portrait() -> Image:
    """The portrait, (512, 512, 3) uint8 BGR."""
    with as_file(files("emojimask.sources") / "astronaut.jpg") as path:
        image = cv2.imread(str(path))
    assert image is not None, "the package is damaged: sources/astronaut.jpg cannot be read"
    return np.asarray(image, np.uint8)


class SyntheticSource:
    """The portrait under a moving camera.

    Args:
        width, height: of the frames, pixels.
        fps: frames a second.
        seconds: length of the clip.
    """

    def __init__(self, width: int = 640, height: int = 360, fps: int = 30, seconds: float = 4.0) -> None:
        self._portrait = portrait()
        self._motion = _swaying(width, height)
        self.info = StreamInfo("synthetic", width, height, float(fps), round(seconds * fps), time_base=Fraction(1, fps))

    def __iter__(self) -> Iterator[Frame]:
        for index in range(self.info.frame_count or 0):
            time_s = index / self.info.fps
            image = cv2.warpAffine(
                self._portrait,
                self._motion(time_s),
                (self.info.width, self.info.height),
                flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )
            yield Frame(np.asarray(image, np.uint8), index, time_s)

    def face_outline(self, time_s: float) -> Points:
        """Where the face truly is: (N, 2) pixels of the frame."""
        return np.asarray(cv2.transform(FACE_OUTLINE[None], self._motion(time_s))[0], np.float32)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to let go."""


def _swaying(width: int, height: int) -> _Motion:
    """A person before a camera: sways, nods, leans in and tilts the head."""
    face = FACE_OUTLINE.mean(0)

    def motion(time_s: float) -> NDArray[np.float64]:
        angle = math.radians(14) * math.sin(1.9 * time_s)
        scale = height / 512 * (1.35 + 0.3 * math.sin(1.3 * time_s))
        turn = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        place = np.array(
            [width * (0.5 + 0.13 * math.sin(1.1 * time_s)), height * (0.45 + 0.06 * math.sin(2.3 * time_s))]
        )
        return np.column_stack([turn, place - turn @ face])

    return motion
