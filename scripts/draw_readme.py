"""Draws the README's pictures from the public-domain portrait that the package carries.

uv run scripts/draw_readme.py
"""

from pathlib import Path

import cv2
import numpy as np

from emojimask import EXPRESSIONS, MaskSettings, build_pipeline, mask_image
from emojimask.build import renderer
from emojimask.sources.synthetic import SyntheticSource, portrait
from emojimask.types import MaskedFace

IMAGES = Path(__file__).parents[1] / "docs" / "images"


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    head = np.s_[0:300, 70:390]
    masked = mask_image(portrait())
    save("before_after", np.hstack([portrait()[head], masked.image[head]]))

    draw = renderer(MaskSettings().emojis)
    worn = [draw.render(portrait(), [MaskedFace(masked.faces[0].track, (), name)]) for name in EXPRESSIONS]
    tiles = [cv2.resize(image[20:230, 110:340], None, fx=0.9, fy=0.9, interpolation=cv2.INTER_AREA) for image in worn]
    save("expressions", np.vstack([np.hstack(tiles[:4]), np.hstack(tiles[4:])]))

    pipeline = build_pipeline()
    frames = list(pipeline.process_file(SyntheticSource(480, 270, fps=10)))
    save("follows", np.hstack([frames[i].image[:, 60:420] for i in (2, 11, 20, 29)]))


def save(name: str, image: np.ndarray) -> None:
    path = IMAGES / f"{name}.jpg"
    cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, 88])
    print(path)


if __name__ == "__main__":
    main()
