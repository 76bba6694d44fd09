"""How much a face's measures tremble and how late they come, before and after filtering, on a folder of clips.

    uv run benchmarks/measures_jitter.py MEDIA_DIR

Three signals of every person are compared: of the mesh as it is found in each frame, of the landmarks that the tracker
has steadied, and of the measures that come out. The key points' place is told in pixels of a face 100 pixels wide.

Jitter: what is left of a signal, root mean square over half a second, when its zero-phase low-passed self is taken
away; of all half seconds the quietest quarter's upper bound, so that it is of a face that rests. Lag: the shift at
which a signal is most like the zero-phase low-passed one of the mesh; median over the persons who moved.
"""

import argparse
import json
import warnings
from collections import defaultdict
from dataclasses import astuple, fields
from pathlib import Path

import numpy as np

from emojimask import SourceError
from emojimask.build import face_back_end, open_file
from emojimask.faces.tracking import LandmarkTracker
from emojimask.measures.calibration import relative
from emojimask.measures.geometry import raw_measures
from emojimask.measures.head_model import MESH
from emojimask.measures.motion import MeasuredMotion
from emojimask.sources.folder import find_inputs
from emojimask.types import Measures, Points, TrackState

NAMES = ("key points", *(knob.name for knob in fields(Measures)))
STAGES = ("mesh", "steadied", "measures")
LOW_PASS_HZ = 5.0
LEAST_WIDTH, LEAST_FRAMES = 60.0, 45
MOVED = dict(zip(NAMES, [2.0] + [0.08] * 13 + [2.0] * 3, strict=True))
"""Whose standard deviation is above this moved enough for a lag to be told."""

Signals = np.ndarray
"""(stages, frames, names)."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    people = [person for path in find_inputs(parser.parse_args().folder) for person in watch(path)]
    quiet = np.array([[jitter(signal, times) for signal in signals] for times, signals in people])
    late = np.array([[lag(signals[0], signal, times) for signal in signals] for times, signals in people])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nobody moved it
        table = zip(NAMES, np.median(quiet, 0).T, np.nanmedian(late, 0).T, strict=True)
    result = {
        name: {
            "jitter": dict(zip(STAGES, np.round(trembles, 4).tolist(), strict=True)),
            "lag, ms": dict(zip(STAGES, np.round(lags).tolist(), strict=True)),
        }
        for name, trembles, lags in table
    }
    print(json.dumps({"persons": len(people), **result}, indent=2))


def watch(path: Path) -> list[tuple[np.ndarray, Signals]]:
    """Times and signals of every person who is seen for long enough, and large enough."""
    detector, landmarker = face_back_end("mediapipe")
    tracker, motion = LandmarkTracker(detector, landmarker), MeasuredMotion()
    seen = defaultdict(list)
    try:
        with open_file(path) as source:
            for frame in source:
                for track in tracker.update(frame):
                    measures, _ = motion.update(frame, track, (), "neutral")
                    if track.state is not TrackState.TRACKED or track.face.box.width < LEAST_WIDTH or measures is None:
                        continue
                    mesh = landmarker.locate(frame.picture, track.face.landmarks)
                    if mesh is not None:
                        scale = 100 / track.face.box.width
                        rows = [signal(mesh.landmarks, scale), signal(track.face.landmarks, scale)]
                        rows.append(np.array([rows[1][0], *astuple(measures)]))  # measures move no key points
                        seen[track.id].append((frame.time_s, np.array(rows)))
    except SourceError as error:
        print(error)
    long = [rows for rows in seen.values() if len(rows) >= LEAST_FRAMES]
    return [(np.array([t for t, _ in rows]), np.array([s for _, s in rows]).swapaxes(0, 1)) for rows in long]


def signal(landmarks: Points, scale: float) -> np.ndarray:
    """The mouth's left corner, across; and unfiltered measures."""
    raw = raw_measures(landmarks)
    assert raw is not None
    return np.array([landmarks[61, 0] * scale, *relative(raw, np.array(MESH.rest))])


def smooth(values: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Low-passed without any delay: a Gaussian."""
    spread = 0.1325 / LOW_PASS_HZ / step(times)
    reach = int(4 * spread) + 1
    weights = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * spread**2))
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    return np.stack([np.convolve(column, weights / weights.sum(), "valid") for column in padded.T], 1)


def step(times: np.ndarray) -> float:
    return float(np.median(np.diff(times)))


def jitter(values: np.ndarray, times: np.ndarray) -> np.ndarray:
    rest = (values - smooth(values, times)) ** 2
    count = max(2, round(0.5 / step(times)))
    windows = [np.sqrt(rest[i : i + count].mean(0)) for i in range(0, len(rest) - count, count)]
    return np.percentile(windows, 25, axis=0)


def lag(mesh: np.ndarray, values: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Milliseconds by which each column of ``values`` is behind; NaN where it did not move."""
    truth, most = smooth(mesh, times), round(0.3 / step(times))
    found = []
    for name, a, b in zip(NAMES, truth.T, values.T, strict=True):
        moved = name not in ("gaze_x", "gaze_y") and min(a.std(), b.std()) > MOVED[name]
        found.append(_best_shift(a, b, most) * step(times) * 1000 if moved else np.nan)
    return np.array(found)


def _best_shift(a: np.ndarray, b: np.ndarray, most: int) -> float:
    """Frames by which ``b`` is behind ``a``: where their correlation peaks, between frames too."""
    middle = slice(most, len(a) - most)
    alike = [_alike(a[middle], np.roll(b, -shift)[middle]) for shift in range(-most, most + 1)]
    best = int(np.clip(np.argmax(alike), 1, 2 * most - 1))
    before, peak, after = alike[best - 1 : best + 2]
    bend = before - 2 * peak + after
    return best - most + ((before - after) / (2 * bend) if bend < 0 else 0.0)


def _alike(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation; 0 where one of them stands still."""
    spread = a.std() * b.std()
    return float(((a - a.mean()) * (b - b.mean())).mean() / spread) if spread > 0 else 0.0


if __name__ == "__main__":
    main()
