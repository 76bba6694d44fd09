"""Interlaced video: each frame is two half pictures, of every other line, that are shown one after the other."""

from __future__ import annotations

from typing import cast

import av
from av.codec.context import Flags
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

TOP, BOTTOM = "tff", "bff"
"""What is shown first, by x264's and FFmpeg's names: the half with the top line, or the other."""
_ORDERS = {2: TOP, 5: TOP, 3: BOTTOM, 4: BOTTOM}  # FFmpeg's numbers


def first_field(stream: VideoStream) -> str | None:
    """Of a file's stream; None where it is not interlaced, or does not say."""
    if stream.codec_context.name == "dvvideo":  # always so, whether or not its container says it
        return BOTTOM
    return _ORDERS.get(stream.codec_context.field_order)


def interlaced(stream: VideoStream, first: str) -> FieldMarker | None:
    """Set up an encoder, where it can, for interlaced video.

    Args:
        stream: of the output, with its size; not opened yet.
        first: TOP or BOTTOM.

    Returns:
        What every frame must go through; None where the encoder knows enough.
    """
    codec, options = stream.codec_context.name, stream.options
    if codec == "libx264":
        options["x264-params"] = f"{options['x264-params']}:{first}=1"
    return FieldMarker(stream, first) if codec in ("mpeg2video", "mpeg4") else None


class FieldMarker:
    """Marks each frame with what it shows first, which some encoders ask of it. PyAV itself has no way to.

    Args:
        stream: of the output, with its size; not opened yet.
        first: TOP or BOTTOM.
    """

    def __init__(self, stream: VideoStream, first: str) -> None:
        context = stream.codec_context
        context.flags |= Flags.interlaced_dct | Flags.interlaced_me
        self._graph = Graph()
        source = self._graph.add_buffer(
            width=context.width, height=context.height, format=av.VideoFormat("yuv420p"), time_base=context.time_base
        )
        marker, sink = self._graph.add("setfield", first), self._graph.add("buffersink")
        source.link_to(marker)
        marker.link_to(sink)
        self._graph.configure()

    def marked(self, frame: VideoFrame) -> VideoFrame:
        self._graph.push(frame)
        return cast(VideoFrame, self._graph.pull())
