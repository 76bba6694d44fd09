"""Live latency: every frame is stamped when the camera has it, and again when it is delivered masked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from emojimask.benchmark.speed.clips import ForthAndBack, check_video, first_frames
from emojimask.build import build_pipeline
from emojimask.runner import run
from emojimask.settings import MaskSettings
from emojimask.sources.latest import LatestSource
from emojimask.sources.paced import PacedSource
from emojimask.stages import Source
from emojimask.types import Frame, MaskedFrame, StreamInfo

_HELD_BYTES = 150_000_000
_WARM_UP_S = 1.0


@dataclass(frozen=True, slots=True)
class LiveTimes:
    """A live run.

    Attributes:
        captured: frames that the camera gave.
        delivered: of these, how many came out masked; the others were dropped for newer ones.
        median_ms, p95_ms, worst_ms: from captured to delivered.
        drift_ms: by how much the latency's median of the last fifth exceeds that of the first.
        cores: processor time over time.
        course: (seconds, median latency in ms) in twenty steps.
    """

    seconds: float
    fps: float
    captured: int
    delivered: int
    median_ms: float
    p95_ms: float
    worst_ms: float
    drift_ms: float
    cores: float
    course: list[tuple[float, float]]


def measure_live(path: Path, settings: MaskSettings, seconds: float) -> LiveTimes:
    """Play a video's frames, decoded beforehand, as a camera gives them, for ``seconds``, through the real loop."""
    pipeline = build_pipeline(settings, measured=False)
    frames, info = first_frames(path, _HELD_BYTES), check_video(path)
    warm_up = build_pipeline(settings, measured=False)
    for frame in frames[:5]:  # the first frames of a process are slower
        warm_up.process(frame)
    camera, screen = _Stamped(PacedSource(ForthAndBack(frames, info, seconds))), _Screen()
    cpu, started = time.process_time(), time.perf_counter()
    with LatestSource(camera) as source:
        run(source, pipeline, [screen])
    cores = (time.process_time() - cpu) / (time.perf_counter() - started)
    return _judged(camera.stamps, screen.shown, info.fps, cores)


def _judged(stamps: dict[int, float], shown: dict[int, float], fps: float, cores: float) -> LiveTimes:
    start = min(stamps.values())
    settled = [i for i in shown if stamps[i] - start >= _WARM_UP_S] or list(shown)
    times = np.array([stamps[i] - start for i in settled])
    ms = 1000 * np.array([shown[i] - stamps[i] for i in settled])
    parts = [part for part in np.array_split(np.arange(len(ms)), 20) if len(part)]
    course = [(round(float(times[p].mean()), 2), round(float(np.median(ms[p])), 2)) for p in parts]
    fifth = max(1, len(ms) // 5)
    return LiveTimes(
        seconds=round(max(stamps.values()) - start + 1 / fps, 2),
        fps=round(fps, 3),
        captured=len(stamps),
        delivered=len(shown),
        median_ms=round(float(np.median(ms)), 2),
        p95_ms=round(float(np.percentile(ms, 95)), 2),
        worst_ms=round(float(ms.max()), 2),
        drift_ms=round(float(np.median(ms[-fifth:]) - np.median(ms[:fifth])), 2),
        cores=round(cores, 2),
        course=course,
    )


class _Stamped:
    """A source that notes when it gave each frame."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.info = source.info
        self.stamps: dict[int, float] = {}

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._source:
            self.stamps[frame.index] = time.perf_counter()
            yield frame

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        self._source.__exit__(*error)


class _Screen:
    """A sink that notes when it was first given each frame; the shield in place of a late frame does not count."""

    def __init__(self) -> None:
        self.shown: dict[int, float] = {}

    def open(self, info: StreamInfo) -> None:
        pass

    def write(self, frame: MaskedFrame) -> None:
        self.shown.setdefault(frame.index, time.perf_counter())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass
