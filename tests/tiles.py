"""A picture in tiles, as telephones write HEIC: Pillow writes no HEIC, and AVIF in one piece."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import av
from av.video.frame import VideoFrame
from PIL import Image as Pillow

SIZE = 128
"""Of a tile of one colour."""


def write_colours(path: Path, colours: list[str], brand: bytes = b"avif", **more: bytes) -> Path:
    """:func:`write_tiles` of one colour each."""
    return write_tiles(path, [Pillow.new("RGB", (SIZE, SIZE), colour) for colour in colours], brand, **more)


def write_tiles(
    path: Path, pictures: list[Pillow.Image], brand: bytes, *, first: bytes = b"", extra: bytes = b""
) -> Path:
    """One row of tiles of the same size, coded as ``brand`` says: b"avif", or b"heic" as HEVC.

    Args:
        first: the brand that the file begins with, if it is another.
        extra: one more property of the whole picture, a box.
    """
    heic = brand == b"heic"
    tiles = [_hevc(picture) if heic else _av1(picture) for picture in pictures]
    width, height = pictures[0].size
    parts = range(2, 2 + len(tiles))
    grid = struct.pack(">BBBBHH", 0, 0, 0, len(tiles) - 1, width * len(tiles), height)
    head = box(b"ftyp", first or brand, bytes(4), b"mif1miaf", brand)
    codec = tiles[0][1]
    properties = box(b"ipco", _size(width, height), codec, _size(width * len(tiles), height), extra)
    own = b"\x02\x03\x04" if extra else b"\x01\x03"
    owners = [struct.pack(">H", 1) + own, *(struct.pack(">HBBB", part, 2, 1, 0x82) for part in parts)]
    owned = _full(b"ipma", 0, 0, struct.pack(">I", len(owners)), *owners)
    names = [_full(b"infe", 2, 0, struct.pack(">HH4sx", 1, 0, b"grid"))]
    names += [_full(b"infe", 2, 1, struct.pack(">HH4sx", part, 0, b"hvc1" if heic else b"av01")) for part in parts]

    def meta(start: int) -> bytes:
        places = [struct.pack(">HHHHII", 1, 1, 0, 1, 0, len(grid))]
        for part, (data, _) in zip(parts, tiles, strict=True):
            places.append(struct.pack(">HHHHII", part, 0, 0, 1, start, len(data)))
            start += len(data)
        return _full(
            b"meta",
            0,
            0,
            _full(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)),
            _full(b"pitm", 0, 0, struct.pack(">H", 1)),
            _full(b"iloc", 1, 0, struct.pack(">BBH", 0x44, 0, len(places)), *places),
            _full(b"iinf", 0, 0, struct.pack(">H", len(names)), *names),
            _full(b"iref", 0, 0, box(b"dimg", struct.pack(f">HH{len(tiles)}H", 1, len(tiles), *parts))),
            box(b"iprp", properties, owned),
            box(b"idat", grid),
        )

    before = len(head) + len(meta(0)) + 8
    path.write_bytes(head + meta(before) + box(b"mdat", *(data for data, _ in tiles)))
    return path


def box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def _av1(picture: Pillow.Image) -> tuple[bytes, bytes]:
    """A tile's data, and the box that says how to decode them."""
    file = io.BytesIO()
    picture.save(file, "AVIF")
    return _found(file.getvalue(), b"mdat")[8:], _found(file.getvalue(), b"av1C")


def _hevc(picture: Pillow.Image) -> tuple[bytes, bytes]:
    file = io.BytesIO()
    with av.open(file, "w", "mp4") as output:
        stream = output.add_stream("libx265", 25, {"bf": "0", "crf": "1", "x265-params": "log-level=none"})
        stream.width, stream.height = picture.size
        stream.pix_fmt = "gray" if picture.mode == "L" else "yuvj420p"
        frame = VideoFrame.from_image(picture)
        frame.pts = 0
        output.mux([*stream.encode(frame), *stream.encode(None)])
    return _found(file.getvalue(), b"mdat")[8:], _found(file.getvalue(), b"hvcC")


def _found(data: bytes, kind: bytes) -> bytes:
    start = data.index(kind) - 4
    return data[start : start + int.from_bytes(data[start : start + 4])]


def _size(width: int, height: int) -> bytes:
    return _full(b"ispe", 0, 0, struct.pack(">II", width, height))


def _full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return box(kind, bytes([version]), flags.to_bytes(3), *parts)
