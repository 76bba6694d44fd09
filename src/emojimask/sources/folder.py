"""Which files of a folder can be masked, and how each is read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from stat import S_ISREG
from typing import NamedTuple

from emojimask.errors import SourceError
from emojimask.sources.image_files import ImageFileSource
from emojimask.sources.video_file import VideoFileSource

_WRITTEN = (".avif", ".bmp", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp")
PICTURE_SUFFIXES = {
    **{suffix: suffix for suffix in _WRITTEN},
    **dict.fromkeys((".heic", ".heif", ".hif", ".jps", ".mpo", ".thm"), ".jpg"),
    ".apng": ".png",
    ".dib": ".bmp",
    **dict.fromkeys((".jpf", ".jpx"), ".jp2"),
    **dict.fromkeys((".j2c", ".jpc"), ".j2k"),
    **dict.fromkeys((".pbm", ".pgm", ".pnm"), ".ppm"),
}
"""Of pictures that are read, each with the one under which the masked picture is written."""
VIDEO_SUFFIXES = frozenset(
    {".264", ".265", ".3g2", ".3gp", ".3gpp", ".asf", ".avi", ".dav", ".divx", ".dv", ".dvr-ms", ".f4v", ".flv", ".gif"}
    | {".h264", ".h265", ".hevc", ".lrf", ".lrv", ".m1v", ".m2p", ".m2t", ".m2ts", ".m2v", ".m4v", ".mjpeg", ".mjpg"}
    | {".mk3d", ".mkv", ".mod", ".mov", ".mp4", ".mp4v", ".mpe", ".mpeg", ".mpg", ".mpv", ".mts", ".mxf", ".ogm"}
    | {".ogv", ".qt", ".rm", ".rmvb", ".tod", ".tp", ".trp", ".ts", ".vob", ".vro", ".webm", ".wmv", ".wtv"}
)
_JPEG_STREAMS = frozenset({".mjpeg", ".mjpg"})
"""Of videos that are one JPEG behind the other, and begin as the first of them does."""
UNREAD_PICTURES = frozenset(
    {".exr", ".heics", ".heifs", ".insp", ".jxl", ".jxr", ".pcd", ".pcx", ".psb", ".psd", ".tga", ".wdp", ".xcf"}
    # The raw files of cameras.
    | {".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".gpr", ".iiq", ".kdc", ".mef", ".mos"}
    | {".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"}
)
UNREAD_VIDEOS = frozenset({".360", ".braw", ".crm", ".insv", ".r3d"})  # of two round lenses, or raw
"""Suffixes of what is not read, and must not be passed over in silence."""

_PICTURE_HEADS = {
    b"\xff\xd8\xff": ".jpg",
    b"\x89PNG\r\n": ".png",
    b"BM": ".bmp",
    b"II*\0": ".tif",
    b"MM\0*": ".tif",
    b"\0\0\0\x0cjP  ": ".jp2",
    b"\xff\x4f\xff\x51": ".j2k",
}
_GIF_HEAD = b"GIF8"
# Behind four bytes.
_AVIF_HEADS = (b"ftypavif", b"ftypavis")  # the latter of several pictures
_HEIC_HEADS = (b"ftypheic", b"ftypheix")
HEAD_BYTES = 12
"""So many tell what a file is."""


class Entry(NamedTuple):
    """What is found in a folder.

    Attributes:
        size: bytes.
        problem: why it cannot be masked: a folder that cannot be read, a link to nowhere or itself, or a picture of a
            kind that is not read; None where it may be tried.
    """

    path: Path
    size: int = 0
    problem: str | None = None


def raise_problem(problem: SourceError) -> None:
    raise problem


def find_inputs(path: Path | str, on_problem: Callable[[SourceError], None] = raise_problem) -> Iterator[Path]:
    """The pictures and videos of a folder, as :func:`files_in` gives them; a file is yielded itself.

    Args:
        on_problem: is told of what cannot be masked.

    Raises:
        SourceError: there is nothing at ``path``; by default every problem, too.
    """
    path = Path(path)
    if path.is_file():
        yield path
    elif path.is_dir():
        for entry in files_in(path):
            if entry.problem is None:
                yield entry.path
            else:
                on_problem(SourceError(f"{entry.path}: {entry.problem}"))
    else:
        raise SourceError(f"{path}: no such file or folder")


def files_in(folder: Path) -> Iterator[Entry]:
    """The pictures and videos of a folder and the folders in it, in order of their names.

    Hidden files and folders are left out; links are followed, but no folder is entered twice.
    """
    return _walk(folder, set())


def open_source(
    path: Path | str, threads: int = 0, span: tuple[float, float] | None = None
) -> ImageFileSource | VideoFileSource:
    """Open a file as a picture or as a video: by its first bytes, or by its suffix where they are not known.

    A GIF is always a video, and so is what is named as a stream of JPEGs. Of an animated WebP, PNG or AVIF the first
    picture is read. ``threads`` and ``span`` are for videos.

    Raises:
        SourceError: as the two sources raise it, or by its suffix the file is a picture of a kind that is not read.
    """
    path = Path(path)
    if picture_suffix(path):
        return ImageFileSource(path)
    if path.suffix.lower() in UNREAD_PICTURES and path.is_file():  # FFmpeg takes some for a video of one frame
        raise SourceError(f"{path}: {unread(path.name)}")
    return VideoFileSource(path, threads, span)


def picture_suffix(path: Path) -> str | None:
    """What the masked picture is written under, by the file's first bytes or else its name; None: it is a video."""
    return suffix_by_head(head_of(path), path.suffix)


