"""HDR as telephones film it: read in plain colours, in which faces are found, emoji drawn and outputs written."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emojimask import mask_file
from emojimask.media.pixels import HLG, PQ, YuvImage
from emojimask.sources.hdr import PlainColors, plain
from emojimask.sources.synthetic import portrait
from emojimask.sources.video_file import VideoFileSource
from emojimask.types import Image

_TO_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
_LUMA = np.array([0.2627, 0.6780, 0.0593])


def coded(image: Image, transfer: int) -> np.ndarray:
    """A plain picture in the red, green and blue of HDR, 0 to 1: white is 203 nits (ITU-R BT.2100, BT.2408)."""
    nits = 203 * (image[..., ::-1] / 255.0) ** 2.4 @ _TO_2020.T
    if transfer == PQ:
        power = np.clip(nits / 10_000, 0, 1) ** (1305 / 8192)
        return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** (2523 / 32)
    light = nits / 1000
    scene = light * np.maximum(light @ _LUMA, 1e-9)[..., None] ** (-0.2 / 1.2)
    log = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), log)


def film(path: Path, image: Image, transfer: int, count: int = 3) -> Path:
    """As a telephone does: 10 bits, BT.2020."""
    height, width = image.shape[:2]
    code = coded(image, transfer)
    luma = code @ _LUMA
    blue, red = (code[..., 2] - luma) / 1.8814, (code[..., 0] - luma) / 1.4746
    small = [cv2.resize(plane, (width // 2, height // 2), interpolation=cv2.INTER_AREA) for plane in (blue, red)]
    planes = [64 + 876 * luma, *(512 + 896 * plane for plane in small)]
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", 25, {"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p10le"
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = 9, transfer, 9, 1
        for index in range(count):
            frame = av.VideoFrame(width, height, "yuv420p10le")
            for plane, values in zip(frame.planes, planes, strict=True):
                rows = np.frombuffer(memoryview(plane), np.uint16).reshape(-1, plane.line_size // 2)
                rows[:, : values.shape[1]] = np.rint(values)
            frame.pts = index
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("transfer", [HLG, PQ])
def test_hdr_is_read_in_the_colours_of_the_plain_picture(tmp_path: Path, transfer: int) -> None:
    image = portrait()
    with VideoFileSource(film(tmp_path / "a.mp4", image, transfer)) as source:
        frames = list(source)
        assert source.info.bt709
    assert [frame.time_s for frame in frames] == [0.0, 0.04, 0.08]
    assert all(isinstance(frame.picture, YuvImage) for frame in frames)
    assert np.abs(frames[1].image.astype(int) - image).mean() < 4


@pytest.mark.parametrize("transfer", [HLG, PQ])
def test_the_masked_video_is_plain_and_its_emoji_as_bright_as_ever(tmp_path: Path, transfer: int) -> None:
    image = portrait()
    masked = tmp_path / "masked.mp4"
    assert mask_file(film(tmp_path / "a.mp4", image, transfer), masked).with_faces == 3
    with av.open(str(masked)) as file:
        context = file.streams.video[0].codec_context
        assert (context.color_primaries, context.color_trc, context.colorspace) == (1, 1, 1)
        seen = next(file.decode(video=0)).to_ndarray(format="bgr24")
    emoji = np.abs(seen.astype(int) - image).max(-1) > 60
    assert emoji.mean() > 0.05
    assert np.median(seen[emoji], 0) == pytest.approx([70, 200, 255], abs=45), "its yellow"


@pytest.mark.parametrize("transfer", [HLG, PQ])
@given(st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_every_colour_of_hdr_has_a_plain_one(transfer: int, code: list[float]) -> None:
    assert ((plain(np.array(code), transfer) >= 0) & (plain(np.array(code), transfer) <= 1)).all()


@pytest.mark.parametrize("transfer", [HLG, PQ])
def test_grays_stay_gray_brighter_ones_brighter_and_paper_nearly_white(transfer: int) -> None:
    grays = np.linspace(0, 1, 200)[:, None].repeat(3, 1)
    plain_grays = plain(grays, transfer)
    assert np.ptp(plain_grays, 1).max() < 1e-3
    assert (np.diff(plain_grays[:, 0]) > -1e-9).all()
    assert plain_grays[0, 0] == pytest.approx(0, abs=1e-2)
    assert plain_grays[-1, 0] == pytest.approx(1, abs=1e-2)
    paper = coded(np.full((1, 1, 3), 255, np.uint8), transfer)
    assert plain(paper, transfer) == pytest.approx(0.936, abs=5e-3)


def test_one_converter_takes_frames_of_any_size(tmp_path: Path) -> None:
    """Recordings of streams change it on the way."""
    colors = PlainColors()
    for side in (256, 128, 256):
        image = portrait()[:side, :side]
        with av.open(str(film(tmp_path / "a.mp4", image, HLG, 1))) as file:
            seen = colors.converted(next(file.decode(video=0))).to_ndarray(format="bgr24")
        assert np.abs(seen.astype(int) - image).mean() < 5
