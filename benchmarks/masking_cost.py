"""What masking costs: a whole file against decoding and encoding it alone, and milliseconds a frame by stage.

    uv run benchmarks/masking_cost.py FILE [--repeat 5]

Both kinds of run use the same source, the same sink and the same codec settings, in one process, by turns; medians.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from emojimask.build import build_pipeline, file_sinks, open_file
from emojimask.runner import run
from emojimask.sources.synthetic import SyntheticSource
from emojimask.types import Frame, MaskedFrame

STAGES = {"_tracker": "update", "_classifier": "classify", "_smoother": "update", "_renderer": "render"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args()
    whole_file(args.file, unmasked=True), whole_file(args.file, unmasked=False)  # warm up
    seconds: dict[bool, list[float]] = defaultdict(list)
    for _ in range(args.repeat):
        for unmasked in (True, False):
            seconds[unmasked].append(whole_file(args.file, unmasked=unmasked))
    plain, masked = (statistics.median(seconds[key]) for key in (True, False))
    result = {
        "file": args.file.name,
        "decode and encode, s": round(plain, 2),
        "masked, s": round(masked, 2),
        "ratio": round(masked / plain, 2),
        "720p, one face, ms a frame": by_stage(),
    }
    print(json.dumps(result, indent=2))


class Unmasked:
    """Stands where the pipeline stands and masks nothing: for measuring what the rest costs. Never for use."""

    failures: dict[str, int] = {}  # noqa: RUF012

    def process_file(self, frames: list[Frame]):  # type: ignore[no-untyped-def]
        return (MaskedFrame(frame.image, frame.index, frame.time_s) for frame in frames)


def whole_file(path: Path, *, unmasked: bool) -> float:
    pipeline = Unmasked() if unmasked else build_pipeline()
    with tempfile.TemporaryDirectory() as folder, open_file(path) as source:
        sinks = file_sinks(source.info, Path(folder) / f"out{path.suffix}", None, audio=True, force=False)
        started = time.perf_counter()
        run(source, pipeline, sinks)  # type: ignore[arg-type]
        return time.perf_counter() - started


def by_stage() -> dict[str, float]:
    frames = list(SyntheticSource(1280, 720, fps=30, seconds=3))
    pipeline = build_pipeline()
    pipeline.process(frames[0])
    spent: dict[str, list[float]] = defaultdict(list)
    for stage, method in STAGES.items():
        timed(getattr(pipeline, stage), method, spent[stage.strip("_")])
    for frame in frames[1:]:
        started = time.perf_counter()
        pipeline.process(frame)
        spent["whole"].append(time.perf_counter() - started)
    return {
        name: {"median": ms(statistics.median(times)), "mean": ms(statistics.mean(times))}
        for name, times in spent.items()
    }


def timed(stage: object, method: str, times: list[float]) -> None:
    call: Callable[..., object] = getattr(stage, method)

    def timing(*args: object) -> object:
        started = time.perf_counter()
        try:
            return call(*args)
        finally:
            times.append(time.perf_counter() - started)

    setattr(stage, method, timing)


def ms(seconds: float) -> float:
    return round(seconds * 1000, 2)


if __name__ == "__main__":
    main()
