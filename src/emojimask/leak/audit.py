"""How much of anybody's face got out: an original and its masked copy, compared frame by frame.

Knows pictures and numbers only; who calls it reads the files and runs the detectors. Two passes, so that memory does
not grow with the pictures: first what the detectors see in the original becomes faces over time (``sightings``),
then each frame of both files is compared where these faces are (``exposure``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from emojimask.leak.exposure import exposure, resembles
from emojimask.leak.sightings import FacePath
from emojimask.types import Box, Image

LEAKED = 0.1
"""Share of a face's oval that must show the original for the frame to count as leaked."""
_EVEN = 6  # gray levels; by how much a shield's pixels may differ from their row's median in any channel ...
_EVEN_SHARE = 0.98  # ... and the share of them around the middle that must not
_BLACK = 12  # gray levels; columns no brighter are the bars beside a picture of another shape
_HELD_S = 2.0  # a mask may lie for so long where no face is seen any more, or yet
_SHOWS = 0.5  # share of a face's oval from which it is surely that face
_STRANGE = 0.1  # share of frames that are neither like the original nor shielded, above which it is another file


class LeakedFace(NamedTuple):
    """A face that shows in a frame. ``uncovered``: 0 to 1. ``seen``: false where it is assumed between sightings."""

    frame: int
    time_s: float
    face: int
    uncovered: float
    seen: bool


@dataclass(frozen=True, slots=True)
class LeakReport:
    """What a comparison found. Shares are 0 to 1, of the frames with a face where not said otherwise.

    Attributes:
        frames: in the file.
        frames_with_face: in which a face was seen or is assumed.
        faces: how many faces there are.
        leaked: every face in every frame that shows more than :data:`LEAKED` of its oval.
        leaked_frames: how many frames that makes.
        leaked_share: of ``frames_with_face``.
        worst_uncovered: the largest share of a face's oval that shows anywhere.
        longest_exposure_ms: the longest unbroken stretch of leaked frames.
        faces_never_covered: ids of the faces that show in every frame they are in.
        shielded: frames that are covered wholly.
        unlike: indices of frames that are neither like the original around its faces nor shielded, or that are all
            face; none can be vouched for.
        hidden: pictures that the masked file carries and does not show, in words.
        unread: what of the files could not be compared, and why, in words.
        timeline: for every frame the largest uncovered share; NaN where there is no face.
        times_s: of every frame.
    """

    frames: int
    frames_with_face: int
    faces: int
    leaked: tuple[LeakedFace, ...]
    leaked_frames: int
    leaked_share: float
    worst_uncovered: float
    longest_exposure_ms: float
    faces_never_covered: tuple[int, ...]
    shielded: int
    unlike: tuple[int, ...]
    timeline: tuple[float, ...] = field(repr=False)
    times_s: tuple[float, ...] = field(repr=False)
    hidden: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def is_of_another(self) -> bool:
        """True where the masked file does not show what the original shows, or all is face: there is no telling."""
        return len(self.unlike) > _STRANGE * self.frames

    @property
    def measurable(self) -> bool:
        """False where no face was found in the original: then nothing can be said, neither good nor bad."""
        return self.frames_with_face > 0

    def exceeds(self, limit: float) -> bool:
        """True where more than ``limit`` of the frames with a face leaked, or anything cannot be vouched for."""
        return self.leaked_share > limit or bool(self.unlike or self.hidden or self.unread)

    def figures(self) -> dict[str, float]:
        """In brief, as a batch's manifest holds them; what cannot be told is left out."""
        found: dict[str, float] = {"frames": self.frames, "frames_with_face": self.frames_with_face}
        if self.unlike:  # such as a face that fills the picture
            found["unlike_frames"] = len(self.unlike)
        if self.measurable and not self.is_of_another:
            found |= {"leaked_frames": self.leaked_frames, "worst_uncovered": round(self.worst_uncovered, 4)}
        return found


