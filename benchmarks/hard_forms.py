"""Ways to make a picture of a face hard to find, for ``hard_faces.py``.

A form takes a picture with the face meshes in it and gives another one. What hides part of a face is drawn in the
face's own axes: across, from the right eye's outer corner at -0.5 to the left one's at 0.5, and down, from the eyes
at 0 to the chin at 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.types import Image, Points

Floats = NDArray[np.float32]
Polygon = Sequence[tuple[float, float]]
EYES, CHIN = (33, 263), 152
"""Their numbers in the face mesh."""


class Posed(NamedTuple):
    """A picture with faces.

    Attributes:
        image: (H, W, 3) uint8 BGR.
        meshes: of each face, (468, 2) pixels.
        hidden: (H, W) bool, where something else is before the faces.
    """

    image: Image
    meshes: list[Points]
    hidden: NDArray[np.bool_]

    @property
    def width(self) -> float:
        """Of the widest face, pixels."""
        return max(float(np.ptp(mesh[:, 0])) for mesh in self.meshes)


Form = Callable[[Posed], Posed]


def cropped(left: float, top: float, right: float, bottom: float) -> Form:
    """The part of the picture that is given in shares of the largest face's box."""

    def form(posed: Posed) -> Posed:
        mesh = max(posed.meshes, key=lambda mesh: float(np.prod(np.ptp(mesh, axis=0))))
        corner, size = mesh.min(0), np.ptp(mesh, axis=0)
        height, width = posed.image.shape[:2]
        x, y = np.maximum(corner + size * [left, top], 0).astype(int)
        end_x, end_y = np.minimum(corner + size * [right, bottom], [width, height]).astype(int)
        part = slice(y, end_y), slice(x, end_x)
        return Posed(
            np.ascontiguousarray(posed.image[part]),
            [(mesh - [x, y]).astype(np.float32) for mesh in posed.meshes],
            posed.hidden[part],
        )

    return form


def behind(*polygons: Polygon, color: tuple[int, int, int]) -> Form:
    """Every face behind these polygons, in its own axes."""

    def form(posed: Posed) -> Posed:
        image, hidden = posed.image.copy(), np.zeros(posed.image.shape[:2], np.uint8)
        for mesh in posed.meshes:
            eyes = (mesh[EYES[0]] + mesh[EYES[1]]) / 2
            axes = np.stack([mesh[EYES[1]] - mesh[EYES[0]], mesh[CHIN] - eyes])
            for polygon in polygons:
                corners = [np.rint(np.asarray(polygon) @ axes + eyes).astype(np.int32)]
                cv2.fillPoly(image, corners, color, cv2.LINE_AA)
                cv2.fillPoly(hidden, corners, (1,))
        return Posed(image, posed.meshes, posed.hidden | (hidden > 0))

    return form


def colored(change: Callable[[Floats], Floats]) -> Form:
    """Other colours; what is taken and given is float32 in gray levels, which are clipped afterwards."""
    return lambda posed: posed._replace(image=_levels(change(posed.image.astype(np.float32))))


