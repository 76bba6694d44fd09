"""``emojimask bench speed``: what masking costs on this machine, and how the cost grows."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2

from emojimask.benchmark.latency import ms_per_face
from emojimask.benchmark.processor import processor
from emojimask.benchmark.speed.clips import FPS, MOST_FACES, check_video, first_frames, write_clip
from emojimask.benchmark.speed.files import measure_file, measure_limits
from emojimask.benchmark.speed.live import measure_live
from emojimask.benchmark.speed.process import measure_memory, measure_start
from emojimask.benchmark.speed.stages import Stopwatch, measure_stages, spread
from emojimask.build import build_pipeline
from emojimask.expressions.classifier import OnnxClassifier, find_model, open_session
from emojimask.settings import NO_EXPRESSIONS, MaskSettings
from emojimask.threads.parallel import core_count, cores_taken

WIDTH, HEIGHT = 1280, 720
PACKAGES = ("emojimask", "numpy", "av", "onnxruntime", "ai-edge-litert", "opencv-contrib-python-headless")


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured.

    Attributes:
        seconds: length of the clip that is made; a file that is given is masked whole.
        stage_s: of it, how much goes through the timed stages.
        growth_s: length of each clip of the growth curves.
        turns: how often everything is repeated, by turns.
        minutes: how long the live run lasts, and the video whose memory is watched.
        faces, heights: the growth curves; the first face count and 720 lines are what the others are compared with.
        grains: of the clip that is masked as a whole file, which is made once with each; see ``write_clip``.
        width, height: of the clip that is made, and of those with several faces.
    """

    seconds: float = 60.0
    stage_s: float = 10.0
    growth_s: float = 3.0
    turns: int = 3
    minutes: float = 1.0
    faces: tuple[int, ...] = tuple(range(1, MOST_FACES + 1))
    heights: tuple[int, ...] = (480, 720, 1080, 2160)
    grains: tuple[float, ...] = (0.0, 2.5, 3.2)
    width: int = WIDTH
    height: int = HEIGHT


QUICK = Extent(4.0, 2.0, 1.0, 1, 0.1, (1, 4, 8), grains=(2.5,))

Record = dict[str, Any]
"""What JSON holds: strings, numbers, lists and records; see docs/performance.md."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What every part is given: the video, the settings of files and of live use, the extent, and a folder for clips.

    Attributes:
        people: in the video, where it was made here; None: it was given.
    """

    path: Path
    people: int | None
    settings: MaskSettings
    live: MaskSettings
    extent: Extent
    folder: Path


