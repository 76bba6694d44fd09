"""The manifest: what came of each file, a line a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Self

from emojimask.batch.folders import Folder

MANIFEST = "manifest.jsonl"
BEGUN, DONE, FAILED, GONE = "begun", "done", "failed", "gone"


@dataclass(frozen=True, slots=True)
class Record:
    """One file's line.

    Attributes:
        input, output: names below the input and the output folder, with ``/``. Of a failure the output is None, but
            for what a run that was cut off has left there.
        input_folder: the input folder's path or URL; None in records of before it was noted.
        state: ``done``, ``failed``, ``begun``: a run was cut off while it may have made the output, or ``gone``: the
            input had failed or was begun, and is not there any more.
        error: why it failed; None where it did not.
        attempts: how often it was tried in this run.
        finished: when, UTC, ISO 8601; empty where it was begun only.
        took_s: seconds of work that it took; those of segments that ran side by side are added up.
        input_sha256, output_sha256, output_bytes: what was read and written.
        frames: in the output; 1 for a picture.
        seconds: from the first frame to the last; 0 for a picture.
        frames_with_faces, shielded: how many of the frames have a covered face, and show nothing of the input.
        faults: why frames were shielded on account of a fault of the program or the machine, and how often.
        left_out: how many streams of the input's sound the output has not, for their codec is not known.
        faces: covered faces, counted in every frame.
        people: how many were told apart.
        expressions: share of each among the faces whose expression was read, 0 to 1; empty where none was.
        timeline: the course of the video in at most 120 equal steps, a letter each: the first letter of the
            expression shown most (``u`` for surprise), ``-`` for a face that was not read, ``.`` for no face, ``#`` for
            shielded.
        report: name of what was seen, frame by frame, below the output folder; None where that was not asked for.
        leak: how much of a face independent detectors still find, where there was a face to find: frames, with a face,
            leaked, and not to be vouched for; None where that was not asked for.
        version, settings: of the program that did it.
    """

    input: str
    output: str | None
    state: str
    error: str | None = None
    attempts: int = 1
    finished: str = ""
    took_s: float = 0.0
    input_sha256: str | None = None
    output_sha256: str | None = None
    output_bytes: int = 0
    frames: int = 0
    seconds: float = 0.0
    frames_with_faces: int = 0
    shielded: int = 0
    faults: Mapping[str, int] = field(default_factory=dict)
    left_out: int = 0
    faces: int = 0
    people: int = 0
    expressions: Mapping[str, float] = field(default_factory=dict)
    timeline: str = ""
    report: str | None = None
    leak: Mapping[str, float] | None = None
    input_folder: str | None = None
    version: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        """The record as JSON, ASCII only, with a newline at its end and nowhere else."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Raises ValueError where ``line`` is no record; keys that are not known are passed over."""
        values = json.loads(line)
        if not isinstance(values, dict):
            raise ValueError(f"expected an object, found {type(values).__name__}")
        known = {f.name for f in fields(cls)}
        try:
            return cls(**{key: value for key, value in values.items() if key in known})
        except TypeError as error:
            raise ValueError(str(error)) from error


def now() -> str:
    """UTC, ISO 8601, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def latest(records: Iterable[Record]) -> dict[str, Record]:
    """The last word on every input, by its name."""
    return {record.input: record for record in records}


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
