"""Single-shot detectors of MediaPipe's kind (after Liu et al. 2016): one run over a square, scored anchors out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emojimask.faces.tflite import TfliteModel
from emojimask.media.pixels import resized
from emojimask.types import Box, Image, Picture, Points


class Shot(NamedTuple):
    """A find: its box and what else the network points at, (N, 2), in the picture's pixels; its score from 0 to 1."""

    box: Box
    points: Points
    score: float


class SingleShot:
    """Square picture in, scored boxes with a few points out.

    Args:
        model: the network.
        cells: (cells per side, anchors per cell) of each grid of anchors, in the network's order.
        points: so many does it tell of each find.
    """

    def __init__(self, model: TfliteModel, cells: Sequence[tuple[int, int]], points: int) -> None:
        self._model = model
        self._anchors = np.concatenate([_grid(side, count) for side, count in cells])
        self._pairs = 2 + points  # of numbers: the middle, the size, and the points

    def finds(self, image: Picture, threshold: float) -> Iterator[Shot]:
        """What has at least ``threshold`` (above 0, below 1) confidence, overlaps not yet removed."""
        height, width = image.shape[:2]
        scale = self._model.side / max(height, width)
        square, left, top = _letterbox(image, self._model.side, scale)
        values, logits = self._model.run(square)
        kept = np.flatnonzero(logits >= math.log(threshold / (1 - threshold)))
        scores = 1 / (1 + np.exp(-np.clip(logits[kept], -50, 50)))
        raw = values.reshape(len(logits), -1)[kept].reshape(-1, self._pairs, 2).astype(np.float32)
        anchors = self._anchors[kept][:, None] * self._model.side
        points = raw + anchors
        offset = np.array([left, top], np.float32)
        for row, absolute, score in zip(raw, points, scores, strict=True):
            center, size = (absolute[0] - offset) / scale, row[1] / scale
            box = Box(*(float(v) for v in (*(center - size / 2), *size)))
            yield Shot(box, (absolute[2:] - offset) / scale, float(score))


def _grid(side: int, per_cell: int) -> NDArray[np.float32]:
    """Anchor centres, 0 to 1, row by row, each ``per_cell`` times."""
    centers = (np.arange(side, dtype=np.float32) + 0.5) / side
    x, y = np.meshgrid(centers, centers)
    return np.repeat(np.stack([x.ravel(), y.ravel()], 1), per_cell, axis=0)


def _letterbox(image: Picture, side: int, scale: float) -> tuple[Image, int, int]:
    """The picture shrunk into a black square; and where its left top corner lies there."""
    height, width = (max(1, round(n * scale)) for n in image.shape[:2])
    left, top = (side - width) // 2, (side - height) // 2
    square = np.zeros((side, side, 3), np.uint8)
    square[top : top + height, left : left + width] = resized(image, width, height)
    return square, left, top
