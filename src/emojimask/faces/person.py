"""What is remembered of one face between frames: where it is, how it moves, and what it looks like."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from emojimask.faces.appearance import Appearance, appearance
from emojimask.faces.comparison import moved, stretched
from emojimask.faces.renderings import Rendering
from emojimask.faces.steady import LandmarkFilter
from emojimask.geometry.points import middle
from emojimask.types import Box, Face, Frame, Points

LOOKS_EVERY_S = 0.1 - 1e-6
"""How often it is noted what a face looks like."""
DAMPING_S = 0.25
"""A lost face's motion dies away with this time constant."""


@dataclass(slots=True)
class Person:
    """One person's face, by the frames in which it was seen."""

    id: int
    face: Face
    seen_s: float
    velocity: Points  # (2,) pixels a second
    look: Appearance | None
    looked_s: float
    outlined: Box | None = None  # where all of the face was when it was last outlined, unless a sure find came since
    speed: float = np.inf  # of the fastest landmark, in sizes of the face a second
    rendering: Rendering | None = None  # through which the face was found; None: as the picture is
    denied_s: float = -np.inf  # when the landmarker was last asked for the face and found none
    filter: LandmarkFilter = field(default_factory=LandmarkFilter)
    raw: Points = field(default_factory=lambda: np.zeros((0, 2), np.float32))

    def predicted(self, time_s: float) -> Points:
        """Where the landmarks should be: carried on by the last velocity, which dies away."""
        reach = DAMPING_S * (1 - np.exp(-max(0.0, time_s - self.seen_s) / DAMPING_S))
        return (self.raw + self.velocity * np.float32(reach)).astype(np.float32)

    def see(self, face: Face, frame: Frame, surely: bool = True) -> None:
        """``surely``: it is no weak find, which may be of a part of the face: else all that was known stays hidden."""
        step = frame.time_s - self.seen_s
        if 0 < step < 0.5 and len(face.landmarks) == len(self.raw):
            velocity = (middle(face.landmarks) - middle(self.raw)) / np.float32(step)
            self.velocity = np.float32(0.5) * (self.velocity + velocity)
            self.speed = moved(self.raw, face) / step
        elif step > 0:
            self.velocity, self.speed = np.zeros(2, np.float32), np.inf
        self.seen_s, self.raw = frame.time_s, face.landmarks
        steady = self.filter.update(face.landmarks, frame.time_s)
        self.face = Face(Box.around(steady) if len(steady) > 6 else face.box, steady, face.score)
        if len(steady) > 6:
            self.outlined = self.face.box
        elif surely:
            self.outlined = None
        elif self.outlined is not None:
            self.face = stretched(self.face, self.outlined)
        if frame.time_s - self.looked_s >= LOOKS_EVERY_S:
            self.looked_s = frame.time_s
            now = appearance(frame.picture, face.box)
            if now is not None:
                self.look = now if self.look is None else self.look + np.float32(0.25) * (now - self.look)

    def carried_on(self, frame: Frame) -> Face:
        """The face where it should be by now."""
        shift = middle(self.predicted(frame.time_s)) - middle(self.raw)
        box = self.face.box
        height, width = frame.picture.shape[:2]
        # Whoever left the picture is held at its edge, where he is most likely to come back.
        center = np.array(box.center, np.float32)
        shift = np.clip(center + shift, 0, np.array([width, height], np.float32)) - center
        expected = Box(box.x + float(shift[0]), box.y + float(shift[1]), box.width, box.height)
        return Face(expected, self.face.landmarks + shift, self.face.score)
