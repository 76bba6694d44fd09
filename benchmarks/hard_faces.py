"""Which faces stay raw in single pictures, by what makes them hard to find.

    uv run benchmarks/hard_faces.py FOLDER [--sheet FILE.png]

The faces are those that the default face models find in the folder's pictures, and in one frame of each of its clips;
the face mesh is the truth about where they are. Every picture is made hard in each of :data:`hard_forms.FORMS` and
masked as a picture is, with nothing before or after it. A face stays raw where more than a tenth of what shows of it is
as it was. One of which less than a tenth shows does not count.

``--sheet`` draws those that stayed raw: real faces, unmasked.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from emojimask import MaskSettings, build_pipeline
from emojimask.build import face_back_end, open_file
from emojimask.errors import SourceError
from emojimask.evaluation.tables import markdown
from emojimask.sources.folder import find_inputs
from emojimask.types import Frame, Image
from hard_forms import FORMS, Posed

RAW, SHOWS = 0.1, 0.1
"""The share of a face as it was that counts as raw, and the share that must show for it to count."""
AT_S = 0.4
"""The frame that is taken from a clip."""
LEAST_PIXELS = 50
"""The narrowest face, and picture: smaller ones would tell of their size."""
LONGEST_SIDE = 1280
SURE = 0.6
THUMB = 200
"""Pixels, each way, of a picture on the sheet."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sheet", type=Path, help="a PNG of the faces that stayed raw, unmasked")
    args = parser.parse_args()
    pictures = list(posed_faces(args.folder))
    pipeline = build_pipeline(MaskSettings(expressions="none"))
    rows, thumbs = [], []
    for name, form in FORMS.items():
        raw = faces = 0
        for picture in pictures:
            posed = form(picture)
            if min(posed.image.shape[:2]) < LEAST_PIXELS:
                continue
            (masked,) = pipeline.process_file([Frame(posed.image, 0, 0.0)])
            shares = list(raw_shares(posed, masked.image))
            faces += len(shares)
            raw += sum(share > RAW for share in shares)
            if any(share > RAW for share in shares):
                thumbs.append(thumb(name, posed.image, masked.image))
        rows.append([name, f"{faces}", f"{raw}"])
    print(markdown(["face", "number", "stayed raw"], rows))
    if args.sheet is not None:
        cv2.imwrite(str(args.sheet), sheet(thumbs))


def posed_faces(folder: Path) -> Iterator[Posed]:
    """Every picture that shows a face large enough, with its faces."""
    detector, landmarker = face_back_end("mediapipe")
    for path in find_inputs(folder, on_problem=lambda _: None):
        image = one_frame(path)
        if image is None:
            continue
        found = (landmarker.locate(image, d) for d in detector.detect(image, thorough=True) if d.score >= SURE)
        meshes = [face.landmarks for face in found if face is not None]
        posed = Posed(image, meshes, np.zeros(image.shape[:2], np.bool_))
        if meshes and posed.width >= LEAST_PIXELS:
            yield posed


def one_frame(path: Path) -> Image | None:
    """A picture, or a clip's frame, no larger than is quick; None where it cannot be read."""
    try:
        with open_file(path) as source:
            image = next((frame.image for frame in source if not source.info.fps or frame.time_s >= AT_S), None)
    except SourceError:
        return None
    if image is None or max(image.shape) <= LONGEST_SIDE:
        return image
    scale = LONGEST_SIDE / max(image.shape)
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def raw_shares(posed: Posed, masked: Image) -> Iterator[float]:
    """Of each face that counts, the share of what shows that is as it was."""
    same = (posed.image == masked).all(axis=2)
    for mesh in posed.meshes:
        hull = cv2.convexHull(mesh)[:, 0]
        face = np.zeros(posed.image.shape[:2], np.uint8)
        cv2.fillPoly(face, [np.rint(hull).astype(np.int32)], (1,))
        shows = (face > 0) & ~posed.hidden
        if shows.sum() >= SHOWS * cv2.contourArea(hull):
            yield float(same[shows].mean())


def thumb(name: str, image: Image, masked: Image) -> Image:
    """The picture and its masked copy side by side, under what was done to it."""
    drawn = np.full((THUMB + 20, 2 * THUMB, 3), 60, np.uint8)
    scale = THUMB / max(image.shape[:2])
    for column, picture in enumerate((image, masked)):
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[:THUMB, :THUMB]
        drawn[20 : 20 + small.shape[0], column * THUMB : column * THUMB + small.shape[1]] = small
    cv2.putText(drawn, name, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1, cv2.LINE_AA)
    return drawn


def sheet(thumbs: list[Image], across: int = 4) -> Image:
    blank = np.zeros((THUMB + 20, 2 * THUMB, 3), np.uint8)
    padded = thumbs + [blank] * (-len(thumbs) % across or (across if not thumbs else 0))
    return np.vstack([np.hstack(padded[i : i + across]) for i in range(0, len(padded), across)])


if __name__ == "__main__":
    main()
