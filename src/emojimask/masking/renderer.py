"""Lays each face's emoji over it. Whatever the pose, the whole face oval is opaquely covered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.geometry.transform import Transform, project, project_back
from emojimask.masking.compositing import Layers, Sheet, enlarged, painted, scale_of
from emojimask.masking.homography import fit, grown
from emojimask.masking.light import scene_light
from emojimask.masking.oval import face_oval
from emojimask.masking.shadow import margin_of, with_shadow
from emojimask.masking.shield import draw_shield
from emojimask.media.pixels import Colors, YuvImage, bgr, premultiplied
from emojimask.stages import EmojiSet, Shape
from emojimask.threads.parallel import parallel_map
from emojimask.types import EXPRESSIONS, Box, Face, Image, MaskedFace, Picture, Points, Track

GROWTH_PER_S = 0.8
"""A held mask grows by this share of its size for every second without a sighting ..."""
MAX_GROWTH = 2.0
"""... up to this many times its size."""
MAX_FIT_GROWTH = 1.35
"""The emoji grows up to this much to hide a face that its disc does not reach; what is left over is filled."""
EDGE = 1.03
"""The emoji reaches so much farther than what it hides: its very edge is soft."""
ROOM = 1.2
"""It moves towards the middle of the face only until it reaches so many times as far as the face to either side: with a
hat it is higher than the face, and drawn eyes would come to lie on the mouth."""
MAX_SHIFT = 0.3
"""The most that it moves so, as a share of half its size."""

_FAINTEST = 3
"""Opacity, of 255, at which the emoji's shadow ends."""
_OPAQUE = 250
"""Opacity, of 255, from which on a part of the emoji's picture hides what is behind it; a drawn shadow does not."""

_NO_FACE = Face(Box(0, 0, 1, 1), np.zeros((6, 2), np.float32), 0.0)


class Plan(NamedTuple):
    """What is laid over one face: a sheet, and how the emoji is drawn on it, the work of moving pixels."""

    sheet: Sheet
    draw: Callable[[], None]

    def carry_out(self, picture: Image | YuvImage) -> None:
        self.draw()
        self.sheet.lay_on(picture)


class EmojiRenderer:
    """Draws emoji with a homography of six key points. Keeps no state between frames; may be shared.

    Args:
        emojis: what everybody wears.
        adapt_light: put the emoji gently in the light of the scene.
    """

    def __init__(self, emojis: EmojiSet, adapt_light: bool = False) -> None:
        self._emojis = emojis
        self._adapts = adapt_light
        found = {name: emojis.emoji(name) for name in EXPRESSIONS}
        keys = {name: (id(image), key_points.tobytes()) for name, (image, key_points) in found.items()}
        distinct = {key: found[name] for name, key in keys.items()}  # a living set has one head for all
        drawings = {key: _Drawing(*emoji) for key, emoji in distinct.items()}
        self._drawn = {name: drawings[key] for name, key in keys.items()}
        features = emojis.shapes([MaskedFace(Track(0, _NO_FACE), (), "neutral")])[0]
        self._shield = Layers(painted(premultiplied(found["neutral"].image), np.eye(3), features, Colors.BGR))

    def render(self, image: Picture, faces: Sequence[MaskedFace]) -> Image | YuvImage:
        return covered(image, faces, self.plans)

    def shield(self, height: int, width: int) -> Image:
        return draw_shield(height, width, self._shield)

    def plans(self, picture: Picture, faces: Sequence[MaskedFace]) -> list[Plan]:
        """What is laid over each face."""
        shapes = self._emojis.shapes(faces)
        light = scene_light(picture) if self._adapts and faces else None
        return [self._plan(picture, *each, light) for each in zip(faces, shapes, strict=True)]

    def _plan(
        self, picture: Picture, masked: MaskedFace, shapes: Sequence[Shape], light: NDArray[np.float64] | None
    ) -> Plan:
        face, drawing = masked.track.face, self._drawn[masked.expression]
        growth = min(1 + GROWTH_PER_S * masked.track.unseen_s, MAX_GROWTH)
        oval = face_oval(face, growth)
        transform, hides = drawing.on(face, oval, growth)
        extent = project(transform, drawing.extent)
        sheet = Sheet(picture, Box.around(extent if hides else np.vstack([extent, oval])))
        if sheet.is_empty:
            return Plan(sheet, lambda: None)
        if not hides:
            sheet.fill(oval, self._emojis.fill)
        scale = scale_of(extent, drawing.extent)
        level, from_level = drawing.layers.at_scale(scale, sheet.colors)
        if shapes:
            level, from_level = enlarged(level, from_level, scale)
            to_level = np.asarray(cv2.invert(drawing.from_layers @ from_level)[1], np.float64)
            level = painted(level, to_level, shapes, sheet.colors)

        def draw() -> None:
            # A copy of what was not just painted: that brings it into the cache, where the warp will jump about in it.
            sheet.draw(level if shapes else level.copy(), transform @ drawing.from_layers @ from_level)
            if light is not None:
                sheet.light(light)

        return Plan(sheet, draw)


