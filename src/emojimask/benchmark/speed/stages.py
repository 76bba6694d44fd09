"""Where the time of a frame goes: reading, each stage of masking, writing."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

from emojimask.build import build_pipeline, file_sinks, open_file
from emojimask.settings import MaskSettings
from emojimask.sinks.null import NullSink
from emojimask.types import Frame

T = TypeVar("T")

MASKING = "masking"
STAGES = (
    "reading", "detector", "landmarker", "tracking", "classifier", "smoother", "motion", "renderer", "rest",
    MASKING, "writing",
)  # fmt: skip
"""In the order of the table. ``tracking``: the tracker without detector and landmarker. ``rest``: what masking does
besides its stages, such as deciding whom to cover. ``masking`` is the sum of all between reading and writing."""
_WARM_UP = 10  # frames that do not count
_AT_ONCE, _AT_ONCE_BYTES = 30, 200_000_000


@dataclass(frozen=True, slots=True)
class Spread:
    """Milliseconds a frame."""

    median_ms: float
    p95_ms: float
    mean_ms: float


@dataclass(frozen=True, slots=True)
class StageTimes:
    """One run.

    Attributes:
        stages: by name, in the order of :data:`STAGES`.
        frames: how many counted.
        faces: covered in a frame, on average.
        shielded: frames that were shielded whole.
    """

    stages: dict[str, Spread]
    frames: int
    faces: float
    shielded: int

    @property
    def mean_ms(self) -> float:
        """What masking takes a frame."""
        return self.stages[MASKING].mean_ms


class Stopwatch:
    """Adds up the time that each name takes within a frame.

    Attributes:
        frames: seconds by name, one mapping a frame.
    """

    def __init__(self) -> None:
        self.frames: list[dict[str, float]] = []
        self._now: defaultdict[str, float] = defaultdict(float)

    def add(self, name: str, seconds: float) -> None:
        self._now[name] += seconds

    def end_frame(self) -> None:
        self.frames.append(dict(self._now))
        self._now.clear()

    def watch(self, name: str, stage: T) -> T:
        """The same stage, timed."""
        return cast(T, _Timed(name, stage, self))

    def call(self, name: str, function: Callable[..., T], *args: Any, **more: Any) -> T:
        started = time.perf_counter()
        try:
            return function(*args, **more)
        finally:
            self.add(name, time.perf_counter() - started)


class _Timed:
    """Stands in for a stage; every method is timed."""

    def __init__(self, name: str, stage: object, stopwatch: Stopwatch) -> None:
        self._name, self._stage, self._stopwatch = name, stage, stopwatch

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(self._stage, attribute)
        if not callable(value):
            return value

        def timed(*args: Any, **more: Any) -> Any:
            return self._stopwatch.call(self._name, value, *args, **more)

        self.__dict__[attribute] = timed  # found without __getattr__ from now on
        return timed


def measure_stages(path: Path, settings: MaskSettings, seconds: float, *, write: bool = True) -> StageTimes:
    """Mask the first ``seconds`` of a video, every frame as it comes, as a live stream is masked.

    A batch of frames is read, then masked, then written, so that the codecs' threads do not disturb the masking.

    Args:
        write: as H.264; else the masked frames are dropped.
    """
    stopwatch = Stopwatch()
    pipeline = build_pipeline(settings, stopwatch.watch, measured=False)
    reading: list[float] = []
    writing: list[float] = []
    faces = shielded = 0
    with tempfile.TemporaryDirectory() as folder, open_file(path) as source:
        target = Path(folder) / "masked.mkv"
        sink = file_sinks(source.info, target, None, audio=False, force=False)[0] if write else NullSink()
        frames = islice(source, max(1, round(seconds * source.info.fps)))
        with sink:
            sink.open(source.info)
            while batch := _read(frames, reading):
                done = []
                for frame in batch:
                    done.append(stopwatch.call(MASKING, pipeline.process, frame))
                    stopwatch.end_frame()
                for masked in done:
                    started = time.perf_counter()
                    sink.write(masked)
                    writing.append(time.perf_counter() - started)
                    faces, shielded = faces + len(masked.faces), shielded + masked.shielded
    return StageTimes(_spreads(reading, stopwatch.frames, writing), len(reading), faces / len(reading), shielded)


def _read(frames: Iterator[Frame], took_s: list[float]) -> list[Frame]:
    """The next batch, which is empty at the end; the time of each read is added to ``took_s``."""
    batch: list[Frame] = []
    while len(batch) < _AT_ONCE and sum(frame.picture.nbytes for frame in batch) < _AT_ONCE_BYTES:
        started = time.perf_counter()
        frame = next(frames, None)
        if frame is None:
            break
        took_s.append(time.perf_counter() - started)
        batch.append(frame)
    return batch


def _spreads(reading: list[float], masking: list[dict[str, float]], writing: list[float]) -> dict[str, Spread]:
    for frame in masking:
        networks = frame.pop("detector", 0.0), frame.pop("landmarker", 0.0)
        frame["rest"] = 2 * frame[MASKING] - sum(frame.values())
        frame["tracking"] = max(0.0, frame.pop("tracker", 0.0) - sum(networks))  # side by side they may take longer
        frame["detector"], frame["landmarker"] = networks
    columns = {"reading": reading, "writing": writing}
    columns |= {name: [frame.get(name, 0.0) for frame in masking] for name in STAGES if name not in columns}
    return {name: spread(columns[name]) for name in STAGES}


def spread(seconds: list[float]) -> Spread:
    """Of seconds a frame, in milliseconds; the first few are left out where there are enough others."""
    ms = 1000 * np.array(seconds[_WARM_UP:] if len(seconds) > 2 * _WARM_UP else seconds)
    return Spread(*(round(float(value), 3) for value in (np.median(ms), np.percentile(ms, 95), ms.mean())))
