"""The sound and the subtitles that an output takes over from the original file; nothing else of it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any

import av
from av.audio.layout import AudioLayout
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream

from emojimask.errors import NoPlaceError, SinkError
from emojimask.media.containers import DISORDER_S
from emojimask.sinks.video.check import Sound
from emojimask.sinks.video.extradata import anonymous
from emojimask.sinks.video.original import open_original

_CARRIERS = {".mkv": "matroska", ".mov": "mov", ".avi": "avi"}  # what may have a place, in the order of trial
_APART_S = 0.001  # in no unit of time are packets so far apart at the same time
_FRAMED = frozenset({"aac", "ac3", "eac3", "flac", "mp2", "mp3"})  # sound that comes in packets of any length
_TWO_CODES = (
    "bod/tib cym/wel deu/ger ell/gre eus/baq fas/per hye/arm isl/ice kat/geo mkd/mac msa/may mya/bur nld/dut sqi/alb "
    "zho/chi cze/ces fre/fra rum/ron slo/slk"
)
_IN_MOV = dict(pair.split("/") for pair in _TWO_CODES.split())
"""Of the two codes that these languages have in ISO 639-2, a mov knows the second alone."""
_FEW = 4  # packets tell what kind of sound it is
_PRIMING_S = 0.15  # what decoders of sound want to have read before the first that is heard; AAC's at most 0.12


class CopiedStreams:
    """The sound and subtitle packets of the original, untouched, each with its own time.

    Of the original's metadata only the language of a stream is kept; what the heads of streams say of people is not.
    Beside sound that can be copied, sound of an unknown codec is left out, as players leave it out.

    Args:
        ahead_s: taken off every time, as off those of the pictures.

    Attributes:
        sounds: what went through each stream of sound.
        left_out: how many streams of sound are not copied.

    Raises:
        NoPlaceError: the container of the output cannot carry one of them.
        SinkError: the original cannot be read.
    """

    def __init__(self, original: Path, output: OutputContainer, target: Path, ahead_s: int = 0) -> None:
        self._original = original
        self._ahead_s = ahead_s
        self._output = output
        self._target = target
        self._input = open_original(original)
        self._streams: dict[int, Stream] = {}
        sounds = self._input.streams.audio
        rates = {stream.index: stream.sample_rate for stream in sounds if stream.codec_context is not None}
        unknown = [stream for stream in sounds if stream.index not in rates]
        copied = [stream for stream in sounds if rates.get(stream.index)]
        self.left_out = len(unknown) if copied else 0
        copied = copied or unknown  # which are refused then
        self._empty = {index for index, rate in rates.items() if not rate}  # announced, but no packet has come yet
        self._sounds = {stream.index: Sound() for stream in copied}
        try:
            for stream in (*copied, *self._input.streams.subtitles):
                self._streams[stream.index] = _add(output, stream, original, target)
        except NoPlaceError:
            self._input.close()
            raise
        self._packets = self._demux()
        self._next = next(self._packets, None)

    def copy_until(self, time_s: float) -> None:
        """Write every packet that comes no later than ``time_s``, seconds, and is not written yet."""
        while self._next is not None and _time_s(self._next) <= time_s:
            packet, self._next = self._next, next(self._packets, None)
            if packet.stream_index in self._sounds:
                self._sounds[packet.stream_index].add(packet.size, _time_s(packet))
            packet.stream = self._streams[packet.stream_index]
            self._output.mux(packet)

    @property
    def sounds(self) -> list[Sound]:
        return list(self._sounds.values())

    def refusal(self) -> NoPlaceError:
        """The error to raise where the container turns out not to take what was added to it."""
        return _refusal(self._target, [self._input.streams[index] for index in self._streams])

    def close(self) -> None:
        self._input.close()

    def _demux(self) -> Iterator[Packet[Any]]:
        wanted = [s for s in self._input.streams if s.index in self._streams or s.index in self._empty]
        last: dict[int, int] = {}
        try:
            for packet in self._shown(self._input.demux(wanted)) if wanted else ():
                dts = packet.pts if packet.dts is None else packet.dts
                if dts is None:  # the last packet of each stream is an empty one
                    continue
                if packet.stream_index in self._empty:
                    fault = "its sound begins too late for its kind to be known"
                    raise SinkError(f"{self._original}: {fault}; leave it out with --no-audio")
                previous = last.get(packet.stream_index, dts - 1)
                if (previous - dts) * packet.time_base > DISORDER_S:
                    remedy = "repair the file first: ffmpeg -i INPUT -c copy REPAIRED"
                    raise SinkError(f"{self._original}: the clock of its {packet.stream.type} jumps back; {remedy}")
                if dts <= previous and packet.stream_index in self._sounds:  # no container takes sound like that
                    dts = previous + max(1, round(_APART_S / packet.time_base))
                last[packet.stream_index] = dts
                ahead = round(self._ahead_s / packet.time_base)
                packet.pts, packet.dts = None if packet.pts is None else max(packet.pts, dts) - ahead, dts - ahead
                yield packet
        except av.FFmpegError as error:
            fault = f"its sound cannot be read to the end ({error.strerror})"
            raise SinkError(f"{self._original}: {fault}; leave it out with --no-audio") from error

    def _shown(self, packets: Iterator[Packet[Any]]) -> Iterator[Packet[Any]]:
        """Without what an edit list hides, as of a clip that was trimmed, but for what decoders need to begin."""
        before: dict[int, list[Packet[Any]]] = {index: [] for index in self._sounds}
        for packet in packets:
            if not packet.is_discard:
                begins_s = None if packet.dts is None else _time_s(packet) - _PRIMING_S
                hidden = before.pop(packet.stream_index, ())
                yield from (earlier for earlier in hidden if begins_s is not None and _time_s(earlier) >= begins_s)
                yield packet
            elif packet.stream_index in before and packet.dts is not None:
                before[packet.stream_index].append(packet)


def _add(output: OutputContainer, stream: Stream, original: Path, target: Path) -> Stream:
    try:
        with _template(stream, original, target) as template:
            copy = output.add_stream_from_template(template)
    except ValueError:  # the container has no place for it
        raise _refusal(target, [stream]) from None
    if copy.codec_context is not None and copy.codec_context.extradata:
        try:
            head = anonymous(_codec(copy), bytes(copy.codec_context.extradata))
        except ValueError:  # it is damaged
            raise _refusal(target, [stream]) from None
        copy.codec_context.extradata = head
    if isinstance(copy, AudioStream):
        _order_channels(copy)
        _keep_pace(copy, stream, original, target)
    copy.disposition = stream.disposition
    if stream.language:
        mov = target.suffix.lower() == ".mov"
        copy.metadata["language"] = _IN_MOV.get(stream.language, stream.language) if mov else stream.language
    return copy


def _order_channels(sound: AudioStream) -> None:
    """Channels of which only the number is told, as in MXF, get the order that players take them to have.

    An MP4 that has to say which is which fails at its end over them.
    """
    if sound.layout.name == f"{sound.channels} channels":
        with suppress(ValueError):  # no order is usual for so many
            sound.codec_context.layout = AudioLayout(f"{sound.channels}c")


def _keep_pace(copy: AudioStream, stream: Stream, original: Path, target: Path) -> None:
    """ADPCM goes from AVI to AVI at the rate at which its blocks come.

    An AVI times it by the bits a second that its head tells, and FFmpeg, which goes by blocks, writes anything there.
    """
    if target.suffix.lower() != ".avi" or not _codec(stream).startswith("adpcm_"):
        return
    with open_original(original) as source:
        block = next(source.demux(source.streams[stream.index]), None)
        if source.format.name == "avi" and block is not None and block.duration:
            copy.codec_context.bit_rate = round(8 * block.size / (block.duration * block.time_base))


@contextmanager
def _template(stream: Stream, original: Path, target: Path) -> Iterator[Stream]:
    """What a copy of a stream is made after: the stream itself, but for compressed sound that goes into an AVI.

    That may come with the size of a block, by which an AVI would time it, though its packets are of any length. A few
    of them in a container that knows no blocks tell all that is needed, and no such size.
    """
    compressed = target.suffix.lower() == ".avi" and _codec(stream) in _FRAMED
    few = _few_packets(original, stream.index) if compressed else None
    if few is None:
        yield stream
    else:
        with av.open(few, format="nut") as plain:
            yield plain.streams[0]


def _few_packets(original: Path, index: int) -> io.BytesIO | None:
    """The first packets of a stream in a file of their own; None where there are none."""
    file = io.BytesIO()
    with open_original(original) as source, av.open(file, "w", format="nut") as output:
        stream = source.streams[index]
        copy = output.add_stream_from_template(stream)
        packets = list(islice((packet for packet in source.demux(stream) if packet.size), _FEW))
        for packet in packets:
            packet.stream = copy
            output.mux(packet)
    file.seek(0)
    return file if packets else None


def _codec(stream: Stream) -> str:
    return stream.codec_context.codec.canonical_name if stream.codec_context else "unknown"


def _refusal(target: Path, streams: list[Stream]) -> NoPlaceError:
    what = ", ".join(f"{stream.type} ({_codec(stream)})" for stream in streams)
    others = (suffix for suffix in _CARRIERS if suffix != target.suffix.lower() and _carries(suffix, streams))
    suffix = next(others, None)
    remedy = "" if suffix is None else f"choose another suffix, such as {suffix}, or "
    return NoPlaceError(
        f"{target}: {target.suffix} cannot carry the original's {what}; "
        f"{remedy}leave sound and subtitles out with --no-audio",
        suffix,
    )


def _carries(suffix: str, streams: list[Stream]) -> bool:
    """Whether copies of ``streams`` could stand in a file of that kind."""
    with av.open(io.BytesIO(), "w", format=_CARRIERS[suffix]) as trial:
        try:
            for stream in streams:
                trial.add_stream_from_template(stream)
            trial.start_encoding()
        except (ValueError, av.FFmpegError):
            return False
    return True


def _time_s(packet: Packet[Any]) -> float:
    return float(packet.dts * packet.time_base)  # type: ignore[operator] # _demux lets none pass without