def covered(
    picture: Picture,
    faces: Sequence[MaskedFace],
    plans: Callable[[Picture, Sequence[MaskedFace]], Sequence[Plan]],
) -> Image | YuvImage:
    """A copy of ``picture`` with the sheet of every face laid over it, the last on top."""
    # The many small steps one face after another, for only one thread can be in Python; then the large, side by side.
    planned = plans(picture, faces)
    masked = picture.copy() if isinstance(picture, YuvImage) else bgr(picture).copy()
    if any(a.sheet.overlaps(b.sheet) for a, b in combinations(planned, 2)):
        parallel_map(lambda plan: plan.draw(), planned)
        for plan in planned:
            plan.sheet.lay_on(masked)
    else:
        parallel_map(lambda plan: plan.carry_out(masked), planned)
    return masked


class _Drawing:
    """One emoji, ready to be drawn: its sizes, its key points, its outline, and how far its shadow reaches."""

    def __init__(self, image: NDArray[np.uint8], key_points: Points) -> None:
        margin = margin_of(image.shape[0])
        shadowed = with_shadow(premultiplied(image))
        self.layers = Layers(shadowed)
        self.from_layers: Transform = np.array([[1, 0, -margin], [0, 1, -margin], [0, 0, 1.0]])
        self.key_points = key_points
        self.outline = _hull(image, _OPAQUE)
        self.extent = _hull(shadowed, _FAINTEST) - np.float32(margin)
        low, high = self.outline.min(0).astype(np.float64), self.outline.max(0).astype(np.float64)
        self._center, self._radii = (low + high) / 2, (high - low) / 2
        self._disc = self.outline[:: max(1, len(self.outline) // 8)]
        self._sides = _sides(self.outline - self._center)
        self._is_solid = _is_opaque_within(self.outline, image[..., 3])

    def on(self, face: Face, oval: Points, growth: float) -> tuple[Transform, bool]:
        """The emoji's pixels -> the frame's: laid on the face, grown with it, and large enough to hide ``oval``.

        And whether it does hide it; where it would have to grow too much, or has a hole, the rest must be filled.
        """
        transform = fit(self.key_points, face.anchors(), self._disc)
        if growth > 1:
            transform = grown(transform, project(transform, self._center[None])[0], growth)
        # In the emoji's own pixels about its centre, it is laid over the oval: on its middle, unless there is room to
        # either side, as wide and as high, but never smaller; and then it grows until the oval is within every side.
        seen = np.stack(project_back(transform, *oval.T)) - self._center[:, None]
        low, high = seen.min(1), seen.max(1)
        middle, half = (low + high) / 2, (high - low) / 2
        stretch = np.minimum(np.maximum(half / self._radii, 1.0), MAX_FIT_GROWTH)
        spare = np.maximum(stretch * self._radii - ROOM * half, 0.0)
        away = np.minimum(np.maximum(np.abs(middle) - spare, 0.0), MAX_SHIFT * self._radii)
        shift = np.copysign(away, middle)
        needed = EDGE * max(1.0, float((self._sides @ ((seen - shift[:, None]) / stretch[:, None])).max()))
        stretch *= min(needed, MAX_FIT_GROWTH)
        right, down = self._center * (1 - stretch) + shift
        laid = np.array([[stretch[0], 0, right], [0, stretch[1], down], [0, 0, 1.0]])
        return transform @ laid, self._is_solid and needed <= MAX_FIT_GROWTH


def _hull(image: NDArray[np.uint8], least: int) -> Points:
    """A convex polygon of few points around all with an opacity of ``least`` or more, of 255."""
    contours, _ = cv2.findContours((image[..., 3] >= least).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.approxPolyDP(cv2.convexHull(np.vstack(contours)), 0.5, True)[:, 0], np.float32)


def _sides(outline: NDArray[np.float64]) -> NDArray[np.float64]:
    """A row (2,) for each side of a convex outline around (0, 0): its product with a point is above 1 beyond the side.

    Where (0, 0) is not within, that holds for all the points of some direction, however near.
    """
    edges = np.roll(outline, -1, 0) - outline
    normals = np.stack([edges[:, 1], -edges[:, 0]], 1)
    distances = (outline * normals).sum(1, keepdims=True)
    turn = np.sign(distances.sum())
    return np.asarray(turn * normals / np.maximum(turn * distances, 1e-6))


def _is_opaque_within(outline: Points, opacity: NDArray[np.uint8]) -> bool:
    """Whether a picture has no hole, but for a soft edge."""
    inner = cv2.fillConvexPoly(np.zeros(opacity.shape, np.uint8), np.rint(outline).astype(np.int32), (1,))
    edge = max(3, len(opacity) // 100)
    inner = cv2.erode(inner, np.ones((edge, edge), np.uint8))
    return bool((opacity[np.asarray(inner, np.bool_)] == 255).all())
