"""How much of anybody's face got out: an original and its masked copy, compared frame by frame.

Knows pictures and numbers only; who calls it reads the files and runs the detectors. Two passes, so that memory does
not grow with the pictures: first what the detectors see in the original becomes faces over time (``sightings``),
then each frame of both files is compared where these faces are (``exposure``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from emojimask.errors import UsageError
from emojimask.evaluation.exposure import exposure, resemblance
from emojimask.evaluation.sightings import FacePath
from emojimask.types import Image

LEAKED = 0.1
"""Share of a face's oval that must show the original for the frame to count as leaked."""
_RESEMBLES = 0.25  # share of the picture around the faces that shows the original, unless the frame is shielded
_SHIELD_ALIKE = 6.0  # gray levels; shielded frames differ from one another by no more, on the mean
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
        unlike: indices of frames that are neither like the original nor shielded; none can be vouched for.
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

    @property
    def measurable(self) -> bool:
        """False where no face was found in the original: then nothing can be said, neither good nor bad."""
        return self.frames_with_face > 0

    def exceeds(self, limit: float) -> bool:
        """True where more than ``limit`` of the frames with a face leaked, or a frame cannot be vouched for."""
        return self.leaked_share > limit or bool(self.unlike)


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
        self._shield: Image | None = None
        self._shielded = 0
        self._unlike: list[int] = []
        self._judged = 0

    def compare(self, original: Image, masked: Image) -> None:
        """Take in the next frame of both files, (H, W, 3) uint8 BGR of the same size each. Raises ValueError."""
        if original.shape != masked.shape:
            raise ValueError(f"frames of one size are compared, found {original.shape} and {masked.shape}")
        index = len(self._timeline)
        here = [(face, face.places[index]) for face in self._faces if index in face.places]
        self._judge(index, masked, resemblance(original, masked, [place.box for _, place in here]))
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
        """Sum up.

        Raises:
            UsageError: the masked file does not show what the original shows.
        """
        if len(self._unlike) > _STRANGE * self._judged:
            raise UsageError(
                f"{len(self._unlike)} of {len(self._timeline)} frames neither show the original nor are shielded: "
                "this is no masked copy of it; compare a file with what was made from it"
            )
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
            longest_exposure_ms=self._longest_ms(leaked_at),
            faces_never_covered=self._never_covered(),
            shielded=self._shielded,
            unlike=tuple(self._unlike),
            timeline=tuple(self._timeline),
            times_s=self._times_s[: len(self._timeline)],
        )

    def _judge(self, index: int, masked: Image, likeness: float) -> None:
        """Does the frame show the original around the faces, is it shielded, or is it something else?"""
        if np.isnan(likeness):
            return  # the faces fill the picture
        self._judged += 1
        if likeness >= _RESEMBLES:
            return
        small = masked[::8, ::8].astype(np.int16)
        if self._shield is None or self._shield.shape != small.shape:
            self._shield = small.astype(np.uint8) if _is_calm(masked) else None
        if self._shield is not None and np.abs(small - self._shield).mean() <= _SHIELD_ALIKE:
            self._shielded += 1
        else:
            self._unlike.append(index)

    def _never_covered(self) -> tuple[int, ...]:
        shown: dict[int, int] = {}
        for leak in self._leaked:
            shown[leak.face] = shown.get(leak.face, 0) + 1
        return tuple(face.id for face in self._faces if shown.get(face.id, 0) >= len(face.places))

    def _longest_ms(self, leaked_at: Sequence[int]) -> float:
        """A frame is shown until the next one comes; the last one as long as the one before it."""
        shown_s = np.diff(self._times_s)
        shown_s = np.append(shown_s, shown_s[-1:] if len(shown_s) else [0.0])
        longest = run = 0.0
        for before, index in zip([-2, *leaked_at], leaked_at, strict=False):
            run = (run if index == before + 1 else 0.0) + float(shown_s[index])
            longest = max(longest, run)
        return round(1000 * longest, 1)


def _is_calm(masked: Image) -> bool:
    """A shield is a quiet picture: nearly all of its pixels are like their neighbours."""
    steps = np.abs(np.diff(masked[::4, ::4].astype(np.int16), axis=1)).max(2)
    return bool((steps <= 8).mean() > 0.85)
