"""A whole file masked, against decoding and encoding the same file; and what the codecs and the memory can do."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.video.frame import PictureType

from emojimask.build import build_pipeline, file_sinks, open_file
from emojimask.pipeline import MaskingPipeline
from emojimask.runner import run
from emojimask.settings import MaskSettings

H264 = {"preset": "veryfast", "crf": "20"}
"""As :class:`emojimask.sinks.video.sink.VideoFileSink` encodes ..."""
OUR_THREADS = {"x264-params": "sliced-threads=0"}
"""... with a thread for each core, and each with a picture of its own; PyAV's own choice is several to a picture."""

Way = Callable[[Path, Path], None]
"""Makes the second file from the first."""


@dataclass(frozen=True, slots=True)
class FileTimes:
    """Medians over the turns, in seconds; ``cpu_s`` is the processor's time of masking, over all cores.

    Attributes:
        mbit_s: of the file, sound included.
        frames: how many pictures it holds.
        codecs_s: decoding and encoding and nothing else, sound copied, with PyAV's choice of threads: the reference.
        our_codecs_s: the same with the threads that we encode with.
        masked_s: the whole.
        ratio, our_ratio: masked to either, the median of each turn's ratio.
        turns: every turn's seconds, in the same order.
    """

    mbit_s: float
    frames: int
    codecs_s: float
    our_codecs_s: float
    masked_s: float
    cpu_s: float
    ratio: float
    our_ratio: float
    turns: list[tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What this machine can do at best with the same frames.

    Attributes:
        memory_gb_s: read and written by copying, on one core.
        frame_copy_ms: one frame (4:2:0) copied at that rate.
        decode_ms, encode_ms: a frame, in and out of H.264, each alone on all cores.
    """

    memory_gb_s: float
    frame_copy_ms: float
    decode_ms: float
    encode_ms: float


def measure_file(path: Path, settings: MaskSettings, turns: int) -> FileTimes:
    """All three by turns, in this process; the first turn warms up and does not count unless it is the only."""
    cpu: list[float] = []

    def masked(source: Path, target: Path) -> None:
        started = time.process_time()
        through_runner(source, target, build_pipeline(settings, measured=False))
        cpu.append(time.process_time() - started)

    ways: tuple[Way, ...] = (decode_and_encode, partial(decode_and_encode, our_threads=True), masked)
    counted = [tuple(timed(way, path) for way in ways) for _ in range(turns + (turns > 1))][turns > 1 :]
    codecs_s, our_codecs_s, masked_s = (_median(column) for column in zip(*counted, strict=True))
    return FileTimes(
        *_mbit_s_and_frames(path),
        codecs_s,
        our_codecs_s,
        masked_s,
        cpu_s=_median(cpu[turns > 1 :]),
        ratio=_median(turn[2] / turn[0] for turn in counted),
        our_ratio=_median(turn[2] / turn[1] for turn in counted),
        turns=[tuple(round(seconds, 3) for seconds in turn) for turn in counted],
    )


def _mbit_s_and_frames(path: Path) -> tuple[float, int]:
    with av.open(str(path)) as source:
        return round(source.bit_rate / 1e6, 2), sum(1 for packet in source.demux(video=0) if packet.size)


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 3)


def timed(way: Way, path: Path) -> float:
    """Seconds for one file; the result is thrown away."""
    with TemporaryDirectory() as folder:
        started = time.perf_counter()
        way(path, Path(folder) / "out.mkv")
        return time.perf_counter() - started


def through_runner(path: Path, target: Path, pipeline: MaskingPipeline) -> None:
    """As ``emojimask mask`` does a file."""
    with open_file(path) as source:
        run(source, pipeline, file_sinks(source.info, target, None, audio=True, force=False))


def decode_and_encode(path: Path, target: Path, our_threads: bool = False) -> None:
    """The picture through the codecs, the sound copied: the least that any way of changing pictures must do."""
    with av.open(str(path)) as source, av.open(str(target), "w") as output:
        video = source.streams.video[0]
        video.thread_type = "AUTO"
        options = H264 | OUR_THREADS if our_threads else H264
        encoder = _encoder(output, video, options)
        encoder.codec_context.thread_count = cv2.getNumberOfCPUs() if our_threads else 0
        sounds = {sound.index: output.add_stream_from_template(sound) for sound in source.streams.audio}
        count = 0
        for packet in source.demux(video, *source.streams.audio):
            if packet.stream_index in sounds:
                if packet.dts is not None:
                    packet.stream = sounds[packet.stream_index]
                    output.mux(packet)
                continue
            for decoded in cast(Iterable[av.VideoFrame], packet.decode()):
                frame = decoded.reformat(encoder.width, encoder.height, encoder.pix_fmt)
                frame.pict_type, frame.pts, frame.time_base = PictureType.NONE, count, 1 / encoder.codec_context.rate
                output.mux(encoder.encode(frame))
                count += 1
        output.mux(encoder.encode(None))


def _encoder(output: OutputContainer, video: av.VideoStream, options: dict[str, str]) -> av.VideoStream:
    """A stream of ``output`` for the pictures of ``video``; H.264 wants even sizes."""
    encoder = output.add_stream("libx264", video.average_rate or 25, dict(options))
    encoder.width, encoder.height, encoder.pix_fmt = video.width // 2 * 2, video.height // 2 * 2, "yuv420p"
    encoder.codec_context.max_b_frames = 0
    return encoder


def measure_limits(path: Path, seconds: float) -> Limits:
    """From the first ``seconds`` of a video; the best of three for memory, one pass for each codec."""
    with av.open(str(path)) as source:
        video = source.streams.video[0]
        video.thread_type = "AUTO"
        most = max(1, round(seconds * float(video.average_rate or 25)))
        started = time.perf_counter()
        frames = 0
        for _ in source.decode(video):
            frames += 1
            if frames >= most:
                break
        decode_ms = 1000 * (time.perf_counter() - started) / frames
        frame_bytes = video.width * video.height * 3 / 2
    bandwidth = memory_bandwidth()
    return Limits(
        round(bandwidth / 1e9, 2),
        round(1000 * 2 * frame_bytes / bandwidth, 3),
        round(decode_ms, 3),
        round(_encode_ms(path, most), 3),
    )


def memory_bandwidth() -> float:
    """Bytes read and written a second when numpy copies more than caches hold; the best of five."""
    here = np.ones(64_000_000, np.uint8)
    there = np.empty_like(here)
    took = []
    for _ in range(5):
        started = time.perf_counter()
        np.copyto(there, here)
        took.append(time.perf_counter() - started)
    return 2 * here.size / min(took)


def _encode_ms(path: Path, most: int) -> float:
    """Milliseconds a frame, the frames decoded beforehand, as many as fit into 300 MB."""
    with (
        TemporaryDirectory() as folder,
        av.open(str(path)) as source,
        av.open(str(Path(folder) / "out.mkv"), "w") as output,
    ):
        video = source.streams.video[0]
        encoder = _encoder(output, video, H264)
        most = min(most, max(1, int(300e6 / (video.width * video.height * 1.5))))
        decoded = islice(source.decode(video), most)
        frames = [frame.reformat(encoder.width, encoder.height, encoder.pix_fmt) for frame in decoded]
        started = time.perf_counter()
        for count, frame in enumerate(frames):
            frame.pict_type, frame.pts, frame.time_base = PictureType.NONE, count, 1 / encoder.codec_context.rate
            output.mux(encoder.encode(frame))
        output.mux(encoder.encode(None))
        return 1000 * (time.perf_counter() - started) / len(frames)
