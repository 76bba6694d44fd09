"""The calls that programs use: a picture, a file, or a pipeline for a stream of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from emojimask.settings import MaskSettings
from emojimask.types import Frame, MaskedFrame, check_image

if TYPE_CHECKING:
    from emojimask.pipeline import MaskingPipeline
    from emojimask.runner import RunSummary


def build_pipeline(settings: MaskSettings | None = None) -> MaskingPipeline:
    """A pipeline for one stream; models and emoji sets are loaded once for the process.

    Raises:
        TypeError: ``settings`` is no MaskSettings.
        UsageError: a setting names something that is not there.
        MissingExtraError: a setting names what an optional part of emojimask brings.
        ModelError, EmojiSetError: a model or an emoji set cannot be used.
    """
    from emojimask import build

    return build.build_pipeline(settings)


def mask_image(
    image: NDArray[Any] | None,  # OpenCV does not say that what it reads is uint8
    settings: MaskSettings | None = None,
) -> MaskedFrame:
    """Cover every face in one picture.

    Args:
        image: (H, W, 3) uint8 BGR; not written into. May be what ``cv2.imread`` returns, which is None where it fails.

    Returns:
        A picture of its own. Where ``faces`` is empty no face was found, and the picture is as it was; where
        ``shielded`` is true something failed, and nothing of it shows.

    Raises:
        TypeError, ValueError: ``image`` is None, or has another dtype or shape.
        UsageError, MissingExtraError, ModelError, EmojiSetError: as :func:`build_pipeline`.
    """
    if image is None:
        raise TypeError("mask_image: there is no picture; check that its file is there and could be read")
    check_image(image, "mask_image")
    return next(build_pipeline(settings).process_file([Frame(image, 0, 0.0)]))


def mask_file(
    source: Path | str,
    output: Path | str,
    settings: MaskSettings | None = None,
    *,
    report: Path | str | None = None,
    audio: bool = True,
    force: bool = False,
) -> RunSummary:
    """Cover every face in a picture or a video, with its sound and its time stamps.

    Args:
        source: anything that can be read.
        output: its suffix decides the format; must not exist unless ``force``.
        report: where to tell what was seen, frame by frame: .jsonl or .csv.
        audio: carry sound and subtitles over, untouched.

    Returns:
        How many ``frames`` were written, how many of these have faces covered (``with_faces``) or are ``shielded``, and
        for which ``failures``.

    Raises:
        TypeError: ``source`` or an output is no path, or ``settings`` is no MaskSettings.
        SourceError: ``source`` cannot be read; then there is no ``output``. Or a video breaks off, or a file holds more
            videos or pictures than the one that is masked; then ``output`` has what could be read.
        EmojimaskError: any other of its kinds; the message says what, where and what to do.
    """
    from emojimask import build
    from emojimask.runner import run

    pipeline = build.build_pipeline(settings, measured=report is not None)
    with build.open_file(Path(source)) as opened:
        told = None if report is None else Path(report)
        outputs = build.file_sinks(opened.info, Path(output), told, audio=audio, force=force)
        summary = run(opened, pipeline, outputs)
    if summary.broken_off is not None:
        raise summary.broken_off
    return summary
