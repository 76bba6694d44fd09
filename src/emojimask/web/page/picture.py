"""Pictures on the wire: JPEG from the browser, and masked JPEG back with what is in it."""

from __future__ import annotations

import io
import json
import struct

import cv2
import numpy as np
from PIL import Image as Pillow

from emojimask.types import Image, MaskedFace, MaskedFrame

MAX_BYTES = 2_000_000
MAX_SIDE = 1920
_NUMBER = struct.Struct("<I")
_QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 88]


class BadPicture(Exception):  # noqa: N818  (told to the page, which sent it)
    """What came is not a picture that can be masked; the text says why."""


def unpack(packet: bytes) -> tuple[int, bytes]:
    """A frame's number, which the page chose, and its JPEG. Raises BadPicture."""
    if not _NUMBER.size < len(packet) <= MAX_BYTES:
        raise BadPicture(f"a frame has {_NUMBER.size} to {MAX_BYTES} bytes, found {len(packet)}")
    return _NUMBER.unpack_from(packet)[0], packet[_NUMBER.size :]


def decode(jpeg: bytes) -> Image:
    """(H, W, 3) uint8 BGR. Raises BadPicture where it is no JPEG, or too large; the size is checked first."""
    try:
        with Pillow.open(io.BytesIO(jpeg), formats=["JPEG"]) as head:
            size = head.size
    except (OSError, ValueError, SyntaxError, Pillow.DecompressionBombError):
        raise BadPicture("a frame must be a JPEG picture") from None
    if not 16 <= min(size) <= max(size) <= MAX_SIDE:
        raise BadPicture(f"a frame is 16 to {MAX_SIDE} pixels wide and high, found {size[0]} x {size[1]}")
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise BadPicture("a frame's JPEG is damaged")
    return np.asarray(image, np.uint8)


def pack(frame: MaskedFrame, number: int, worked_ms: float, fault: str = "") -> bytes:
    """A masked frame for the page: the length of a JSON header (uint32, little endian), the header, the JPEG.

    Args:
        worked_ms: milliseconds that it took to mask.
        fault: what went wrong, where it is shielded on that account.
    """
    if not isinstance(frame, MaskedFrame):
        raise TypeError(f"only a MaskedFrame may leave, found {type(frame).__name__}")
    header = json.dumps(
        {
            "number": number,
            "worked_ms": round(worked_ms, 1),
            "shielded": frame.shielded,
            "fault": fault,
            "faces": [_face(face) for face in frame.faces],
        },
        separators=(",", ":"),
    ).encode()
    jpeg = cv2.imencode(".jpg", frame.image, _QUALITY)[1].tobytes()
    return _NUMBER.pack(len(header)) + header + jpeg


def _face(face: MaskedFace) -> dict[str, object]:
    return {
        "id": face.track.id,
        "size": round(face.track.face.box.area),
        "seen": face.track.unseen_s == 0,
        "expression": face.recognised,
        "probabilities": [round(p, 3) for p in face.probabilities],
    }
