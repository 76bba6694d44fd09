"""The default back end: MediaPipe's two face detectors and its face mesh, run on crops of our choosing.

Neither detector is enough alone. The short-range one (BlazeFace, Bazarevsky et al. 2019) reads 128x128 pixels and
misses small faces; the full-range one reads 192x192 and misses some large ones. So both look at every picture, and
for a thorough look the second looks again at overlapping parts of it, for the people at the back.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.faces.single_shot import SingleShot
from emojimask.faces.suppression import surest
from emojimask.faces.tflite import TfliteModel
from emojimask.media.pixels import cut_out, part, resized, warped
from emojimask.stages import Detection
from emojimask.threads.parallel import parallel_map
from emojimask.types import MESH_POINTS, Box, Face, Image, Picture, Points

_LEFT_EYE, _RIGHT_EYE = 33, 263
_LEAST_SCORE = 0.3
"""A detector's confidence below which a find is not even reported."""
_IS_FACE = 0.5
"""The mesh's probability that a crop shows a face, from which it does."""
MOST_LEAN = 0.7
"""The most that the line from eyes to mouth of a face in profile goes sideways, against how far down it goes."""
TURNED = 0.95
"""A face that the mesh is less sure of than this may be the wrong way round; it is not, where it is so sure."""
_LARGE = 1536
"""Pixels on the longer side from which a picture may be looked at closely, ..."""
_CLOSE = 384, 1 / 6
"""... in squares of this side, that overlap by this share of it."""
_AT_ONCE = 4
"""A look over so many squares across finds whom they cut."""
_OVERVIEW = 384
"""Pixels: to which side a picture is shrunk before it is mirrored at its edges; twice what the network reads."""


class MediapipeDetector:
    """Both detectors over the whole picture and, for a thorough look, the full-range one over its parts."""

    def __init__(self) -> None:
        base = "face_detection/face_detection"
        self._near = SingleShot(TfliteModel(f"{base}_short_range.tflite", -1.0), ((16, 2), (8, 6)), points=6)
        self._far = SingleShot(TfliteModel(f"{base}_full_range_sparse.tflite", -1.0), ((48, 1),), points=6)

    def detect(self, image: Picture, thorough: bool = False) -> list[Detection]:
        looks = parallel_map(lambda network: _detected(network, image), (self._near, self._far))
        found = [detection for look in looks for detection in look]
        if thorough:
            height, width = image.shape[:2]
            for tile in self.tiles(height, width, closely=True):
                found += self.detect_in_tile(image, tile)
        return surest(found, are_one_face)

    def tiles(self, height: int, width: int, closely: bool = False) -> list[Box]:
        """The whole picture with a margin, where it is mirrored, and overlapping squares, for small faces.

        The margin makes the half of a face that the picture's edge leaves a whole one. ``closely``: in large pictures
        with more squares, for faces of 22 pixels on, where a fiftieth of the picture's longer side is more.
        """
        margin = max(height, width) // 4
        around = Box(-margin, -margin, width + 2 * margin, height + 2 * margin)
        return [around, *_squares(height, width), *(_close_squares(height, width) if closely else ())]

    def detect_in_tile(self, image: Picture, tile: Box) -> list[Detection]:
        if tile.x < 0:
            return self._detect_mirrored(image, -tile.x)
        square, left, top = cut_out(image, tile)
        found = _detected(self._far, square)
        return [d.moved(left, top) for d in found if not _cut_off(d.box, square, left, top, image)]

    def _detect_mirrored(self, image: Picture, margin: float) -> list[Detection]:
        small, scale = _shrunk(image, _OVERVIEW)
        border = round(margin * scale)
        mirrored = cv2.copyMakeBorder(small, border, border, border, border, cv2.BORDER_REFLECT)
        found = _detected(self._far, np.asarray(mirrored, np.uint8))
        found = [d.moved(-border, -border).scaled(1 / scale) for d in found]
        # Mirror images of whole faces lie outside. A half face and its image together have their middle on the edge.
        whole = Box(0, 0, image.shape[1], image.shape[0])
        return [d for d in found if d.box.scaled(0.1).intersection(whole) > 0]


class _Look(NamedTuple):
    """The mesh on a crop, what it is sure of (0 to 1), and the (2, 3) transform from the picture to the crop."""

    values: NDArray[np.float32]
    score: float
    to_crop: NDArray[np.float64]


