"""How often the shown expression changes, under each way of smoothing, on a folder of clips.

    uv run benchmarks/expression_flips.py FOLDER

The clips are read once, without smoothing; each smoother then gets the same readings. A flip is a change of the shown
expression within one track; per minute of face.
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
from emojimask.types import TrackState

Readings = dict[int, list[tuple[float, np.ndarray]]]
SMOOTHERS = {"none": NoSmoother, "vote": VoteSmoother, "ema": EmaSmoother}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    clips = [readings(path) for path in find_inputs(parser.parse_args().folder)]
    minutes = sum(track[-1][0] - track[0][0] for clip in clips for track in clip.values()) / 60
    flips = {name: sum(count(make(), clip) for clip in clips) for name, make in SMOOTHERS.items()}
    result = {name: round(number / minutes, 1) for name, number in flips.items()}
    print(json.dumps({"minutes of face": round(minutes, 2), "flips a minute": result}, indent=2))


def readings(path: Path) -> Readings:
    tracks: Readings = defaultdict(list)
    try:
        with open_file(path) as source:
            for masked in build_pipeline(MaskSettings(smoothing="none")).process_file(source):
                for face in masked.faces:
                    if face.track.state is TrackState.TRACKED:
                        reading = np.array(face.probabilities, np.float32)
                        tracks[face.track.id].append((masked.time_s, reading))
    except SourceError as error:
        print(error)
    return tracks


def count(smoother: EmaSmoother | VoteSmoother | NoSmoother, clip: Readings) -> int:
    shown = [[smoother.update(i, time_s, reading)[1] for time_s, reading in track] for i, track in clip.items()]
    return sum(a != b for track in shown for a, b in pairwise(track))


if __name__ == "__main__":
    main()
