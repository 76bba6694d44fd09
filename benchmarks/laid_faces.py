"""Faces laid into other pictures: for a frame or a few, and at the edge of a larger face. How many stay raw?

    uv run benchmarks/laid_faces.py FOLDER

The faces are those of ``hard_faces.py``. Into each clip of 640 pixels or more across, three are laid one at a time, far
from whoever is there, 28 to 75 pixels wide, for one, two and three frames. Each time the clip is masked as a file; and
the first of these frames once more, alone, as a picture. Then every face gets another one beside it, at either side and
in three sizes. Places and sizes are drawn from a fixed seed.
"""

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from emojimask import MaskSettings, build_pipeline
from emojimask.build import face_back_end, open_file
from emojimask.errors import SourceError
from emojimask.evaluation.tables import markdown
from emojimask.pipeline import MaskingPipeline
from emojimask.sources.folder import find_inputs
from emojimask.sources.kinds import VIDEO_SUFFIXES
from emojimask.types import Box, Frame, Image, Points
from hard_faces import RAW, posed_faces

FRAMES, FROM, TO = 36, 8, 26
"""So many frames of a clip are masked; a face appears in one of these."""
WIDTHS = 28.0, 75.0
BESIDE = (0.4, 0.55, 0.75)
"""How wide the smaller face is, as a share of the larger one."""
SAME = 2
"""Gray levels up to which a pixel counts as it was."""


