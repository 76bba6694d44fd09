"""How the batch engines scale: workers, overhead, Ray against local, growth with the archive, memory over an hour.

    uv run benchmarks/batch_scaling.py workers|overhead|engines|growth|long [--clips 8] [--seconds 10] [--repeat 3]

All ratios are of runs in one go, by turns; medians. Beside the wall clock stands the processor time, which other work
on the machine disturbs less. Start-up is taken out of the engines' rates by comparing twice as many clips with as
many. Clips are 640x360 at 30 frames a second with one face that moves; ``growth`` takes clips of half a second.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from emojimask.batch.plots import plot
from emojimask.sinks.video.sink import VideoFileSink
from emojimask.sources.synthetic import SyntheticSource
from emojimask.types import MaskedFrame


class Cost(NamedTuple):
    """Seconds."""

    wall: float
    cpu: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=MEASURES)
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 1000], help="growth: numbers of clips")
    parser.add_argument("--plot", type=Path, help="growth: where to write the plot, .svg")
    parser.add_argument("--minutes", type=float, default=60.0, help="long: length of the file")
    parser.add_argument("--fps", type=int, default=30, help="long: frames a second of the file")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="batch-scaling-") as folder:
        print(json.dumps(MEASURES[args.what](args, Path(folder)), indent=2))


def workers(args: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Two workers against one."""
    archive = make_archive(folder / "in", args.clips, args.seconds)
    costs = by_turns(args.repeat, [lambda: batch(archive, "--workers", 1), lambda: batch(archive, "--workers", 2)])
    one, two = map(median, costs)
    return {
        "one worker": one._asdict(),
        "two workers": two._asdict(),
        "times as fast": round(one.wall / two.wall, 3),
        "times as fast, were the cores idle": round(2 * one.cpu / two.cpu, 3),
    }


def overhead(args: argparse.Namespace, folder: Path) -> dict[str, object]:
    """One worker against the same files masked in one process, one after the other, and against ``emojimask mask``."""
    archive = make_archive(folder / "in", args.clips, args.seconds)
    costs = by_turns(
        args.repeat,
        [
            lambda: command([sys.executable, __file__, "--in-process", str(archive)]),
            lambda: batch(archive, "--workers", 1),
            lambda: command(
                [sys.executable, "-m", "emojimask", "mask", str(archive), "-o", str(folder / "m"), "--force"]
            ),
        ],
    )
    plain, engine, mask = map(median, costs)
    return {
        "in one process": plain._asdict(),
        "batch, one worker": engine._asdict(),
        "mask": mask._asdict(),
        "batch costs more than one process by": round(engine.wall / plain.wall - 1, 4),
        "the same in processor time": round(engine.cpu / plain.cpu - 1, 4),
        "processor time of batch to that of mask": round(engine.cpu / mask.cpu, 4),
    }


