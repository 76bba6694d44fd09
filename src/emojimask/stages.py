"""The seams of the pipeline: what each stage must offer. Structural: nobody inherits from these.

Source -> FaceTracker (FaceDetector + FaceLandmarker) -> ExpressionClassifier -> ExpressionSmoother
       -> FaceMotion -> MaskRenderer (EmojiSet) -> Sink
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from emojimask.types import (
    Box,
    Face,
    Frame,
    Image,
    MaskedFace,
    MaskedFrame,
    Measures,
    Picture,
    Points,
    StreamInfo,
    Track,
)


class Source(AbstractContextManager["Source"], Protocol):
    """Frames in order, each in memory of its own. Opened when made; a context manager, to let files and cameras go."""

    @property
    def info(self) -> StreamInfo: ...

    def __iter__(self) -> Iterator[Frame]: ...


class Detection(NamedTuple):
    """Where a face may be. ``landmarks``: the six key points, roughly, (6, 2) pixels; None where not known."""

    box: Box
    score: float
    landmarks: Points | None = None

    def scaled(self, factor: float) -> Detection:
        """The same, in a picture ``factor`` times as large."""
        box = Box(*(side * factor for side in (self.box.x, self.box.y, self.box.width, self.box.height)))
        points = None if self.landmarks is None else (self.landmarks * np.float32(factor)).astype(np.float32)
        return Detection(box, self.score, points)

    def moved(self, dx: float, dy: float) -> Detection:
        """The same, found in a part of a picture that begins at (dx, dy)."""
        points = None if self.landmarks is None else self.landmarks + np.array([dx, dy], np.float32)
        return Detection(Box(self.box.x + dx, self.box.y + dy, self.box.width, self.box.height), self.score, points)


class FaceDetector(Protocol):
    """Looks for faces over a whole picture; keeps nothing between calls.

    It reports weak detections too; who asks decides from the score. A thorough look takes longer and finds faces
    that are small in a large picture.
    """

    def detect(self, image: Picture, thorough: bool = False) -> list[Detection]: ...


class TiledDetector(FaceDetector, Protocol):
    """A detector whose thorough look is made of several that may be had one by one, spread over several frames."""

    def tiles(self, height: int, width: int, closely: bool = False) -> Sequence[Box]:
        """The parts of a picture; one that reaches beyond the picture sees it mirrored at its edges there.

        ``closely``: smaller parts besides, for still smaller faces.
        """
        ...

    def detect_in_tile(self, image: Picture, tile: Box) -> list[Detection]:
        """The finds in one of the tiles, or in another part of the picture that is no smaller."""
        ...


class FaceLandmarker(Protocol):
    """Finds the landmarks of one face near a detection or its last landmarks; None where there is no face.

    Several threads may ask at once, each for a face of its own.
    """

    def locate(self, image: Picture, near: Detection | Points) -> Face | None: ...


class Glimpse(NamedTuple):
    """A part of a picture that may show what no later frame shows.

    ``thorough``: it is the whole picture, and is to be looked at as thoroughly as can be. ``alone``: nor does an
    earlier frame show it, as of a picture that is no video.
    """

    box: Box
    thorough: bool = False
    alone: bool = False


class Doubt(Exception):  # noqa: N818  (no error: the pipeline shields the frame)
    """The second detector sees a face where no face is in sight and the landmarker finds none.

    Attributes:
        tracks: all that is known of the frame all the same.
    """

    def __init__(self, message: str, tracks: Sequence[Track]) -> None:
        super().__init__(message)
        self.tracks = tuple(tracks)


class FaceTracker(Protocol):
    """Gives faces identity over time. One per stream; frames must come in order."""

    def update(self, frame: Frame, hindsight_s: float | None = None, glimpse: Glimpse | None = None) -> list[Track]:
        """Every face known now.

        Args:
            hindsight_s: for so many seconds who is found late is looked for in the frames before
                (:meth:`look_again`), so where hardly anything changes new faces may be looked for less often. None:
                live, where nothing can be made good.
            glimpse: where new faces are looked for at once, for no later frame may show them.

        Raises:
            Doubt: in strict mode, where the frame must be shielded. What is seen in it is not forgotten.
        """
        ...

    def look_again(self, frame: Frame, track: Track) -> Face | None:
        """The face of ``track`` in a frame already passed, from its pose in a later one; changes nothing."""
        ...

    def reset(self) -> None:
        """Forget every face: another stream begins, or a picture of another size. Ids are not given anew."""
        ...


class ExpressionClassifier(Protocol):
    """Reads expressions off faces; keeps nothing between calls."""

    def classify(self, image: Picture, faces: Sequence[Face]) -> NDArray[np.float32]:
        """(N, 8) probabilities in the order of ``EXPRESSIONS``, rows summing to 1."""
        ...


class ExpressionSmoother(Protocol):
    """Makes one steady expression per person out of many readings. One per stream; time in seconds."""

    def update(
        self, track_id: int, time_s: float, probabilities: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], str]:
        """Take a reading of (8,) probabilities; returns the smoothed (8,) and the name of the one to show."""
        ...

    def lag_s(self, every_s: float) -> float:
        """How late a plain change of expression shows, where a face is read every ``every_s`` seconds, above 0."""
        ...


class FaceMotion(Protocol):
    """Tells how a face moves and what a living emoji wears. One per stream; called for every face of every frame."""

    def update(
        self, frame: Frame, track: Track, probabilities: Sequence[float], expression: str
    ) -> tuple[Measures | None, tuple[float, ...]]:
        """Measures and blend, as in :class:`MaskedFace`.

        Args:
            probabilities: the person's last ones, smoothed; empty where nothing has been recognised.
            expression: the one that is shown.
        """
        ...


class Emoji(NamedTuple):
    """One drawing: ``image`` (S, S, 4) uint8 BGRA, straight alpha; ``key_points`` (6, 2) float32 in its pixels."""

    image: NDArray[np.uint8]
    key_points: Points


class Shape(NamedTuple):
    """A piece of a living emoji: a filled polygon, drawn over the emoji's picture.

    Attributes:
        outline: (N, 2) float32, in the pixels of the emoji's picture; not necessarily convex.
        color: blue, green, red.
        opacity: 0 to 1.
    """

    outline: Points
    color: tuple[int, int, int]
    opacity: float = 1.0


class EmojiSet(Protocol):
    """An emoji for every expression. Stateless: what it draws follows from its arguments alone."""

    @property
    def name(self) -> str: ...

    @property
    def fill(self) -> tuple[int, int, int]:
        """Blue, green, red: paints what of a face the emoji's disc does not reach."""
        ...

    def emoji(self, expression: str) -> Emoji:
        """The picture laid on a face; opaque where the face is. A living set gives its bare head."""
        ...

    def shapes(self, faces: Sequence[MaskedFace]) -> Sequence[Sequence[Shape]]:
        """What is drawn over each face's picture, back to front, from its blend and measures; nothing for a still set.

        Takes well under a millisecond, for several faces hardly longer than for one, and never raises, whatever the
        measures.
        """
        ...


class EmojiCast(Protocol):
    """Who wears which emoji set. Stateless."""

    @property
    def sets(self) -> Sequence[EmojiSet]:
        """All that may be worn; the first stands for the program where nobody is seen."""
        ...

    def for_track(self, track_id: int) -> EmojiSet:
        """One of ``sets``; always the same for the same person."""
        ...


class MaskRenderer(Protocol):
    """Draws over faces. Both calls return memory of their own."""

    def render(self, image: Picture, faces: Sequence[MaskedFace]) -> Picture:
        """A copy of ``image``, of the same kind, in which every face is opaquely covered; the last comes on top."""
        ...

    def shield(self, height: int, width: int) -> Image:
        """A whole picture that shows nothing of the camera's."""
        ...


class Sink(AbstractContextManager["Sink"], Protocol):
    """Takes masked frames, and nothing else.

    Leaving the ``with`` block without an exception completes the output; leaving it with one discards it.
    """

    def open(self, info: StreamInfo) -> None:
        """Called once, before the first frame."""
        ...

    def write(self, frame: MaskedFrame) -> None: ...
