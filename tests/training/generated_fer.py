"""A small data set in FER2013's formats, generated: discs for one class, stripes for another, so on. No real face."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

VOTES = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF"]
FERPLUS_OF = (4, 5, 6, 1, 3, 2, 0)  # FER2013's label -> FER+'s column
USAGES = {"Training": 56, "PublicTest": 21, "PrivateTest": 21}


def generate() -> list[tuple[str, int, np.ndarray, np.ndarray]]:
    """Rows of usage, label, (48, 48) uint8 image and ten votes; the splits are mixed, as users' files may be."""
    rng = np.random.default_rng(7)
    rows = []
    for usage, count in USAGES.items():
        for i in range(count):
            label = i % 7
            stripes = 127 + 100 * np.sin(np.arange(48) * (label + 1) / 5 + rng.uniform(0, 1))
            image = np.clip(stripes[:, None] + rng.normal(0, 10, (48, 48)), 0, 255).astype(np.uint8)
            votes = np.zeros(10, int)
            votes[FERPLUS_OF[label]] += 8
            votes[rng.integers(0, 10)] += 2
            rows.append((usage, label, image, votes))
    order = rng.permutation(len(rows))
    return [rows[i] for i in order]


def write_csv(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "fer2013.csv").open("w", newline="") as a, (folder / "fer2013new.csv").open("w", newline="") as b:
        faces, votes = csv.writer(a), csv.writer(b)
        faces.writerow(["emotion", "pixels", "Usage"])
        votes.writerow(["Usage", "Image name", *VOTES])
        for i, (usage, label, image, counts) in enumerate(generate()):
            faces.writerow([label, " ".join(map(str, image.ravel())), usage])
            votes.writerow([usage, f"fer{i:07}.png", *counts])


def write_parquet(folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    for usage, split in {"Training": "train", "PublicTest": "valid", "PrivateTest": "test"}.items():
        rows = []
        for used, label, image, votes in generate():
            if used == usage:
                data = io.BytesIO()
                Image.fromarray(image).save(data, "PNG")
                picture = {"bytes": data.getvalue(), "path": None}
                rows.append({"image": picture, "label": label, "ferplus_votes": votes.tolist()})
        pq.write_table(pa.Table.from_pylist(rows), folder / f"{split}.parquet")
