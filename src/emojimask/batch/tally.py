"""What a file's frames show, added up while they pass. A sink like any other."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Self

from emojimask.types import EXPRESSIONS, MaskedFrame, StreamInfo

STEPS = 120
SHIELDED, NOBODY, UNREAD = "#", ".", "-"
LETTERS = dict(zip(EXPRESSIONS, "adfhsunc", strict=True))
"""Of each expression in a timeline; UNREAD stands for a face whose expression was not read."""


@dataclass(slots=True)
class Tally:
    """Counts; two tallies of neighbouring stretches add up with :meth:`add`. Times in seconds.

    Attributes:
        faults: why frames were shielded on account of a fault, and how often; whoever runs the pipeline notes that.
        left_out: streams of sound that the output has not, for their codec is not known; noted likewise.
        covered: faces, counted in every frame.
        read: those whose expression was read, by expression.
        course: what is shown in each second from ``first_s`` on that has a frame: how often each letter of a timeline.
        people: the numbers of the tracks that were seen.
    """

    frames: int = 0
    frames_with_faces: int = 0
    shielded: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    left_out: int = 0
    covered: int = 0
    read: Counter[str] = field(default_factory=Counter)
    people: set[int] = field(default_factory=set)
    first_s: float = 0.0
    last_s: float = 0.0
    course: defaultdict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def open(self, info: StreamInfo) -> None:
        """Nothing to prepare."""

    def write(self, frame: MaskedFrame) -> None:
        if not self.frames:
            self.first_s = frame.time_s
        self.last_s = frame.time_s
        self.frames += 1
        self.frames_with_faces += bool(frame.faces)
        self.shielded += frame.shielded
        self.covered += len(frame.faces)
        expressions = [face.recognised for face in frame.faces]
        self.read.update(expression for expression in expressions if expression is not None)
        shown = [UNREAD if expression is None else LETTERS[expression] for expression in expressions]
        self.people.update(face.track.id for face in frame.faces)
        self._second(frame.time_s).update([SHIELDED] if frame.shielded else shown or [NOBODY])

    def add(self, later: Tally) -> None:
        """Take in the tally of the stretch that follows."""
        for second, counts in later.course.items():
            self._second(later.first_s + second).update(counts)
        self.last_s = later.last_s
        self.frames += later.frames
        self.frames_with_faces += later.frames_with_faces
        self.shielded += later.shielded
        self.faults.update(later.faults)
        self.covered += later.covered
        self.read.update(later.read)
        self.people |= later.people

    def _second(self, time_s: float) -> Counter[str]:
        return self.course[max(0, int(time_s - self.first_s))]

    def shares(self) -> dict[str, float]:
        """Of each expression among those read, 0 to 1, in the order of EXPRESSIONS; empty where none was read."""
        total = self.read.total()
        return {name: round(self.read[name] / total, 4) for name in EXPRESSIONS} if total else {}

    def timeline(self) -> str:
        """The course in at most :data:`STEPS` letters."""
        seconds = max(self.course, default=-1) + 1
        steps = min(STEPS, seconds)
        shown: list[Counter[str]] = [Counter() for _ in range(steps)]
        for second, counts in self.course.items():
            shown[((second + 1) * steps - 1) // seconds].update(counts)
        return "".join(map(_most, shown))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to complete."""


def _most(counts: Counter[str]) -> str:
    """What is shown most; any face or shield comes before nobody."""
    shown = Counter({letter: count for letter, count in counts.items() if letter != NOBODY})
    return shown.most_common(1)[0][0] if shown else NOBODY
