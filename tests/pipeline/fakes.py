"""Stages with known behaviour, and stages that fail on demand. The raw picture is one colour: its presence shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from emojimask.stages import Glimpse
from emojimask.types import Box, Face, Frame, Image, MaskedFace, Points, Track, TrackState

RAW = 200
"""Every pixel of a raw frame has this value; masks are 10, the shield is 20."""


def frame(index: int, fps: float = 30, size: tuple[int, int] = (48, 64)) -> Frame:
    return Frame(np.full((*size, 3), RAW, np.uint8), index, index / fps)


def face(x: float = 30, y: float = 20) -> Face:
    landmarks: Points = np.array([[-5, -5], [5, -5], [0, 2], [-3, 4], [3, 4], [0, 9]], np.float32) + np.float32([x, y])
    return Face(Box(x - 8, y - 10, 16, 20), landmarks, 0.9)


class ScriptedTracker:
    """Sees person 1 in the frames for which ``sees`` holds; holds the face for ``memory`` seconds after."""

    def __init__(self, sees: Callable[[int], bool], visible: Callable[[int], bool] = lambda index: False) -> None:
        self.sees, self.visible = sees, visible
        self.last: float | None = None
        self.resets = 0

    def update(self, frame: Frame, hindsight_s: float | None = None, glimpse: Glimpse | None = None) -> list[Track]:
        if self.sees(frame.index):
            self.last = frame.time_s
            return [Track(1, face())]
        if self.last is None or frame.time_s - self.last > 6:
            return []
        return [Track(1, face(), TrackState.HELD, frame.time_s - self.last)]

    def look_again(self, frame: Frame, track: Track) -> Face | None:
        return face() if self.visible(frame.index) else None

    def reset(self) -> None:
        self.resets += 1
        self.last = None


class EvenClassifier:
    def classify(self, image: Image, faces: Sequence[Face]) -> np.ndarray:
        return np.full((len(faces), 8), 0.125, np.float32)


class PlainSmoother:
    def update(self, track_id: int, time_s: float, probabilities: np.ndarray) -> tuple[np.ndarray, str]:
        return probabilities, "happy"

    def lag_s(self, every_s: float) -> float:
        return 0.0


class BlockRenderer:
    """Paints boxes, larger the longer a face was not seen."""

    def render(self, image: Image, faces: Sequence[MaskedFace]) -> Image:
        out = image.copy()
        for masked in faces:
            box = masked.track.face.box.scaled(1 + masked.track.unseen_s)
            left, top = max(0, int(box.x)), max(0, int(box.y))
            out[top : int(box.y + box.height), left : int(box.x + box.width)] = 10
        return out

    def shield(self, height: int, width: int) -> Image:
        return np.full((height, width, 3), 20, np.uint8)


class Failing:
    """Passes calls on to a stage, but raises where ``when`` (counting all calls) says so."""

    def __init__(self, stage: object, when: Callable[[int], bool]) -> None:
        self.stage, self.when, self.calls = stage, when, 0

    def __getattr__(self, name: str) -> object:
        method = getattr(self.stage, name)

        def call(*args: object, **named: object) -> object:
            self.calls += 1
            if self.when(self.calls):
                raise RuntimeError("injected fault")
            return method(*args, **named)

        return call
