"""A model that hangs while the camera runs on: what stays in sight, in real time and through the real loop."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple, Self

from emojimask.benchmark.actors import Actor
from emojimask.benchmark.stress import HEIGHT, WIDTH, Scene, Shot
from emojimask.pipeline import MaskingPipeline
from emojimask.runner import run
from emojimask.sources.latest import LatestSource
from emojimask.sources.paced import PacedSource
from emojimask.stages import Detection, FaceLandmarker
from emojimask.types import Face, Frame, MaskedFrame, Picture, Points, StreamInfo

HANGS_AT_S, HANGS_FOR_S = 1.0, 1.5


class Hanging:
    """A landmarker that hangs once, for :data:`HANGS_FOR_S` seconds, when told to."""

    def __init__(self, inner: FaceLandmarker) -> None:
        self._inner = inner
        self.hangs_next = False

    def locate(self, image: Picture, near: Detection | Points) -> Face | None:
        if self.hangs_next:
            self.hangs_next = False
            time.sleep(HANGS_FOR_S)
        return self._inner.locate(image, near)


class Seen(NamedTuple):
    """What was in sight from ``since_s`` on, for ``for_s`` seconds; ``shot``: what it was made from."""

    frame: MaskedFrame
    shot: Shot
    since_s: float
    for_s: float


def play(scene: Scene, actor: Actor, fps: int, pipeline: MaskingPipeline, hanging: Hanging) -> list[Seen]:
    """Play a scene in real time to a live run whose landmarker hangs; everything that was shown, in order."""
    stage = _Stage(scene, actor, fps, hanging)
    screen = _Screen()
    with LatestSource(PacedSource(stage)) as source:
        run(source, pipeline, [screen])
    ends = [since_s for since_s, _ in screen.shown[1:]] + [time.monotonic()]
    return [
        Seen(frame, stage.shots[frame.index], since_s, end - since_s)
        for (since_s, frame), end in zip(screen.shown, ends, strict=True)
    ]


def longest_frozen_ms(seen: list[Seen]) -> float:
    """For how long one frame that is no shield stood still."""
    return round(1000 * max((s.for_s for s in seen if not s.frame.shielded), default=0.0), 1)


class _Stage:
    """The scene as a source that remembers its shots."""

    def __init__(self, scene: Scene, actor: Actor, fps: int, hanging: Hanging) -> None:
        self.info = StreamInfo(scene.name, WIDTH, HEIGHT, fps)
        self.shots = list(scene.shots(actor, fps))  # drawn before time runs
        self._hanging = hanging

    def __iter__(self) -> Iterator[Frame]:
        for shot in self.shots:
            if shot.frame.index == round(HANGS_AT_S * self.info.fps):
                self._hanging.hangs_next = True
            yield shot.frame

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class _Screen:
    """A sink that notes when it was given what."""

    def __init__(self) -> None:
        self.shown: list[tuple[float, MaskedFrame]] = []

    def open(self, info: StreamInfo) -> None:
        pass

    def write(self, frame: MaskedFrame) -> None:
        self.shown.append((time.monotonic(), frame))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass
