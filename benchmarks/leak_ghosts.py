"""How thin an emoji the leak measure still sees a face through.

    uv run benchmarks/leak_ghosts.py FOLDER

Every face that the eyes of `emojimask leak` find in the folder's pictures is masked with each emoji of two sets, still
and living; the mask is blended with the bare picture by opacity and encoded with H.264. Told is the share of these
ghosts that count as leaked, and the largest part of a face that was taken for showing. 1 is an opaque emoji.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path

import av
import cv2
import numpy as np

from emojimask import MaskSettings, mask_image
from emojimask.build import eyes, open_file
from emojimask.leak.audit import LEAKED
from emojimask.leak.exposure import exposure
from emojimask.leak.files import find_faces
from emojimask.sources.folder import find_inputs
from emojimask.types import EXPRESSIONS, Box, Image

SETS = ("classic", "alive")
OPACITIES = (0.3, 0.4, 0.5, 0.6, 0.7, 1.0)
CRF = 26
AROUND = 2.2
"""Of a face's box: so much of the picture is looked at."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    shown: dict[float, list[float]] = defaultdict(list)
    faces = 0
    for path in find_inputs(parser.parse_args().folder):
        found = find_faces(path, eyes(None))[1]
        if not found:
            continue
        faces += len(found)
        with open_file(path) as source:
            bare = next(iter(source)).image
        for emojis in (f"{name}:{expression}" for name in SETS for expression in EXPRESSIONS):
            masked = mask_image(bare, MaskSettings(emojis=emojis)).image
            for face in found:
                for opacity in OPACITIES:
                    shown[opacity].append(seen_through(bare, masked, face.places[0].box, opacity))
    result = {
        f"{opacity:.0%}": {"leaked": round(float(np.mean(np.array(parts) > LEAKED)), 3), "most": round(max(parts), 3)}
        for opacity, parts in shown.items()
    }
    print(json.dumps({"faces": faces, "emoji": len(SETS) * len(EXPRESSIONS), "opacity": result}, indent=2))


def seen_through(bare: Image, masked: Image, box: Box, opacity: float) -> float:
    """The share of a face, 0 to 1, that counts as showing under an emoji of this opacity."""
    height, width = bare.shape[:2]
    around = box.scaled(AROUND)
    left, top = max(0, int(around.x)), max(0, int(around.y))
    right, bottom = min(width, int(around.x + around.width)), min(height, int(around.y + around.height))
    part = slice(top, bottom - (bottom - top) % 2), slice(left, right - (right - left) % 2)
    ghost = cv2.addWeighted(masked[part], opacity, bare[part], 1 - opacity, 0)
    moved = Box(box.x - left, box.y - top, box.width, box.height)
    return exposure(np.ascontiguousarray(bare[part]), recoded(np.asarray(ghost, np.uint8)), moved).uncovered


def recoded(image: Image) -> Image:
    """Through H.264 and back."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.framerate = image.shape[1], image.shape[0], "yuv420p", 25
    encoder.options = {"crf": str(CRF), "tune": "zerolatency"}
    decoder = av.CodecContext.create("h264", "r")
    packets = [*encoder.encode(av.VideoFrame.from_ndarray(image, format="bgr24")), *encoder.encode(None), av.Packet()]
    (frame,) = [frame for packet in packets for frame in decoder.decode(packet)]
    return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)


if __name__ == "__main__":
    main()
