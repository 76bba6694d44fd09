"""How often the shown expression changes under each way of smoothing, and how much of the time it is right.

    uv run benchmarks/expression_smoothing.py FOLDER

The clips are read once, without smoothing; each smoother then gets the same readings. A flip is a change of the shown
expression within one track; per minute of face. Right is what leads in a mean that looks both ways (a normal curve of
a quarter second); live the past alone is known, in files each frame shows what the smoother says its lag later.
"""

import argparse
import json
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np

from emojimask import MaskSettings, SourceError, build_pipeline
from emojimask.build import open_file
from emojimask.expressions.smoothing import EmaSmoother, NoSmoother, VoteSmoother
from emojimask.sources.folder import find_inputs
from emojimask.types import EXPRESSIONS, TrackState

Smoother = EmaSmoother | VoteSmoother | NoSmoother
Readings = list[tuple[float, np.ndarray]]
"""Of one track: seconds, and (8,) probabilities."""
SMOOTHERS = {"none": NoSmoother, "vote": VoteSmoother, "ema": EmaSmoother}
READ_EVERY_S, STEP_S, SIGMA_S = MaskSettings().read_every_s, 0.02, 0.25
FEWEST = 8  # readings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    tracks = [track for path in find_inputs(parser.parse_args().folder) for track in readings(path)]
    minutes = sum(track[-1][0] - track[0][0] for track in tracks) / 60
    result = {name: measured(make(), tracks, minutes) for name, make in SMOOTHERS.items()}
    print(json.dumps({"minutes of face": round(minutes, 2), **result}, indent=2))


def readings(path: Path) -> list[Readings]:
    tracks: dict[int, Readings] = defaultdict(list)
    try:
        with open_file(path) as source:
            pipeline = build_pipeline(MaskSettings(smoothing="none"))
            for masked in map(pipeline.process, source):
                for face in masked.faces:
                    last = tracks[face.track.id]
                    read = np.array(face.probabilities, np.float32)
                    if face.track.state is TrackState.TRACKED and not (last and np.array_equal(last[-1][1], read)):
                        last.append((masked.time_s, read))
    except SourceError as error:
        print(error)
    return [track for track in tracks.values() if len(track) >= FEWEST]


def measured(smoother: Smoother, tracks: list[Readings], minutes: float) -> dict[str, float]:
    flips, right = 0, defaultdict(list)
    for number, track in enumerate(tracks):
        shown = [EXPRESSIONS.index(smoother.update(number, time_s, reading)[1]) for time_s, reading in track]
        flips += sum(a != b for a, b in pairwise(shown))
        times_s, leads = both_ways(track)
        for use, lag_s in (("live", 0.0), ("in files", smoother.lag_s(READ_EVERY_S))):
            known = np.searchsorted([time_s for time_s, _ in track], times_s + lag_s + 1e-6) - 1
            right[use].append(np.array(shown)[known.clip(0)] == leads)
    return {
        "flips a minute": round(flips / minutes, 1),
        **{f"% right {use}": round(100 * float(np.concatenate(parts).mean()), 1) for use, parts in right.items()},
    }


def both_ways(track: Readings) -> tuple[np.ndarray, np.ndarray]:
    """Times, and what leads at each in the mean of the readings around it."""
    read_s = np.array([time_s for time_s, _ in track])
    times_s = np.arange(read_s[0], read_s[-1], STEP_S)
    weights = np.exp(-0.5 * ((times_s[:, None] - read_s) / SIGMA_S) ** 2)
    return times_s, (weights @ np.array([reading for _, reading in track])).argmax(1)


if __name__ == "__main__":
    main()
