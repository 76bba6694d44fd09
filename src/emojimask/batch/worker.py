"""Does one task after the other in a process of its own. The models are loaded once, at the first that needs them."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from emojimask import build
from emojimask.batch.folders import LocalFolder
from emojimask.batch.names import report_name
from emojimask.batch.record import DONE, Record, now
from emojimask.batch.stretches import StretchSink, can_be_cut, plan_stretches, same_people
from emojimask.batch.tally import Tally
from emojimask.batch.tasks import (
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
from emojimask.errors import EmojimaskError, NoPlaceError, SourceError
from emojimask.leak.files import compare_files
from emojimask.pipeline import MaskingPipeline
from emojimask.runner import run
from emojimask.stages import Sink
from emojimask.types import MaskedFrame, StreamInfo

THREADS = 1
"""Of decoder, encoder and OpenCV each, and so for all faces: the other cores have workers of their own."""


class Worker:
    """Masks what a run asks for. ``on_frame`` is called with every frame that is made."""

    def __init__(self, request: Request, on_frame: Callable[[MaskedFrame], None] | None = None) -> None:
        import cv2

        cv2.setNumThreads(THREADS)
        self._request = request
        self._on_frame = on_frame

    def do(self, task: Task) -> Outcome:
        """Never raises on account of a file."""
        try:
            match task:
                case Whole():
                    return self._whole(task)
                case Piece():
                    return self._piece(task)
                case Join():
                    return self._join(task)
        except _NoPipeline as error:
            return Hopeless(error.reason)
        except NoPlaceError as error:
            return Failure(task, str(error), error.suffix)
        except EmojimaskError as error:
            return Failure(task, str(error))
        except Exception as error:
            return Failure(task, f"internal fault: {type(error).__name__}: {' '.join(str(error).split())}")

    def _whole(self, task: Whole) -> Outcome:
        job, began = task.job, time.monotonic()
        with self._request.inputs.fetch(job.input) as path:
            sha256 = sha256_of(path)
            if task.attempt == 1 and sha256 == job.known_sha256:
                return Unchanged(job)
            for taken in job.taken:
                if taken.sha256 != sha256:
                    return Failure(task, taken.reason, again=False)
            for name in self._request.files(job.output):
                self._request.outputs.check_name(name)
            pieces = self._cut(job, path, sha256) if task.may_cut else ()
            if pieces:
                return Cut(job, pieces)
            tally = Tally()
            with self._places(job.output) as (output, report):
                with build.open_file(path, THREADS) as source:
                    info = source.info
                    sinks = self._sinks(info, output, report, audio=self._request.audio)
                    summary = run(source, self._pipeline(report), [*sinks, tally], self._on_frame, overlap=False)
                if summary.broken_off is not None:
                    raise summary.broken_off
                tally.faults.update(summary.failures)
                tally.left_out = summary.left_out
                written = self._written(path, output)
        record = self._record(job, info, tally, sha256, written, time.monotonic() - began)
        return Masked(job, replace(record, attempts=task.attempt))

    def _cut(self, job: Job, path: Path, sha256: str) -> tuple[Piece, ...]:
        """The pieces of a long video; none where it is short, or cannot be cut without a seam.

        Raises NoPlaceError before the work; who joins them would raise it after all of it.
        """
        from emojimask.sinks.video.joined import JOINABLE, check_fits
        from emojimask.sources.cuts import frame_times

        request = self._request
        shared = isinstance(request.inputs, LocalFolder) and isinstance(request.outputs, LocalFolder)
        joinable = PurePosixPath(job.output).suffix.lower() in JOINABLE
        if not (request.split_s > 0 and shared and joinable and can_be_cut(request.settings)):
            return ()
        times = frame_times(path)
        if times is None or not times.frames or times.frames[-1] - times.frames[0] < 2 * request.split_s:
            return ()
        stretches = plan_stretches(times, request.settings, request.split_s)
        if len(stretches) < 2:
            return ()
        if request.audio:
            check_fits(path, Path(job.output))
        return tuple(Piece(job, sha256, s) for s in stretches)

    def _piece(self, task: Piece) -> Outcome:
        job, stretch, began = task.job, task.stretch, time.monotonic()
        tally = Tally()
        part, report = self._staged(job, stretch.number)
        part.parent.mkdir(parents=True, exist_ok=True)
        with (
            self._request.inputs.fetch(job.input) as path,
            build.open_file(path, THREADS, (stretch.warm_s, stretch.tail_s)) as source,
        ):
            sinks = self._sinks(source.info, part, report, audio=False)
            passed = StretchSink(stretch, [*sinks, tally])
            summary = run(source, self._pipeline(report), [passed], self._on_frame, overlap=False)
        tally.faults.update(summary.failures)
        if summary.broken_off is not None:
            raise summary.broken_off
        if passed.count != stretch.frames:
            raise SourceError(f"{path}: a stretch has {passed.count} frames in place of {stretch.frames}")
        return MaskedPiece(task, tally, passed.lead, passed.trail, time.monotonic() - began)

    def _join(self, task: Join) -> Outcome:
        from emojimask.sinks.video.joined import join_videos
        from emojimask.sources.cuts import frame_times

        job, began = task.job, time.monotonic()
        staged = [self._staged(job, masked.piece.stretch.number) for masked in task.masked]
        people = _numbered(task.masked)
        tally = task.masked[0].tally
        for masked, numbers in zip(task.masked[1:], people[1:], strict=True):
            tally.add(replace(masked.tally, people=set(numbers.values())))
        with self._request.inputs.fetch(job.input) as path, self._places(job.output) as (output, report):
            times = frame_times(path)
            if times is None:
                raise SourceError(f"{path}: has changed while it was masked")
            with build.open_file(path, THREADS) as source:
                info = source.info
            parts = [part for part, _ in staged]
            tally.left_out = join_videos(parts, times.frames, info, output, audio=self._request.audio)
            if report is not None:
                _join_reports([part for _, part in staged if part], people, report)
            written = self._written(path, output)
        for paths in staged:
            for part in filter(None, paths):
                part.unlink()
        took_s = time.monotonic() - began + sum(masked.took_s for masked in task.masked)
        return Masked(job, self._record(job, info, tally, task.sha256, written, took_s))

    def _pipeline(self, report: Path | None) -> MaskingPipeline:
        """Raises _NoPipeline."""
        try:
            return build.build_pipeline(self._request.settings, measured=report is not None)
        except EmojimaskError as error:
            raise _NoPipeline(error) from error

    @contextmanager
    def _places(self, output: str) -> Iterator[tuple[Path, Path | None]]:
        """Where to write the output and its report to; they take their names after the block, the output last."""
        request = self._request
        with ExitStack() as stack:
            places = {name: stack.enter_context(request.outputs.place(name)) for name in request.files(output)}
            try:
                yield places[output], places.get(report_name(output))
            except EmojimaskError as error:
                for name, place in places.items():  # an error names a file as it will be called
                    error.args = (str(error).replace(str(place), name),)
                raise

    def _staged(self, job: Job, number: int) -> tuple[Path, Path | None]:
        outputs = self._request.outputs
        assert isinstance(outputs, LocalFolder), "only what lies in folders is cut"
        report = self._request.report(job.output)
        return outputs.staged(job.output, number), None if report is None else outputs.staged(report, number)

    def _written(self, original: Path, output: Path) -> _Written:
        """What is to be told of a finished output, before it takes its place."""
        leak = compare_files(original, output, build.eyes())[0].figures() if self._request.leak else None
        return _Written(sha256_of(output), output.stat().st_size, leak)

    def _sinks(self, info: StreamInfo, output: Path, report: Path | None, *, audio: bool) -> list[Sink]:
        return build.file_sinks(info, output, report, audio=audio, force=True, threads=THREADS)

    def _record(
        self, job: Job, info: StreamInfo, tally: Tally, sha256: str, written: _Written, took_s: float
    ) -> Record:
        return Record(
            input=job.input,
            output=job.output,
            state=DONE,
            finished=now(),
            took_s=round(took_s, 3),
            input_sha256=sha256,
            output_sha256=written.sha256,
            output_bytes=written.size,
            frames=tally.frames,
            seconds=round(tally.last_s - tally.first_s, 6),
            frames_with_faces=tally.frames_with_faces,
            shielded=tally.shielded,
            faults=dict(tally.faults),
            left_out=tally.left_out,
            faces=tally.covered,
            people=len(tally.people),
            expressions=tally.shares(),
            leak=written.leak,
            timeline=tally.timeline() if info.fps else "",
            report=self._request.report(job.output),
            input_folder=str(self._request.inputs),
            version=version("emojimask"),
            settings=self._request.decisive(),
        )


class _NoPipeline(Exception):  # noqa: N818
    """None can be built, for whatever file."""

    def __init__(self, reason: EmojimaskError) -> None:
        super().__init__(str(reason))
        self.reason = reason


class _Written(NamedTuple):
    sha256: str
    size: int
    leak: Mapping[str, float] | None


def sha256_of(path: Path) -> str:
    """Of a file's content. Raises SourceError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror})") from error


def _numbered(masked: tuple[MaskedPiece, ...]) -> list[dict[int, int]]:
    """For each stretch: the number in the whole video of each of its persons."""
    first = {number: number for number in masked[0].tally.people}
    people, highest = [first], max(first, default=0)
    for before, after in pairwise(masked):
        known = same_people(before.trail, after.lead)
        numbers: dict[int, int] = {}
        for number in sorted(after.tally.people):
            if number in known and known[number] in people[-1]:
                numbers[number] = people[-1][known[number]]
            else:
                numbers[number] = highest = highest + 1
        people.append(numbers)
    return people


def _join_reports(parts: list[Path], people: list[dict[int, int]], report: Path) -> None:
    frame = 0
    with report.open("w", encoding="utf-8") as joined:
        for part, numbers in zip(parts, people, strict=True):
            with part.open(encoding="utf-8") as lines:
                for line in lines:
                    record = json.loads(line)
                    record["frame"] = frame
                    for face in record["faces"]:
                        face["track_id"] = numbers[face["track_id"]]
                    joined.write(json.dumps(record) + "\n")
                    frame += 1
