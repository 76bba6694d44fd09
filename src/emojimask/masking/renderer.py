"""Lays each face's emoji over it. Whatever the pose, the whole face oval is opaquely covered."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.masking.compositing import Layers, Sheet, enlarged, painted, scale_of
from emojimask.masking.homography import Transform, fit, grown, project
from emojimask.masking.light import scene_light
from emojimask.masking.oval import face_oval
from emojimask.masking.shadow import MARGIN, margin_of, with_shadow
from emojimask.masking.shield import draw_shield
from emojimask.pixels import Colors, YuvImage, bgr
from emojimask.stages import EmojiSet
from emojimask.types import EXPRESSIONS, Box, Face, Image, MaskedFace, Picture, Points, Track

GROWTH_PER_S = 0.8
"""A held mask grows by this share of its size for every second without a sighting ..."""
MAX_GROWTH = 2.0
"""... up to this many times its size."""
MAX_FIT_GROWTH = 1.35
"""The emoji grows up to this much to hide a face that its disc does not reach; what is left over is filled."""
EDGE = 1.03
"""The emoji reaches so much farther than what it hides: its very edge is soft."""
MAX_SHIFT = 0.3
"""The most that it moves to lie on the middle of the face, as a share of half its size."""

_NO_FACE = Face(Box(0, 0, 1, 1), np.zeros((6, 2), np.float32), 0.0)


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
        drawings = {id(emoji.image): _Drawing(*emoji) for emoji in found.values()}  # a living set has one head for all
        self._drawn = {name: drawings[id(emoji.image)] for name, emoji in found.items()}
        features = emojis.shapes(MaskedFace(Track(0, _NO_FACE), (), "neutral"))
        self._shield = Layers(painted(found["neutral"].image, np.eye(3), features, Colors.BGR))

    def render(self, image: Picture, faces: Sequence[MaskedFace]) -> Image | YuvImage:
        masked = copied(image)
        for face in nearest_last(faces):
            self.cover(masked, face)
        return masked

    def shield(self, height: int, width: int) -> Image:
        return draw_shield(height, width, self._shield)

    def cover(self, picture: Image | YuvImage, masked: MaskedFace) -> None:
        """Draw over one face, in place."""
        face, drawing = masked.track.face, self._drawn[masked.expression]
        growth = min(1 + GROWTH_PER_S * masked.track.unseen_s, MAX_GROWTH)
        oval = face_oval(face, growth)
        transform, hides = drawing.on(face, oval, growth)
        outline = project(transform, drawing.outline)
        sheet = Sheet(picture, Box.around(np.vstack([oval, project(transform, drawing.extent)])))
        if sheet.is_empty:
            return
        if not hides:
            sheet.fill(oval, self._emojis.fill)
        scale = scale_of(outline, drawing.outline)
        shapes = self._emojis.shapes(masked)
        # Shapes are drawn with smooth edges, so a level of about the final size will do for them.
        level, from_level = drawing.layers.at_scale(0.85 * scale if shapes else scale, sheet.colors)
        if shapes:
            level, from_level = enlarged(level, from_level, scale)
            level = painted(level, drawing.from_layers @ from_level, shapes, sheet.colors)
        sheet.draw(level, transform @ drawing.from_layers @ from_level)
        if self._adapts:
            sheet.light(scene_light(picture))
        sheet.lay()


def copied(image: Picture) -> Image | YuvImage:
    return image.copy() if isinstance(image, YuvImage) else bgr(image).copy()


def nearest_last(faces: Sequence[MaskedFace]) -> list[MaskedFace]:
    """In the order in which they are drawn: who is near comes on top."""
    return sorted(faces, key=lambda face: face.track.face.box.area)


class _Drawing:
    """One emoji, ready to be drawn: its sizes, its key points and its outline."""

    def __init__(self, image: NDArray[np.uint8], key_points: Points) -> None:
        margin = margin_of(image.shape[0])
        self.layers = Layers(with_shadow(image))
        self.from_layers: Transform = np.array([[1, 0, -margin], [0, 1, -margin], [0, 0, 1.0]])
        self.key_points = key_points
        contours, _ = cv2.findContours((image[..., 3] > 0).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        hull = cv2.approxPolyDP(cv2.convexHull(np.vstack(contours)), 0.5, True)[:, 0].astype(np.float32)
        self.outline = hull  # few points, for they are gone through for every frame
        inner = cv2.fillConvexPoly(np.zeros(image.shape[:2], np.uint8), np.rint(hull).astype(np.int32), (1,))
        margin_in = max(3, image.shape[0] // 100)
        inner = cv2.erode(inner, np.ones((margin_in, margin_in), np.uint8))
        self._is_solid = bool((image[..., 3][np.asarray(inner, np.bool_)] == 255).all())
        self._center = (hull.min(0) + hull.max(0)) / 2
        self._radii = np.ptp(hull, axis=0) / 2
        self.extent = self._center + (hull - self._center) * np.float32(1 + 2 * MARGIN)

    def on(self, face: Face, oval: Points, growth: float) -> tuple[Transform, bool]:
        """The emoji's pixels -> the frame's: laid on the face, grown with it, and large enough to hide ``oval``.

        And whether it does hide it; where it would have to grow too much, or has a hole, the rest must be filled.
        """
        transform = fit(self.key_points, face.anchors(), self.outline)
        transform = grown(transform, project(transform, self._center[None])[0], growth)
        transform = transform @ self._stretch(project(np.asarray(cv2.invert(transform)[1], np.float64), oval))
        center = project(transform, self._center[None])[0]
        needed = EDGE * _reach(project(transform, self.outline), center, oval)
        return grown(transform, center, min(needed, MAX_FIT_GROWTH)), self._is_solid and needed <= MAX_FIT_GROWTH

    def _stretch(self, oval: Points) -> Transform:
        """The emoji laid over ``oval``, (N, 2) in its own pixels: on its middle, as wide and as high, never smaller."""
        oval = np.nan_to_num(oval, nan=float(self._center[0]))
        low, high = oval.min(0), oval.max(0)
        x, y = np.clip((high - low) / 2 / self._radii, 1.0, MAX_FIT_GROWTH).tolist()
        most = MAX_SHIFT * self._radii
        left, top = self._center.tolist()
        right, down = np.clip((low + high) / 2 - self._center, -most, most).tolist()
        return np.array([[x, 0, left * (1 - x) + right], [0, y, top * (1 - y) + down], [0, 0, 1.0]])


def _reach(outline: Points, center: Points, oval: Points) -> float:
    """How much a convex ``outline`` must grow about ``center`` to hold every point of ``oval``; at least 1.

    For each edge of the outline, the distance of the farthest point of the oval along its normal, over the edge's.
    """
    edges = np.concatenate([outline[1:], outline[:1]]) - outline
    normals = np.stack([edges[:, 1], -edges[:, 0]], 1)
    distances = ((outline - center) * normals).sum(1)
    normals, distances = np.where(distances[:, None] < 0, -normals, normals), np.abs(distances)
    clear = distances > 1e-6
    needed = ((oval - center) @ normals[clear].T).max(0) / distances[clear]
    return max(1.0, float(needed.max(initial=1.0)))
