"""The one pipeline: frames go in, masked frames come out, and nothing else ever does.

    tracker -> policy (which faces to cover) -> classifier -> smoother -> motion -> renderer

Pure: no I/O, no threads, no clocks. Fails closed: a frame that cannot be vouched for is shielded.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from threading import Lock
from typing import NamedTuple

import numpy as np

from emojimask.policy import Decided, FilePolicy, LivePolicy, Look, Shown, ShownOverTime, Stacking
from emojimask.settings import MaskSettings
from emojimask.stages import Doubt, ExpressionClassifier, ExpressionSmoother, FaceMotion, FaceTracker, MaskRenderer
from emojimask.types import Frame, Image, MaskedFace, MaskedFrame, Track, TrackState

_log = logging.getLogger(__name__)

FRAME_S = 0.04
"""From frame to frame, as a rule: what is assumed where it cannot be told."""
UNREAD = "neutral"
"""The expression shown until a face's own has been read."""


def everybody(track_id: int) -> bool:  # noqa: ARG001
    return True


def _check_frame(frame: object) -> None:
    if not isinstance(frame, Frame):
        raise TypeError(f"expected a Frame(picture, index, time_s), found {type(frame).__name__}")


def _kept(frame: Frame) -> Frame:
    """The frame in memory of its own, as planes are: while it waits, whoever gave it may use theirs again."""
    _check_frame(frame)
    return replace(frame, picture=np.array(frame.picture)) if isinstance(frame.picture, np.ndarray) else frame


class Analysed(NamedTuple):
    """A frame, the tracks to cover in it (None: shield the whole frame), and what each person shows, by number."""

    frame: Frame
    tracks: Sequence[Track] | None
    shown: Mapping[int, Shown]


