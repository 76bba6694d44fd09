"""The values that travel through the pipeline. Frozen; checked at the border; numpy only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""(H, W, 3) uint8, BGR."""
Points = NDArray[np.float32]
"""(N, 2) float32, x and y in pixels; the centre of the top left pixel is (0, 0)."""

EXPRESSIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", "contempt")
"""Every expression, in the order that probabilities are kept in."""

KEY_POINTS = ("left_eye_outer", "right_eye_outer", "philtrum", "mouth_left", "mouth_right", "chin")
"""The six anchors of a face and of an emoji; left and right as the viewer sees them."""


class Planar(Protocol):
    """A picture in another form than BGR, such as a video's own planes (:class:`emojimask.media.pixels.YuvImage`)."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W, 3), as of the BGR picture."""
        ...

    @property
    def nbytes(self) -> int: ...

    def bgr(self) -> Image:
        """The whole picture as BGR, memory of its own."""
        ...


Picture = Image | Planar
"""A picture in any form; :mod:`emojimask.media.pixels` reads all forms alike."""

MESH_POINTS = 468
"""So many landmarks at least has a face that MediaPipe's face mesh was fitted to."""

_ANCHOR_INDICES = {
    6: (0, 1, 2, 3, 4, 5),
    68: (36, 45, 51, 48, 54, 8),  # iBUG 300-W, as dlib gives them
    MESH_POINTS: (33, 263, 164, 61, 291, 152),  # MediaPipe face mesh
    478: (33, 263, 164, 61, 291, 152),  # the same with irises
}


def check_image(image: object, what: str = "image") -> None:
    """Raise TypeError or ValueError unless ``image`` is a non-empty (H, W, 3) uint8 array."""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        found = getattr(image, "dtype", type(image).__name__)
        raise TypeError(f"{what}: expected a uint8 array, found {found}")
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"{what}: expected shape (H, W, 3), found {image.shape}")


@dataclass(frozen=True, slots=True, eq=False)
class _TimedPicture:
    """What raw and masked frames have in common; neither is the other."""

    picture: Picture = field(repr=False)  # as are landmarks: who prints a frame wants to know who is in it
    index: int
    time_s: float

    @property
    def image(self) -> Image:
        """The picture as (H, W, 3) uint8 BGR. Planes are converted at every call."""
        return self.picture if isinstance(self.picture, np.ndarray) else self.picture.bgr()

    def __post_init__(self) -> None:
        kind = type(self).__name__
        if isinstance(self.picture, np.ndarray) or not hasattr(self.picture, "bgr"):
            check_image(self.picture, f"{kind}.picture")
        try:
            is_time = math.isfinite(self.time_s)
        except TypeError:
            found = type(self.time_s).__name__
            raise TypeError(f"{kind}.time_s: expected a number of seconds, found {found}") from None
        if not is_time:
            raise ValueError(f"{kind}.time_s: expected a finite number of seconds, found {self.time_s}")


