"""HDR (HLG and PQ) as plain BT.709: what is masked, read and written has 8 bits, which are too few for HDR.

Emoji, too, are drawn in plain colours: in those of HDR their white would glare.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, cast

import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL.ImageFilter import Color3DLUT

from emojimask.media.pixels import PQ

Rgb = NDArray[np.float64]
"""(..., 3) red, green, blue."""

WHITE_NITS, PEAK_NITS = 203.0, 1000.0
"""What is white on paper has in HDR (ITU-R BT.2408), and the display that HLG is worked out for."""
KNEE = 0.6
"""Up to this share of white, light stays as it is; above, highlights are drawn together, and white comes to 94 %."""
_UNIT = Fraction(1, 1000)  # of time, which nobody asks for
_SIDE = 33  # colours to each side of the table; between them it is gone linearly
_TO_709 = np.array(
    [[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349], [-0.018151, -0.100579, 1.118730]]
)
_LUMA_2020 = np.array([0.2627, 0.6780, 0.0593])


class PlainColors:
    """Converts the HDR frames of one video, whatever their sizes."""

    def __init__(self) -> None:
        self._kind: _Kind | None = None
        self._graph = Graph()

    def converted(self, frame: VideoFrame) -> VideoFrame:
        """The same picture as yuv420p in BT.709, limited range; all else about it is left behind."""
        kind = _Kind(frame.width, frame.height, frame.format.name, frame.colorspace, frame.color_range, frame.color_trc)
        if kind != self._kind:
            self._kind, self._graph = kind, _graph(frame)
        self._graph.push(frame)
        return cast(VideoFrame, self._graph.pull())


def in_plain_colors(picture: Pillow.Image, transfer: int) -> Pillow.Image:
    """A picture in HDR, gray, RGB or RGBA, with the same brightness as :class:`PlainColors` gives a video's frame."""
    colored = picture.convert("RGB") if picture.mode == "L" else picture
    return colored.filter(Color3DLUT(_SIDE, _colors(transfer)))


class _Kind(NamedTuple):
    """All that a graph is made for."""

    width: int
    height: int
    format: str
    matrix: int
    range: int
    transfer: int


def plain(code: Rgb, transfer: int) -> Rgb:
    """Colours of HDR with BT.2020's primaries as those of BT.709; both coded, 0 to 1.

    Light is taken to the display's as its standard says (ITU-R BT.2100), its primaries to BT.709's, and highlights are
    drawn in by a curve on the strongest of the three, so that hues stay.
    """
    light = np.maximum(_light(code, transfer) / WHITE_NITS @ _TO_709.T, 0.0)
    strongest = np.maximum(light.max(-1, keepdims=True), 1e-9)
    rest = 1 - KNEE
    drawn_in = np.where(strongest <= KNEE, strongest, 1 - rest * np.exp(-(strongest - KNEE) / rest))
    return np.asarray((light * drawn_in / strongest) ** (1 / 2.4))


def _light(code: Rgb, transfer: int) -> Rgb:
    """What a display gives, in nits."""
    if transfer == PQ:
        root = code ** (32 / 2523)
        return np.asarray(10_000 * (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (8192 / 1305))
    scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - 0.55991073) / 0.17883277) + 0.28466892) / 12)
    return np.asarray(PEAK_NITS * scene * np.maximum(scene @ _LUMA_2020, 1e-9)[..., None] ** 0.2)


@lru_cache(maxsize=2)
def _colors(transfer: int) -> Rgb:
    """(_SIDE ** 3, 3): :func:`plain` of colours evenly apart; red changes quickest."""
    steps = np.linspace(0, 1, _SIDE)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    return plain(np.stack([red, green, blue], -1).reshape(-1, 3), transfer)


@lru_cache(maxsize=2)
def _table(transfer: int) -> str:
    """The same as a .cube file."""
    lines = "\n".join(f"{r:.5f} {g:.5f} {b:.5f}" for r, g, b in _colors(transfer))
    return f"LUT_3D_SIZE {_SIDE}\n{lines}\n"


def _graph(frame: VideoFrame) -> Graph:
    graph = Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=_UNIT)
    with TemporaryDirectory(prefix="emojimask-") as folder:
        file = Path(folder) / "plain.cube"
        file.write_text(_table(frame.color_trc))
        steps = [
            source,
            graph.add("format", "gbrp10le"),
            graph.add("lut3d", file=str(file), interp="tetrahedral"),
            graph.add("scale", "out_color_matrix=bt709:out_range=tv"),
            graph.add("format", "yuv420p"),
            graph.add("buffersink"),
        ]
        for step, following in pairwise(steps):
            step.link_to(following)
        graph.configure()
    return graph
