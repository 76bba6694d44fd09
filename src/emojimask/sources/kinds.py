"""Which files are pictures and videos, which of them are read, and what they are by their first bytes."""

from __future__ import annotations

from pathlib import Path, PurePath

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
