"""``emojimask bench privacy``: how many frames leak when everything goes wrong, for us and for simpler ways."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emojimask.benchmark.actors import Actor
from emojimask.benchmark.rivals import FirstFaceByHog, PerFrame
from emojimask.benchmark.stall import Hanging, longest_frozen_ms, play
from emojimask.benchmark.stress import Scene, Shot, head_turns, scenes
from emojimask.build import cast, face_back_end, renderer, second_detector
from emojimask.evaluation.tables import markdown
from emojimask.expressions.smoothing import NoSmoother
from emojimask.faces.tracking import LandmarkTracker
from emojimask.leak.audit import LEAKED, longest_exposure_ms
from emojimask.pipeline import UNREAD, MaskingPipeline
from emojimask.settings import MaskSettings
from emojimask.stages import Detection, FaceDetector, FaceLandmarker
from emojimask.types import EXPRESSIONS, Face, Frame, Image, Picture, Points

SYSTEMS = ("file", "live", "per frame", "reference")
"""Ours looking ahead, ours live, plain masking frame by frame, and HOG with the first face only."""
OURS = ("file", "live")
_UNTOUCHED = 2  # gray levels; a pixel of a face that differs no more from the raw frame's is uncovered
_COUNTS = 0.15  # share of a face that must be in the picture and unhidden for the frame to count
_CLEAR = 0.9, 40.0  # a well-visible face: this share of it shows, and it is so many pixels high
_TURNS = 0.3  # an actor whose nose wanders over this share of the face's width can play the turn of the head

System = Callable[[Iterable[Frame]], Iterator[tuple[Image, bool]]]


@dataclass(slots=True)
class Outcome:
    """One system in one scene.

    Attributes:
        frames: with a face in them; leaked: of which more than a tenth of a face shows.
        worst: the largest share of a face that shows, 0 to 1.
        longest_ms: the longest unbroken exposure.
        shielded: frames covered wholly; clear, falsely_shielded: frames with only well-visible faces, and how many of
            those were shielded although the models were well.
        frozen_ms: how long one frame that is no shield stood still; None where time was not real.
    """

    scene: str
    system: str
    frames: int = 0
    leaked: int = 0
    worst: float = 0.0
    longest_ms: float = 0.0
    shielded: int = 0
    clear: int = 0
    falsely_shielded: int = 0
    frozen_ms: float | None = None
    leaked_at: list[int] = field(default_factory=list)


class _Moment:
    """Models that fail while the clock of the scene says so."""

    def __init__(self, fails: tuple[float, float] | None) -> None:
        self.fails = fails
        self.time_s = 0.0

    def is_failing(self, time_s: float) -> bool:
        return self.fails is not None and self.fails[0] <= time_s < self.fails[1]

    def check(self) -> None:
        if self.is_failing(self.time_s):
            raise RuntimeError("the model died")


class _FailingDetector(NamedTuple):
    inner: FaceDetector
    moment: _Moment

    def detect(self, image: Picture, thorough: bool = False) -> list[Detection]:
        self.moment.check()
        return self.inner.detect(image, thorough)


class _FailingLandmarker(NamedTuple):
    inner: FaceLandmarker
    moment: _Moment

    def locate(self, image: Picture, near: Detection | Points) -> Face | None:
        self.moment.check()
        return self.inner.locate(image, near)


class _Unread:
    """Expressions do not matter here."""

    def classify(self, image: Picture, faces: Sequence[Face]) -> NDArray[np.float32]:  # noqa: ARG002
        row = np.array([name == UNREAD for name in EXPRESSIONS], np.float32)
        return np.tile(row, (len(faces), 1))


def bench(
    systems: Sequence[str],
    actors: Sequence[Actor],
    fps: int,
    settings: MaskSettings | None = None,
    on_outcome: Callable[[Outcome], object] = lambda _: None,
) -> list[Outcome]:
    """Every scene with every system; the scenes take turns with the actors, and who turns the head plays that.

    Args:
        systems: of :data:`SYSTEMS`.

    Raises:
        MissingExtraError: a system's models are not installed.
    """
    outcomes = []
    for scene, actor in _playbill(actors):
        for name in systems:
            moment = _Moment(scene.fails)
            outcome = _judge(scene, name, _system(name, moment, settings or MaskSettings()), actor, fps, moment)
            outcomes.append(outcome)
            on_outcome(outcome)
    if "live" in systems:
        outcomes.append(_judge_hanging(actors[0], fps, settings or MaskSettings()))
        on_outcome(outcomes[-1])
    return outcomes


def _playbill(actors: Sequence[Actor]) -> list[tuple[Scene, Actor]]:
    played = [(scene, actors[number % len(actors)]) for number, scene in enumerate(scenes())]
    turning = max(actors, key=lambda actor: actor.turn)
    return [*played, (head_turns(), turning)] if turning.turn >= _TURNS else played


def _judge(scene: Scene, name: str, system: System, actor: Actor, fps: int, moment: _Moment) -> Outcome:
    """Put one system through one scene."""
    outcome = Outcome(scene.name, name)
    waiting: list[Shot] = []
    times: list[float] = []

    def frames() -> Iterator[Frame]:
        for shot in scene.shots(actor, fps):
            waiting.append(shot)
            moment.time_s = shot.frame.time_s
            yield shot.frame

    for image, shielded in system(frames()):
        shot = waiting.pop(0)
        times.append(shot.frame.time_s)
        failing = moment.is_failing(shot.frame.time_s)  # then a shield is no false one
        _count(outcome, shot, image, shielded, failing, len(times) - 1)
    outcome.longest_ms = longest_exposure_ms(outcome.leaked_at, times)
    return outcome


def _judge_hanging(actor: Actor, fps: int, settings: MaskSettings) -> Outcome:
    """A model hangs while a live stream is masked. Every frame that was in sight counts, with what it was made from."""
    models = face_back_end(settings.faces)
    hanging = Hanging(models.landmarker)
    seen = play(scenes()[0], actor, fps, _ours(models.detector, hanging, settings), hanging)
    outcome = Outcome("a model hangs", "live", frozen_ms=longest_frozen_ms(seen))
    for number, one in enumerate(seen):
        _count(outcome, one.shot, one.frame.image, one.frame.shielded, True, number)
    outcome.longest_ms = longest_exposure_ms(outcome.leaked_at, [one.since_s for one in seen])
    return outcome


def _ours(detector: FaceDetector, landmarker: FaceLandmarker, settings: MaskSettings) -> MaskingPipeline:
    second = second_detector(settings.faces) if settings.strict else None
    tracker = LandmarkTracker(detector, landmarker, settings.detect_every_s, second=second)
    return MaskingPipeline(tracker, _Unread(), NoSmoother(), renderer(settings.emojis), settings)


def _system(name: str, moment: _Moment, settings: MaskSettings) -> System:
    models = face_back_end(settings.faces)
    detector, landmarker = _FailingDetector(models.detector, moment), _FailingLandmarker(models.landmarker, moment)
    if name in OURS:
        pipeline = _ours(detector, landmarker, settings)

        def ours(frames: Iterable[Frame]) -> Iterator[tuple[Image, bool]]:
            masked = pipeline.process_file(frames) if name == "file" else map(pipeline.process, frames)
            return ((m.image, m.shielded) for m in masked)

        return ours
    rival = (
        PerFrame(detector, landmarker, renderer(settings.emojis))
        if name == "per frame"
        else FirstFaceByHog(cast(settings.emojis).for_track(1))
    )

    def theirs(frames: Iterable[Frame]) -> Iterator[tuple[Image, bool]]:
        for frame in frames:
            try:
                moment.check()
                yield rival.mask(frame), False
            except RuntimeError:
                yield frame.image, False  # no memory, no plan for faults: the frame passes

    return theirs


def _count(outcome: Outcome, shot: Shot, masked: Image, shielded: bool, failing: bool, index: int) -> None:
    raw = shot.frame.image
    uncovered = np.abs(raw.astype(np.int16) - masked).max(2) <= _UNTOUCHED
    faces = [(face, face.sum() / whole) for face, whole in zip(shot.faces, shot.whole, strict=True)]
    counted = [face for face, share in faces if share >= _COUNTS]
    outcome.shielded += shielded
    if not counted:
        return
    outcome.frames += 1
    worst = max(float(uncovered[face].mean()) for face in counted)
    outcome.worst = max(outcome.worst, worst)
    if worst > LEAKED:
        outcome.leaked += 1
        outcome.leaked_at.append(index)
    if not failing and all(
        share >= _CLEAR[0] and np.ptp(np.flatnonzero(face.any(1))) >= _CLEAR[1] for face, share in faces
    ):
        outcome.clear += 1
        outcome.falsely_shielded += shielded


def _cell(outcome: Outcome) -> str:
    frozen = "" if outcome.frozen_ms is None else f"; no frame stood for longer than {outcome.frozen_ms:.0f} ms"
    return f"{outcome.leaked}, {outcome.longest_ms:.0f} ms, {outcome.shielded}{frozen}"


def table(outcomes: Sequence[Outcome]) -> str:
    """Markdown: a row a scene and for each system leaked frames, longest exposure and shielded frames."""
    systems = list(dict.fromkeys(o.system for o in outcomes))
    rows = []
    for scene in dict.fromkeys(o.scene for o in outcomes):
        cells = {o.system: o for o in outcomes if o.scene == scene}
        shown = [_cell(cells[name]) if name in cells else "" for name in systems]
        rows.append([scene, f"{max(c.frames for c in cells.values())}", *shown])
    totals = []
    for name in systems:
        mine = [o for o in outcomes if o.system == name]
        clear = sum(o.clear for o in mine)
        falsely = 100 * sum(o.falsely_shielded for o in mine) / clear if clear else 0.0
        totals.append(
            f"{sum(o.leaked for o in mine)}, {max(o.longest_ms for o in mine):.0f} ms, "
            f"{sum(o.shielded for o in mine)} ({falsely:.1f} % of clear frames)"
        )
    frames = max(sum(o.frames for o in outcomes if o.system == name) for name in systems)
    head = ["scene", "frames", *(f"{name}: leaked, longest, shielded" for name in systems)]
    return markdown(head, [*rows, ["**all**", f"{frames}", *totals]])
