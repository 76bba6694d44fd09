"""Pictures as sources of one frame."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Self

import numpy as np
from PIL import ExifTags, UnidentifiedImageError
from PIL import Image as Pillow
from PIL.Image import Transpose
from PIL.ImageFile import ImageFile

from emojimask.errors import SourceError
from emojimask.media.pixels import is_hdr
from emojimask.media.profiles import in_srgb
from emojimask.sources.hdr import in_plain_colors
from emojimask.sources.whole import is_whole_jpeg
from emojimask.types import Frame, Image, StreamInfo

_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "JPEG2000", "PPM", *(["AVIF"] if find_spec("PIL._avif") else []))
_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_SUBFILE_TYPE, _SMALLER, _NO_PAGE = 254, 0b001, 0b101  # TIFF: a smaller form of another page; that, or a mask for one
# What Pillow raises over broken files; the last two, over what follows a PNG's pixels, and over an AVIF's pixels.
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, struct.error, LookupError, RuntimeError)


class ImageFileSource:
    """One picture (JPEG, PNG, WebP, HEIC, AVIF, BMP, TIFF, JPEG 2000, PPM), upright, in sRGB, 8 bits a colour.

    Gray, palette, 16-bit, CMYK and HDR pictures, floating-point ones from 0 to 1 and those with a colour profile are
    converted, and turned by their EXIF orientation; transparency is laid over white. Of a file with several pictures
    (animated WebP, PNG or AVIF, TIFF pages) the first is read; of an HEIC the one that it names so. Previews, depths,
    and what phones put behind a JPEG, do not count.

    Raises:
        SourceError: the file is missing, unreadable, damaged, of another format, begins with a preview, as a camera's
            raw files do, or has more than about 179 million pixels; after the first picture where there are more.
    """

    def __init__(self, path: Path | str) -> None:
        path = Path(path)
        image, self._others = _read(path)
        self._frame = Frame(image, index=0, time_s=0.0)
        height, width = image.shape[:2]
        self.info = StreamInfo(name=str(path), width=width, height=height, fps=0.0, frame_count=1, path=path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __iter__(self) -> Iterator[Frame]:
        yield self._frame
        if self._others:
            count = self._others + 1
            remedy = "to mask the others, save each in a file of its own"
            raise SourceError(f"{self.info.path}: holds {count} pictures, of which the first alone is read; {remedy}")


def _read(path: Path) -> tuple[Image, int]:
    """The first picture, and how many more there are."""
    try:
        with warnings.catch_warnings():
            # Pillow warns at half of the size that it refuses, and of EXIF that is not as it should be.
            warnings.simplefilter("ignore", UserWarning)
            warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
            with _opened(path) as picture:
                fault = _fault_of(picture)
                if fault is not None:
                    raise SourceError(f"{path}: {fault}; save the picture as JPEG first")
                picture.load()
                if picture.format in ("JPEG", "MPO") and not is_whole_jpeg(path):
                    raise SourceError(f"{path}: the picture is damaged, and part of it is lost; save what is left anew")
                return _to_bgr(_upright(picture)), _count_others(picture)
    except FileNotFoundError:
        raise SourceError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise SourceError(f"{path}: is a folder, not a picture") from None
    except PermissionError:
        raise SourceError(f"{path}: may not be read; check its permissions") from None
    except Pillow.DecompressionBombError:
        limit = 2 * (Pillow.MAX_IMAGE_PIXELS or 0) // 1_000_000
        raise SourceError(f"{path}: the picture has more than {limit} million pixels; make it smaller first") from None
    except UnidentifiedImageError:
        if path.stat().st_size == 0:
            raise SourceError(f"{path}: the file is empty") from None
        raise SourceError(f"{path}: is none of {', '.join(_FORMATS)} and HEIC, or its head is damaged") from None
    except _DAMAGED as error:
        raise SourceError(f"{path}: the picture is damaged ({error})") from None


def _opened(path: Path) -> ImageFile:
    try:
        return Pillow.open(path, formats=_FORMATS)
    except UnidentifiedImageError:
        return Pillow.open(path, formats=[_heif()])


@cache
def _heif() -> str:
    """What Pillow calls HEIC. Its decoder is loaded where it is wanted alone, which takes as long as masking a face."""
    from pi_heif import register_heif_opener

    register_heif_opener()
    return "HEIF"


def _fault_of(picture: ImageFile) -> str | None:
    """Why a picture cannot be masked although Pillow reads it."""
    if picture.format == "TIFF" and _subfile_type(picture) & _SMALLER:
        return "begins with a preview, as a camera's raw file does"
    if (picture.get_format_mimetype() or "").endswith("-sequence"):
        return "holds a sequence of pictures, as a video does"
    if picture.mode == "F":
        values = np.asarray(picture)
        if not (values.min() >= 0 and values.max() <= 1):  # NaN is neither
            return "has brightnesses that are not from 0 to 1"
    return None


def _subfile_type(picture: Pillow.Image) -> int:
    kind = getattr(picture, "tag_v2", {}).get(_SUBFILE_TYPE)
    return kind if isinstance(kind, int) else 0


def _count_others(picture: Pillow.Image) -> int:
    if picture.format != "TIFF":  # a JPEG's are depth maps, brighter forms and previews
        return 0 if picture.format == "MPO" else getattr(picture, "n_frames", 1) - 1
    count = 0
    with suppress(*_DAMAGED):
        for index in range(1, getattr(picture, "n_frames", 1)):
            count += 1
            picture.seek(index)
            count -= bool(_subfile_type(picture) & _NO_PAGE)
    return count


def _upright(picture: Pillow.Image) -> Pillow.Image:
    """Pillow's own way writes the EXIF anew besides, and fails over what some cameras put there."""
    turn = _TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    return picture if turn is None else picture.transpose(turn)


def _to_bgr(picture: Pillow.Image) -> Image:
    if picture.mode.startswith("I"):  # 16 bits, in 32-bit pixels in some formats; Pillow would clip them to 8
        gray = np.asarray(picture).astype(np.float64) / 257
        picture = Pillow.fromarray(gray.clip(0, 255).round().astype(np.uint8))
    elif picture.mode == "F":
        picture = Pillow.fromarray((np.asarray(picture) * 255).round().astype(np.uint8))
    transfer = picture.info.get("nclx_profile", {}).get("transfer_characteristics", 0)
    if is_hdr(transfer):
        picture = in_plain_colors(picture, transfer)
    if picture.has_transparency_data:
        picture = in_srgb(picture.convert("RGBA"))
        picture = Pillow.alpha_composite(Pillow.new("RGBA", picture.size, "white"), picture)
    elif picture.mode in ("RGB", "CMYK", "P"):
        picture = in_srgb(picture.convert("RGB") if picture.mode == "P" else picture)
    return np.ascontiguousarray(np.asarray(picture.convert("RGB"))[:, :, ::-1])