def engines(args: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Frames a second of both engines, start-up apart."""
    some = make_archive(folder / "some", args.clips, args.seconds)
    twice = make_archive(folder / "twice", 2 * args.clips, args.seconds)
    flags = (("--engine", "local", "--workers", 2), ("--engine", "ray", "--workers", 2))
    runs = [lambda a=a, f=f: batch(a, *f) for f in flags for a in (some, twice)]  # type: ignore[misc]
    local_some, local_twice, ray_some, ray_twice = (median(c).wall for c in by_turns(args.repeat, runs))
    frames = args.clips * round(args.seconds * 30)
    local, ray = frames / (local_twice - local_some), frames / (ray_twice - ray_some)
    return {
        "local, frames a second": round(local, 2),
        "ray, frames a second": round(ray, 2),
        "ray to local": round(ray / local, 3),
        "start-up of local, s": round(2 * local_some - local_twice, 2),
        "start-up of ray, s": round(2 * ray_some - ray_twice, 2),
    }


def growth(args: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Seconds over the number of clips, and how far the points lie from a straight line."""
    points = []
    for size in args.sizes:
        archive = make_archive(folder / str(size), size, 0.5)
        points.append((float(size), batch(archive, "--workers", 2).wall))
        shutil.rmtree(archive)
    slope, start = statistics.linear_regression([x for x, _ in points], [y for _, y in points])
    if args.plot:
        args.plot.write_text(standalone(plot(points, "clips of half a second", "seconds, two workers", joined=True)))
    return {
        "seconds": dict(points),
        "seconds a clip": round(slope, 4),
        "start-up, s": round(start, 2),
        "farthest from the line": round(max(abs(y / (start + slope * x) - 1) for x, y in points), 3),
    }


def long(args: argparse.Namespace, folder: Path) -> dict[str, object]:
    """The memory of a worker over a long 720p file, in one piece."""
    (folder / "in").mkdir()
    write_clip(folder / "in" / "long.mp4", 60 * args.minutes, 1280, 720, args.fps)
    stop, sizes = threading.Event(), []

    def watch() -> None:
        while not stop.wait(5.0):
            sizes.append(max((resident_mib(pid) for pid in descendants(os.getpid())), default=0))

    watcher = threading.Thread(target=watch)
    watcher.start()
    cost = batch(folder / "in", "--workers", 1, "--split-s", 0)
    stop.set()
    watcher.join()
    quarter = max(1, len(sizes) // 4)
    return {
        "minutes of video": args.minutes,
        "frames a second of video": args.fps,
        "wall, s": round(cost.wall),
        "MiB, highest in each quarter": [max(sizes[n * quarter : (n + 1) * quarter], default=0) for n in range(4)],
    }


MEASURES = {f.__name__: f for f in (workers, overhead, engines, growth, long)}
_PLOT_STYLE = """text { font: 12px sans-serif } .end { text-anchor: end } .middle { text-anchor: middle }
.grid { stroke: #dde2e7 } .line { fill: none; stroke: #2f6fb2; stroke-width: 2 }"""


def standalone(plot: str) -> str:
    """A plot of the report's page, with colours of its own."""
    head, rest = plot.split(">", 1)
    head = head.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ')
    return f'{head}><style>{_PLOT_STYLE}</style><rect width="100%" height="100%" fill="white"/>{rest}\n'


def make_archive(folder: Path, clips: int, seconds: float) -> Path:
    """``clips`` copies of one clip."""
    folder.mkdir()
    first = folder / "clip0000.mp4"
    write_clip(first, seconds, 640, 360, 30)
    for number in range(1, clips):
        shutil.copyfile(first, folder / f"clip{number:04}.mp4")
    return folder


def write_clip(path: Path, seconds: float, width: int, height: int, fps: int) -> None:
    with SyntheticSource(width, height, fps, seconds) as source, VideoFileSink(path) as sink:
        sink.open(source.info)
        for frame in source:
            sink.write(MaskedFrame(frame.image, frame.index, frame.time_s))


def batch(archive: Path, *flags: object) -> Cost:
    with tempfile.TemporaryDirectory(prefix="batch-scaling-out-") as out:
        return command([sys.executable, "-m", "emojimask", "batch", str(archive), out, "--quiet", *map(str, flags)])


def command(arguments: list[str]) -> Cost:
    used, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)
    wall, now = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(round(wall, 2), round(now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime, 2))


def in_process(archive: Path) -> None:
    """What a worker does, without an engine around it."""
    from emojimask.batch.folders import LocalFolder
    from emojimask.batch.tasks import Job, Masked, Request, Whole
    from emojimask.batch.worker import Worker
    from emojimask.settings import MaskSettings

    with tempfile.TemporaryDirectory() as out:
        worker = Worker(Request(LocalFolder(archive), LocalFolder(Path(out)), MaskSettings()))
        for path in sorted(archive.iterdir()):
            assert isinstance(worker.do(Whole(Job(path.name, path.name))), Masked)


def by_turns(repeat: int, runs: list[Callable[[], Cost]]) -> list[list[Cost]]:
    rounds = [[run() for run in runs] for _ in range(repeat)]
    return [list(costs) for costs in zip(*rounds, strict=True)]


def median(costs: list[Cost]) -> Cost:
    return Cost(*(statistics.median(values) for values in zip(*costs, strict=True)))


def descendants(pid: int) -> list[int]:
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
    found = [child for child, parent in parents.items() if parent == pid]
    return found + [grand for child in found for grand in descendants(child)]


def resident_mib(pid: int) -> int:
    try:
        pages = int((Path("/proc") / str(pid) / "statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * resource.getpagesize() // 2**20


if __name__ == "__main__":
    if sys.argv[1:2] == ["--in-process"]:
        in_process(Path(sys.argv[2]))
    else:
        main()
