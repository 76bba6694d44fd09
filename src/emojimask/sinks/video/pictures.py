"""BGR pictures as the frames that encoders take."""

from __future__ import annotations

from typing import cast

import av
import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from emojimask.media.pixels import YuvImage, bgr
from emojimask.sinks.video.interlacing import interlaced
from emojimask.sinks.video.original import BT709, Display
from emojimask.types import Picture, StreamInfo

_ACCURATE = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP
_HD_LINES = 720
_BT601 = 6  # FFmpeg's number


class YuvPictures:
    """Even-sized yuv420p, limited range. The stream is tagged with what it is.

    Pictures that come as BGR get BT.709's matrix from 720 lines up, else BT.601's, which is what players expect.

    Args:
        stream: of the output.
        info, display: of the original.
    """

    def __init__(self, stream: VideoStream, info: StreamInfo, display: Display) -> None:
        context, width, height = stream.codec_context, info.width, info.height
        context.pix_fmt = "yuv420p"
        context.width, context.height = width + width % 2, height + height % 2
        self._bt709 = height >= _HD_LINES if info.bt709 is None else info.bt709
        context.colorspace = BT709 if self._bt709 else _BT601
        context.color_primaries, context.color_trc = display.primaries, display.transfer
        context.color_range = ColorRange.MPEG
        self._matrix = Colorspace.ITU709 if self._bt709 else Colorspace.ITU601
        self._reformatter = VideoReformatter()
        self._marker = interlaced(stream, display.first_field) if display.first_field else None

    def convert(self, picture: Picture) -> VideoFrame:
        frame = self._converted(picture)
        return frame if self._marker is None else self._marker.marked(frame)

    def _converted(self, picture: Picture) -> VideoFrame:
        if isinstance(picture, YuvImage) and picture.bt709 == self._bt709:
            return picture.video_frame()
        image = bgr(picture)
        height, width = image.shape[:2]
        if height % 2 or width % 2:
            image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), "edge")
        return self._reformatter.reformat(
            VideoFrame.from_ndarray(image, format="bgr24"),
            format="yuv420p",
            dst_colorspace=self._matrix,
            dst_color_range=ColorRange.MPEG,
            interpolation=_ACCURATE,
        )


class GifPictures:
    """Each picture in the 256 colours that suit it best."""

    def __init__(self, stream: VideoStream, width: int, height: int) -> None:
        stream.codec_context.pix_fmt = "pal8"
        stream.codec_context.width, stream.codec_context.height = width, height
        self._graph = Graph()
        source = self._graph.add_buffer(
            width=width, height=height, format=av.VideoFormat("bgr24"), time_base=stream.codec_context.time_base
        )
        split = self._graph.add("split")
        palette = self._graph.add("palettegen", "stats_mode=single:reserve_transparent=0")
        use = self._graph.add("paletteuse", "new=1:dither=bayer:bayer_scale=3")
        sink = self._graph.add("buffersink")
        source.link_to(split)
        split.link_to(use, 0, 0)
        split.link_to(palette, 1, 0)
        palette.link_to(use, 0, 1)
        use.link_to(sink)
        self._graph.configure()
        self._index = 0

    def convert(self, picture: Picture) -> VideoFrame:
        frame = VideoFrame.from_ndarray(bgr(picture), format="bgr24")
        frame.pts = self._index
        self._index += 1
        self._graph.push(frame)
        return cast(VideoFrame, self._graph.pull())
