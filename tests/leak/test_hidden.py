"""A masked file that still carries the raw picture where nobody looks."""

from __future__ import annotations

import json
import struct
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from PIL import Image as Pillow

from emojimask.cli import main
from emojimask.leak.hidden import hidden_pictures
from emojimask.sources.synthetic import portrait

RAW = Pillow.fromarray(portrait()[..., ::-1])
MASKED = Pillow.new("RGB", RAW.size, "navy")


def jpeg(picture: Pillow.Image) -> bytes:
    into = BytesIO()
    picture.save(into, "JPEG")
    return into.getvalue()


def with_preview(path: Path) -> None:
    """EXIF with a second directory, whose picture follows it."""
    preview = jpeg(RAW.resize((96, 64)))
    first, second = 2 + 12 + 4, 2 + 3 * 12 + 4
    entries = (0x103, 3, 1, 6), (0x201, 4, 1, 8 + first + second), (0x202, 4, 1, len(preview))
    exif = b"II*\0" + struct.pack("<I", 8)
    exif += struct.pack("<HHHII", 1, 0x112, 3, 1, 1) + struct.pack("<I", 8 + first)
    exif += struct.pack("<H", 3) + b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    MASKED.save(path, exif=b"Exif\0\0" + exif + preview)


def with_rest(path: Path) -> None:
    """Written over a longer file, which was not cut off."""
    MASKED.save(path)
    path.write_bytes(path.read_bytes() + jpeg(RAW))


def with_a_second(path: Path) -> None:
    MASKED.copy().save(path, save_all=True, append_images=[RAW.copy()])


def see_through(path: Path) -> None:
    """The face erased, and its colours still there."""
    pixels = np.dstack([np.asarray(RAW), np.full(RAW.size[::-1], 255, np.uint8)])
    pixels[60:200, 160:290, 3] = 0
    Pillow.fromarray(pixels).save(path)


def cleanly_see_through(path: Path) -> None:
    pixels = np.dstack([np.asarray(MASKED), np.full(MASKED.size[::-1], 255, np.uint8)])
    pixels[60:200, 160:290] = 0
    Pillow.fromarray(pixels).save(path)


CARRYING = {
    "plain.jpg": (lambda path: MASKED.copy().save(path), []),
    "plain.png": (lambda path: MASKED.copy().save(path), []),
    "clean.png": (cleanly_see_through, []),
    "preview.jpg": (with_preview, ["another picture, such as a preview"]),
    "preview.webp": (with_preview, ["a preview"]),
    "two.mpo": (with_a_second, ["another picture, such as a preview"]),
    "motion.jpg": (
        lambda path: path.write_bytes(jpeg(MASKED) + b"\0\0\0\x18ftypmp42" + bytes(99)),
        ["a short film"],
    ),
    "rest.png": (with_rest, ["more behind its end"]),
    "rest.webp": (with_rest, ["more behind its end"]),
    "padded.png": (lambda path: (MASKED.save(path), path.write_bytes(path.read_bytes() + bytes(9))), []),
    "plain.webp": (lambda path: MASKED.copy().save(path), []),
    "pages.tif": (with_a_second, ["further pictures"]),
    "living.png": (with_a_second, ["further pictures"]),
    "erased.png": (see_through, ["colours of transparent pixels"]),
}


@pytest.mark.parametrize("name", CARRYING)
def test_what_a_picture_carries_and_does_not_show(name: str, tmp_path: Path) -> None:
    make, carried = CARRYING[name]
    make(tmp_path / name)
    assert hidden_pictures(tmp_path / name) == carried


def film(path: Path, *tracks: np.ndarray, cover: np.ndarray | None = None) -> Path:
    """Each track shows one picture for five frames."""
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("libx264", 25) for _ in tracks]
        for stream, picture in zip(streams, tracks, strict=True):
            stream.height, stream.width = picture.shape[:2]
            stream.pix_fmt = "yuv420p"
        if cover is not None:
            stream = container.add_stream("png", 1)
            (stream.height, stream.width), stream.pix_fmt = cover.shape[:2], "rgb24"
            stream.disposition = Disposition.attached_pic
            frame = av.VideoFrame.from_ndarray(cover, format="bgr24").reformat(format="rgb24")
            frame.pts, frame.time_base = 0, Fraction(1)
            container.mux([*stream.encode(frame), *stream.encode(None)])
        for stream, picture in zip(streams, tracks, strict=True):
            for _ in range(5):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
            container.mux(stream.encode(None))
    return path


def test_a_cover_breaks_every_limit_and_a_second_track_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = portrait()
    covered = raw.copy()
    covered[40:230, 140:310] = (60, 170, 240)
    original, clean = film(tmp_path / "raw.mp4", raw), film(tmp_path / "clean.mp4", covered)
    carrying = film(tmp_path / "carrying.mp4", covered, cover=raw)
    two = film(tmp_path / "two.mp4", covered, raw)

    def leak(masked: Path) -> int:
        return main(["leak", str(original), str(masked), "--eyes", "haar", "--quiet", "--json", "--limit", "0.5"])

    assert leak(clean) == 0
    assert json.loads(capsys.readouterr().out)["hidden"] == []
    assert leak(carrying) == 4
    told = json.loads(capsys.readouterr().out)
    assert told["hidden"] == ["1 more video stream or cover picture"]
    assert told["leaked_frames"] == 0
    assert main(["leak", str(original), str(carrying), "--eyes", "haar", "--quiet"]) == 0
    assert "carries besides" in capsys.readouterr().out
    assert leak(two) == 4
    [unread] = json.loads(capsys.readouterr().out)["unread"]
    assert "holds 2 videos" in unread
