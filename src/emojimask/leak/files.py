"""An original and its masked copy as files: which eyes look, reading in lockstep, and pictures of the outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from emojimask.build import open_file
from emojimask.errors import SourceError, UsageError
from emojimask.evaluation import plots
from emojimask.files.atomic import unwritable, write_result
from emojimask.leak.audit import LeakAudit, LeakReport
from emojimask.leak.hidden import hidden_pictures
from emojimask.leak.sightings import FacePath, Sighting, fuse
from emojimask.media.letterbox import letterbox
from emojimask.stages import FaceDetector, Source
from emojimask.types import Box, Frame, Image

_TIME_SLACK_S = 0.1  # containers round times: GIF to hundredths, AVI to whole frames

OnFrame = Callable[[], object]


def compare_files(
    original: Path, masked: Path, eyes: Mapping[str, FaceDetector], on_frame: OnFrame = lambda: None
) -> tuple[LeakReport, list[FacePath]]:
    """How much of the faces in ``original`` shows in ``masked``; and these faces.

    Where a file breaks off or holds several videos or pictures, what can be read of it is compared.

    Args:
        eyes: the detectors that look for faces in the original, by name.
        on_frame: called for each frame of either pass.

    Raises:
        SourceError: nothing can be read of a file.
        UsageError: the masked file has other frames than the original.
    """
    with open_file(original) as a, open_file(masked) as b:
        _check_size(a, b)
    unread: list[SourceError] = []
    for _ in _pairs(original, masked, unread):
        pass  # what does not fit is told before the eyes begin their slow work
    times_s, faces = find_faces(original, eyes, on_frame)
    audit = LeakAudit(faces, times_s)
    for frame, shown in _pairs(original, masked, []):
        audit.compare(frame.image, shown.image)
        on_frame()
    report = audit.report()
    return replace(report, hidden=tuple(hidden_pictures(masked)), unread=tuple(map(str, unread))), faces


def find_faces(
    path: Path, eyes: Mapping[str, FaceDetector], on_frame: OnFrame = lambda: None
) -> tuple[list[float], list[FacePath]]:
    """The time of every frame that can be read, in seconds, and the faces of a file. Raises SourceError."""
    looks: list[tuple[float, list[Sighting]]] = []
    with open_file(path) as source:
        for frame in _one_size(source, []):
            found = [Sighting(d.box, d.score, name) for name, eye in eyes.items() for d in eye.detect(frame.image)]
            looks.append((frame.time_s, found))
            on_frame()
    return [time_s for time_s, _ in looks], fuse(looks)


def save_worst(
    original: Path, masked: Path, faces: list[FacePath], report: LeakReport, folder: Path, count: int
) -> list[Path]:
    """Write the frames that show most, original and masked side by side. They show faces: on request only.

    Raises:
        SourceError: a file cannot be read.
        SinkError: the folder cannot be written to.
    """
    ranked = sorted(report.leaked, key=lambda leak: leak.uncovered, reverse=True)
    wanted = {leak.frame: leak.uncovered for leak in reversed(ranked[:count])}
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for frame, shown in _pairs(original, masked, []):
            if frame.index in wanted:
                path = folder / f"frame_{frame.index:06d}_{100 * wanted[frame.index]:.0f}_percent.png"
                boxes = [face.places[frame.index].box for face in faces if frame.index in face.places]
                _write(path, np.hstack([_outlined(frame.image, boxes), _outlined(shown.image, boxes)]))
                written.append(path)
    except OSError as error:
        raise unwritable(folder, error) from error
    return written


@plots.style()
def save_plot(report: LeakReport, path: Path) -> None:
    """The uncovered share over time. Raises UsageError, SinkError."""
    figure = plots.figure(10, 2.6)
    axes = figure.subplots()
    axes.plot(report.times_s, report.timeline, color="tab:red", marker=".", markersize=3, linewidth=1)
    for leak in report.leaked:
        axes.axvspan(leak.time_s - 0.01, leak.time_s + 0.01, color="tab:red", alpha=0.2, linewidth=0)
    axes.set(xlabel="seconds", ylabel="face uncovered", ylim=(-0.02, 1.02))
    axes.set_title(f"{report.leaked_frames} of {report.frames_with_face} frames with a face leaked")
    write_result(path, plots.encoded(figure, path.suffix))


def _check_size(original: Source, masked: Source) -> None:
    a, b = (original.info.width, original.info.height), (masked.info.width, masked.info.height)
    even = a[0] + a[0] % 2, a[1] + a[1] % 2  # most codecs double the last column or row of an odd picture
    if b not in (a, even):
        raise UsageError(
            f"{masked.info.name}: {b[0]}x{b[1]} pixels, while {original.info.name} has {a[0]}x{a[1]}: "
            "compare a file with its masked copy of the same size"
        )


def _pairs(original: Path, masked: Path, unread: list[SourceError]) -> Iterator[tuple[Frame, Frame]]:
    """Both files' frames, two by two; the masked one cut to the original's size.

    ``unread``: is given what else the files hold, or should, where they break off together.
    """
    with open_file(original) as a, open_file(masked) as b:
        slack_s = _TIME_SLACK_S + (1 / a.info.fps if a.info.fps else 0.0)
        ours, theirs = _one_size(a, unread), _one_size(b, unread)
        start_s: tuple[float, float] | None = None
        count = 0
        for count, frame in enumerate(ours, 1):
            shown = next(theirs, None)
            if shown is None:
                ends = f"ends after {count - 1} frames, {original} goes on: nothing can be said"
                raise unread[0] if unread else UsageError(f"{masked}: {ends}")
            start_s = start_s or (frame.time_s, shown.time_s)
            apart_s = (frame.time_s - start_s[0]) - (shown.time_s - start_s[1])
            if abs(apart_s) > slack_s:
                raise UsageError(
                    f"{masked}: frame {frame.index} comes {abs(apart_s):.2f} s {'early' if apart_s > 0 else 'late'}: "
                    f"these are not the frames of {original}"
                )
            height, width = frame.image.shape[:2]
            yield frame, Frame(np.ascontiguousarray(shown.image[:height, :width]), shown.index, shown.time_s)
        if next(theirs, None) is not None:
            more = f"has more than the {count} frames of {original}: nothing can be said"
            raise unread[0] if unread else UsageError(f"{masked}: {more}")


def _one_size(source: Source, unread: list[SourceError]) -> Iterator[Frame]:
    """Frames as a masked copy carries them: those of another size than the first are letterboxed.

    ``unread``: is given what ends them before their time.
    """
    try:
        for frame in source:
            yield Frame(letterbox(frame.image, source.info.width, source.info.height), frame.index, frame.time_s)
    except SourceError as error:
        unread.append(error)


def _outlined(image: Image, boxes: list[Box]) -> Image:
    picture = image.copy()
    for box in boxes:
        sides = [round(side) for side in (box.x, box.y, box.width, box.height)]
        cv2.rectangle(picture, sides, (0, 0, 255), 2)
    return picture


def _write(path: Path, image: Image) -> None:
    done, data = cv2.imencode(".png", image)
    assert done
    path.write_bytes(data.tobytes())