def head_of(path: Path) -> bytes:
    """The first :data:`HEAD_BYTES` bytes of a file; none where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError:  # the source that opens it says what is wrong
        return b""


def suffix_by_head(head: bytes, suffix: str) -> str | None:
    """:func:`picture_suffix` by what :func:`head_of` gives and the suffix of the name."""
    if suffix.lower() in _JPEG_STREAMS:
        return None
    for start, known in _PICTURE_HEADS.items():
        if head.startswith(start):
            return known
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return ".webp"
    if head[4:].startswith(_AVIF_HEADS):
        return ".avif"
    if head[4:].startswith(_HEIC_HEADS):
        return PICTURE_SUFFIXES[".heic"]
    return None if head.startswith(_GIF_HEAD) else PICTURE_SUFFIXES.get(suffix.lower())


def is_media(name: str) -> bool:
    """By its suffix, the name of a picture or video that can be read."""
    return PurePath(name).suffix.lower() in PICTURE_SUFFIXES.keys() | VIDEO_SUFFIXES


def unread(name: str) -> str | None:
    """What to say of a picture or video that by its suffix is of a kind that is not read; None of all others."""
    suffix = PurePath(name).suffix.lower()
    if suffix in UNREAD_PICTURES:
        return "pictures of this kind are not read; save it as JPEG first"
    return "videos of this kind are not read; save it as MP4 first" if suffix in UNREAD_VIDEOS else None


def _walk(folder: Path, seen: set[Path]) -> Iterator[Entry]:
    try:
        real = folder.resolve()
        if real in seen:
            return
        seen.add(real)
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield Entry(folder, problem=f"the folder cannot be read ({error.strerror})")
        return
    for entry in entries:
        path = Path(entry.path)
        if entry.name.startswith("."):
            continue
        try:
            if entry.is_dir():
                yield from _walk(path, seen)
            elif is_media(entry.name) and S_ISREG(entry.stat().st_mode):  # a pipe would be waited for for ever
                yield Entry(path, entry.stat().st_size)
            elif problem := unread(entry.name):
                yield Entry(path, problem=problem)
        except OSError as error:  # a link that leads nowhere, or to itself
            yield Entry(path, problem=f"cannot be opened ({error.strerror})")
