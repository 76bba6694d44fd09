"""``emojimask bench expressions``: is the emoji right, on real faces, from the picture to the shown expression.

Faces are found, tracked, cropped, read and smoothed as in masking; only the drawing is left out. What counts is time:
of all seconds in which somebody shows a known expression, the share in which the right emoji covers them. A face that
is not found is not right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, product
from pathlib import Path
from typing import Any

import numpy as np

from emojimask.benchmark.agreement import shrunk
from emojimask.benchmark.difficulties import DIFFICULTIES, Spoil
from emojimask.benchmark.labelled import Show
from emojimask.build import classifier, face_back_end, open_file
from emojimask.errors import DataError, SourceError
from emojimask.evaluation.scores import NEGATIVE
from emojimask.evaluation.tables import markdown
from emojimask.expressions.smoothing import EmaSmoother
from emojimask.faces.tracking import LandmarkTracker
from emojimask.settings import MaskSettings
from emojimask.stages import ExpressionClassifier
from emojimask.types import Face, Frame, TrackState

AS_IT_IS = "as it is"
STEP_S = 0.25
"""Clips are looked at four times a second."""

_STILL_S = 1.0  # how long a picture counts


@dataclass(slots=True)
class Score:
    """One model under one difficulty. All in seconds of faces.

    Attributes:
        shown: by the expression that is shown by the person.
        right: of these, with the right emoji.
        missed: without a face found.
        opposite: happy people with a negative emoji, and the reverse.
    """

    shown: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    right: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    missed: float = 0.0
    opposite: float = 0.0

    @property
    def accuracy(self) -> float:
        """Share of the seconds, 0 to 1."""
        return sum(self.right.values()) / max(sum(self.shown.values()), 1e-9)

    @property
    def balanced(self) -> float:
        """Mean over the expressions, each counting alike, 0 to 1."""
        return float(np.mean([self.right[name] / seconds for name, seconds in self.shown.items()])) if self.shown else 0

    def add(self, show: Show, seconds: float, expressions: Sequence[str]) -> None:
        """So many seconds in which the faces that were found, the largest first, wear these emoji."""
        wanted, worn = show.expressions[0], expressions[: show.faces]
        self.shown[wanted] += seconds * show.faces
        self.right[wanted] += seconds * sum(name in show.expressions for name in worn)
        self.missed += seconds * (show.faces - len(worn))
        self.opposite += seconds * sum(_opposite(wanted, name) for name in worn)

    def as_record(self) -> dict[str, Any]:
        total = max(sum(self.shown.values()), 1e-9)
        return {
            "face_seconds": round(total, 2),
            "accuracy": round(self.accuracy, 4),
            "balanced_accuracy": round(self.balanced, 4),
            "missed": round(self.missed / total, 4),
            "opposite": round(self.opposite / total, 4),
            "recall": {name: round(self.right[name] / seconds, 4) for name, seconds in self.shown.items()},
        }


Scores = dict[str, dict[str, Score]]
"""By model, then by difficulty."""


def bench(
    media: Path, shows: Sequence[Show], models: Sequence[str], tell: Callable[[str], None] = lambda _: None
) -> Scores:
    """Every model on every show, as it is and under every difficulty.

    Args:
        media: the folder that the shows' files are in.
        models: names or paths, as the setting ``expressions``.
        tell: called with each file's name before it is read.

    Raises:
        DataError: a file of a show is not there or cannot be read, or has no frame in the show's stretch.
        ModelError: a model cannot be used.
        UsageError: there is no model of a name.
    """
    readers = {model: classifier(model) for model in models}
    spoils: dict[str, Spoil | None] = {AS_IT_IS: None, **{name: spoil for name, (_, spoil) in DIFFICULTIES.items()}}
    scores: Scores = {model: {name: Score() for name in spoils} for model in models}
    for file, of_file in groupby(sorted(shows, key=lambda show: show.file), key=lambda show: show.file):
        tell(file)
        frames, here = _frames(media / file), list(of_file)
        _check_all_seen(here, frames, media / file)
        largest = _largest_faces(frames)
        for name, spoil in spoils.items():
            spoiled = frames if spoil is None else list(_spoiled(frames, largest, spoil))
            for frame, seconds, worn in _worn(spoiled, readers):
                shown = [show for show in here if show.lasts_at(frame.time_s)]
                for model, show in product(models, shown):
                    scores[model][name].add(show, seconds, worn[model])
    return scores


def table(scores: Scores) -> str:
    """Markdown: a row a difficulty, a column a model; then what each expression comes to."""
    first = next(iter(scores.values()))
    shown = first[AS_IT_IS].shown
    total = sum(shown.values())
    shares: dict[str, list[float]] = {}
    for name in first:
        kind = f"{DIFFICULTIES[name][0]}: " if name in DIFFICULTIES else ""
        shares[kind + name] = [by_name[name].accuracy for by_name in scores.values()]
    plain = [by_name[AS_IT_IS] for by_name in scores.values()]
    for name, seconds in shown.items():
        shares[f"of {seconds:.0f} s {name}"] = [score.right[name] / seconds for score in plain]
    shares["mean over the expressions"] = [score.balanced for score in plain]
    shares["no face found"] = [score.missed / total for score in plain]
    shares["happy shown as negative or the reverse"] = [score.opposite / total for score in plain]
    return markdown(["", *scores], [[name, *(f"{share:.1%}" for share in row)] for name, row in shares.items()])


def _frames(path: Path) -> list[Frame]:
    try:
        with open_file(path) as source:
            frames = [Frame(shrunk(f.image), f.index, f.time_s) for f in _spaced(source)]
    except SourceError as error:
        raise DataError(f"a file of the table: {error}") from error
    return frames


def _check_all_seen(shows: Sequence[Show], frames: Sequence[Frame], path: Path) -> None:
    for show in shows:
        if not any(show.lasts_at(frame.time_s) for frame in frames):
            raise DataError(
                f"{path}: no frame is looked at from {show.start_s:g} to {show.end_s:g} s, where the table has "
                f"{show.expressions[0]}; the frames, {STEP_S:g} s apart, end at {frames[-1].time_s:g} s"
            )


def _spaced(frames: Iterable[Frame]) -> Iterator[Frame]:
    next_s = 0.0
    for frame in frames:
        if frame.time_s >= next_s - 1e-6:
            next_s = max(next_s + STEP_S, frame.time_s)
            yield frame


def _largest_faces(frames: Sequence[Frame]) -> list[Face | None]:
    """The largest face of each frame as it is: where the difficulties are put."""
    tracker = LandmarkTracker(*face_back_end("mediapipe"))
    found = []
    for frame in frames:
        faces = [track.face for track in tracker.update(frame)]
        found.append(max(faces, key=lambda face: face.box.area, default=None))
    return found


def _spoiled(frames: Sequence[Frame], largest: Sequence[Face | None], spoil: Spoil) -> Iterator[Frame]:
    """Where no face is known the frame stays as it is: nobody can be covered or turned in it."""
    for frame, face in zip(frames, largest, strict=True):
        yield frame if face is None else Frame(spoil(frame.image, face), frame.index, frame.time_s)


def _worn(
    frames: Sequence[Frame], readers: Mapping[str, ExpressionClassifier]
) -> Iterator[tuple[Frame, float, dict[str, list[str]]]]:
    """For each frame, how long it counts and, by model, the expressions shown, the largest face's first."""
    settings = MaskSettings()
    tracker = LandmarkTracker(*face_back_end(settings.faces), settings.detect_every_s)
    smoothers = {model: EmaSmoother() for model in readers}
    last: dict[tuple[str, int], str] = {}
    ends = [frame.time_s for frame in frames[1:]] + [frames[-1].time_s + (STEP_S if len(frames) > 1 else _STILL_S)]
    for frame, end_s in zip(frames, ends, strict=True):
        tracks = [track for track in tracker.update(frame) if track.unseen_s <= settings.hold_s]
        tracks.sort(key=lambda track: -track.face.box.area)
        seen = [track for track in tracks if track.state is TrackState.TRACKED]
        for model, reader in readers.items():
            for track, reading in zip(seen, reader.classify(frame.image, [t.face for t in seen]), strict=True):
                last[model, track.id] = smoothers[model].update(track.id, frame.time_s, reading)[1]
        yield frame, end_s - frame.time_s, {m: [last[m, t.id] for t in tracks if (m, t.id) in last] for m in readers}


def _opposite(wanted: str, worn: str) -> bool:
    return (wanted == "happy" and worn in NEGATIVE) or (wanted in NEGATIVE and worn == "happy")
