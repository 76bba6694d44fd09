"""A decoded frame as a picture: upright, in plain colours, in the video's own planes where they are the usual kind."""

from __future__ import annotations

from typing import Any

import numpy as np
from av.sidedata.sidedata import Type as SideDataType
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from emojimask.media.pixels import YuvImage, is_hdr
from emojimask.sources.hdr import PlainColors
from emojimask.types import Picture

_AnyImage = np.ndarray[Any, Any]
_BT709, _UNSPECIFIED, _BT470BG, _SMPTE170M = 1, 2, 5, 6  # FFmpeg's numbers of colour spaces
_MATRICES = {_BT709, _UNSPECIFIED, _BT470BG, _SMPTE170M}  # the last two are BT.601
_Axes = tuple[int, int, int, int]
_UPRIGHT: _Axes = 1, 0, 0, 1
_FILLED_UP = frozenset({"huffyuv", "rawvideo"})  # codecs of AVI, whose fourth byte of a pixel seldom means opacity


class Pictures:
    """Makes the pictures of one video's frames. What is transparent is laid over white, as in pictures.

    Args:
        codec: FFmpeg's name.
    """

    def __init__(self, codec: str) -> None:
        self._opaque = codec in _FILLED_UP
        self._axes: dict[int, _Axes] = {}
        self._plain_colors = PlainColors()

    def picture(self, raw: VideoFrame) -> Picture:
        """Of the frame's size, or turned; its planes are read-only views that keep ``raw`` alive."""
        plain = self._plain_colors.converted(raw) if is_hdr(raw.color_trc) else raw
        transparent = not self._opaque and any(component.is_alpha for component in plain.format.components)
        return _picture(plain, self._axes_of(raw), opaque=not transparent)

    def _axes_of(self, raw: VideoFrame) -> _Axes:
        """The frame's display axes, read once for each rotation.

        Reading them ties a knot of references around the frame, so that it waits for Python's collector, which seldom
        comes by itself where so few objects are made.
        """
        if raw.rotation not in self._axes:
            self._axes[raw.rotation] = _display_axes(raw)
        return self._axes[raw.rotation]


def _picture(raw: VideoFrame, axes: _Axes, *, opaque: bool) -> Picture:
    """The frame's own planes where they are the usual kind, upright and of even size; else BGR, upright."""
    untagged_hd = raw.colorspace == _UNSPECIFIED and raw.height >= 720
    usual = raw.format.name == "yuv420p" and raw.color_range != ColorRange.JPEG and raw.colorspace in _MATRICES
    if usual and axes == _UPRIGHT and not (raw.width % 2 or raw.height % 2):
        y, u, v = (_plane(plane) for plane in raw.planes)
        return YuvImage(y, u, v, bt709=untagged_hd or raw.colorspace == _BT709)
    image = raw.to_ndarray(format="bgr24" if opaque else "bgra", src_colorspace="ITU709" if untagged_hd else None)
    shown = image if opaque else _over_white(image)
    return np.ascontiguousarray(_turned(shown, *axes), dtype=np.uint8)


def _over_white(image: _AnyImage) -> _AnyImage:
    """A (H, W, 4) picture without what lies hidden in it."""
    opacity = image[:, :, 3:].astype(np.uint16)
    return ((image[:, :, :3] * opacity + 255 * (255 - opacity) + 127) // 255).astype(np.uint8)


def _plane(plane: VideoPlane) -> NDArray[np.uint8]:
    """(H, W) view of a plane, read-only; keeps the decoded frame alive."""
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    rows.flags.writeable = False
    return np.asarray(rows[: plane.height, : plane.width])


def _display_axes(raw: VideoFrame) -> _Axes:
    """The turn that shows a frame upright: (a, b, c, d) that move (x, y) to (ax + cy, bx + dy), by their signs."""
    try:
        side_data: list[Any] = list(raw.side_data)
    except ValueError:  # PyAV refuses all side data over a kind that it does not know, such as EXIF; mirrors are lost
        return {90: (0, -1, 1, 0), 180: (-1, 0, 0, -1), 270: (0, 1, -1, 0)}.get(raw.rotation % 360, (1, 0, 0, 1))
    for data in side_data:
        if data.type == SideDataType.DISPLAYMATRIX:
            a, b, _, c, d, *_ = np.frombuffer(bytes(data), np.int32).tolist()
            return a, b, c, d
    return _UPRIGHT


def _turned(image: _AnyImage, a: int, b: int, c: int, d: int) -> _AnyImage:
    if abs(b) > abs(a):  # x becomes y: a quarter turn
        image, flip_x, flip_y = image.transpose(1, 0, 2), c < 0, b < 0
    else:
        flip_x, flip_y = a < 0, d < 0
    return image[:: -1 if flip_y else 1, :: -1 if flip_x else 1]
