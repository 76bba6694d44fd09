"""Pictures as files."""

from __future__ import annotations

from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any, Self

from PIL import Image as Pillow

from emojimask.errors import SinkError, UsageError
from emojimask.files.atomic import AtomicFile
from emojimask.sinks.guard import require_masked
from emojimask.types import MaskedFrame, StreamInfo

_JPEG = {"format": "JPEG", "quality": 95, "subsampling": 0}
_TIFF = {"format": "TIFF", "compression": "tiff_deflate"}
_FORMATS: dict[str, dict[str, Any]] = {
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".jpe": _JPEG,
    ".jfif": _JPEG,
    ".png": {"format": "PNG"},
    ".webp": {"format": "WEBP", "quality": 95},
    ".bmp": {"format": "BMP"},
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".jp2": {"format": "JPEG2000"},  # without loss
    ".j2k": {"format": "JPEG2000", "no_jp2": True},
    ".ppm": {"format": "PPM"},
}
if find_spec("PIL._avif"):  # not every Pillow has it
    _FORMATS[".avif"] = {"format": "AVIF", "quality": 90, "speed": 8}  # Pillow's own, 6, takes thrice as long
WRITTEN_PICTURES = frozenset(_FORMATS)
"""Of the pictures that can be written."""


class ImageFileSink:
    """One picture; the suffix of ``path`` decides the format. Pixels only: no EXIF, place, date or profile.

    Raises:
        UsageError: the suffix is none that is written, or the output is the input.
        OutputExistsError: the output is there, and ``force`` is false.
        SinkError: the file cannot be written, or more or fewer frames come than one.
    """

    def __init__(self, path: Path | str, force: bool = False) -> None:
        self._file = AtomicFile(path, force)
        suffix = self._file.path.suffix.lower()
        if suffix not in _FORMATS:
            raise UsageError(f"{path}: no picture format is known for '{suffix}'; use one of {', '.join(_FORMATS)}")
        self._format = _FORMATS[suffix]
        self._written = False

    def open(self, info: StreamInfo) -> None:
        self._file.open(info.path)

    def write(self, frame: MaskedFrame) -> None:
        image = require_masked(frame).image
        if self._written:
            raise SinkError(f"{self._file.path}: a picture file takes one frame; name a video file, such as .mp4")
        encoded = BytesIO()  # into a file of a disk that is full Pillow writes as much as fits, and says nothing
        try:
            Pillow.fromarray(image[:, :, ::-1]).save(encoded, **self._format)
            self._file.part.write_bytes(encoded.getbuffer())
        except (OSError, ValueError) as error:
            raise self._file.fault(error) from error
        self._written = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._file.discard()
        elif self._written:
            self._file.complete()
        else:
            self._file.discard()
            raise SinkError(f"{self._file.path}: no frame came, so no picture was written")
