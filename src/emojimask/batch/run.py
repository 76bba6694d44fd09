"""A whole run: plan, hand out, retry, write down."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from importlib.metadata import version

from emojimask.batch.engine import Engine
from emojimask.batch.folders import LocalFolder
from emojimask.batch.names import left_alone
from emojimask.batch.plan import Plan, look_through
from emojimask.batch.record import BEGUN, FAILED, MANIFEST, Record, now, read_manifest
from emojimask.batch.tasks import (
    Begun,
    Cut,
    Failure,
    Hopeless,
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
from emojimask.errors import EmojimaskError

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


class BatchRun:
    """Masks everything below the input folder and keeps the manifest.

    Args:
        request: what to do.
        force: mask again what is done, and overwrite any output.
        say: is told of every failure, and of what is left alone, in one line.

    Attributes:
        progress: how far the run is.

    Raises:
        UsageError, SourceError: there is nothing to do; see :func:`emojimask.batch.plan.look_through`.
        SinkError: another run is at work in the output folder, which this one has until :meth:`run` is over; or the
            manifest cannot be written, then by :meth:`run` too.
    """

    def __init__(self, request: Request, *, force: bool = False, say: Callable[[str], None] = lambda _: None) -> None:
        self._request = request
        self._say = say
        self._pieces: dict[str, list[MaskedPiece | None]] = {}
        self._tasks: deque[Task] = deque()
        self._claimed: set[str] = set()
        inputs = look_through(request)
        with ExitStack() as held:
            held.enter_context(request.outputs.claim())
            plan = self._plan = Plan(request, inputs, read_manifest(request.outputs), force=force)
            total_bytes = sum(job.size for job in plan.jobs)
            self.progress = Progress(len(plan.jobs) + len(plan.refused), total_bytes, refused=len(plan.refused))
            if inputs.left_alone:
                say(left_alone(inputs.left_alone))
            # If of none, too: what cannot be written is found out before any work.
            refused = [self._failed(Job(name, ""), reason) for name, reason in plan.refused.items()]
            self._write(*plan.gone, *(record for record in refused if not plan.is_said(record)))
            self._tasks.extend(Whole(job) for job in plan.jobs)
            self._held = held.pop_all()

    def run(self, engine: Engine) -> Progress:
        """Do it all. Files that fail are tried once more; what is finished is in the manifest at once.

        Raises:
            EmojimaskError: no file can be masked, as a setting names something that is not there, say.
        """
        outcomes = engine.run(self._tasks)
        try:
            for outcome in outcomes:
                self._take(outcome)
        finally:
            outcomes.close()
            self._held.close()
        return self.progress

    def _take(self, outcome: Outcome) -> None:
        match outcome:
            case Begun(tasks):
                self._claim(task.job for task in tasks)
            case Unchanged(job):
                self.progress.unchanged += 1
                self.progress.total_bytes -= job.size
                if record := self._plan.overlooked(job.input):
                    self._write(record)
            case Masked(job, record):
                self.progress.done += 1
                self.progress.frames += record.frames
                self.progress.bytes += 0 if self._pieces.pop(job.input, None) else job.size
                self._write(record)
                for reason, count in record.faults.items():
                    fault = f"{count} frames were shielded because of {reason}"
                    self._say(f"{job.input}: {fault}; the next run masks it again")
                if record.left_out:
                    self._say(f"{job.input}: without {record.left_out} of its sound tracks, whose codec is not known")
            case Cut(job, pieces):
                self._pieces[job.input] = [None] * len(pieces)
                self._tasks.extendleft(reversed(pieces))  # what is begun is finished first: a kill loses it
            case MaskedPiece():
                self._collect(outcome)
            case Failure():
                self._retry(outcome)
            case Hopeless(error):
                raise error

    def _claim(self, jobs: Iterable[Job]) -> None:
        """Note whose outputs may appear from now on, for a run may be cut off between an output and its record."""
        claimed = [job for job in jobs if job.new and job.output not in self._claimed]
        self._claimed.update(job.output for job in claimed)
        if claimed:
            self._write(*(self._begun(job) for job in claimed))

    def _begun(self, job: Job) -> Record:
        report, folder = self._request.report(job.output), str(self._request.inputs)
        return Record(job.input, job.output, BEGUN, report=report, input_folder=folder, version=version("emojimask"))

    def _collect(self, masked: MaskedPiece) -> None:
        piece = masked.piece
        pieces = self._pieces.get(piece.job.input)
        if pieces is None:  # another piece has failed; the file is done in one go
            self._discard_pieces(piece.job)
            return
        pieces[piece.stretch.number] = masked
        self.progress.bytes += piece.job.size / len(pieces)
        complete = tuple(p for p in pieces if p is not None)
        if len(complete) == len(pieces):
            self._tasks.appendleft(Join(piece.job, piece.sha256, complete))

    def _retry(self, failure: Failure) -> None:
        task = failure.task
        if not isinstance(task, Whole):
            if self._drop_pieces(task.job):  # what a stretch cannot do may work in one go
                self._once_more(Whole(task.job, may_cut=False, attempt=ATTEMPTS), failure)
        elif failure.again and task.attempt < ATTEMPTS:
            self._once_more(replace(task, attempt=task.attempt + 1), failure)
        else:
            self._give_up(task, failure.reason)
            self.progress.refused += not failure.again

    def _drop_pieces(self, job: Job) -> bool:
        """Whether there were any; neither those that still wait nor what was made of the others is needed any more."""
        self._discard_pieces(job)
        pieces = self._pieces.pop(job.input, None)
        if pieces is None:
            return False
        self.progress.bytes -= job.size * sum(p is not None for p in pieces) / len(pieces)
        kept = [task for task in self._tasks if not (isinstance(task, Piece) and task.job == job)]
        self._tasks.clear()
        self._tasks.extend(kept)
        return True

    def _discard_pieces(self, job: Job) -> None:
        outputs = self._request.outputs
        assert isinstance(outputs, LocalFolder), "only what lies in folders is cut"
        for name in self._request.files(job.output):
            outputs.discard_pieces(name)

    def _once_more(self, task: Whole, failure: Failure) -> None:
        """Give the task out again; to another container where the first has no place for the sound."""
        try:
            job = task.job if failure.suffix is None else self._plan.elsewhere(task.job, failure.suffix)
        except EmojimaskError as error:
            self._give_up(task, str(error))
            return
        self._tasks.append(replace(task, job=job))

    def _give_up(self, task: Whole, reason: str) -> None:
        self._write(self._failed(task.job, reason, task.attempt))
        self.progress.bytes += task.job.size

    def _failed(self, job: Job, reason: str, attempts: int = 1) -> Record:
        """Tell and count it; returns its record."""
        self.progress.failed[job.input] = reason
        self._say(reason if f"{job.input}: " in reason else f"{job.input}: {reason}")
        return Record(
            input=job.input,
            output=self._plan.owners.left_over(job.output),
            state=FAILED,
            error=reason,
            attempts=attempts,
            finished=now(),
            version=version("emojimask"),
            input_folder=str(self._request.inputs),
            settings=self._request.decisive(),
        )

    def _write(self, *records: Record) -> None:
        """Together, as the disk is waited for each time."""
        self._request.outputs.append(MANIFEST, "".join(record.line() for record in records))
