"""What was seen, as numbers: one line a frame, or one row a face."""

from __future__ import annotations

import csv
import json
from dataclasses import fields
from pathlib import Path
from typing import Any, Self, TextIO

from emojimask.errors import UsageError
from emojimask.files.atomic import AtomicFile
from emojimask.sinks.guard import require_masked
from emojimask.types import EXPRESSIONS, MaskedFace, MaskedFrame, Measures, StreamInfo

_MEASURES = tuple(measure.name for measure in fields(Measures))
_FACE_COLUMNS = ("track_id", "state", "x", "y", "width", "height", "expression", *EXPRESSIONS, *_MEASURES)


class ReportSink:
    """Writes the faces of every frame, without any picture, into a ``.jsonl`` or a ``.csv`` file.

    JSON Lines: an object a frame, ``{"frame", "time_s", "shielded", "faces": [{"track_id", "state", "box": [x, y,
    width, height], "expression", "emotions": {name: probability}, "measures": {name: value}}]}``; emotions and
    measures are empty where they are not known. CSV: a row a face, with the same values in columns, and a row with
    empty face columns for a frame without faces. Times are rounded to microseconds, boxes to a tenth of a pixel,
    probabilities to 4 decimals, measures to 3.

    Raises:
        UsageError: the suffix is neither, or the output is the input.
        OutputExistsError: the output is there, and ``force`` is false.
        SinkError: the file cannot be written.
    """

    def __init__(self, path: Path | str, force: bool = False) -> None:
        self._file = AtomicFile(path, force)
        self._stream: TextIO | None = None
        suffix = self._file.path.suffix.lower()
        if suffix not in (".jsonl", ".csv"):
            raise UsageError(f"{path}: a report is written as .jsonl or .csv, not as '{suffix}'")
        self._as_csv = suffix == ".csv"

    def open(self, info: StreamInfo) -> None:
        part = self._file.open(info.path)
        try:
            self._stream = part.open("w", encoding="utf-8", newline="")
            if self._as_csv:
                csv.writer(self._stream).writerow(("frame", "time_s", "shielded", *_FACE_COLUMNS))
        except OSError as error:
            raise self._file.fault(error) from error

    def write(self, frame: MaskedFrame) -> None:
        require_masked(frame)
        assert self._stream is not None, "open() comes before write()"
        try:
            if self._as_csv:
                csv.writer(self._stream).writerows(_rows(frame))
            else:
                self._stream.write(json.dumps(_record(frame)) + "\n")
        except OSError as error:
            raise self._file.fault(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._stream is None:
            return
        try:
            self._stream.close()  # writes out what is still buffered
        except OSError as fault:
            self._file.discard()
            raise self._file.fault(fault) from fault
        if kind is None:
            self._file.complete()
        else:
            self._file.discard()


def _record(frame: MaskedFrame) -> dict[str, Any]:
    return {
        "frame": frame.index,
        "time_s": round(frame.time_s, 6),
        "shielded": frame.shielded,
        "faces": [
            {
                "track_id": face.track.id,
                "state": str(face.track.state),
                "box": _box(face),
                "expression": face.recognised,
                "emotions": {name: round(float(p), 4) for name, p in face.emotions().items()},
                "measures": _measures(face),
            }
            for face in frame.faces
        ],
    }


def _rows(frame: MaskedFrame) -> list[list[Any]]:
    head = [frame.index, round(frame.time_s, 6), str(frame.shielded).lower()]
    if not frame.faces:
        return [head + [""] * len(_FACE_COLUMNS)]
    rows = []
    for face in frame.faces:
        emotions = face.emotions()
        values: list[Any] = [round(float(emotions[name]), 4) if name in emotions else "" for name in EXPRESSIONS]
        measures = _measures(face)
        values += [measures.get(name, "") for name in _MEASURES]
        rows.append([*head, face.track.id, str(face.track.state), *_box(face), face.recognised or "", *values])
    return rows


def _measures(face: MaskedFace) -> dict[str, float]:
    if face.measures is None:
        return {}
    return {name: round(getattr(face.measures, name), 3) for name in _MEASURES}


def _box(face: MaskedFace) -> list[float]:
    box = face.track.face.box
    return [round(float(value), 1) for value in (box.x, box.y, box.width, box.height)]
