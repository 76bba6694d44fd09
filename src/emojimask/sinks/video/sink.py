"""Videos as files, with the sound of the original."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Self, cast

import cv2
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from emojimask.media.letterbox import letterbox
from emojimask.sinks.guard import require_masked
from emojimask.sinks.video.formats import format_of
from emojimask.sinks.video.muxer import Muxer
from emojimask.sinks.video.original import display_of
from emojimask.sinks.video.pictures import GifPictures, YuvPictures
from emojimask.types import MaskedFrame, StreamInfo


class VideoFileSink:
    """A video in the container and codec that the suffix of ``path`` stands for; the original's sound and subtitles.

    H.264 in mp4, m4v, mov, 3gp and mkv, VP9 in webm, MPEG-2 in mpg and mpeg, MPEG-4 in avi, Windows Media Video 8 in
    wmv and asf, and gif. Frames keep the time that they have in the original to the tick, constant rate or not, as far
    as the container can say it: mkv, webm, wmv and asf count milliseconds, gif hundredths of a second, avi whole
    frames (of a live stream sixtieths of a second), and mpg steps of its few rates. No B-frames.

    Sound and subtitle packets are copied as they are; a gif has none, and repeats as often as the original where that
    is one. Metadata, chapters, data streams, attachments and further pictures of the original are left behind.
    Interlaced video stays so where the codec can say it: not in webm, wmv, asf and gif. Where width or height is odd,
    the last column or row is doubled, for the codecs want even sizes. A frame of another size than the stream's is
    letterboxed.

    Args:
        path: the output; the folder that it is in is made where it is missing.
        force: overwrite what is there.
        audio: copy sound and subtitles.
        threads: of the encoder; 0: one for each core.

    Raises:
        UsageError: the suffix is not known, the output is the input, or it cannot carry the sound or the rate. Before
            any work.
        OutputExistsError: the output is there, and ``force`` is false. Before any work.
        NoRoomError: of a live stream, once the disk is nearly full.
        SinkError: the file cannot be written.
    """

    def __init__(self, path: Path | str, force: bool = False, audio: bool = True, threads: int = 0) -> None:
        self._muxer = Muxer(path, force, audio)
        self._format = format_of(Path(path))
        self._threads = threads or cv2.getNumberOfCPUs()  # x264 alone takes half as many more
        self._count = 0  # of frames
        self._ticks: dict[int, int] = {}  # of those that the encoder still holds, by number

    @property
    def left_out(self) -> int:
        """How many of the original's streams of sound are not copied, for their codec is not known."""
        return self._muxer.left_out

    def open(self, info: StreamInfo) -> None:
        self._size = info.width, info.height
        self._stream = self._muxer.open(info, lambda output, frame_s: self._encoder(output, frame_s, info))

    def write(self, frame: MaskedFrame) -> None:
        picture = letterbox(require_masked(frame).picture, *self._size)
        encoded = self._pictures.convert(picture)
        encoded.pts, encoded.time_base = self._count, self._frame_s
        self._ticks[self._count] = self._muxer.next_tick(frame.time_s)
        self._count += 1
        self._encode(encoded)
        self._muxer.check_room()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._muxer.discard()
            return
        with self._muxer:
            if self._count:
                self._encode(None)  # what the encoder still holds

    def _encoder(self, output: OutputContainer, frame_s: Fraction, info: StreamInfo) -> VideoStream:
        display, form = display_of(info), self._format
        stream = cast(VideoStream, output.add_stream(form.codec, 1 / frame_s, dict(form.options)))
        # The encoder counts frames; each packet is given its frame's own time afterwards. So the rate may vary even
        # with codecs that know fixed rates only. Packets leave in the order of the frames: no B-frames.
        stream.codec_context.time_base = self._frame_s = frame_s
        stream.codec_context.max_b_frames = 0
        stream.codec_context.thread_count = self._threads
        stream.codec_context.sample_aspect_ratio = display.aspect
        self._pictures = (
            GifPictures(stream, info.width, info.height)
            if form.container == "gif"
            else YuvPictures(stream, info, display)
        )
        return stream

    def _encode(self, picture: VideoFrame | None) -> None:
        with self._muxer.faults_told():
            packets = self._stream.encode(picture)
        for packet in packets:
            assert packet.pts is not None, "encoders hand on the time of their frames"
            self._ticks = {number: tick for number, tick in self._ticks.items() if number >= packet.pts}
            self._muxer.mux(packet, self._ticks[packet.pts])
