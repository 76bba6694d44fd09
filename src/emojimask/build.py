"""From names to objects. The only registry; back ends are imported when they are asked for, not before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from emojimask.errors import MissingExtraError, SourceError
from emojimask.pipeline import MaskingPipeline
from emojimask.settings import NO_EXPRESSIONS, MaskSettings
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

if TYPE_CHECKING:
    from emojimask.emojis.cast import Cast

T = TypeVar("T")

_LOADING = Lock()


class Watch(Protocol):
    """Is shown every stage of a pipeline by name; what it returns takes the stage's place."""

    def __call__(self, name: str, stage: T) -> T: ...


def _as_it_is(name: str, stage: T) -> T:  # noqa: ARG001
    return stage


def build_pipeline(
    settings: MaskSettings | None = None, watch: Watch = _as_it_is, measured: bool = True
) -> MaskingPipeline:
    """A pipeline for one stream. Models are built once for the process and shared between pipelines.

    Args:
        watch: for measuring the stages, named detector, landmarker, tracker, classifier, smoother, renderer, motion.
        measured: whether somebody wants to know how faces move; a living emoji does in any case.

    Raises:
        TypeError: ``settings`` is no MaskSettings.
        UsageError: a setting names something that is not there.
        MissingExtraError: a setting names what an optional part of emojimask brings.
        ModelError, EmojiSetError: a model or an emoji set cannot be used.
    """
    from emojimask.faces.tracking import LandmarkTracker
    from emojimask.measures.motion import MeasuredMotion

    if settings is None:
        settings = MaskSettings()
    if not isinstance(settings, MaskSettings):
        raise TypeError(f"settings: expected MaskSettings(...), found {type(settings).__name__}")
    detector, landmarker = face_back_end(settings.faces)
    second = second_detector(settings.faces) if settings.strict else None
    tracker = LandmarkTracker(
        watch("detector", detector),
        watch("landmarker", landmarker),
        settings.detect_every_s,
        second=second,
        bodies=bodies(),
    )
    worn = cast(settings.emojis)
    reads = settings.expressions != NO_EXPRESSIONS and worn.reads_anybody
    return MaskingPipeline(
        watch("tracker", tracker),
        watch("classifier", classifier(settings.expressions, settings.provider)) if reads else None,
        watch("smoother", _smoother(settings.smoothing)),
        watch("renderer", renderer(settings.emojis, settings.adapt_light)),
        settings,
        watch("motion", MeasuredMotion()) if measured or worn.is_living else None,
        worn.reads,
    )


class FaceBackEnd(NamedTuple):
    """A detector and a landmarker that understand each other."""

    detector: FaceDetector
    landmarker: FaceLandmarker


@lru_cache(maxsize=1)
def _mediapipe() -> FaceBackEnd:
    try:
        from emojimask.faces.mediapipe import MediapipeDetector, MeshLandmarker
    except ImportError as error:
        raise MissingExtraError(f"face detection cannot be loaded ({error}); install emojimask anew") from error
    return FaceBackEnd(MediapipeDetector(), MeshLandmarker())


@lru_cache(maxsize=1)
def _haar() -> FaceBackEnd:
    from emojimask.faces.haar import HaarDetector

    return FaceBackEnd(HaarDetector(), _mediapipe().landmarker)


@lru_cache(maxsize=1)
def _hog() -> FaceBackEnd:
    try:
        from emojimask.faces.hog import Dlib68Landmarker, HogDetector
    except ImportError as error:
        raise MissingExtraError(f'hog needs dlib ({error}); install it with: pip install "emojimask[dlib]"') from error
    return FaceBackEnd(HogDetector(), Dlib68Landmarker())


@lru_cache(maxsize=1)
def _mtcnn() -> FaceBackEnd:
    try:
        from emojimask.faces.mtcnn import MtcnnDetector
    except ImportError as error:
        raise MissingExtraError(
            f'mtcnn needs the mtcnn package and TensorFlow ({error}); install them with: pip install "emojimask[mtcnn]"'
        ) from error
    return FaceBackEnd(MtcnnDetector(), _mediapipe().landmarker)


_FACES: dict[str, Callable[[], FaceBackEnd]] = {"mediapipe": _mediapipe, "hog": _hog, "haar": _haar, "mtcnn": _mtcnn}


def face_back_end(name: str) -> FaceBackEnd:
    """The models behind one of the choices of the setting ``faces``. Raises MissingExtraError."""
    return _FACES[name]()


@lru_cache(maxsize=1)
def bodies() -> FaceDetector:
    """What finds heads by their bodies."""
    from emojimask.faces.bodies import BodyDetector

    return BodyDetector()


def second_detector(faces: str) -> FaceDetector:
    """One stream's, that checks on the back end ``faces`` in strict mode: of another kind, and always installed."""
    from emojimask.faces.haar import HaarGlances

    return _mediapipe().detector if faces == "haar" else HaarGlances()


def eyes(names: Sequence[str] | None = None) -> dict[str, FaceDetector]:
    """Detectors for checking a mask, by name; the two Haar views count as two.

    By default those that the default masking does not use: Haar, and HOG where it is installed.

    Raises:
        MissingExtraError: one that was asked for by name is not installed.
    """
    from emojimask.faces.haar import VIEWS, HaarDetector

    found: dict[str, FaceDetector] = {}
    for name in ("haar", "hog") if names is None else names:
        if name == "haar":
            found |= {f"haar {view}": HaarDetector((view,)) for view in VIEWS}
            continue
        try:
            found[name] = face_back_end(name).detector
        except MissingExtraError:
            if names is not None:
                raise
    return found


