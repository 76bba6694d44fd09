"""The bare head, painted once when a set is loaded."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.emojis.alive.curves import Array, Curve
from emojimask.emojis.alive.sheet import RADIUS
from emojimask.emojis.alive.style import Color, Style
from emojimask.emojis.picture import SIZE

_FINER = 2  # painted at so many times the size


def draw_head(style: Style) -> NDArray[np.uint8]:
    """(SIZE, SIZE, 4) uint8 BGRA, straight alpha, read-only."""
    ticks = (np.arange(SIZE * _FINER) + 0.5) / _FINER - SIZE / 2
    x, y = np.meshgrid(ticks / RADIUS, ticks / RADIUS)
    paint = {"ball": _ball, "plain": _plain, "paper": _paper, "ringed": _ringed}[style.head]
    color, alpha = paint(style, x.astype(np.float32), y.astype(np.float32))
    # Blurring into the transparent part would darken the edge, so colours are painted beyond it.
    bgra = np.dstack([color, 255 * alpha]).clip(0, 255).astype(np.float32)
    small = cv2.resize(bgra, (SIZE, SIZE), interpolation=cv2.INTER_AREA).round().astype(np.uint8)
    small.flags.writeable = False
    return small


def _ball(style: Style, x: Array, y: Array) -> tuple[Array, Array]:
    far = np.hypot(x, y)
    color = _mixed(style.light, style.skin, _step(0.0, 1.0, np.hypot(x + 0.22, y + 0.42)))
    color = _over(color, style.dark, 0.95 * _step(0.55, 1.5, np.hypot(x + 0.3, y + 0.55)))
    color = _over(color, style.rim, 0.75 * _step(0.86, 1.02, far) * _step(-0.9, 0.5, y + 0.25 * x))
    glow = np.hypot((x + 0.3) * 1.0 + 0.55 * (y + 0.68), 2.4 * (y + 0.68) - 0.5 * (x + 0.3))
    color = _over(color, (255, 255, 255), 0.55 * (1 - _step(0.05, 0.62, glow)))
    return color, _inside(far)


def _plain(style: Style, x: Array, y: Array) -> tuple[Array, Array]:
    return _flat(style.skin, x), _inside(np.hypot(x, y) / _square_reach(np.arctan2(y, x)))


def _paper(style: Style, x: Array, y: Array) -> tuple[Array, Array]:
    far, angle = np.hypot(x, y), np.arctan2(y, x)
    color = _over(_flat(style.rim, x), style.shade, 0.5 * (1 - _step(0.9, 1.02, np.hypot(x - 0.016, y - 0.03))))
    sheet = _over(_flat(style.skin, x), style.light, 0.9 * (1 - _step(0.0, 1.3, np.hypot(x + 0.3, y + 0.5))))
    color = color + (sheet - color) * _inside(far / _sheet_reach(angle))[..., None]
    grain = cv2.GaussianBlur(np.random.default_rng(7).normal(0, 1, x.shape), (0, 0), 1.6)
    return np.asarray(color + 3 * (grain / grain.std())[..., None]), _inside(far / _card_reach(angle))


def _ringed(style: Style, x: Array, y: Array) -> tuple[Array, Array]:
    far = np.hypot(x, y)
    inner = _inside(far / 0.92)[..., None]
    color = _flat(style.rim, x)
    return np.asarray(color + (_flat(style.skin, x) - color) * inner), _inside(far)


def head_edge(style: Style) -> Curve:
    """(n,): the outline of the head's middle part, which takes on the colour of a mood."""
    angle = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    reach = {"plain": _square_reach, "paper": _sheet_reach}.get(style.head, np.ones_like)(angle)
    return np.asarray(RADIUS * reach * np.exp(1j * angle))


def _square_reach(angle: Array) -> Array:
    """How far a disc that is nearly a square reaches; 1 to the sides."""
    return np.asarray((np.abs(np.cos(angle)) ** 2.8 + np.abs(np.sin(angle)) ** 2.8) ** (-1 / 2.8))


def _card_reach(angle: Array) -> Array:
    """A disc cut by scissors, with many straight cuts."""
    return np.asarray(_cut(angle, 22) * (1 - 0.006 * (1 + np.sin(3 * angle + 1))))


def _sheet_reach(angle: Array) -> Array:
    """A smaller one that lies on it."""
    return np.asarray(0.935 * _cut(angle + 0.1, 17) * (1 - 0.007 * (1 + np.sin(5 * angle))))


def _cut(angle: Array, corners: int) -> Array:
    step = 2 * np.pi / corners
    return np.asarray(np.cos(step / 2) / np.cos(angle % step - step / 2))


def _inside(far: Array) -> Array:
    """1 within the unit circle, smooth over a pixel at its edge."""
    return np.asarray(np.clip((1 - far) * RADIUS * _FINER + 0.5, 0, 1))


def _step(start: float, end: float, value: Array) -> Array:
    share = np.clip((value - start) / (end - start), 0, 1)
    return np.asarray(share * share * (3 - 2 * share))


def _flat(color: Color, like: Array) -> Array:
    return np.asarray(np.broadcast_to(np.array(color, np.float32), (*like.shape, 3)))


def _mixed(first: Color, second: Color, share: Array) -> Array:
    return _over(_flat(first, share), second, share)


def _over(color: Array, paint: Color, opacity: Array) -> Array:
    return np.asarray(color + (np.array(paint, np.float32) - color) * opacity[..., None])