def scaled(across: float, down: float) -> Form:
    def form(posed: Posed) -> Posed:
        def resize(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
            return np.asarray(cv2.resize(image, None, fx=across, fy=down, interpolation=cv2.INTER_AREA), np.uint8)

        meshes = [(mesh * [across, down]).astype(np.float32) for mesh in posed.meshes]
        return Posed(resize(posed.image), meshes, resize(posed.hidden.astype(np.uint8)) > 0)

    return form


def turned(degrees: float) -> Form:
    def form(posed: Posed) -> Posed:
        height, width = posed.image.shape[:2]
        side = math.ceil(math.hypot(height, width))
        move = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
        move[:, 2] += [(side - width) / 2, (side - height) / 2]
        image = cv2.warpAffine(posed.image, move, (side, side), borderMode=cv2.BORDER_REPLICATE)
        hidden = cv2.warpAffine(posed.hidden.astype(np.uint8), move, (side, side)) > 0
        meshes = [np.asarray(cv2.transform(mesh[None], move)[0], np.float32) for mesh in posed.meshes]
        return Posed(np.asarray(image, np.uint8), meshes, np.asarray(hidden))

    return form


def blurred(share: float) -> Form:
    """With a standard deviation of this share of a face's width."""
    return lambda posed: posed._replace(image=np.asarray(cv2.GaussianBlur(posed.image, (0, 0), share * posed.width)))


def smeared(share: float) -> Form:
    """Sideways, over this share of a face's width."""
    return lambda posed: posed._replace(image=np.asarray(cv2.blur(posed.image, (int(share * posed.width) | 1, 1))))


def compressed(quality: int) -> Form:
    def form(posed: Posed) -> Posed:
        jpeg = cv2.imencode(".jpg", posed.image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        return posed._replace(image=np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8))

    return form


def both(first: Form, second: Form) -> Form:
    return lambda posed: second(first(posed))


def _levels(image: Floats) -> Image:
    return np.asarray(np.clip(np.rint(image), 0, 255), np.uint8)


def _gray(image: Floats) -> Floats:
    return np.repeat(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[..., None], 3, axis=2).astype(np.float32)


def _halftone(image: Floats) -> Floats:
    """Black dots on white, eight pixels apart on the diagonals."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    screen = 0.5 + 0.49 * np.sin((x + y) * math.pi / 8) * np.sin((x - y) * math.pi / 8)
    return np.where(_gray(image) / 255 > screen[..., None], 255, 0).astype(np.float32)


def _noisy(image: Floats) -> Floats:
    return image + np.random.default_rng(5).normal(0, 50, image.shape).astype(np.float32)


def _oval(across: float, down: float, half_width: float, half_height: float) -> Polygon:
    return [
        (across + half_width * math.cos(angle), down + half_height * math.sin(angle))
        for angle in np.linspace(0, 2 * math.pi, 40)
    ]


def _block(left: float, top: float, right: float, bottom: float) -> Polygon:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


_SURGICAL = behind(
    [(-0.78, 0.3), (0, 0.12), (0.78, 0.3), (0.7, 0.75), (0.3, 1.08), (-0.3, 1.08), (-0.7, 0.75)], color=(200, 190, 150)
)
_SUNGLASSES = behind(
    _oval(-0.33, 0, 0.3, 0.24), _oval(0.33, 0, 0.3, 0.24), _block(-0.33, -0.08, 0.33, 0.04), color=(10, 10, 10)
)
_CAP = behind([(-1.1, -0.1), (1.1, -0.1), (0.9, -1.1), (-0.9, -1.1)], color=(40, 30, 60))
_BALACLAVA = behind(
    _block(-1.2, -1.2, 1.2, -0.18),
    _block(-1.2, 0.18, 1.2, 1.3),
    _block(-1.2, -0.2, -0.75, 0.2),
    _block(0.75, -0.2, 1.2, 0.2),
    color=(20, 20, 20),
)
_FENCE = behind(
    *(_block(at - 0.05, -1.5, at + 0.05, 1.5) for at in np.arange(-1.4, 1.5, 0.35)),
    *(_block(-1.5, at - 0.04, 1.5, at + 0.04) for at in np.arange(-1.4, 1.5, 0.28)),
    color=(30, 30, 30),
)

FORMS: dict[str, Form] = {
    "as it is": lambda posed: posed,
    "cut to its left half": cropped(0.5, -0.5, 1.6, 1.6),
    "cut to its right half": cropped(-0.6, -0.5, 0.5, 1.6),
    "cut to its lower half": cropped(-0.6, 0.5, 1.6, 1.6),
    "cut to its upper half": cropped(-0.6, -0.6, 1.6, 0.5),
    "in the picture's corner": cropped(0.4, 0.35, 1.7, 1.7),
    "cut to eyes": cropped(-0.1, 0.15, 1.1, 0.5),
    "cut to eyes and nose": cropped(-0.1, 0.1, 1.1, 0.7),
    "cut to nose and mouth": cropped(-0.1, 0.45, 1.1, 1.1),
    "filling the picture": cropped(0, 0, 1, 1),
    "more than filling the picture": cropped(0.15, 0.15, 0.85, 0.9),
    "surgical mask": _SURGICAL,
    "sunglasses": _SUNGLASSES,
    "cap": _CAP,
    "cap and sunglasses": both(_CAP, _SUNGLASSES),
    "cap and surgical mask": both(_CAP, _SURGICAL),
    "balaclava": _BALACLAVA,
    "behind a wall, one half": behind(_block(-1.6, -1.2, 0, 1.6), color=(80, 90, 100)),
    "behind a wall, lower half": behind(_block(-1.4, 0.25, 1.4, 1.6), color=(60, 70, 60)),
    "behind a wall, upper half": behind(_block(-1.4, -1.5, 1.4, 0.3), color=(60, 70, 90)),
    "behind a pole": behind(_block(-0.18, -2, 0.18, 2), color=(90, 90, 90)),
    "behind a fence": _FENCE,
    "behind a microphone": behind(_oval(0, 0.75, 0.42, 0.33), color=(25, 25, 25)),
    "behind a hand": behind(_oval(0.3, 0.45, 0.5, 0.65), color=(118, 150, 196)),
    "gray": colored(_gray),
    "negative": colored(lambda image: 255 - image),
    "halftone": colored(_halftone),
    "four levels a colour": colored(lambda image: np.floor(image / 64) * 64 + 32),
    "blue light alone": colored(lambda image: image * np.array([1, 0, 0], np.float32)),
    "a tenth of the light": colored(lambda image: image * 0.1),
    "three times the light, clipped": colored(lambda image: image * 3),
    "in fog": colored(lambda image: image * 0.15 + 200),
    "noise": colored(_noisy),
    "out of focus": blurred(1 / 14),
    "moving": smeared(0.3),
    "JPEG of quality 4": compressed(4),
    "half as wide": scaled(0.5, 1),
    "half as high": scaled(1, 0.5),
    **{f"turned by {degrees} degrees": turned(degrees) for degrees in (45, 90, 135, 180, 270)},
}
"""By what the table calls them."""
