"""A person's own labelled faces: crops from pictures, videos or a camera, into folders that training reads.

The folder gets the layout ``train/happy/*.png`` of :mod:`emojimask.training.data.image_folder`. Everything stays on
this machine. The crops are real faces, unmasked: that is what they are for.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import cv2

from emojimask.build import open_file
from emojimask.errors import DataError, SourceError, UsageError
from emojimask.files.atomic import cut_name, unwritable, write_whole
from emojimask.sources.folder import find_inputs, raise_problem
from emojimask.training.data import rows
from emojimask.training.data.cropping import FaceFinder, crops_of
from emojimask.training.data.fer2013 import FER2013_CLASSES
from emojimask.training.data.rows import Crop
from emojimask.types import Frame

EVERY_S = 1.0
"""Of a video, one frame in so many seconds is looked at."""
CAMERA_EVERY_S = 0.3
CAMERA_PATIENCE_S = 10.0
"""A label for which the camera shows no face for so long is left."""


def labelled(
    inputs: Iterable[Path],
    label: str | None = None,
    on_problem: Callable[[SourceError], None] = raise_problem,
) -> list[tuple[Path, str]]:
    """The pictures and videos to collect faces from, each with its label.

    Args:
        inputs: files, or folders of files.
        label: of all faces; by default the name of the folder in which a file lies.
        on_problem: is told of an input that is not there, which is left out then; by default it is raised.

    Raises:
        UsageError, DataError: ``label``, or a folder's name, is no label.
    """
    given = None if label is None else known_label(label)
    return [(file, given or _label_of(file)) for path in inputs for file in _files(path, on_problem)]


def collect_pictures(
    files: Iterable[tuple[Path, str]],
    out: Path,
    find: FaceFinder = crops_of,
    on_problem: Callable[[SourceError], None] = raise_problem,
) -> Counter[str]:
    """Every face in pictures and videos.

    Args:
        files: what :func:`labelled` gave.
        out: the data set's folder, made if needed; what is there stays.
        find: finds and crops the faces of a picture.
        on_problem: is told of a file that cannot be read, which is left out then; by default it is raised.

    Returns:
        How many crops of each label were found; the same crop is kept once.
    """
    folders, found = Folders(out), Counter[str]()
    for file, name in files:
        try:
            with open_file(file) as source:
                for frame in spaced(source, EVERY_S):
                    for crop in find(frame.image):
                        folders.keep(crop, name, file.stem)
                        found[name] += 1
        except SourceError as error:
            on_problem(error)
    return found


def collect_camera(
    frames: Iterable[Frame],
    out: Path,
    labels: Sequence[str],
    ready: Callable[[str], bool],
    count: int = 10,
    find: FaceFinder = crops_of,
) -> Counter[str]:
    """The largest face before a camera, label by label.

    Args:
        frames: of a camera, the newest each time.
        out: the data set's folder, made if needed; what is there stays.
        labels: in the order in which they are asked for.
        ready: called before each label; False leaves it out.
        count: crops of each label.
        find: finds and crops the faces of a picture.

    Returns:
        How many crops of each label were taken.

    Raises:
        UsageError: a label is unknown; nothing has been written then.
        SourceError: the camera fails.
    """
    names, folders = [known_label(label) for label in labels], Folders(out)
    newest, sitting = iter(frames), time.strftime("camera-%Y%m%d-%H%M%S")
    taken: Counter[str] = Counter()
    for name in names:
        if ready(name):
            for crop in _shots(newest, count, find):
                folders.keep(crop, name, sitting)
                taken[name] += 1
    return taken


def known_label(label: str) -> str:
    """A label that was given, as the folders of the data set spell it. Raises UsageError."""
    try:
        return FER2013_CLASSES[rows.label_named(label, "--label")]
    except DataError as error:
        raise UsageError(str(error)) from None


class Folders:
    """The crops that ``out`` holds, ``out/train/label/sitting-*.png``; each is kept once, and nothing is overwritten.

    Those of one sitting lie side by side, so that what is held out for validation comes from few, and not from all.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._kept: dict[str, set[str]] = {}  # by label: what the files' names end in

    def keep(self, crop: Crop, label: str, sitting: str) -> None:
        """Raises SinkError where it cannot be written."""
        folder, ending = self._out / "train" / label, f"-{hashlib.sha256(crop.tobytes()).hexdigest()[:16]}.png"
        path = folder / cut_name(sitting, ending)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if label not in self._kept:
                self._kept[label] = {file.name[-len(ending) :] for file in folder.iterdir() if file.is_file()}
            if ending not in self._kept[label]:
                write_whole(path, cv2.imencode(".png", crop)[1].tobytes())
        except OSError as error:
            raise unwritable(path, error) from error
        self._kept[label].add(ending)


def spaced(frames: Iterable[Frame], every_s: float) -> Iterator[Frame]:
    """The first frame, and each that comes at least ``every_s`` after the last one given."""
    last_s = -float("inf")
    for frame in frames:
        if frame.time_s - last_s >= every_s:
            last_s = frame.time_s
            yield frame


def _shots(newest: Iterator[Frame], count: int, find: FaceFinder) -> Iterator[Crop]:
    seen_s = None
    for frame in spaced(newest, CAMERA_EVERY_S):
        seen_s = frame.time_s if seen_s is None else seen_s
        crops = find(frame.image)
        if crops:
            yield crops[0]
            seen_s, count = frame.time_s, count - 1
        if not count or frame.time_s - seen_s > CAMERA_PATIENCE_S:
            return


def _files(path: Path, on_problem: Callable[[SourceError], None]) -> Iterator[Path]:
    try:
        yield from find_inputs(path, on_problem)
    except SourceError as error:  # there is nothing of this name
        on_problem(error)


def _label_of(file: Path) -> str:
    folder = file.parent
    if folder.name in ("", ".."):  # the working folder, or one above it: the path alone does not tell its name
        folder = folder.resolve()
    try:
        return FER2013_CLASSES[rows.label_named(folder.name, str(file))]
    except DataError as error:
        raise DataError(f"{error}; name one with --label") from None