@lru_cache(maxsize=4)
def classifier(model: str, provider: str = "auto") -> ExpressionClassifier:
    from emojimask.expressions.classifier import OnnxClassifier

    return OnnxClassifier(model, provider)


def cast(emojis: str) -> Cast:
    """Who wears what, as the setting ``emojis`` says. Raises UsageError, EmojiSetError."""
    with _LOADING:  # else threads that ask for a set at the same time would each load it
        return _cast(emojis)


@lru_cache(maxsize=4)
def _cast(emojis: str) -> Cast:
    from emojimask.emojis.cast import load_cast

    return load_cast(emojis)


def own_parts(settings: MaskSettings) -> dict[str, str]:
    """What the emoji sets and the model of one's own are now: other values once they have changed. Empty: all shipped.

    Raises UsageError, EmojiSetError, ModelError.
    """
    from emojimask.emojis.cast import own_look
    from emojimask.expressions.card import read_card

    look, model = own_look(settings.emojis), Path(settings.expressions)
    parts = {"emojis_look": look} if look else {}
    if model.suffix == ".onnx":
        from emojimask.expressions.classifier import find_model

        parts["expressions_sha256"] = read_card(find_model(model).with_suffix(".json")).sha256
    return parts


@lru_cache(maxsize=4)
def renderer(emojis: str, adapt_light: bool = False) -> MaskRenderer:
    from emojimask.masking.cast_renderer import CastRenderer
    from emojimask.masking.renderer import EmojiRenderer

    worn = cast(emojis)
    if len(worn.sets) == 1:
        return EmojiRenderer(worn.sets[0], adapt_light)
    return CastRenderer(worn, adapt_light)


def _smoother(name: str) -> ExpressionSmoother:
    from emojimask.expressions.smoothing import EmaSmoother, NoSmoother, VoteSmoother

    smoothers: dict[str, Callable[[], ExpressionSmoother]] = {
        "ema": EmaSmoother,
        "vote": VoteSmoother,
        "none": NoSmoother,
    }
    return smoothers[name]()


def open_file(path: Path, threads: int = 0, span: tuple[float, float] | None = None) -> Source:
    """A file as a picture or as a video: by its first bytes, or by its suffix where they are not known.

    A GIF is always a video, and so is what is named as a stream of JPEGs. Of an animated WebP, PNG or AVIF the first
    picture is read.

    Args:
        threads: of a video's decoder; 0: as many as there are cores.
        span: of a video, in seconds from a key frame on.

    Raises:
        SourceError: it cannot be read, or by its suffix it is a picture of a kind that is not read.
    """
    from emojimask.sources.kinds import UNREAD_PICTURES, picture_suffix, unread

    if picture_suffix(path):
        from emojimask.sources.image_files import ImageFileSource

        return ImageFileSource(path)
    if path.suffix.lower() in UNREAD_PICTURES and path.is_file():  # FFmpeg takes some for a video of one frame
        raise SourceError(f"{path}: {unread(path.name)}")
    from emojimask.sources.video_file import VideoFileSource

    return VideoFileSource(path, threads, span)


def open_camera(spec: str, on_lost: Callable[[str], None] | None = None) -> Source:
    """A camera by index, name or URL, or a file played in its place; only the newest frame waits.

    Args:
        on_lost: a camera that is lost is waited for, for a minute; this is told of it, as of its return ("").

    Raises:
        SourceError: there is no such camera, or it cannot be used.
    """
    from emojimask.sources.latest import LatestSource

    if Path(spec).is_file():
        from emojimask.sources.kinds import picture_suffix
        from emojimask.sources.paced import PacedSource

        if picture_suffix(Path(spec)):
            raise SourceError(f"camera {spec}: is a picture; cover its faces with: emojimask mask")
        return LatestSource(PacedSource(open_file(Path(spec))))
    from emojimask.sources.camera import CameraSource

    camera = CameraSource(spec)
    if on_lost is None:
        return LatestSource(camera)

    def tell(fault: SourceError | None) -> None:
        on_lost("" if fault is None else f"{fault}; it is waited for, for a minute")

    return LatestSource(camera, partial(CameraSource, spec), tell)


def file_sinks(
    info: StreamInfo, output: Path | None, report: Path | None, *, audio: bool, force: bool, threads: int = 0
) -> list[Sink]:
    """The outputs asked for: the report, and a picture for a picture, a video for a video.

    The last is completed first: the video's end takes long and may fail, and then the report must not be left alone.

    Raises:
        UsageError: a suffix that cannot be written.
    """
    sinks: list[Sink] = []
    if report is not None:
        from emojimask.sinks.report import ReportSink

        sinks.append(ReportSink(report, force=force))
    if output is not None and info.fps == 0:
        from emojimask.sinks.image_files import ImageFileSink

        sinks.append(ImageFileSink(output, force=force))
    elif output is not None:
        from emojimask.sinks.video.sink import VideoFileSink

        sinks.append(VideoFileSink(output, force=force, audio=audio, threads=threads))
    return sinks


def window_sink() -> Sink:
    from emojimask.sinks.window import WindowSink

    return WindowSink()


def virtual_camera_sink(device: str | None = None) -> Sink:
    from emojimask.sinks.virtual_camera import VirtualCameraSink

    return VirtualCameraSink(device)
