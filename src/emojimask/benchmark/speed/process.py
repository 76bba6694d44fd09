"""Start-up and memory, measured on fresh processes."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryFile

from emojimask.errors import EmojimaskError
from emojimask.settings import MaskSettings


@dataclass(frozen=True, slots=True)
class StartTimes:
    """Medians, seconds: ``emojimask --help``, and from the start of a process to its first masked frame."""

    help_s: float
    first_frame_s: float


@dataclass(frozen=True, slots=True)
class Memory:
    """Of a process that masks one long video.

    Attributes:
        minutes: of video.
        most_mb: resident at most; None where the system does not tell.
        grown_mb: the median of the last fifth less that of the second; None likewise.
        course: (minutes of video, MB resident).
    """

    minutes: float
    most_mb: float | None
    grown_mb: float | None
    course: list[tuple[float, float]]


def measure_start(path: Path, settings: MaskSettings, turns: int) -> StartTimes:
    """The files are in the system's cache, as after a first start."""
    helped, masked = [], []
    for _ in range(turns):
        started = time.perf_counter()
        list(_lines(["-m", "emojimask", "--help"]))
        helped.append(time.perf_counter() - started)
        started = time.perf_counter()
        child = _child("first", path, 0, settings)
        next(child)
        masked.append(time.perf_counter() - started)
        list(child)
    return StartTimes(round(statistics.median(helped), 3), round(statistics.median(masked), 3))


def measure_memory(path: Path, settings: MaskSettings, minutes: float) -> Memory:
    """Mask a video over and over as one of ``minutes``, with decoding and encoding."""
    samples = [json.loads(line) for line in _child("long", path, 60 * minutes, settings)]
    most = [mb for _, _, mb in samples if mb is not None]
    course = [(round(time_s / 60, 4), mb) for time_s, mb, _ in samples if mb is not None]
    fifth = max(1, len(course) // 5)
    grown = None
    if len(course) >= 5:
        early, late = course[fifth : 2 * fifth], course[-fifth:]
        grown = round(statistics.median(mb for _, mb in late) - statistics.median(mb for _, mb in early), 1)
    return Memory(round(samples[-1][0] / 60, 3), max(most, default=None), grown, course)


def _child(what: str, path: Path, seconds: float, settings: MaskSettings) -> Iterator[str]:
    chosen = json.dumps(asdict(settings))
    return _lines(["-m", "emojimask.benchmark.speed.child", what, str(path), str(seconds), chosen])


def _lines(arguments: list[str]) -> Iterator[str]:
    """What a Python process of its own prints. Raises EmojimaskError if it fails."""
    with TemporaryFile("w+") as errors:
        with subprocess.Popen(
            [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process:
            assert process.stdout is not None, "a pipe was asked for"
            yield from process.stdout
        errors.seek(0)
        told = errors.read().strip().splitlines()
    if process.returncode:
        raise EmojimaskError(f"a measured process failed: {told[-1] if told else process.returncode}")
