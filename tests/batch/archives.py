"""Small archives, and an engine without processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

import media
from emojimask.batch.folders import LocalFolder
from emojimask.batch.record import Record, read_manifest
from emojimask.batch.run import BatchRun, Progress
from emojimask.batch.tasks import Begun, Outcome, Request, Task
from emojimask.batch.worker import Worker
from emojimask.settings import MaskSettings
from emojimask.sources.synthetic import SyntheticSource


class SameProcess:
    """Does every task here and now. ``before`` may break things first."""

    def __init__(self, request: Request, before: Callable[[Task], None] = lambda _: None) -> None:
        self.worker = Worker(request)
        self.done: list[Task] = []
        self.before = before

    def frames_so_far(self) -> int:
        return 0

    def run(self, tasks: deque[Task]) -> Generator[Outcome]:
        while tasks:
            task = tasks.popleft()
            yield Begun((task,))
            self.done.append(task)
            self.before(task)
            yield self.worker.do(task)


def request(inputs: Path, outputs: Path, settings: MaskSettings | None = None, **more: Any) -> Request:
    return Request(LocalFolder(inputs), LocalFolder(outputs), settings or MaskSettings(), **more)


def run(wanted: Request, **more: Any) -> tuple[Progress, list[str], SameProcess]:
    said: list[str] = []
    engine = SameProcess(wanted)
    return BatchRun(wanted, say=said.append, **more).run(engine), said, engine


def records(wanted: Request) -> dict[str, Record]:
    return {record.input: record for record in read_manifest(wanted.outputs)}


def clip(path: Path, frames: int = 6, **more: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return media.write_video(path, frames=frames, **more)


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", media.bars())[1].tobytes())
    return path


def face_clip(path: Path, seconds: float, fps: int = 10, sound: bool = False) -> Path:
    """A person who sways, with B-frames, a key frame every second, and a tone if wished."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", fps, options={"g": str(fps), "bf": "2", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        tone = output.add_stream("aac", 48000) if sound else None
        for frame in SyntheticSource(320, 180, fps, seconds):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame.image, format="bgr24")))
        output.mux(stream.encode(None))
        if tone is not None:
            for start in range(0, int(seconds * 48000), 1024):
                wave = np.full((2, 1024), 0.1, np.float32) * np.sin(np.arange(start, start + 1024) / 17)
                heard = av.AudioFrame.from_ndarray(wave.astype(np.float32), format="fltp", layout="stereo")
                heard.sample_rate, heard.pts = 48000, start
                output.mux(tone.encode(heard))
            output.mux(tone.encode(None))
    return path