class Head(NamedTuple):
    """A face that can be laid anywhere: its picture, how opaque each pixel is (0 to 1), and its outline, (N, 2)."""

    image: Image
    opaque: NDArray[np.float32]
    outline: Points

    def scaled(self, width: float) -> "Head":
        """With a face of so many pixels across."""
        scale = width / float(np.ptp(self.outline[:, 0]))
        image, opaque = (
            cv2.resize(each, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            for each in (self.image, self.opaque)
        )
        return Head(np.asarray(image, np.uint8), np.asarray(opaque, np.float32), self.outline * np.float32(scale))

    def laid_into(self, image: Image, x: float, y: float) -> tuple[Image, NDArray[np.bool_]]:
        """The picture with the face's middle at (x, y), pixels, and where the face is then."""
        middle = (self.outline.min(0) + self.outline.max(0)) / 2
        left, top = round(x - float(middle[0])), round(y - float(middle[1]))
        move = np.array([[1, 0, left], [0, 1, top]], np.float32)
        size = image.shape[1], image.shape[0]
        opaque = cv2.warpAffine(self.opaque, move, size)[..., None]
        drawn = image * (1 - opaque) + cv2.warpAffine(self.image, move, size) * opaque
        face = np.zeros(image.shape[:2], np.uint8)
        cv2.fillPoly(face, [np.rint(np.add(self.outline, (left, top))).astype(np.int32)], (1,))
        return np.asarray(np.rint(drawn), np.uint8), face > 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    posed = [picture for picture in posed_faces(folder) if len(picture.meshes) == 1]
    heads = [head_of(picture.image, picture.meshes[0]) for picture in posed]
    pipeline = build_pipeline(MaskSettings(expressions="none"))
    print(
        markdown(
            ["shown for", "faces", "raw in a frame or more", "raw where it is a picture"],
            flashes(list(stages(folder)), heads, pipeline),
        )
    )
    print()
    pairs = [(picture.image, cv2.convexHull(picture.meshes[0])[:, 0]) for picture in posed]
    print(markdown(["width of the smaller face", "pictures", "smaller face raw"], beside(pairs, heads, pipeline)))


def flashes(
    clips: list[tuple[list[Image], list[Box]]], heads: list[Head], pipeline: MaskingPipeline
) -> list[list[str]]:
    """A row for each number of frames that a face is shown for."""
    chance = np.random.default_rng(17)
    rows = []
    for count in (1, 2, 3):
        faces = raw = raw_alone = 0
        for images, people in clips:
            head = heads[chance.integers(len(heads))].scaled(float(np.exp(chance.uniform(*np.log(WIDTHS)))))
            place = free_place(images[0], people, head, chance)
            if place is None:
                continue
            begins = int(chance.integers(FROM, TO))
            laid = {i: head.laid_into(images[i], *place) for i in range(begins, begins + count)}
            frames = [Frame(laid[i][0] if i in laid else image, i, i / 30) for i, image in enumerate(images)]
            masked = list(pipeline.process_file(frames))
            (alone,) = pipeline.process_file([Frame(laid[begins][0], 0, 0.0)])
            faces += 1
            raw += any(shows(image, masked[i].image, face) > RAW for i, (image, face) in laid.items())
            raw_alone += shows(laid[begins][0], alone.image, laid[begins][1]) > RAW
        rows.append([f"{count} frame{'s' * (count > 1)}", f"{faces}", f"{raw}", f"{raw_alone}"])
    return rows


def beside(pairs: list[tuple[Image, Points]], heads: list[Head], pipeline: MaskingPipeline) -> list[list[str]]:
    """A row for each size of the smaller face."""
    rows = []
    for share in BESIDE:
        pictures = raw = 0
        for number, (image, outline) in enumerate(pairs):
            (left, top), (right, bottom) = outline.min(0), outline.max(0)
            head = heads[(number + 1) % len(heads)].scaled(share * float(right - left))
            for x in (float(left), float(right)):
                drawn, face = head.laid_into(image, x, float(top + 0.7 * (bottom - top)))
                (masked,) = pipeline.process_file([Frame(drawn, 0, 0.0)])
                pictures += 1
                raw += shows(drawn, masked.image, face) > RAW
        rows.append([f"{share:.2f} of the larger", f"{pictures}", f"{raw}"])
    return rows


def head_of(image: Image, mesh: Points) -> Head:
    """The face with what is just around it, which fades out."""
    hull = cv2.convexHull(mesh)[:, 0]
    middle, width = hull.mean(0), float(np.ptp(hull[:, 0]))
    solid = np.zeros(image.shape[:2], np.float32)
    cv2.fillPoly(solid, [np.rint(middle + 1.25 * (hull - middle)).astype(np.int32)], (1.0,))
    opaque = cv2.GaussianBlur(solid, (0, 0), width / 25)
    rows, columns = (np.flatnonzero((opaque > 0.01).any(axis)) for axis in (1, 0))
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    outline = (hull - [columns[0], rows[0]]).astype(np.float32)
    return Head(np.ascontiguousarray(image[part]), np.asarray(opaque[part], np.float32), outline)


def stages(folder: Path) -> Iterator[tuple[list[Image], list[Box]]]:
    """The beginning of each clip that is large and long enough, and where its people are."""
    detector = face_back_end("mediapipe").detector
    for path in find_inputs(folder, on_problem=lambda _: None):
        if path.suffix.lower() not in VIDEO_SUFFIXES:
            continue
        try:
            with open_file(path) as source:
                images = [frame.image for frame in islice(source, FRAMES)] if source.info.width >= 640 else []
        except SourceError:
            continue
        if len(images) == FRAMES:
            yield images, [d.box for image in images[::6] for d in detector.detect(image, thorough=True)]


def free_place(image: Image, people: list[Box], head: Head, chance: np.random.Generator) -> tuple[float, float] | None:
    """Where nobody is near, all of it in the picture; None where there is no such place."""
    width, height = (float(v) for v in np.ptp(head.outline, axis=0))
    for _ in range(50):
        x, y = chance.uniform(width, image.shape[1] - width), chance.uniform(height, image.shape[0] - height)
        near = Box(x - width / 2, y - height / 2, width, height).scaled(2.0)
        if not any(near.intersection(person.scaled(2.0)) > 0 for person in people):
            return float(x), float(y)
    return None


def shows(raw: Image, masked: Image, face: NDArray[np.bool_]) -> float:
    """The share of a face that is as it was."""
    same = np.abs(raw.astype(np.int16) - masked).max(axis=2) <= SAME
    return float(same[face].mean())


if __name__ == "__main__":
    main()
