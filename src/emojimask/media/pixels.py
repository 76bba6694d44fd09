"""Pictures as BGR or as a video's own YUV planes, read and written alike.

A video that stays in its planes needs no conversion of whole frames: what looks at a face converts that face only,
what is drawn is drawn in the planes' own colours, and every pixel that nobody draws on stays as it was decoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

import cv2
import numpy as np
from av.video.frame import VideoFrame
from cv2.typing import MatLike
from numpy.typing import NDArray

from emojimask.types import Box, Image, Picture

PQ, HLG = 16, 18
"""FFmpeg's numbers of HDR's two transfer functions."""
Plane = NDArray[np.uint8]
"""(H, W) uint8."""
Overlay = NDArray[np.uint8]
"""(H, W, 4) uint8: three channels in a picture's :class:`Colors`, premultiplied, and opacity."""


class Colors(Enum):
    """What a picture's three channels mean."""

    BGR = "bgr"
    BT601 = "bt601"
    BT709 = "bt709"


@dataclass(frozen=True, slots=True, eq=False)
class YuvImage:
    """A picture as video keeps it: 4:2:0, limited range (Y 16 to 235, U and V 16 to 240).

    Attributes:
        y: (H, W) uint8.
        u, v: (H / 2, W / 2) uint8, rounded up.
        bt709: the colours are BT.709's; else BT.601's.
        memory: (3 H / 2, W) uint8, where the three lie one after the other in it.
    """

    y: Plane
    u: Plane
    v: Plane
    bt709: bool
    memory: Plane | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return (*self.y.shape, 3)

    @property
    def nbytes(self) -> int:
        return self.y.nbytes + self.u.nbytes + self.v.nbytes

    @property
    def colors(self) -> Colors:
        return Colors.BT709 if self.bt709 else Colors.BT601

    def video_frame(self) -> VideoFrame:
        """The same as a frame that encoders take; of a copy in the copy's memory, else in its own."""
        if self.memory is not None:
            return VideoFrame.from_numpy_buffer(self.memory, "yuv420p")
        height, width = self.y.shape
        frame = VideoFrame(width, height, "yuv420p")
        for plane, pixels in zip(frame.planes, (self.y, self.u, self.v), strict=True):
            rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
            rows[: plane.height, : plane.width] = pixels
        return frame

    def bgr(self) -> Image:
        matrix = "ITU709" if self.bt709 else "ITU601"
        return np.asarray(self.video_frame().to_ndarray(format="bgr24", src_colorspace=matrix), np.uint8)

    def copy(self) -> YuvImage:
        """The same to draw on; with a usual size laid out so that an encoder takes it as it is."""
        height, width = self.y.shape
        if height % 4 or width % 2:  # PyAV counts rows by fours
            return YuvImage(self.y.copy(), self.u.copy(), self.v.copy(), self.bt709)
        memory = np.empty((3 * height // 2, width), np.uint8)
        u, v = memory[height:].reshape(2, height // 2, width // 2)
        y = memory[:height]
        for plane, pixels in ((y, self.y), (u, self.u), (v, self.v)):
            np.copyto(plane, pixels)
        return YuvImage(y, u, v, self.bt709, memory)


def is_hdr(transfer: int) -> bool:
    """Whether a video with this transfer function, by FFmpeg's number, is HDR: such are read in plain BT.709."""
    return transfer in (PQ, HLG)


def colors_of(picture: Picture) -> Colors:
    return picture.colors if isinstance(picture, YuvImage) else Colors.BGR


def bgr(picture: Picture) -> Image:
    """(H, W, 3) uint8 BGR; the picture itself where it is that already."""
    return picture if isinstance(picture, np.ndarray) else picture.bgr()


def part(picture: Picture, rows: slice, columns: slice) -> Picture:
    """A view of a part. ``rows`` and ``columns`` must start at even numbers and lie within the picture."""
    if not isinstance(picture, YuvImage):
        return bgr(picture)[rows, columns]
    half = slice(rows.start // 2, (rows.stop + 1) // 2), slice(columns.start // 2, (columns.stop + 1) // 2)
    return YuvImage(picture.y[rows, columns], picture.u[half], picture.v[half], picture.bt709)


def cut_out(picture: Picture, box: Box) -> tuple[Picture, int, int]:
    """A view of what of a picture lies in a box, a pixel more where it starts at an odd one; its left and its top."""
    height, width = picture.shape[:2]
    left, top = max(0, int(box.x)) // 2 * 2, max(0, int(box.y)) // 2 * 2
    right, bottom = min(width, int(box.x + box.width)), min(height, int(box.y + box.height))
    return part(picture, slice(top, max(top, bottom)), slice(left, max(left, right))), left, top


def resized(picture: Picture, width: int, height: int) -> Image:
    """The picture in another size, (height, width, 3) uint8 BGR; shrunk by area, grown linearly."""
    if not isinstance(picture, YuvImage):
        return _resized(bgr(picture), width, height)
    return _to_bgr([_resized(plane, width, height) for plane in (picture.y, picture.u, picture.v)], picture.bt709)


def warped(picture: Picture, transform: NDArray[np.float64], side: int, border: int = cv2.BORDER_CONSTANT) -> Image:
    """A square cut out of the picture: (side, side, 3) uint8 BGR.

    Args:
        transform: (2, 3), the picture's pixels -> the square's.
        border: what lies outside the picture, OpenCV's number; black by default.
    """
    if not isinstance(picture, YuvImage):
        return warp_affine(bgr(picture), transform, (side, side), border)
    # Colour is cut out at half the size, as it is stored; the centre of its first pixel is at (0.5, 0.5) in the whole.
    half = (side + 1) // 2
    to_half = np.column_stack([transform[:, :2], 0.5 * (transform @ [0.5, 0.5, 1]) - 0.25])
    planes = [warp_affine(picture.y, transform, (side, side), border, 16)]
    for plane in (picture.u, picture.v):
        color = cv2.resize(
            warp_affine(plane, to_half, (half, half), border, 128), None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR
        )
        planes.append(np.asarray(color, np.uint8)[:side, :side])
    return _to_bgr(planes, picture.bt709)


def mean_color(picture: Picture) -> NDArray[np.float64]:
    """(3,) blue, green and red, 0 to 255: the mean of all pixels."""
    if not isinstance(picture, YuvImage):
        return np.array(cv2.mean(bgr(picture))[:3])
    means = [cv2.mean(plane)[0] for plane in (picture.y, picture.u, picture.v)]
    return (_to_bgr_matrix(picture.bt709) @ [*means, 1]).clip(0, 255)


def gray(picture: Picture) -> Plane:
    """(H, W) uint8 brightness, 0 to 255."""
    if isinstance(picture, YuvImage):
        return full_range(np.ascontiguousarray(picture.y))
    return np.asarray(cv2.cvtColor(bgr(picture), cv2.COLOR_BGR2GRAY), np.uint8)


def full_range(y: Plane) -> Plane:
    """A video's brightness, 16 to 235, as 0 to 255."""
    return np.asarray(cv2.LUT(y, _FULL_RANGE), np.uint8)


def coarse(picture: Picture, step: int) -> Plane:
    """Every ``step``-th pixel of every ``step``-th row, (H / step, W / step) uint8, as it is: brightness, or green."""
    return picture.y[::step, ::step] if isinstance(picture, YuvImage) else bgr(picture)[::step, ::step, 1]


def sparse(picture: Picture, step: int) -> Picture:
    """Every ``step``-th pixel of every ``step``-th row, in colour; a view."""
    if not isinstance(picture, YuvImage):
        return bgr(picture)[::step, ::step]
    y, u, v = (plane[::step, ::step] for plane in (picture.y, picture.u, picture.v))
    return YuvImage(y, u, v, picture.bt709)


def blend(picture: Image | YuvImage, overlay: Overlay, left: int, top: int) -> None:
    """Draw ``overlay`` over the picture in place.

    Args:
        overlay: in the picture's colours; lies within the picture.
        left, top: where; even numbers.
    """
    height, width = overlay.shape[:2]
    if isinstance(picture, YuvImage):
        y, u, v, opacity = cv2.split(overlay)
        _blend(picture.y[top : top + height, left : left + width], y, opacity)
        half_size = ((width + 1) // 2, (height + 1) // 2)
        half = slice(top // 2, top // 2 + half_size[1]), slice(left // 2, left // 2 + half_size[0])
        u, v, opacity = (cv2.resize(plane, half_size, interpolation=cv2.INTER_AREA) for plane in (u, v, opacity))
        _blend(picture.u[half], u, opacity)
        _blend(picture.v[half], v, opacity)
    else:
        ink, opacity = overlay[..., :3], np.ascontiguousarray(overlay[..., 3])
        _blend(picture[top : top + height, left : left + width], ink, cv2.merge([opacity] * 3))


@lru_cache(maxsize=4096)
def ink(color: tuple[int, int, int], colors: Colors) -> tuple[int, int, int]:
    """(blue, green, red), 0 to 255, as the three channels of ``colors``."""
    if colors is Colors.BGR:
        return color
    y, u, v = np.rint(_from_bgr(colors is Colors.BT709) @ [*color, 255]).astype(int).tolist()
    return y, u, v


def premultiplied(image: NDArray[np.uint8]) -> Overlay:
    """(H, W, 4) uint8 BGRA, straight alpha, as an overlay in BGR: each colour times its opacity."""
    opacity = image[..., 3]
    return np.asarray(
        cv2.multiply(image, cv2.merge([opacity] * 3 + [np.full_like(opacity, 255)]), scale=1 / 255), np.uint8
    )


def inked(image: Overlay, colors: Colors) -> Overlay:
    """A premultiplied BGRA picture as an overlay in ``colors``."""
    if colors is Colors.BGR:
        return image
    return np.asarray(cv2.transform(image, _overlay_matrix(colors)), np.uint8)


def in_colors(matrix: NDArray[np.float64], colors: Colors) -> NDArray[np.float64]:
    """A (4, 4) matrix for premultiplied blue, green, red and opacity as one for an overlay in ``colors``."""
    if colors is Colors.BGR:
        return matrix
    forth = _overlay_matrix(colors)
    return np.asarray(forth @ matrix @ np.linalg.inv(forth), np.float64)


def _overlay_matrix(colors: Colors) -> NDArray[np.float64]:
    return np.vstack([_from_bgr(colors is Colors.BT709), [0, 0, 0, 1]])


def _blend(under: MatLike, over: MatLike, opacity: MatLike) -> None:
    cv2.add(cv2.multiply(under, cv2.bitwise_not(opacity), scale=1 / 255), over, dst=under)


def _resized(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    times = min(image.shape[1] // max(width, 1), image.shape[0] // max(height, 1))
    if image.shape[:2] == (height, width):
        return image
    if times < 2:
        return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    # By area as far as that goes in whole numbers, for which it is quick, by two quickest of all; the rest, less than
    # twice, linearly.
    x, y = image.shape[1] / times / width, image.shape[0] / times / height
    small = image
    while times % 2 == 0:
        small, times = _fewer(small, 2), times // 2
    small = _fewer(small, times)
    to_small = np.array([[x, 0, x / 2 - 0.5], [0, y, y / 2 - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warp = cv2.warpAffine(small, to_small, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warp, np.uint8)


def _fewer(image: NDArray[np.uint8], times: int) -> NDArray[np.uint8]:
    """Each pixel the mean of ``times`` by ``times``; what is left over at the right and the bottom is left out."""
    rows, columns = image.shape[0] // times, image.shape[1] // times
    whole = image[: rows * times, : columns * times]
    return np.asarray(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)


def warp_affine(
    image: NDArray[np.uint8],
    transform: NDArray[np.float64],
    size: tuple[int, int],
    border: int = cv2.BORDER_CONSTANT,
    black: int = 0,
    flags: int = cv2.INTER_LINEAR,
) -> NDArray[np.uint8]:
    """cv2.warpAffine to (width, height), in Intel's own way where that is built in.

    That is not to the bit as everywhere else, but twice as quick, and nearer to exact arithmetic.
    """
    before = cv2.ipp.useIPP_NotExact()
    cv2.ipp.setUseIPP_NotExact(True)  # this thread's alone
    try:
        warp = cv2.warpAffine(image, transform, size, flags=flags, borderMode=border, borderValue=(black,))
    finally:
        cv2.ipp.setUseIPP_NotExact(before)
    return np.asarray(warp, np.uint8)


def _to_bgr(planes: Sequence[MatLike], bt709: bool) -> Image:
    return np.asarray(cv2.transform(cv2.merge(planes), _to_bgr_matrix(bt709)), np.uint8)


@lru_cache(maxsize=2)
def _from_bgr(bt709: bool) -> NDArray[np.float64]:
    """(3, 4): premultiplied blue, green, red and opacity, 0 to 255 -> Y, U, V (ITU-R BT.601 and BT.709)."""
    red, blue = (0.2126, 0.0722) if bt709 else (0.299, 0.114)
    luma = np.array([blue, 1 - red - blue, red])
    u = (np.array([1.0, 0, 0]) - luma) / (2 * (1 - blue))
    v = (np.array([0, 0, 1.0]) - luma) / (2 * (1 - red))
    rows = np.array([219 * luma, 224 * u, 224 * v]) / 255
    return np.column_stack([rows, np.array([16, 128, 128]) / 255])


@lru_cache(maxsize=2)
def _to_bgr_matrix(bt709: bool) -> NDArray[np.float64]:
    """(3, 4): Y, U, V and one -> blue, green, red."""
    inverse = np.linalg.inv(_from_bgr(bt709)[:, :3])
    return np.column_stack([inverse, -inverse @ [16, 128, 128]])


_FULL_RANGE = np.clip(np.rint((np.arange(256) - 16) * 255 / 219), 0, 255).astype(np.uint8)
