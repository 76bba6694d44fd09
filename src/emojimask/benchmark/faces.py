"""``emojimask bench faces``: the face back ends beside one another, in the conditions that older works compared."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from emojimask.benchmark.actors import Actor
from emojimask.benchmark.agreement import Agreement, agreements
from emojimask.benchmark.stress import Moves, Scene, Shot
from emojimask.build import face_back_end
from emojimask.errors import MissingExtraError
from emojimask.evaluation.tables import markdown
from emojimask.stages import FaceDetector
from emojimask.types import Box, Image

BACK_ENDS = ("mediapipe", "hog", "haar", "mtcnn")
SIZES = ((640, 360), (1280, 720))
_FOUND_SCORE, _FOUND_IOU = 0.5, 0.3
_SHOTS = 8  # of each condition and actor


@dataclass(frozen=True, slots=True)
class Record:
    """One back end.

    Attributes:
        recall: 0 to 1 by condition.
        ms: by width, a look over the whole picture.
        agreement: on pictures whose truth is what two back ends agree on; None where there were none.
    """

    name: str
    recall: dict[str, float]
    ms: dict[int, float]
    agreement: Agreement | None = None


def conditions() -> list[Scene]:
    """Faces that stand nearly still; one difficulty each."""

    def at(size: float = 0.45, tilt: float = 0.0) -> Moves:
        return lambda t: [(0.4 + 0.06 * t, 0.5, size, tilt)]

    def darkened(image: Image, _: int) -> Image:
        return np.asarray(cv2.convertScaleAbs(image, alpha=0.12), np.uint8)

    def blurred(image: Image, _: int) -> Image:
        return np.asarray(cv2.blur(image, (19, 1)), np.uint8)

    return [
        Scene("upright", at()),
        Scene("hair or cap down to the brows", at(), hides=lambda _: (0.0, -0.42, 0.45, 0.2)),
        Scene("hand on the mouth", at(), hides=lambda _: (0.0, 0.32, 0.3, 0.22)),
        Scene("tilt of 25 degrees", at(tilt=0.44)),
        Scene("tilt of 50 degrees", at(tilt=0.87)),
        Scene("upside down", at(tilt=3.14)),
        Scene("dim light", at(), spoil=darkened),
        Scene("motion blur", at(), spoil=blurred),
        Scene("36 pixels high", at(0.1)),
    ]


def bench(
    actors: Sequence[Actor], names: Sequence[str] = BACK_ENDS, pictures: Iterable[Image] = ()
) -> tuple[list[Record], int]:
    """Every installed back end of ``names`` over every condition and actor, and over ``pictures``.

    Returns:
        A record a back end, and how many faces in ``pictures`` two or more of them agree on.
    """
    detectors = _installed(names)
    finds: dict[str, list[list[Box]]] = {name: [] for name in detectors}
    for image in pictures:
        for name, detector in detectors.items():
            finds[name].append([d.box for d in detector.detect(image) if d.score >= _FOUND_SCORE])
    agreed, by_name = agreements(finds)
    return [
        Record(
            name,
            {scene.name: _recall(detector, scene, actors) for scene in conditions()},
            {width: _ms(detector, actors[0], width, height) for width, height in SIZES},
            by_name[name] if agreed else None,
        )
        for name, detector in detectors.items()
    ], agreed


def _installed(names: Sequence[str]) -> dict[str, FaceDetector]:
    found = {}
    for name in names:
        try:
            found[name] = face_back_end(name).detector
        except MissingExtraError:
            continue
    return found


def table(records: Sequence[Record], agreed: int = 0) -> str:
    """Markdown: a row a condition, a column a back end."""
    cells = {name: [f"{100 * record.recall[name]:.0f} %" for record in records] for name in records[0].recall}
    judged = [record.agreement for record in records if record.agreement is not None]
    if judged:
        cells[f"real footage, {agreed} faces that two agree on"] = [f"{100 * a.recall:.0f} %" for a in judged]
        cells["real footage, places that no other takes for a face"] = [f"{a.alone}" for a in judged]
    cells |= {f"ms a look, {w}x{h}": [f"{record.ms[w]:.0f}" for record in records] for w, h in SIZES}
    return markdown(["", *(record.name for record in records)], [[name, *row] for name, row in cells.items()])


def _recall(detector: FaceDetector, scene: Scene, actors: Sequence[Actor]) -> float:
    shots = [shot for actor in actors for shot in _some(scene, actor)]
    return float(np.mean([_finds(detector, shot) for shot in shots]))


def _some(scene: Scene, actor: Actor) -> list[Shot]:
    shots = list(scene.shots(actor, 5))
    return shots[:: max(1, len(shots) // _SHOTS)][:_SHOTS]


def _finds(detector: FaceDetector, shot: Shot) -> bool:
    rows, columns = (np.flatnonzero(shot.faces[0].any(axis)) for axis in (1, 0))
    truth = Box(float(columns[0]), float(rows[0]), float(np.ptp(columns)), float(np.ptp(rows)))
    found = detector.detect(shot.frame.image)
    return any(d.score >= _FOUND_SCORE and _is_there(d.box, truth) for d in found)


def _is_there(found: Box, truth: Box) -> bool:
    return found.iou(truth) > _FOUND_IOU or found.intersection(truth) > 0.6 * truth.area


def _ms(detector: FaceDetector, actor: Actor, width: int, height: int) -> float:
    """The median of nine looks after two that do not count."""
    shot = next(conditions()[0].shots(actor, 5))
    image = np.asarray(cv2.resize(shot.frame.image, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    took = []
    for _ in range(11):
        started = time.perf_counter()
        detector.detect(image)
        took.append(time.perf_counter() - started)
    return 1000 * float(np.median(took[2:]))
