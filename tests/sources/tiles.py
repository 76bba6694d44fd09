"""A picture in tiles, as telephones write HEIC: what Pillow writes are pictures in one piece."""

from __future__ import annotations

import io
import struct
from pathlib import Path

from PIL import Image as Pillow

SIZE = 128
"""Of a tile."""


def write_tiles(path: Path, colours: list[str], brand: bytes = b"avif") -> Path:
    """One row of tiles of one colour each, in a file that says ``brand`` of itself."""
    tiles = [_tile(colour) for colour in colours]
    parts = range(2, 2 + len(tiles))
    grid = struct.pack(">BBBBHH", 0, 0, 0, len(tiles) - 1, SIZE * len(tiles), SIZE)
    head = _box(b"ftyp", brand, bytes(4), b"mif1miaf", brand)
    codec = tiles[0][1]
    properties = _box(b"ipco", _size(SIZE, SIZE), codec, _size(SIZE * len(tiles), SIZE))
    owners = [struct.pack(">HBB", 1, 1, 3), *(struct.pack(">HBBB", part, 2, 1, 0x82) for part in parts)]
    owned = _full(b"ipma", 0, 0, struct.pack(">I", len(owners)), *owners)
    names = [_full(b"infe", 2, 0, struct.pack(">HH4sx", 1, 0, b"grid"))]
    names += [_full(b"infe", 2, 1, struct.pack(">HH4sx", part, 0, b"av01")) for part in parts]

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
            _full(b"iref", 0, 0, _box(b"dimg", struct.pack(f">HH{len(tiles)}H", 1, len(tiles), *parts))),
            _box(b"iprp", properties, owned),
            _box(b"idat", grid),
        )

    before = len(head) + len(meta(0)) + 8
    path.write_bytes(head + meta(before) + _box(b"mdat", *(data for data, _ in tiles)))
    return path


def _tile(colour: str) -> tuple[bytes, bytes]:
    """Its data, and the box that says how to decode them."""
    file = io.BytesIO()
    Pillow.new("RGB", (SIZE, SIZE), colour).save(file, "AVIF")
    return _found(file.getvalue(), b"mdat")[8:], _found(file.getvalue(), b"av1C")


def _found(data: bytes, kind: bytes) -> bytes:
    start = data.index(kind) - 4
    return data[start : start + int.from_bytes(data[start : start + 4])]


def _size(width: int, height: int) -> bytes:
    return _full(b"ispe", 0, 0, struct.pack(">II", width, height))


def _full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return _box(kind, bytes([version]), flags.to_bytes(3), *parts)


def _box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content