class LeakAudit:
    """Compares frame by frame; :meth:`report` sums up.

    Args:
        faces: where the faces are in the original.
        times_s: of every frame of the original.
    """

    def __init__(self, faces: Sequence[FacePath], times_s: Sequence[float]) -> None:
        self._faces = faces
        self._times_s = tuple(times_s)
        self._leaked: list[LeakedFace] = []
        self._timeline: list[float] = []
        self._shielded = 0
        self._unlike: list[int] = []

    def compare(self, original: Image, masked: Image) -> None:
        """Take in the next frame of both files, (H, W, 3) uint8 BGR of the same size each. Raises ValueError."""
        if original.shape != masked.shape:
            raise ValueError(f"frames of one size are compared, found {original.shape} and {masked.shape}")
        index = len(self._timeline)
        here = [(face, face.places[index]) for face in self._faces if index in face.places]
        if not resembles(original, masked, self._masks(index)):
            if _is_shield(masked):
                self._shielded += 1
            else:
                self._unlike.append(index)
        elif any(_is_mirrored(original, masked, place.box) for _, place in here):
            self._unlike.append(index)
        worst = float("nan")
        for face, place in here:
            found = exposure(original, masked, place.box)
            if not found.visible:
                continue
            worst = found.uncovered if np.isnan(worst) else max(worst, found.uncovered)
            if found.uncovered > LEAKED:
                self._leaked.append(LeakedFace(index, self._times_s[index], face.id, found.uncovered, place.seen))
        self._timeline.append(worst)

    def report(self) -> LeakReport:
        leaked_at = sorted({leak.frame for leak in self._leaked})
        with_face = int(np.isfinite(self._timeline).sum())
        return LeakReport(
            frames=len(self._timeline),
            frames_with_face=with_face,
            faces=len(self._faces),
            leaked=tuple(self._leaked),
            leaked_frames=len(leaked_at),
            leaked_share=len(leaked_at) / with_face if with_face else 0.0,
            worst_uncovered=float(np.nanmax(self._timeline)) if with_face else 0.0,
            longest_exposure_ms=longest_exposure_ms(leaked_at, self._times_s),
            faces_never_covered=self._never_covered(),
            shielded=self._shielded,
            unlike=tuple(self._unlike),
            timeline=tuple(self._timeline),
            times_s=self._times_s[: len(self._timeline)],
        )

    def _masks(self, index: int) -> list[Box]:
        """Where masks may be: at the faces, and for a while where one was or will be."""
        boxes = []
        for face in self._faces:
            nearest = min(max(index, next(iter(face.places))), next(reversed(face.places)))
            if abs(self._times_s[nearest] - self._times_s[index]) <= _HELD_S:
                boxes.append(face.places[nearest].box)
        return boxes

    def _never_covered(self) -> tuple[int, ...]:
        shown = Counter(leak.face for leak in self._leaked)
        return tuple(face.id for face in self._faces if shown[face.id] >= len(face.places))


def longest_exposure_ms(leaked_at: Sequence[int], times_s: Sequence[float]) -> float:
    """The longest unbroken stretch of leaked frames.

    A frame is shown until the next one comes; the last one as long as the one before it.

    Args:
        leaked_at: indices of these frames, rising.
        times_s: of all frames.
    """
    shown_s = np.diff(times_s)
    shown_s = np.append(shown_s, shown_s[-1:] if len(shown_s) else [0.0])
    longest = run = 0.0
    for before, index in zip([-2, *leaked_at], leaked_at, strict=False):
        run = (run if index == before + 1 else 0.0) + float(shown_s[index])
        longest = max(longest, run)
    return round(1000 * longest, 1)


def _is_mirrored(original: Image, masked: Image, face: Box) -> bool:
    """Before a plain wall a mirrored copy looks like the original all around, and the face shows on the other side."""
    return exposure(original, masked[:, ::-1], face).uncovered > _SHOWS > exposure(original, masked, face).uncovered


def _is_shield(masked: Image) -> bool:
    """Is all of the picture covered? Each row is of one colour, but for black bars and the emoji in the middle."""
    picture = masked[::4, ::4].astype(np.int16)
    picture = picture[:, picture.max((0, 2)) > _BLACK]
    height, width = picture.shape[:2]
    if width == 0:
        return True
    reach = min(height, width) / 4
    down, across = np.abs(np.arange(height) - height / 2) > reach, np.abs(np.arange(width) - width / 2) > reach
    even = np.abs(picture - np.median(picture, axis=1, keepdims=True)).max(2) <= _EVEN
    return bool(even[down[:, None] | across].mean() >= _EVEN_SHARE)
