"""What strict mode costs: milliseconds of processor time a frame with and without it, one face, live.

    uv run benchmarks/strict_cost.py [--seconds 2]

Both pipelines see the same frames, each frame by turns, in one process. Processor time of all threads together, so that
other work on the machine does not count; the mean, as strict mode looks at something else in each of eight frames.
The first two frames, in which models warm up and everything is searched thoroughly, are left out.
"""

import argparse
import json
import statistics
import time
from collections import defaultdict

from emojimask.build import build_pipeline
from emojimask.settings import MaskSettings
from emojimask.sources.synthetic import SyntheticSource

SIZES = ((640, 360), (1280, 720))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2.0, help="of the clip, at 30 frames a second")
    args = parser.parse_args()
    print(json.dumps({f"{width}x{height}": cost(width, height, args.seconds) for width, height in SIZES}, indent=2))


def cost(width: int, height: int, seconds: float) -> dict[str, float]:
    """Mean milliseconds a frame without and with strict mode."""
    pipelines = {name: build_pipeline(MaskSettings(strict=name == "strict")) for name in ("plain", "strict")}
    spent: dict[str, list[float]] = defaultdict(list)
    for frame in SyntheticSource(width, height, fps=30, seconds=seconds):
        for name, pipeline in pipelines.items():
            started = time.process_time()
            pipeline.process(frame)
            spent[name].append(1000 * (time.process_time() - started))
    return {name: round(statistics.fmean(times[2:]), 1) for name, times in spent.items()}


if __name__ == "__main__":
    main()