class MeshLandmarker:
    """The 468-point face mesh (Kartynnik et al. 2019) on an upright crop of one face."""

    def __init__(self) -> None:
        self._model = TfliteModel("face_landmark/face_landmark.tflite", 0.0)

    def locate(self, image: Picture, near: Detection | Points) -> Face | None:
        center, side, angle = _region(near)
        if not 4 <= side <= 8 * max(image.shape[:2]):
            return None
        values, score, to_crop = self._look(image, center, side, angle)
        if score < TURNED and isinstance(near, Detection):
            # Of a head that hangs down or lies, the detector says where it is, but not surely which way round. Not
            # mirrored: of a face that the upper edge cuts the mirror image hangs down.
            angles = (angle + quarters * math.pi / 2 for quarters in (1, 2, 3))
            turned = (self._look(image, center, side, other, mirrored=False) for other in angles)
            best = max(turned, key=lambda look: look.score)
            if best.score >= TURNED:
                values, score, to_crop = best
        if score < _IS_FACE:
            return None
        points = values.reshape(MESH_POINTS, 3)[:, :2] - 0.5
        landmarks = cv2.transform(points[None], cv2.invertAffineTransform(to_crop))[0].astype(np.float32)
        return Face(Box.around(landmarks), landmarks, score)

    def _look(
        self, image: Picture, center: tuple[float, float], side: float, angle: float, mirrored: bool = True
    ) -> _Look:
        crop, to_crop = upright_crop(image, center, side, angle, self._model.side)
        values, score = self._run(crop)
        if mirrored and score < _IS_FACE and _reaches_out(image, center, side):
            # Half of a face that the picture's edge cuts: mirrored at the edge it is a whole one.
            crop = warped(image, to_crop, self._model.side, cv2.BORDER_REFLECT)
            values, score = self._run(crop)
        return _Look(values, score, to_crop)

    def _run(self, crop: Image) -> tuple[NDArray[np.float32], float]:
        values, logit = self._model.run(crop)
        return values, 1 / (1 + math.exp(-float(np.clip(logit[0], -50, 50))))


def _detected(network: SingleShot, image: Picture) -> list[Detection]:
    shots = network.finds(image, _LEAST_SCORE)
    return [Detection(shot.box, shot.score, six_points(shot.points, shot.box)) for shot in shots]


def are_one_face(a: Box, b: Box) -> bool:
    """Whether two boxes overlap so, or lie so inside one another, that they are of one face."""
    return a.iou(b) > 0.3 or a.overlap(b) > 0.7


def _shrunk(image: Picture, side: int) -> tuple[Image, float]:
    """The whole picture, at most ``side`` pixels long, and its scale."""
    height, width = image.shape[:2]
    scale = min(1.0, side / max(height, width))
    return resized(image, max(1, round(width * scale)), max(1, round(height * scale))), scale


def six_points(points: Points, box: Box) -> Points:
    """A detector's points (eye centres, nose tip, mouth centre, ears) as the six key points, by usual proportions.

    In profile the eyes fall together and say nothing of the tilt; then the line from the eyes to the mouth does, unless
    it leans far: then it rather runs along the profile. Where that is so, or the points contradict the box, which is
    the surer of the two, an upright face in the box is taken.
    """
    left_eye, right_eye, _, mouth = points[:4]
    middle = (left_eye + right_eye) / 2
    across, down = right_eye - left_eye, mouth - middle
    distance = float(np.hypot(*down))
    in_profile = float(np.hypot(*across)) < 0.5 * distance
    if not 0.2 * box.height < distance < 0.9 * box.height or (in_profile and abs(down[0]) > MOST_LEAN * down[1]):
        origin, size = np.array([[box.x, box.y], [box.width, box.height]], np.float32)
        left_eye, right_eye, mouth = origin + size * np.array([[0.3, 0.35], [0.7, 0.35], [0.5, 0.78]], np.float32)
        middle = (left_eye + right_eye) / 2
        across, down = right_eye - left_eye, mouth - middle
    elif in_profile:
        across = 0.8 * np.array([down[1], -down[0]], np.float32)
        left_eye, right_eye = middle - across / 2, middle + across / 2
    return np.array(
        [
            left_eye - 0.22 * across,
            right_eye + 0.22 * across,
            mouth - 0.18 * down,
            mouth - 0.36 * across,
            mouth + 0.36 * across,
            mouth + 0.62 * down,
        ],
        np.float32,
    )


