"""Landmarks of a head that can be turned and moved: each at its place in the model, in 3-D."""

import numpy as np

from emojimask.measures.head_model import Layout

EYE, BROW = 0.35, -0.23
PLACES = {
    "eye_outer": (-0.5, 0.0),
    "eye_inner": (-0.197, 0.008),
    "lid_upper": (EYE * -1, -0.04),
    "lid_lower": (EYE * -1, 0.045),
    "brow_inner": (-0.2, BROW),
    "brow_outer": (-0.5, BROW + 0.04),
    "corner": (-0.26, 0.725),
    "cheek": (-0.4, 0.357),
    "lip_top": (0.0, 0.64),
    "lip_upper": (0.0, 0.705),
    "lip_lower": (0.0, 0.73),
    "lip_bottom": (0.0, 0.86),
}
"""Of a resting face, the viewer's left half, in head units."""


def head(layout: Layout, count: int, moved: dict[str, tuple[float, float]] | None = None) -> np.ndarray:
    """(count, 3) head units. ``moved``: parts to move; "left lid_upper" moves the viewer's left one only."""
    points = np.zeros((count, 3))
    for name, (left, right, depth) in layout.parts.items():
        for side, indices in ((1, left), (-1, right)):
            dx, dy = (moved or {}).get(name, (moved or {}).get(f"{'left' if side == 1 else 'right'} {name}", (0, 0)))
            x, y = PLACES[name]
            for i in indices:
                points[i] = side * (x + dx), y + dy, depth
    for left, right, (x, y, z) in layout.rigid:
        points[[left, right]] = [(x, y, z), (-x, y, z)]
    return points


def seen(head: np.ndarray, yaw: float = 0, pitch: float = 0, roll: float = 0, size: float = 80) -> np.ndarray:
    """(N, 2) float32 pixels of a head turned by degrees to the viewer's right, down, and clockwise."""
    a, b, c = np.radians([yaw, pitch, roll])
    turn = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    nod = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    tilt = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return (size * (head @ (tilt @ turn @ nod).T)[:, :2] + [320, 240]).astype(np.float32)