def stages(setup: Setup) -> Record:
    runs = [measure_stages(setup.path, setup.settings, setup.extent.stage_s) for _ in range(setup.extent.turns)]
    middle = sorted(runs, key=lambda run: run.mean_ms)[len(runs) // 2]
    return {**asdict(middle), "frames_a_second": round(1000 / middle.mean_ms, 1)}


def limits(setup: Setup) -> Record:
    return asdict(measure_limits(setup.path, setup.extent.stage_s))


def faces(setup: Setup) -> list[Record]:
    sizes = [(setup.extent.width, setup.extent.height, count) for count in setup.extent.faces]
    return _growth(setup, sizes, reference=0)


def sizes(setup: Setup) -> list[Record]:
    heights = setup.extent.heights
    reference = heights.index(HEIGHT) if HEIGHT in heights else 0
    return _growth(setup, [(_width(height), height, 1) for height in heights], reference)


def _width(height: int) -> int:
    """Of a picture of 16 to 9; even."""
    return round(height * 16 / 9 / 2) * 2


def _growth(setup: Setup, sizes: Sequence[tuple[int, int, int]], reference: int) -> list[Record]:
    """Masking by width, height and number of faces, by turns; ratios to the one at ``reference``, in the same turn."""
    clips = [
        write_clip(setup.folder / f"{width}x{height}x{count}.mp4", width, height, count, setup.extent.growth_s)
        for width, height, count in sizes
    ]
    turns = [
        [measure_stages(clip, setup.settings, setup.extent.growth_s, write=False) for clip in clips]
        for _ in range(setup.extent.turns)
    ]
    records = []
    for column, (width, height, count) in enumerate(sizes):
        runs = [turn[column] for turn in turns]
        middle = sorted(runs, key=lambda run: run.mean_ms)[len(runs) // 2]
        ratio = statistics.median(turn[column].mean_ms / turn[reference].mean_ms for turn in turns)
        records.append(
            {
                "width": width,
                "height": height,
                "faces": count,
                "covered": round(middle.faces, 2),
                "shielded": middle.shielded,
                **asdict(middle.stages["masking"]),
                "ratio": round(ratio, 3),
            }
        )
    return records


def whole_file(setup: Setup) -> list[Record]:
    """The video that was given, or one made with each of the extent's grains."""
    extent, paths = setup.extent, [setup.path]
    if setup.people is not None:
        size = extent.width, extent.height, setup.people, extent.seconds
        paths = [
            write_clip(setup.folder / f"grain {grain}.mp4", *size, grain) if grain else setup.path
            for grain in extent.grains
        ]
    return [asdict(measure_file(path, setup.settings, extent.turns)) for path in paths]


def live(setup: Setup) -> Record:
    return asdict(measure_live(setup.path, setup.live, 60 * setup.extent.minutes))


def model(setup: Setup) -> Record:
    """The expression model, one face and eight at once, on one core: alone, and with its crops."""
    clip = write_clip(setup.folder / "model.mp4", WIDTH, HEIGHT, 1, 0.2)
    frame = first_frames(clip, 0)[0]
    (found,) = build_pipeline(MaskSettings()).process(frame).faces
    name = "default" if setup.settings.expressions == NO_EXPRESSIONS else setup.settings.expressions
    reader = OnnxClassifier(name, setup.settings.provider)
    session = open_session(find_model(name).read_bytes(), name, reader.provider)
    stopwatch = Stopwatch()
    with cores_taken(cv2.getNumberOfCPUs()):
        for _ in range(100 * setup.extent.turns):
            for count in (1, 8):
                stopwatch.call(f"faces_{count}", reader.classify, frame.picture, [found.track.face] * count)
            stopwatch.end_frame()
        alone = {f"alone_{count}_ms": round(count * ms_per_face(session, count), 3) for count in (1, 8)}
    with_crops = {key: asdict(spread([turn[key] for turn in stopwatch.frames])) for key in stopwatch.frames[0]}
    return alone | with_crops


def start(setup: Setup) -> Record:
    return asdict(measure_start(setup.path, setup.settings, setup.extent.turns))


def memory(setup: Setup) -> Record:
    return asdict(measure_memory(setup.path, setup.settings, setup.extent.minutes))


PARTS: dict[str, Callable[[Setup], Any]] = {
    "stages": stages,
    "limits": limits,
    "faces": faces,
    "sizes": sizes,
    "file": whole_file,
    "live": live,
    "model": model,
    "start": start,
    "memory": memory,
}


def bench(
    file: Path | None,
    extent: Extent,
    settings: MaskSettings,
    live: MaskSettings,
    people: int = 1,
    parts: Sequence[str] = tuple(PARTS),
    tell: Callable[[str], None] = lambda _: None,
    into: Record | None = None,
) -> Record:
    """Measure ``parts`` on a video: ``file``, or one made here of ``people`` (1 to 8) faces.

    The growth curves are always measured on videos that are made.

    Args:
        into: takes each result as soon as it is there, so that they outlast a part that fails.

    Returns:
        A record of ``machine``, ``settings``, ``live_settings``, ``plan``, ``clip``, and each part by name.

    Raises:
        SourceError, UsageError: ``file`` cannot be read, or is no video.
    """
    here = machine()  # whose load is that before anything was done
    with TemporaryDirectory() as folder:
        made = None if file is not None else people
        path = file
        if path is None:
            tell("making a clip")
            path = write_clip(Path(folder) / "synthetic.mp4", extent.width, extent.height, people, extent.seconds)
        record: Record = {} if into is None else into
        record |= {
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": here,
            "settings": asdict(settings),
            "live_settings": asdict(live),
            "plan": asdict(extent),
            "clip": _clip(path, made),
        }
        setup = Setup(path, made, settings, live, extent, Path(folder))
        for name in parts:
            tell(name)
            record[name] = PARTS[name](setup)
        return record


def _clip(path: Path, people: int | None) -> Record:
    info = check_video(path)
    name = path.name if people is None else f"synthetic, {people} swaying {'head' if people == 1 else 'heads'}"
    return {
        "name": name,
        "made": people is not None,
        "width": info.width,
        "height": info.height,
        "fps": round(info.fps or FPS, 3),
        "frames": info.frame_count,
    }


def machine() -> Record:
    return {
        "processor": processor(),
        "cores": core_count(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES if _is_installed(name)},
        "provider": OnnxClassifier().provider,
    }


def _is_installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True