class MaskingPipeline:
    """Masks one stream: either live, frame by frame, or a file, looking ahead. Not for use by several threads, but that
    the two halves of a file's masking may each have one.

    Args:
        tracker, smoother: of this stream alone.
        classifier, renderer: may be shared with other streams. No classifier: nobody's expression is read.
        settings: decides what happens when a face is lost.
        motion: of this stream alone; None: living emojis show their expression without moving.
        reads: whether the expression of the person with this number is read.

    Attributes:
        failures: what went wrong in frames that were shielded for it, and how often.
    """

    def __init__(
        self,
        tracker: FaceTracker,
        classifier: ExpressionClassifier | None,
        smoother: ExpressionSmoother,
        renderer: MaskRenderer,
        settings: MaskSettings | None = None,
        motion: FaceMotion | None = None,
        reads: Callable[[int], bool] = everybody,
    ) -> None:
        self._tracker = tracker
        self._classifier = classifier
        self._smoother = smoother
        self._renderer = renderer
        self._settings = settings or MaskSettings()
        self._motion = motion
        self._reads = reads
        self._live = self._live_policy()
        self._before: tuple[tuple[int, ...], float] | None = None
        self._shown = ShownOverTime()
        self._stacking = Stacking()
        self.failures: Counter[str] = Counter()
        self._noting = Lock()

    def process(self, frame: Frame) -> MaskedFrame:
        """Mask the next frame of a live stream. Never raises on account of a frame; shields it instead.

        Raises:
            TypeError: what came is no Frame, so that not even its size is known.
        """
        _check_frame(frame)
        try:
            if self._begins_anew(frame):
                self._tracker.reset()
                self._live = self._live_policy()
            tracks = self._live.decide(frame.time_s, self._tracker.update(frame))
            self._read_expressions(frame, tracks or ())
            return self._finish(Analysed(frame, tracks, self._shown.until(frame.time_s)))
        except Doubt as doubt:
            self._live.decide(frame.time_s, doubt.tracks)  # who is in sight is not forgotten over it
            return self._failed(frame, doubt)
        except Exception as error:
            return self._failed(frame, error)

    def standby(self, width: int, height: int, index: int, time_s: float) -> MaskedFrame:
        """The shield, for when no frame comes: the camera or a model hangs. May be called from another thread."""
        return MaskedFrame(self._shield(height, width), index, time_s, shielded=True)

    def process_file(self, frames: Iterable[Frame]) -> Iterator[MaskedFrame]:
        """Mask the frames of a file or a picture, in order, one for one, looking ahead.

        A picture is copied as it comes, so that the next one may be written into the same memory.

        Where ``frames`` ends with an error, all frames before it come out first.

        Raises:
            TypeError: what came is no Frame.
        """
        return self.finished(self.analysed(map(_kept, frames)))

    def analysed(self, frames: Iterable[Frame]) -> Iterator[Analysed]:
        """The first half of :meth:`process_file`: who is where, and shows what.

        Each half may run in a thread of its own. Every frame is in memory of its own, as a :class:`Source`'s are.
        """
        policy = self._file_policy()
        if self._before is not None:  # another stream was masked before
            self._tracker.reset()
            self._before = None
        try:
            for frame in frames:
                if self._begins_anew(frame):
                    yield from self._flushed(policy)  # looks at the last frame, before the tracker forgets
                    policy = self._file_policy()
                    self._tracker.reset()
                self._look(policy.announce(frame), policy)
                yield from self._with_expressions(policy.ready(), policy)
        except Exception:
            yield from self._flushed(policy)
            raise
        yield from self._flushed(policy)

    def finished(self, analysed: Iterable[Analysed]) -> Iterator[MaskedFrame]:
        """The second half of :meth:`process_file`: the masks."""
        for item in analysed:
            try:
                masked = self._finish(item)
            except Exception as error:
                masked = self._failed(item.frame, error)
            yield masked

    def _flushed(self, policy: FilePolicy) -> Iterator[Analysed]:
        self._look(policy.last(), policy)
        yield from self._with_expressions(policy.flush(), policy)

    def _look(self, look: Look | None, policy: FilePolicy) -> None:
        if look is None:
            return
        tracks: Sequence[Track] = ()
        try:
            tracks = self._tracker.update(look.frame, hindsight_s=policy.reach_s, glimpse=look.glimpse)
            self._read_expressions(look.frame, tracks)
        except Doubt as doubt:
            self._note(doubt)
            policy.see(look, doubt.tracks, failed=True)
        except Exception as error:
            self._note(error)
            policy.see(look, tracks, failed=True)
        else:
            policy.see(look, tracks)

    def _with_expressions(self, decided: Iterable[Decided], policy: FilePolicy) -> Iterator[Analysed]:
        """A change of expression shows late, by the nature of smoothing; in a file the change to come is known."""
        for frame, tracks in decided:
            lag_s = self._smoother.lag_s(max(self._reading_s(policy.step_s or FRAME_S), self._look_every_s))
            yield Analysed(frame, tracks, self._shown.until(frame.time_s + lag_s))

    def _reading_s(self, step_s: float) -> float:
        """From reading to reading where frames are ``step_s`` apart: as many of these as it takes."""
        return step_s * max(1, math.ceil(self._settings.read_every_s / step_s - 1e-6))

    def _finish(self, analysed: Analysed) -> MaskedFrame:
        frame, tracks, shown = analysed
        if tracks is None:
            return self._shielded(frame)
        faces = tuple(self._masked_face(frame, track, shown.get(track.id)) for track in tracks)
        picture = self._renderer.render(frame.picture, self._stacking.nearest_last(faces))
        return MaskedFrame(picture, frame.index, frame.time_s, faces)

    def _read_expressions(self, frame: Frame, tracks: Sequence[Track]) -> None:
        due = [track for track in tracks if self._is_due(frame, track)]
        if self._classifier is not None and due:
            readings = self._classifier.classify(frame.picture, [track.face for track in due])
            for track, reading in zip(due, readings, strict=True):
                smoothed, expression = self._smoother.update(track.id, frame.time_s, reading)
                self._shown.add(track.id, Shown(frame.time_s, tuple(float(p) for p in smoothed), expression))

    def _is_due(self, frame: Frame, track: Track) -> bool:
        """Only where the face was looked at: else it is hidden, or has hardly moved since, nor has its expression."""
        if track.state is not TrackState.TRACKED or not track.looked or not self._reads(track.id):
            return False
        last = self._shown.last(track.id)
        return last is None or frame.time_s - last.read_s >= self._settings.read_every_s - 1e-6

    def _masked_face(self, frame: Frame, track: Track, shown: Shown | None) -> MaskedFace:
        _, probabilities, expression = shown or Shown(frame.time_s, (), UNREAD)
        if self._motion is None:
            return MaskedFace(track, probabilities, expression)
        measures, blend = self._motion.update(frame, track, probabilities, expression)
        return MaskedFace(track, probabilities, expression, blend, measures)

    def _failed(self, frame: Frame, error: Exception) -> MaskedFrame:
        self._note(error)
        return self._shielded(frame)

    def _shielded(self, frame: Frame) -> MaskedFrame:
        height, width = frame.picture.shape[:2]
        return self.standby(width, height, frame.index, frame.time_s)

    def _shield(self, height: int, width: int) -> Image:
        try:
            return self._renderer.shield(height, width)
        except Exception as error:
            self._note(error)
            return np.zeros((height, width, 3), np.uint8)

    def _note(self, error: Exception) -> None:
        reason = f"{type(error).__name__}: {error}"
        with self._noting:
            self.failures[reason] += 1
            if self.failures[reason] == 1:
                _log.warning("a frame was shielded because of %s", reason, exc_info=error)

    def _begins_anew(self, frame: Frame) -> bool:
        """Whether the size differs from the frame before, or time falls: nothing known of places holds any longer."""
        before, self._before = self._before, (frame.picture.shape, frame.time_s)
        return before is not None and (before[0] != self._before[0] or frame.time_s < before[1])

    def _live_policy(self) -> LivePolicy:
        return LivePolicy(self._settings.on_lost, self._settings.hold_s)

    def _file_policy(self) -> FilePolicy:
        s, look_every_s = self._settings, self._look_every_s
        return FilePolicy(s.on_lost, s.hold_s, s.lookahead_s, self._tracker.look_again, self._note, look_every_s)

    @property
    def _look_every_s(self) -> float:
        """Files: where somebody wears a living emoji, or in strict mode, a blink would be missed between two looks."""
        return 0.0 if self._settings.strict or self._motion is not None else self._settings.look_every_s
