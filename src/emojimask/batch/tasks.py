"""What is asked of a worker, and what it answers. All of it can be sent to other processes and machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from emojimask.batch.folders import Folder
from emojimask.batch.names import report_name
from emojimask.batch.record import Record
from emojimask.batch.stretches import Places, Stretch
from emojimask.batch.tally import Tally
from emojimask.errors import EmojimaskError
from emojimask.settings import MaskSettings


@dataclass(frozen=True, slots=True)
class Request:
    """What holds for a whole run.

    Attributes:
        audio: carry sound and subtitles over.
        reports: write beside each output what was seen, frame by frame, as .jsonl.
        split_s: a video of twice this length or more is cut into stretches of about this length, seconds; 0: never.
        leak: measure how much of a face still shows in each output; what is found is in the manifest.
        own: what the emoji sets and the model of one's own are now, as :func:`emojimask.build.own_parts` tells it.
    """

    inputs: Folder
    outputs: Folder
    settings: MaskSettings
    audio: bool = True
    reports: bool = False
    split_s: float = 300.0
    leak: bool = False
    own: Mapping[str, str] = field(default_factory=dict)

    def decisive(self) -> dict[str, object]:
        """All that decides what an output looks like, but for the input."""
        return {**asdict(self.settings), **self.own, "audio": self.audio, "split_s": self.split_s}

    def report(self, output: str) -> str | None:
        """The name of an output's report; None where none is wanted."""
        return report_name(output) if self.reports else None

    def files(self, output: str) -> list[str]:
        """What is written for an output: itself, and its report where one is wanted."""
        return [name for name in (output, self.report(output)) if name is not None]


@dataclass(frozen=True, slots=True)
class Taken:
    """What lies where an output would go and was not made from this run's input folder.

    Attributes:
        sha256: of the input that it was made from: the same file, moved, may take the place; None: nobody may.
        reason: why another may not, in one line.
    """

    sha256: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Job:
    """One file.

    Attributes:
        known_sha256: of the input that the output there was made from; None where it must be made.
        new: something is to be made of it that is not there, and that no run has made before.
        taken: what lies in its way.
    """

    input: str
    output: str
    size: int = 0
    known_sha256: str | None = None
    new: bool = False
    taken: tuple[Taken, ...] = ()


@dataclass(frozen=True, slots=True)
class Whole:
    """Mask a file, or cut it into stretches first if it is long and ``may_cut``."""

    job: Job
    may_cut: bool = True
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Piece:
    """Mask a stretch of a video."""

    job: Job
    sha256: str
    stretch: Stretch


@dataclass(frozen=True, slots=True)
class Join:
    """Put the stretches of a video together."""

    job: Job
    sha256: str
    masked: tuple[MaskedPiece, ...]


Task = Whole | Piece | Join


@dataclass(frozen=True, slots=True)
class Begun:
    """These tasks are handed out next; whoever is told may write that down first."""

    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The output is there and the input is as it was."""

    job: Job


@dataclass(frozen=True, slots=True)
class Cut:
    """The file is long: these pieces first."""

    job: Job
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class MaskedPiece:
    """A stretch is masked. ``lead``, ``trail``: see :class:`emojimask.batch.stretches.StretchSink`."""

    piece: Piece
    tally: Tally
    lead: Places
    trail: Places
    took_s: float


@dataclass(frozen=True, slots=True)
class Masked:
    """A file is finished."""

    job: Job
    record: Record


@dataclass(frozen=True, slots=True)
class Failure:
    """A task could not be done.

    Attributes:
        reason: one line.
        suffix: of an output that could be written; None where another suffix would not help.
        again: whether it may do so at another try.
    """

    task: Task
    reason: str
    suffix: str | None = None
    again: bool = True


@dataclass(frozen=True, slots=True)
class Hopeless:
    """No file can be masked: what the settings ask for is not there, or cannot be used."""

    error: EmojimaskError


Outcome = Begun | Unchanged | Cut | MaskedPiece | Masked | Failure | Hopeless
