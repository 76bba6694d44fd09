"""Writes the smallest of ONNX files, byte by byte, so that tests need no library for it.

The graph is Flatten, then a linear layer: logits = bias, the first one plus image * weight (summed over all pixels).
"""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

from emojimask.expressions.card import ModelCard

PIXELS = 48 * 48
FLOAT = 1


def write_model(folder: Path, bias: list[float], labels: tuple[str, ...], weight: float = 0.0, **card: Any) -> Path:
    """``tiny.onnx`` and ``tiny.json`` in ``folder``; ``card`` replaces entries of the card's JSON."""
    path = folder / "tiny.onnx"
    path.write_bytes(linear_model(bias, weight))
    content = ModelCard("tiny", "logits", labels, hashlib.sha256(path.read_bytes()).hexdigest()).to_json()
    path.with_suffix(".json").write_text(json.dumps({**json.loads(content), **card}))
    return path


def linear_model(bias: list[float], weight: float) -> bytes:
    classes = len(bias)
    flatten = _text(1, "image") + _text(2, "flat") + _text(4, "Flatten")
    gemm = _text(1, "flat") + _text(1, "weight") + _text(1, "bias") + _text(2, "logits") + _text(4, "Gemm")
    graph = (
        _field(1, flatten)
        + _field(1, gemm)
        + _text(2, "tiny")
        + _field(5, _tensor("weight", [PIXELS, classes], [weight, *[0.0] * (classes - 1)] * PIXELS))
        + _field(5, _tensor("bias", [classes], bias))
        + _field(11, _value("image", ["batch", 1, 48, 48]))
        + _field(12, _value("logits", ["batch", classes]))
    )
    opset = _text(1, "") + _number(2, 17)
    return _number(1, 8) + _field(7, graph) + _field(8, opset)


def _tensor(name: str, shape: list[int], values: list[float]) -> bytes:
    dims = b"".join(_number(1, size) for size in shape)
    return dims + _number(2, FLOAT) + _text(8, name) + _field(9, struct.pack(f"<{len(values)}f", *values))


def _value(name: str, shape: list[int | str]) -> bytes:
    dims = (_text(2, size) if isinstance(size, str) else _number(1, size) for size in shape)
    tensor = _number(1, FLOAT) + _field(2, b"".join(_field(1, dim) for dim in dims))
    return _text(1, name) + _field(2, _field(1, tensor))


def _text(tag: int, value: str) -> bytes:
    return _field(tag, value.encode())


def _field(tag: int, value: bytes) -> bytes:
    return _varint(tag << 3 | 2) + _varint(len(value)) + value


def _number(tag: int, value: int) -> bytes:
    return _varint(tag << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
