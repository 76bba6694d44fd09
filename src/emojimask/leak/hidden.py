"""Pictures that a file carries and does not show: where masking forgets to look, a raw face gets out in them."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import ExifTags, UnidentifiedImageError
from PIL import Image as Pillow

from emojimask.media.containers import open_container

_BEGINS = re.compile(rb"\xff\xd8\xff")  # a JPEG. Within one's pixels 0xff is always followed by 0 or by 0xd0 to 0xd7.
_FILM = re.compile(rb"ftyp(mp4|iso|qt  |MSNV|avc)")  # that phones put behind a picture
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
_SUB_FILES = 330  # TIFF's tag
_FAINT = 64  # of 255; the opacity below which a pixel's colour is hardly seen ...
_VARIES = 16  # gray levels; ... and the least that such colours must differ by to be of something


def hidden_pictures(path: Path) -> list[str]:
    """What a picture or video carries beside what it shows, in words; empty where it is all shown.

    Not of this kind: sound, subtitles, fonts, and text in any place.

    Args:
        path: a file that can be read.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pixels without number and odd EXIF; the file was read before
            with Pillow.open(path) as picture:
                return list(_beside(picture, path))
    except UnidentifiedImageError:
        with open_container(path) as container:
            more = len(container.streams.video) - 1
        return [f"{more} more video stream{'s' if more > 1 else ''} or cover picture"] if more > 0 else []


def _beside(picture: Pillow.Image, path: Path) -> Iterator[str]:
    if picture.format == "GIF":  # a video here: all of its pictures are looked at
        return
    if picture.format in ("JPEG", "MPO"):
        content = path.read_bytes()
        if len(_BEGINS.findall(content)) > 1:
            yield "another picture, such as a preview"
        if _FILM.search(content):
            yield "a short film"
    elif ExifTags.Base.JpegIFOffset in picture.getexif().get_ifd(ExifTags.IFD.IFD1):
        yield "a preview"
    if any(_behind(picture.format, path)):
        yield "more behind its end"
    if picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1:
        yield "further pictures"
    if _SUB_FILES in getattr(picture, "tag_v2", {}):
        yield "further pictures within the first"
    if picture.has_transparency_data:
        pixels = np.asarray(picture.convert("RGBA"))
        faint = pixels[pixels[..., 3] < _FAINT][:, :3]
        if len(faint) and np.ptp(faint, axis=0).max() > _VARIES:
            yield "colours of transparent pixels"


def _behind(kind: str | None, path: Path) -> bytes:
    """What a file holds behind its picture, where the kind of picture tells where that ends.

    An editor that writes over a file and does not cut it off leaves the rest of the old picture there.
    """
    if kind not in ("PNG", "WEBP"):
        return b""
    content = path.read_bytes()
    return content.partition(_PNG_END)[2] if kind == "PNG" else content[8 + int.from_bytes(content[4:8], "little") :]