@dataclass(frozen=True, slots=True, eq=False)
class Frame(_TimedPicture):
    """One picture of a source.

    Attributes:
        picture: upright; (H, W, 3) uint8 BGR, or a video's own planes. Nobody writes into it.
        index: counts the source's frames from 0.
        time_s: presentation time in seconds; where it falls from one frame to the next, another stream begins.
    """

    if TYPE_CHECKING:  # what is given at run time is looked at by check_image; OpenCV does not say that it is uint8

        def __init__(self, picture: NDArray[Any] | Planar, index: int, time_s: float) -> None: ...


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What a source knows of itself before its first frame.

    Attributes:
        name: for messages and the report; a file's path or a camera's name.
        width, height: of the upright picture, pixels.
        fps: frames a second, average where it varies; 0 for still pictures.
        frame_count: how many frames will come; None where unknown.
        time_base: the unit in which every ``time_s`` is a whole number; None where there is none (cameras).
        ahead_s: whole seconds by which the file's own clock is ahead of ``time_s``; below 0: behind.
        bt709: the frames are YUV planes, in BT.709's colours (true) or BT.601's (false); None: they are BGR.
        live: true where frames that come too fast are dropped and time does not wait.
        path: the file behind the source, from which a sink may copy sound and subtitles; None where there is none.
    """

    name: str
    width: int
    height: int
    fps: float
    frame_count: int | None = None
    time_base: Fraction | None = None
    ahead_s: int = 0
    bt709: bool | None = None
    live: bool = False
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels: left, top, width, height. It may reach outside the picture."""

    x: float
    y: float
    width: float
    height: float

    @property
    def center(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def side(self) -> float:
        """The longer of width and height."""
        return max(self.width, self.height)

    @property
    def area(self) -> float:
        return max(self.width, 0.0) * max(self.height, 0.0)

    def scaled(self, factor: float) -> Box:
        """The box grown or shrunk about its centre."""
        x, y = self.center
        return Box(x - self.width * factor / 2, y - self.height * factor / 2, self.width * factor, self.height * factor)

    def intersection(self, other: Box) -> float:
        """Shared area, square pixels."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return max(width, 0.0) * max(height, 0.0)

    def iou(self, other: Box) -> float:
        """Intersection over union, 0 to 1."""
        shared = self.intersection(other)
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0

    def overlap(self, other: Box) -> float:
        """Shared area over the smaller of the two, 0 to 1: 1 where one lies inside the other."""
        smaller = min(self.area, other.area)
        return self.intersection(other) / smaller if smaller > 0 else 0.0

    @staticmethod
    def around(points: Points) -> Box:
        """The smallest box that holds all of (N, 2) points."""
        x, y = np.ascontiguousarray(points.T)  # numpy is slow along the long axis of so narrow an array
        left, top = float(x.min()), float(y.min())
        return Box(left, top, float(x.max()) - left, float(y.max()) - top)


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face in one frame.

    Attributes:
        box: around the face, pixels.
        landmarks: (N, 2) float32 pixels; N is 6 (:data:`KEY_POINTS`), 68 (iBUG 300-W), 468 or 478 (MediaPipe).
        score: 0 to 1, the finder's confidence.
    """

    box: Box
    landmarks: Points = field(repr=False)
    score: float

    def __post_init__(self) -> None:
        if not isinstance(self.landmarks, np.ndarray):
            raise TypeError(f"Face.landmarks: expected a float32 array, found {type(self.landmarks).__name__}")
        shape = self.landmarks.shape
        if len(shape) != 2 or shape[1] != 2 or shape[0] not in _ANCHOR_INDICES:
            expected = ", ".join(str(n) for n in _ANCHOR_INDICES)
            raise ValueError(f"Face.landmarks: expected shape (N, 2) with N one of {expected}; found {shape}")

    def anchors(self) -> Points:
        """The six key points, (6, 2) float32, in the order of :data:`KEY_POINTS`."""
        return self.landmarks[list(_ANCHOR_INDICES[len(self.landmarks)])]


class TrackState(StrEnum):
    """``tracked``: seen in this frame. ``held``: not seen; the pose is predicted or filled in from both sides."""

    TRACKED = "tracked"
    HELD = "held"


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One person's face over time.

    Attributes:
        id: counts persons from 1; a person keeps it through occlusion and crossing.
        face: seen or, while held, predicted.
        state: tracked or held.
        unseen_s: seconds to the nearest sighting; 0 while tracked. The mask grows with it.
        looked: false where a tracked face is known from frames nearby, or by its body, and shows no expression.
    """

    id: int
    face: Face
    state: TrackState = TrackState.TRACKED
    unseen_s: float = 0.0
    looked: bool = True


@dataclass(frozen=True, slots=True)
class Measures:
    """How a face moves, measured against the same person's resting face; left and right as the viewer sees them.

    Attributes:
        eye_left, eye_right: openness; 0 closed, 1 as at rest, up to 1.6 wide open.
        gaze_x, gaze_y: where the eyes look, -1 to 1; right and down are positive.
        brow_left, brow_right: height; -1 lowered, 0 at rest, 1 raised.
        brow_left_angle, brow_right_angle: -1 the inner end drawn down (anger), 0 at rest, 1 the inner end up (worry).
        mouth_open: 0 closed to 1 wide open.
        mouth_width: -1 narrow, 0 at rest, 1 wide.
        mouth_corners: -1 drawn down, 0 at rest, 1 lifted.
        mouth_round: 0 not rounded to 1 pursed.
        cheeks: 0 at rest to 1 raised.
        yaw, pitch, roll: of the head, degrees; turned to the viewer's right, tilted down, and clockwise are positive.
    """

    eye_left: float = 1.0
    eye_right: float = 1.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0
    brow_left: float = 0.0
    brow_right: float = 0.0
    brow_left_angle: float = 0.0
    brow_right_angle: float = 0.0
    mouth_open: float = 0.0
    mouth_width: float = 0.0
    mouth_corners: float = 0.0
    mouth_round: float = 0.0
    cheeks: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class MaskedFace:
    """A face that is covered now.

    Attributes:
        track: whose face, and where.
        probabilities: smoothed, in the order of :data:`EXPRESSIONS`, summing to 1; empty where the expression has
            not been recognised yet.
        expression: the one whose emoji is shown, unless the person wears a fixed one.
        blend: how much of each expression a living emoji wears now, in the order of :data:`EXPRESSIONS`, summing to
            1; continuous in time. Empty: ``expression`` alone.
        measures: how the face moves; None where that is not known.
    """

    track: Track
    probabilities: tuple[float, ...]
    expression: str
    blend: tuple[float, ...] = ()
    measures: Measures | None = None

    @property
    def recognised(self) -> str | None:
        """The expression that was read off the face; None where none was."""
        return self.expression if self.probabilities else None

    def emotions(self) -> Mapping[str, float]:
        """Probabilities by name; empty where there are none."""
        return dict(zip(EXPRESSIONS, self.probabilities, strict=True)) if self.probabilities else {}


@dataclass(frozen=True, slots=True, eq=False)
class MaskedFrame(_TimedPicture):
    """A frame that may leave the program: the only thing that a sink accepts. Keeps no reference to the raw frame.

    Attributes:
        picture: masked; (H, W, 3) uint8 BGR, or a video's own planes; memory of its own.
        index, time_s: of the frame that it was made from.
        faces: what is covered in it.
        shielded: true where the whole picture is covered.
    """

    faces: Sequence[MaskedFace] = field(default_factory=tuple)
    shielded: bool = False
