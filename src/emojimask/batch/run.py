"""A whole run: plan, hand out, retry, write down."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from importlib.metadata import version

from emojimask.batch.engine import Engine
from emojimask.batch.folders import Folder
from emojimask.batch.plan import make_plan
from emojimask.batch.record import BEGUN, FAILED, Record
from emojimask.batch.tasks import (
    Begun,
    Cut,
    Failure,
    Job,
    Join,
    Masked,
    MaskedPiece,
    Outcome,
    Piece,
    Request,
    Task,
    Unchanged,
    Whole,
)
from emojimask.batch.worker import now, report_name, settings_of

MANIFEST = "manifest.jsonl"
ATTEMPTS = 2


@dataclass(slots=True)
class Progress:
    """How far a run is.

    Attributes:
        total: files.
        total_bytes: of all inputs that were not masked before, as far as that is known.
        done, unchanged: files that are masked, and that were masked before.
        failed: last word on each input that could not be masked.
        refused: how many of these another run would refuse as well.
        frames: in the outputs that this run has finished.
        bytes: of the inputs that are dealt with, stretches of long ones counted by their share.
    """

    total: int = 0
    total_bytes: int = 0
    done: int = 0
    unchanged: int = 0
    frames: int = 0
    bytes: float = 0.0
    failed: dict[str, str] = field(default_factory=dict)
    refused: int = 0


def read_manifest(folder: Folder) -> list[Record]:
    """All records of a manifest, in order; lines that were cut off are passed over. Raises SourceError."""
    return parse_manifest(folder.read_text(MANIFEST))


def parse_manifest(text: str) -> list[Record]:
    records = []
    for line in text.splitlines():
        try:
            records.append(Record.from_line(line))
        except ValueError:  # a run was killed while it wrote this line; the file is masked again
            continue
    return records


class BatchRun:
    """Masks everything below the input folder and keeps the manifest.

    Args:
        request: what to do.
        force: mask again what is done, and overwrite any output.
        say: is told of every failure, in one line.

    Attributes:
        progress: how far the run is.

    Raises:
        UsageError, SourceError: there is nothing to do; see :func:`emojimask.batch.plan.make_plan`.
        SinkError: the manifest cannot be written. By :meth:`run` too.
    """

    def __init__(self, request: Request, *, force: bool = False, say: Callable[[str], None] = lambda _: None) -> None:
        self._request = request
        self._say = say
        self._pieces: dict[str, list[MaskedPiece | None]] = {}
        self._tasks: deque[Task] = deque()
        plan = make_plan(request, read_manifest(request.outputs), force=force)
        self._unclaimed = plan.new
        total_bytes = sum(job.size for job in plan.jobs)
        self.progress = Progress(len(plan.jobs) + len(plan.refused), total_bytes, refused=len(plan.refused))
        request.outputs.clean()
        request.outputs.append(MANIFEST, "")  # what cannot be written is found out before any work
        for name, reason in plan.refused.items():
            self._fail(Job(name, ""), reason, 1)
        self._tasks.extend(Whole(job) for job in plan.jobs)

    def run(self, engine: Engine) -> Progress:
        """Do it all. Files that fail are tried once more; what is finished is in the manifest at once."""
        outcomes = engine.run(self._tasks)
        try:
            for outcome in outcomes:
                self._take(outcome)
        finally:
            outcomes.close()
            self._request.outputs.clean()
        return self.progress

    def _take(self, outcome: Outcome) -> None:
        match outcome:
            case Begun(tasks):
                self._claim(task.job for task in tasks)
            case Unchanged(job):
                self.progress.unchanged += 1
                self.progress.total_bytes -= job.size
            case Masked(job, record):
                self.progress.done += 1
                self.progress.frames += record.frames
                self.progress.bytes += 0 if self._pieces.pop(job.input, None) else job.size
                self._write(record)
            case Cut(job, pieces):
                self._pieces[job.input] = [None] * len(pieces)
                self._tasks.extend(pieces)
            case MaskedPiece():
                self._collect(outcome)
            case Failure(task, reason):
                self._retry(task, reason)

    def _claim(self, jobs: Iterable[Job]) -> None:
        """Note whose outputs may appear from now on, for a run may be cut off between an output and its record."""
        claimed = [job for job in jobs if job.input in self._unclaimed]
        self._unclaimed.difference_update(job.input for job in claimed)
        if claimed:
            self._write(*(self._begun(job) for job in claimed))

    def _begun(self, job: Job) -> Record:
        report = report_name(job.output) if self._request.reports else None
        return Record(job.input, job.output, BEGUN, report=report, version=version("emojimask"))

    def _collect(self, masked: MaskedPiece) -> None:
        piece = masked.piece
        pieces = self._pieces.get(piece.job.input)
        if pieces is None:
            return  # another piece has failed; the file is done in one go
        pieces[piece.stretch.number] = masked
        self.progress.bytes += piece.job.size / len(pieces)
        complete = tuple(p for p in pieces if p is not None)
        if len(complete) == len(pieces):
            self._tasks.append(Join(piece.job, piece.sha256, complete))

    def _retry(self, task: Task, reason: str) -> None:
        if isinstance(task, Whole):
            if task.attempt < ATTEMPTS:
                self._tasks.append(replace(task, attempt=task.attempt + 1))
            else:
                self._fail(task.job, reason, task.attempt)
                self.progress.bytes += task.job.size
        elif (pieces := self._pieces.pop(task.job.input, None)) is not None:
            # What a stretch cannot do may work in one go. The pieces that still wait are not needed any more.
            self.progress.bytes -= task.job.size * sum(p is not None for p in pieces) / len(pieces)
            kept = [t for t in self._tasks if not (isinstance(t, Piece) and t.job == task.job)]
            self._tasks.clear()
            self._tasks.extend([*kept, Whole(task.job, may_cut=False, attempt=ATTEMPTS)])

    def _fail(self, job: Job, reason: str, attempts: int) -> None:
        self.progress.failed[job.input] = reason
        self._say(reason if f"{job.input}: " in reason else f"{job.input}: {reason}")
        self._write(
            Record(
                input=job.input,
                output=job.output or None,
                state=FAILED,
                error=reason,
                attempts=attempts,
                finished=now(),
                version=version("emojimask"),
                settings=settings_of(self._request),
            )
        )

    def _write(self, *records: Record) -> None:
        self._request.outputs.append(MANIFEST, "".join(record.line() for record in records))
