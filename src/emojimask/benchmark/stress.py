"""Scripted trouble with known truth: a real face is put through everything that makes masks slip.

A scene moves an actor about like a photograph before the camera, spoils light, sharpness or time, and knows for every
frame which pixels are face.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import av
import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from emojimask.benchmark.actors import Actor
from emojimask.types import Frame, Image, Points

WIDTH, HEIGHT = 640, 360
SECONDS = 3.0

Mask = NDArray[np.bool_]
Affine = NDArray[np.float64]
Where = tuple[float, float, float, float]
"""Of a face: the centre and the height as shares of the frame's, and the tilt in radians."""
Moves = Callable[[float], list[Where | None]]
"""Seconds -> where each person's face is; None while the person is not there."""
Ellipse = tuple[float, float, float, float]
"""In face heights around a face: (dx, dy, half width, half height)."""


class Shot(NamedTuple):
    """A frame and the truth about it.

    Attributes:
        faces: for every person the pixels that show the face, (H, W) bool.
        whole: how many pixels each face would have if nothing hid it.
    """

    frame: Frame
    faces: list[Mask]
    whole: list[float]


@dataclass(frozen=True, slots=True)
class Scene:
    """One trouble.

    Attributes:
        name: for the table.
        place: where the faces are.
        spoil: what happens to the finished picture: (picture, index) -> picture.
        hides: seconds -> what lies before the first face.
        drop: which frames never arrive.
        fails: in this span of seconds the models fail.
        compress: how strongly (H.264's CRF) the frames are compressed before anybody sees them.
        resize_at_s: when the frames become smaller.
    """

    name: str
    place: Moves
    spoil: Callable[[Image, int], Image] | None = None
    hides: Callable[[float], Ellipse | None] | None = None
    drop: Callable[[int], bool] = lambda _: False
    fails: tuple[float, float] | None = None
    compress: int | None = None
    resize_at_s: float | None = None

    def shots(self, actor: Actor, fps: int) -> Iterator[Shot]:
        """The scene played by ``actor``, at ``fps`` frames a second."""
        one = actor.cut_out()
        cast = [one, one.mirrored()] if len(self.place(0.0)) > 1 else [actor]
        drawn = (self._shot(cast, index, index / fps) for index in range(round(SECONDS * fps)) if not self.drop(index))
        return _recoded(drawn, self.compress, fps) if self.compress is not None else drawn

    def _shot(self, cast: Sequence[Actor], index: int, time_s: float) -> Shot:
        image = _room()
        faces: list[Mask] = []
        whole: list[float] = []
        for person, where in zip(cast, self.place(time_s), strict=True):
            if where is None:
                continue
            picture, outline = person.at(index)
            move = _placed(outline, *where)
            paper = _draw(image, picture, move)
            for face in faces:
                face &= ~paper
            polygon = cv2.transform(outline[None], move)[0]
            faces.append(_filled(polygon))
            whole.append(_area(polygon))
        if self.hides is not None and (ellipse := self.hides(time_s)) is not None and faces:
            self._hide(image, faces, ellipse, time_s)
        if self.spoil is not None:
            image = self.spoil(image, index)
        if self.resize_at_s is not None and time_s >= self.resize_at_s:
            size = (WIDTH * 3 // 4, HEIGHT * 3 // 4)
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
            faces = [cv2.resize(face.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0 for face in faces]
            whole = [area * 9 / 16 for area in whole]
        return Shot(Frame(image, index, time_s), faces, whole)

    def _hide(self, image: Image, faces: list[Mask], ellipse: Ellipse, time_s: float) -> None:
        where = self.place(time_s)[0]
        assert where is not None
        x, y, size, _ = where
        dx, dy, half_width, half_height = (v * size * HEIGHT for v in ellipse)
        hand = np.zeros(image.shape[:2], np.uint8)
        center = round(x * WIDTH + dx), round(y * HEIGHT + dy)
        cv2.ellipse(hand, center, (round(half_width), round(half_height)), 20, 0, 360, (1,), -1)
        image[hand > 0] = (118, 150, 196)
        cv2.ellipse(image, center, (round(half_width), round(half_height)), 20, 0, 360, (92, 118, 160), 2)
        for face in faces:
            face &= hand == 0


def scenes() -> list[Scene]:
    """Every scene, in the order of the table."""
    return [
        Scene(
            "sway and nod", lambda t: [(0.5 + sine(0.1, 0.4, t), 0.45 + sine(0.05, 0.7, t), 0.45, sine(0.25, 0.3, t))]
        ),
        Scene("fast pan", lambda t: [(0.5 + sine(0.33, 1.2, t), 0.45, 0.4, 0.0)]),
        Scene("motion blur", lambda t: [(0.5 + sine(0.3, 0.9, t), 0.45, 0.42, 0.0)], spoil=_blurred),
        Scene("spin", lambda t: [(0.5, 0.5, 0.42, 2 * math.pi * max(0.0, t - 0.4) / 2.2)]),
        Scene("zoom", lambda t: [(0.5, 0.48, 0.42 * 2.2 ** sine(1.0, 0.6, t), 0.0)]),
        Scene("out at the left", leaving(-0.75, 0)),
        Scene("out at the right", leaving(0.75, 0)),
        Scene("out at the top", leaving(0, -0.8)),
        Scene("out at the bottom", leaving(0, 0.9)),
        Scene("hand wipes over", steady, hides=wipe),
        Scene("hand stays on the mouth", steady, hides=stays),
        Scene("dim light", lambda t: [(0.5 + sine(0.1, 0.5, t), 0.45, 0.45, 0.0)], spoil=dim),
        Scene("flickering light", steady, spoil=flicker),
        Scene("heavy compression", lambda t: [(0.5 + sine(0.15, 0.5, t), 0.45, 0.4, 0.0)], compress=42),
        Scene(
            "two people cross",
            lambda t: [(0.2 + 0.6 * t / SECONDS, 0.45, 0.4, 0.0), (0.8 - 0.6 * t / SECONDS, 0.48, 0.4, 0.0)],
        ),
        Scene("a person enters late", lambda t: [(0.28, 0.45, 0.4, 0.0), (0.72, 0.5, 0.4, 0.0) if t >= 1.2 else None]),
        Scene("nobody, then a face", lambda t: [(0.5, 0.45, 0.4, 0.0) if t >= 1.0 else None]),
        Scene("tiny face", lambda t: [(0.5 + sine(0.2, 0.3, t), 0.5, 0.075, 0.0)]),
        Scene(
            "dropped frames",
            lambda t: [(0.5 + sine(0.2, 0.5, t), 0.45, 0.42, 0.0)],
            drop=lambda i: i % 11 in (3, 4, 5, 6, 8),
        ),
        Scene("another resolution", lambda t: [(0.5 + sine(0.1, 0.5, t), 0.45, 0.42, 0.0)], resize_at_s=1.4),
        Scene("models fail", lambda t: [(0.5 + sine(0.2, 0.5, t), 0.45, 0.42, 0.0)], fails=(1.0, 1.8)),
    ]


def head_turns() -> Scene:
    """For an actor whose clip shows the head turning from side to side; each frame shows the clip's next picture."""
    return Scene("head turns aside", lambda _: [(0.5, 0.45, 0.4, 0.0)])


def steady(_: float) -> list[Where | None]:
    return [(0.5, 0.45, 0.45, 0.0)]


def sine(share: float, hertz: float, time_s: float) -> float:
    return share * math.sin(2 * math.pi * hertz * time_s)


def leaving(dx: float, dy: float) -> Moves:
    """Out at the edge within half a second, back after another."""

    def place(time_s: float) -> list[Where | None]:
        away = float(np.interp(time_s, [0.7, 1.2, 1.8, 2.3], [0, 1, 1, 0]))
        return [(0.5 + dx * away, 0.45 + dy * away, 0.42, 0.0)]

    return place


def wipe(time_s: float) -> Ellipse | None:
    return (3.2 * math.sin(2.2 * (time_s - 0.4)), 0.1, 0.45, 0.65) if time_s > 0.4 else None


def stays(time_s: float) -> Ellipse:
    up = float(np.interp(time_s, [0.6, 1.0, 2.2, 2.6], [1.6, 0.25, 0.25, 1.6]))
    return 0.0, up, 0.42, 0.55


def dim(image: Image, _: int) -> Image:
    return _dimmed(image, 0.12)


def flicker(image: Image, index: int) -> Image:
    return _dimmed(image, (0.25, 0.9, 0.5, 0.12)[index // 2 % 4])


def _placed(outline: Points, x: float, y: float, size: float, tilt: float) -> Affine:
    """The actor's picture -> the frame: the face's middle at (x, y), its height ``size``, as shares of the frame."""
    middle = (outline.min(0) + outline.max(0)) / 2
    scale = size * HEIGHT / float(np.ptp(outline[:, 1]))
    turn = scale * np.array([[math.cos(tilt), -math.sin(tilt)], [math.sin(tilt), math.cos(tilt)]])
    return np.column_stack([turn, np.array([x * WIDTH, y * HEIGHT]) - turn @ middle])


def _draw(image: Image, picture: Image, move: Affine) -> Mask:
    """Lay the picture into the frame; returns where it lies."""
    scale = math.sqrt(abs(float(np.linalg.det(move[:, :2]))))
    while scale < 0.5:  # shrink by area first: no aliasing
        picture = np.asarray(cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
        move = move @ np.array([[2, 0, 0.5], [0, 2, 0.5], [0, 0, 1.0]])
        scale *= 2
    inside = (
        cv2.warpAffine(np.full(picture.shape[:2], 255, np.uint8), move, (WIDTH, HEIGHT), flags=cv2.INTER_NEAREST) > 0
    )
    drawn = cv2.warpAffine(picture, move, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    image[inside] = drawn[inside]
    return np.asarray(inside)


def _room() -> Image:
    """A wall with some light and grain, the same every time."""
    shade = np.linspace(150, 95, WIDTH)[None, :, None] * np.array([1.0, 0.97, 0.9])
    grain = np.random.default_rng(7).normal(0, 3, (HEIGHT, WIDTH, 1))
    return np.asarray(np.clip(shade + grain, 0, 255), np.uint8)


def _filled(polygon: Points) -> Mask:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillPoly(mask, [np.round(polygon).astype(np.int32)], (1,))
    return mask > 0


def _area(polygon: Points) -> float:
    return float(cv2.contourArea(np.asarray(polygon, np.float32)))


def _dimmed(image: Image, gain: float) -> Image:
    noise = np.random.default_rng(11).normal(0, 2.0, image.shape)
    return np.asarray(np.clip(image * gain + noise, 0, 255), np.uint8)


def _blurred(image: Image, _: int) -> Image:
    return np.asarray(cv2.blur(image, (21, 1)), np.uint8)


def _recoded(shots: Iterator[Shot], crf: int, fps: int) -> Iterator[Shot]:
    """The same through a codec at a low rate. What comes out is what everybody sees, so the truth still holds."""
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt, encoder.framerate = WIDTH, HEIGHT, "yuv420p", Fraction(fps)
    encoder.time_base = Fraction(1, fps)
    encoder.options = {"crf": str(crf), "preset": "veryfast", "tune": "zerolatency"}
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, VideoCodecContext)
    waiting: deque[Shot] = deque()

    def decoded(packets: Iterable[av.Packet[Any]]) -> Iterator[Shot]:
        for packet in packets:
            for raw in decoder.decode(packet):
                shot, image = waiting.popleft(), np.ascontiguousarray(raw.to_ndarray(format="bgr24"), np.uint8)
                yield shot._replace(frame=Frame(image, shot.frame.index, shot.frame.time_s))

    for shot in shots:
        waiting.append(shot)
        picture = av.VideoFrame.from_ndarray(shot.frame.image, format="bgr24")
        picture.pts, picture.time_base = shot.frame.index, Fraction(1, fps)
        yield from decoded(encoder.encode(picture))
    yield from decoded(encoder.encode(None))
    yield from decoded([av.Packet()])