def _squares(height: int, width: int) -> list[Box]:
    """Overlapping squares that cover the picture, the smallest last; none where it is small itself.

    Twelve of a wide picture: in the network's 192 pixels, fewer and larger ones shrink a face of a fiftieth of the
    picture's width too far to be found. Of a very large picture larger ones, too: a face that is larger than what
    neighbours have in common may lie in none of them whole, and is too small yet in all of the picture.
    """
    longer = max(height, width)
    sides = [min(max(longer // 2, 160), max(longer * 5 // 16, 320), 640)]
    if longer <= sides[0]:
        return []
    while longer > _AT_ONCE * sides[0]:
        sides.insert(0, 3 * sides[0])
    return [Box(left, top, s, s) for s in sides for top in _starts(height, s) for left in _starts(width, s)]


def _close_squares(height: int, width: int) -> list[Box]:
    """Hardly shrunk for the network, overlapping by what small faces take; none where the others are hardly larger."""
    if max(height, width) < _LARGE:
        return []
    side, overlap = _CLOSE
    tops, lefts = (_starts(length, side, overlap) for length in (height, width))
    return [Box(left, top, side, side) for top in tops for left in lefts]


def _starts(length: int, side: int, overlap: float = 0.25) -> list[int]:
    """Offsets of parts of ``side`` that overlap by at least this share of it."""
    if length <= side:
        return [0]
    count = math.ceil((length - side) / ((1 - overlap) * side)) + 1
    return [round(i * (length - side) / (count - 1)) // 2 * 2 for i in range(count)]


def _cut_off(box: Box, square: Picture, left: int, top: int, image: Picture) -> bool:
    """True where the edge of a part, not the picture's, cuts the face: a neighbouring part shows it whole."""
    height, width = square.shape[:2]
    return (
        (box.x < 0 and left > 0)
        or (box.y < 0 and top > 0)
        or (box.x + box.width > width and left + width < image.shape[1])
        or (box.y + box.height > height and top + height < image.shape[0])
    )


def _region(near: Detection | Points) -> tuple[tuple[float, float], float, float]:
    """The square that the mesh wants to see: centre, side in pixels, angle of the line of the eyes in radians."""
    if isinstance(near, Detection):
        eyes = None if near.landmarks is None else near.landmarks[[0, 1]]
        box, stretch = near.box, 1.6
    else:
        eyes = near[[_LEFT_EYE, _RIGHT_EYE]] if len(near) >= MESH_POINTS else near[[0, 1]]
        box, stretch = Box.around(near), 1.5 if len(near) >= MESH_POINTS else 2.2
    angle = 0.0
    if eyes is not None:
        (x0, y0), (x1, y1) = eyes
        angle = math.atan2(float(y1 - y0), float(x1 - x0))
    return box.center, stretch * box.side, angle


def upright_crop(
    image: Picture, center: tuple[float, float], side: float, angle: float, size: int
) -> tuple[Image, NDArray[np.float64]]:
    """The square as a (size, size, 3) picture, and the (2, 3) transform from the image to it.

    What lies outside the image is black. A large face is shrunk by area first, so that no detail turns to noise.
    """
    scale = size / side
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]) * scale
    shift = np.array([(size - 1) / 2, (size - 1) / 2]) - turn @ np.array(center)
    to_crop = np.column_stack([turn, shift])
    shrink = int(side / size / 1.5)
    if shrink < 2:
        return warped(image, to_crop, size), to_crop
    reach = side * 0.75
    height, width = image.shape[:2]
    left, top = (max(0, int(middle - reach)) // 2 * 2 for middle in center)
    right, bottom = min(width, int(center[0] + reach) + 1), min(height, int(center[1] + reach) + 1)
    if right - left < shrink or bottom - top < shrink:
        return np.zeros((size, size, 3), np.uint8), to_crop
    right, bottom = left + (right - left) // shrink * shrink, top + (bottom - top) // shrink * shrink
    region = part(image, slice(top, bottom), slice(left, right))
    small = resized(region, (right - left) // shrink, (bottom - top) // shrink)
    # A pixel of `small` at u stands for the image at u * shrink + (shrink - 1) / 2 + (left, top).
    origin = np.array([left, top]) + (shrink - 1) / 2
    from_small = np.column_stack([turn * shrink, turn @ origin + shift])
    return warped(small, from_small, size), to_crop


def _reaches_out(image: Picture, center: tuple[float, float], side: float) -> bool:
    height, width = image.shape[:2]
    x, y = center
    return not (side / 3 < x < width - side / 3 and side / 3 < y < height - side / 3)
