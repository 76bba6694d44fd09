"""From names to objects. The only registry; back ends are imported when they are asked for, not before."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from emojimask.errors import MissingExtraError
from emojimask.pipeline import MaskingPipeline
from emojimask.settings import MaskSettings
from emojimask.stages import (
    ExpressionClassifier,
    ExpressionSmoother,
    FaceDetector,
    FaceLandmarker,
    MaskRenderer,
    Sink,
    Source,
)
from emojimask.types import StreamInfo


def build_pipeline(settings: MaskSettings | None = None) -> MaskingPipeline:
    """A pipeline for one stream. Models are built once for the process and shared between pipelines.

    Raises:
        UsageError: a setting names something that is not there.
        ModelError, EmojiSetError: a model or an emoji set cannot be used.
    """
    from emojimask.faces.tracking import LandmarkTracker

    settings = settings or MaskSettings()
    detector, landmarker = _FACES[settings.faces]()
    tracker = LandmarkTracker(detector, landmarker, settings.detect_every_s)
    return MaskingPipeline(
        tracker, classifier(settings.expressions), _smoother(settings.smoothing), renderer(settings.emojis), settings
    )


class _FaceBackEnd(NamedTuple):
    detector: FaceDetector
    landmarker: FaceLandmarker


@lru_cache(maxsize=1)
def _mediapipe() -> _FaceBackEnd:
    try:
        from emojimask.faces.mediapipe import MediapipeDetector, MeshLandmarker
    except ImportError as error:
        raise MissingExtraError(
            f"face detection cannot be loaded ({error}); reinstall with: pip install --force-reinstall emojimask "
            "(on Linux the windowed OpenCV also needs the system packages libgl1 and libglib2.0-0)"
        ) from error
    return _FaceBackEnd(MediapipeDetector(), MeshLandmarker())


_FACES: dict[str, Callable[[], _FaceBackEnd]] = {"mediapipe": _mediapipe}


@lru_cache(maxsize=4)
def classifier(model: str) -> ExpressionClassifier:
    from emojimask.expressions.classifier import OnnxClassifier

    return OnnxClassifier(model)


@lru_cache(maxsize=4)
def renderer(emojis: str) -> MaskRenderer:
    from emojimask.emojis.emoji_set import load_emoji_set
    from emojimask.masking.renderer import EmojiRenderer

    return EmojiRenderer(load_emoji_set(emojis))


def _smoother(name: str) -> ExpressionSmoother:
    from emojimask.expressions.smoothing import EmaSmoother, NoSmoother, VoteSmoother

    smoothers: dict[str, Callable[[], ExpressionSmoother]] = {
        "ema": EmaSmoother,
        "vote": VoteSmoother,
        "none": NoSmoother,
    }
    return smoothers[name]()


def open_file(path: Path, threads: int = 0, span: tuple[float, float] | None = None) -> Source:
    """A picture or video file, or a span of a video, in seconds from a key frame on.

    ``threads``: of the decoder; 0: as many as there are cores. Raises SourceError.
    """
    from emojimask.sources.folder import open_source

    return open_source(path, threads, span)


def open_camera(spec: str) -> Source:
    """A camera by index, name or URL, or a file played in its place; only the newest frame waits.

    Raises:
        SourceError: there is no such camera, or it cannot be used.
    """
    from emojimask.sources.latest import LatestSource

    if Path(spec).is_file():
        from emojimask.sources.paced import PacedSource

        return LatestSource(PacedSource(open_file(Path(spec))))
    from emojimask.sources.camera import CameraSource

    return LatestSource(CameraSource(spec))


def file_sinks(
    info: StreamInfo, output: Path | None, report: Path | None, *, audio: bool, force: bool, threads: int = 0
) -> list[Sink]:
    """The outputs asked for: a picture for a picture, a video for a video, and the report.

    Raises:
        UsageError: a suffix that cannot be written.
    """
    sinks: list[Sink] = []
    if output is not None and info.fps == 0:
        from emojimask.sinks.image_files import ImageFileSink

        sinks.append(ImageFileSink(output, force=force))
    elif output is not None:
        from emojimask.sinks.video_file import VideoFileSink

        sinks.append(VideoFileSink(output, force=force, audio=audio, threads=threads))
    if report is not None:
        from emojimask.sinks.report import ReportSink

        sinks.append(ReportSink(report, force=force))
    return sinks


def window_sink() -> Sink:
    from emojimask.sinks.window import WindowSink

    return WindowSink("emojimask")


def virtual_camera_sink(device: str | None = None) -> Sink:
    from emojimask.sinks.virtual_camera import VirtualCameraSink

    return VirtualCameraSink(device)
