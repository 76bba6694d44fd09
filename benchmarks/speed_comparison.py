"""Ours against the first published pipeline, bare decoding and encoding, and deface: one process, by turns; medians.

    python benchmarks/speed_comparison.py [FILE] [--deface PATH] [--seconds 10] [--turns 3] [--out FILE.json]

Needs the extra [dlib] and PyTorch. deface is timed as a command, start-up and all, as installed by itself:
python -m venv ENV && ENV/bin/pip install deface, then --deface ENV/bin/deface. (With onnxruntime in ENV it takes that.)
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from emojimask.benchmark.speed.bench import HEIGHT, WIDTH, machine
from emojimask.benchmark.speed.clips import check_video, first_frames, write_clip
from emojimask.benchmark.speed.files import decode_and_encode, through_runner, timed
from emojimask.benchmark.speed.stages import spread
from emojimask.build import build_pipeline
from emojimask.pipeline import MaskingPipeline
from emojimask.types import Frame, MaskedFrame
from reference_pipeline import ReferencePipeline

HELD_BYTES = 200_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", help="a video of one face (default: one that is made, 720p)")
    parser.add_argument("--deface", type=Path, metavar="PATH", help="the installed command")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of the video that is made")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the results as JSON")
    args = parser.parse_args()
    with TemporaryDirectory() as folder:
        path = args.file or write_clip(Path(folder) / "one_face.mp4", WIDTH, HEIGHT, 1, args.seconds, grain=2.5)
        info = check_video(path)
        result = {
            "machine": machine(),
            "clip": {"name": path.name, "width": info.width, "height": info.height, "frames": info.frame_count},
            "turns": args.turns,
            "frame": frame_by_frame(path, args.turns),
            "file": whole_file(path, args.turns, args.deface),
        }
    text = json.dumps(result, indent=2)
    if args.out is not None:
        args.out.write_text(text + "\n", encoding="utf-8")
    print(text)


def frame_by_frame(path: Path, turns: int) -> dict[str, Any]:
    """Detection to composed frame: the frames in memory, each way over all of them, by turns; medians over the frames.

    The reference is given BGR; its conversion does not count. Neither measures how the face moves.
    """
    frames = first_frames(path, HELD_BYTES)
    reference = ReferencePipeline()
    medians: defaultdict[str, list[float]] = defaultdict(list)
    spent: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(turns):
        pipeline = build_pipeline(measured=False)
        for name, mask in (("ours", pipeline.process), ("reference", lambda frame: reference.mask(frame.image))):
            took = [_seconds(mask, frame) for frame in _prepared(frames, as_bgr=name == "reference")]
            medians[name].append(statistics.median(took))
            spent[name] += took
    return {
        "frames": len(frames),
        "ours": asdict(spread(spent["ours"])),
        "reference": asdict(spread(spent["reference"])),
        "reference_steps": {step: asdict(spread(took)) for step, took in reference.steps.items()},
        "reference_to_ours": _ratio(medians["reference"], medians["ours"]),
    }


def _prepared(frames: list[Frame], *, as_bgr: bool) -> Iterator[Frame]:
    for frame in frames:
        yield Frame(frame.image, frame.index, frame.time_s) if as_bgr else frame


def _seconds(mask: Callable[[Frame], object], frame: Frame) -> float:
    started = time.perf_counter()
    mask(frame)
    return time.perf_counter() - started


class ByReference:
    """Stands where the pipeline stands."""

    def __init__(self) -> None:
        self.failures: dict[str, int] = {}
        self._reference = ReferencePipeline()

    def analysed(self, frames: Iterable[Frame]) -> Iterable[Frame]:
        return frames

    def finished(self, frames: Iterable[Frame]) -> Iterator[MaskedFrame]:
        for frame in frames:
            yield MaskedFrame(self._reference.mask(frame.image), frame.index, frame.time_s)


def whole_file(path: Path, turns: int, deface: Path | None) -> dict[str, Any]:
    """Seconds for the whole file with its sound; the first turn warms up, unless it is the only one."""
    by_reference = cast(MaskingPipeline, ByReference())
    ways: dict[str, Callable[[Path, Path], None]] = {
        "codecs alone": decode_and_encode,
        "ours": lambda source, target: through_runner(source, target, build_pipeline(measured=False)),
        "reference": lambda source, target: through_runner(source, target, by_reference),
    }
    if deface is not None:
        ways["deface"] = lambda source, target: defaced(deface, source, target)
    took: defaultdict[str, list[float]] = defaultdict(list)
    for turn in range(turns + (turns > 1)):
        for name, way in ways.items():
            seconds = timed(way, path)
            print(f"turn {turn}, {name}: {seconds:.2f} s", file=sys.stderr)
            if turn or turns == 1:
                took[name].append(seconds)
    return {
        "seconds": {name: round(statistics.median(values), 3) for name, values in took.items()},
        "to_codecs": {name: _ratio(values, took["codecs alone"]) for name, values in took.items()},
        "to_ours": {name: _ratio(values, took["ours"]) for name, values in took.items()},
    }


def defaced(command: Path, source: Path, target: Path) -> None:
    """Boxes and the sound kept; else its defaults."""
    options = ["--boxes", "--keep-audio", "--output", target.with_suffix(".mp4")]
    subprocess.run([command, source, *options], check=True, capture_output=True)


def _ratio(values: list[float], reference: list[float]) -> float:
    """The median of each turn's ratio."""
    return round(statistics.median(a / b for a, b in zip(values, reference, strict=True)), 3)


if __name__ == "__main__":
    main()
