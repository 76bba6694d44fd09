"""How an expression model fares by pose, and on the same faces under other light, blur, tilt and cover.

    uv run benchmarks/expression_conditions.py MODEL --data DIR --split PrivateTest > docs/results/conditions/MODEL.json

Single view; PublicTest, to choose by, where no split is named. Pose is read off the face mesh: how far the nose lies
from the middle between the sides of the face (turned), and the angle of the line through the eyes (tilted). Covers lie
where FER2013's frame has eyes and mouth.
"""

import argparse
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import fmean

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask.benchmark.expressions import AS_IT_IS
from emojimask.build import face_back_end
from emojimask.cli.evaluate import load
from emojimask.expressions.classifier import open_session
from emojimask.expressions.preprocess import FER2013_KEY_POINTS
from emojimask.training.data.key_points import ENLARGED, drawn_on
from emojimask.training.data.load import load_split
from emojimask.training.evaluate import predict
from emojimask.training.protocols import PROTOCOLS, SPLIT_NAMES

Gray = NDArray[np.uint8]
LEFT_SIDE, RIGHT_SIDE, NOSE, LEFT_EYE, RIGHT_EYE = 234, 454, 4, 33, 263


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--labels", choices=("ferplus", "fer2013"), default="ferplus", help="default: ferplus")
    parser.add_argument("--split", choices=tuple(SPLIT_NAMES), default="PublicTest", help="default: PublicTest")
    args = parser.parse_args()
    graph, card = load(args.model)
    session, protocol = open_session(graph, card.name), PROTOCOLS[args.labels]
    rows = load_split(args.data, SPLIT_NAMES[args.split])
    labels, counts = protocol.rule(rows)
    labels, faces = labels[counts], rows.images[counts]

    def right(images: Gray) -> NDArray[np.bool_]:
        seen = drawn_on(images)[0] if card.key_points_drawn else images
        return predict(session, protocol.head, card, seen).argmax(1) == labels

    judged = {name: right(np.stack([change(face) for face in faces])) for name, change in CHANGES.items()}
    changed = {name: share(hits) for name, hits in judged.items()}
    result = {
        "model": card.name,
        "labels": args.labels,
        "split": args.split,
        "rows": len(labels),
        "changed": changed,
        "mean": round(fmean(changed.values()), 4),
        "pose": by_pose(faces, judged[AS_IT_IS]),
    }
    print(json.dumps(result, indent=1))


def brighter(factor: float) -> Callable[[Gray], Gray]:
    return lambda face: np.clip(face * factor, 0, 255).astype(np.uint8)


def tilted(degrees: float) -> Callable[[Gray], Gray]:
    matrix = cv2.getRotationMatrix2D((23.5, 23.5), degrees, 1.0)
    return lambda face: cv2.warpAffine(face, matrix, (48, 48), borderMode=cv2.BORDER_REPLICATE)


def covered(top: int, bottom: int, shade: int) -> Callable[[Gray], Gray]:
    def cover(face: Gray) -> Gray:
        face = face.copy()
        face[top:bottom] = shade
        return face

    return cover


def coarser(side: int) -> Callable[[Gray], Gray]:
    return lambda face: cv2.resize(cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA), (48, 48))


CHANGES: dict[str, Callable[[Gray], Gray]] = {
    AS_IT_IS: lambda face: face,
    "a quarter of the light": brighter(0.25),
    "twice the light, clipped": brighter(2.0),
    "a third of the contrast": lambda face: (face.mean() + (face - face.mean()) / 3).astype(np.uint8),
    "dark on the left": lambda face: (face * np.linspace(0.15, 1.0, 48)).astype(np.uint8),
    "blurred (24 pixels wide)": coarser(24),
    "blurred (12 pixels wide)": coarser(12),
    "tilted by 15 degrees": tilted(15),
    "tilted by 30 degrees": tilted(30),
    "eyes covered": covered(13, 23, 20),
    "mouth covered": covered(31, 48, 200),
}


def by_pose(faces: Gray, right: NDArray[np.bool_]) -> dict[str, list[dict[str, float | int | str]]]:
    locate = face_back_end("mediapipe").landmarker.locate
    poses = [pose(face, locate) for face in faces]
    found = np.array([p is not None for p in poses])
    values = np.array([p for p in poses if p is not None])
    missed = {"what": "no mesh found", "rows": int((~found).sum()), "accuracy": share(right[~found])}
    bounds = {"turned": (0, 0.15, 0.3, 0.5, np.inf), "tilted": (0, 5, 10, 20, np.inf)}
    return {
        name: [
            {"what": between(low, high), "rows": int(chosen.sum()), "accuracy": share(right[found][chosen])}
            for low, high in pairwise(bounds[name])
            for chosen in [(values[:, i] >= low) & (values[:, i] < high)]
        ]
        + [missed]
        for i, name in enumerate(bounds)
    }


def pose(face: Gray, locate: Callable[..., object]) -> tuple[float, float] | None:
    """How far turned, 0 (frontal) to 1, and how far tilted, degrees; None where the mesh is not found."""
    side = 48 * ENLARGED
    large = cv2.cvtColor(cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2BGR)
    near = np.asarray(FER2013_KEY_POINTS * ENLARGED + (ENLARGED - 1) / 2, np.float32)
    found = locate(large, near)
    found = None if found is None else locate(large, found.landmarks)
    if found is None:
        return None
    points = found.landmarks
    across = points[RIGHT_SIDE] - points[LEFT_SIDE]
    along = float(np.dot(points[NOSE] - points[LEFT_SIDE], across) / np.dot(across, across))
    dx, dy = points[RIGHT_EYE] - points[LEFT_EYE]
    return min(1.0, abs(2 * along - 1)), float(abs(np.degrees(np.arctan2(dy, dx))))


def between(low: float, high: float) -> str:
    return f"{low:g} to {high:g}" if np.isfinite(high) else f"{low:g} and more"


def share(right: NDArray[np.bool_]) -> float:
    return round(float(right.mean()), 4) if len(right) else 0.0


if __name__ == "__main__":
    main()
