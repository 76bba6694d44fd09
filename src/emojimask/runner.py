"""The only loop: source -> pipeline -> sinks.

A file is read and masked in a thread of its own, while this thread writes; with more than two cores reading and finding
the faces have one and masking them another. The codecs have threads besides. A live source is masked in a thread too,
for another reason: should the camera or a model hang, this thread shows the shield.
"""

from __future__ import annotations

import math
import signal
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Protocol, Self, TypeVar

import cv2

from emojimask.errors import NoRoomError, OutputGoneError, SourceError, StopRequested
from emojimask.pipeline import MaskingPipeline
from emojimask.stages import Sink, Source
from emojimask.threads.parallel import cores_taken
from emojimask.threads.prefetch import prefetched
from emojimask.types import MaskedFrame, StreamInfo

T = TypeVar("T")

HANDFUL = 8
"""Frames of a file are handed from thread to thread by so many ..."""
HANDFUL_BYTES = 4_500_000
"""... but no more than make so many bytes."""
PATIENCE_S = 0.5
"""Live: the longest for which a frame stays in sight when no other comes; then the shield takes its place. Where frames
come more slowly than that, twice the time between them, or the picture would flicker; ..."""
LONGEST_PATIENCE_S = 3.0
"""... but no longer than this."""
_ORDERS_TO_END = [signal.SIGINT, signal.SIGTERM]
"""Ctrl-C, and what ``timeout`` sends, and a system that shuts down."""
if sys.platform != "win32":
    _ORDERS_TO_END.append(signal.SIGHUP)  # the terminal is closed


@dataclass(slots=True)
class RunSummary:
    """What a run did.

    Attributes:
        frames: written to every sink.
        shielded: of these, how many show nothing of the camera's picture.
        with_faces: of these, how many have at least one face covered.
        failures: why frames were shielded on account of a fault, and how often.
        left_out: how many of the original's streams of sound an output has not, for their codec is not known.
        broken_off: set where the source ended with an error after some frames, a recording for want of room, or a
            virtual camera went away; the outputs hold what came before.
    """

    frames: int = 0
    shielded: int = 0
    with_faces: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    left_out: int = 0
    broken_off: SourceError | NoRoomError | OutputGoneError | None = None

    def count(self, frame: MaskedFrame) -> None:
        self.frames += 1
        self.shielded += frame.shielded
        self.with_faces += bool(frame.faces)


def run(
    source: Source,
    pipeline: MaskingPipeline,
    sinks: Sequence[Sink],
    on_frame: Callable[[MaskedFrame], None] | None = None,
    overlap: bool = True,
) -> RunSummary:
    """Mask everything that ``source`` gives and write it to every sink.

    A live run ends well when a sink asks for it or on Ctrl-C, after the frame that is being written; a second Ctrl-C
    does not wait for that, and none keeps the outputs from being completed. Whatever else ends programs, such as the
    end of their terminal, counts as Ctrl-C. A file that breaks off is masked as far as it goes and the outputs are
    completed; so are those of a live run when the disk is nearly full or a virtual camera goes away. On any other
    error they are discarded.

    Args:
        on_frame: is called with every frame that was written.
        overlap: read, mask and write a file side by side; false where other work has the other cores.

    Raises:
        SourceError: the source gave no frame at all.
        SinkError: an output could not be written.
        KeyboardInterrupt: a file's run was interrupted; nothing is left behind.
    """
    summary = RunSummary(failures=pipeline.failures)
    with _OrdersToEnd(live=source.info.live) as orders, ExitStack() as open_sinks:
        for sink in sinks:
            open_sinks.enter_context(sink)
            if hasattr(sink, "before_sudden_end"):  # a window
                sink.before_sudden_end(open_sinks.close)
            sink.open(source.info)
        try:
            with _masked(source, pipeline, overlap) as masked:
                for frame in masked:
                    for sink in sinks:
                        sink.write(frame)
                    summary.count(frame)
                    if on_frame is not None:
                        on_frame(frame)
                    if orders.came:
                        raise KeyboardInterrupt
        except StopRequested:
            pass
        except KeyboardInterrupt:
            if not source.info.live:
                raise
        except (SourceError, NoRoomError, OutputGoneError) as error:
            if summary.frames == 0:
                raise
            summary.broken_off = error
        finally:
            orders.completing = True
    summary.left_out = sum(getattr(sink, "left_out", 0) for sink in sinks)  # videos alone carry sound
    return summary


class _OrdersToEnd:
    """While this lasts, Ctrl-C and its like are noted, and raise KeyboardInterrupt where that does no harm.

    ``live``: only a second one does so. Raised amid a frame the first would leave that frame half written, or written
    to some of the outputs; while the outputs are being completed, which takes long after a long recording, any would
    throw them away.

    A file's run is ended by the first. From then on its threads are being waited for and its outputs removed, which
    the next, of somebody impatient, would cut short; so that one is not heard.

    Only the main thread hears signals, and whoever has put a handler of their own in place keeps it. So does, for a
    file, what ends the program at once: the workers of a batch are to end so.
    """

    def __init__(self, live: bool) -> None:
        in_main = threading.current_thread() is threading.main_thread()
        usual = (signal.default_int_handler, signal.SIG_DFL) if live else (signal.default_int_handler,)
        handlers = {number: signal.getsignal(number) for number in _ORDERS_TO_END if in_main}
        self._usual = {number: handler for number, handler in handlers.items() if handler in usual}
        self._live = live
        self.came = self.completing = False

    def __enter__(self) -> Self:
        for number in self._usual:
            signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._usual.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        again, self.came = self.came, True
        if (again and not self.completing) if self._live else not again:
            raise KeyboardInterrupt


@contextmanager
def _masked(source: Source, pipeline: MaskingPipeline, overlap: bool) -> Iterator[Iterable[MaskedFrame]]:
    if source.info.live:
        standby = Standby(source.info, pipeline)
        made = (standby.note(pipeline.process(frame)) for frame in source)
        with closing(prefetched(made, 1, standby, PATIENCE_S)) as live:
            yield live
    elif not overlap:
        yield pipeline.finished(pipeline.analysed(source))
    else:
        with ExitStack() as threads:
            yield _overlapping(source, pipeline, threads)


def _overlapping(source: Source, pipeline: MaskingPipeline, threads: ExitStack) -> Iterable[MaskedFrame]:
    """A file's frames, masked in ``threads`` of their own, which end with it."""
    frame_bytes = source.info.width * source.info.height * 3 // 2
    together = min(HANDFUL, max(1, HANDFUL_BYTES // frame_bytes))

    def in_a_thread(items: Iterable[T]) -> Iterable[T]:
        return threads.enter_context(closing(prefetched(items, 1, together=together)))

    halves = cv2.getNumberOfCPUs() > 2  # on two cores, which the codecs keep busy too, one more thread costs time
    threads.enter_context(cores_taken(2 + halves))
    decided = pipeline.analysed(source)
    return in_a_thread(pipeline.finished(in_a_thread(decided) if halves else decided))


class Shields(Protocol):
    """What makes shields, as :class:`MaskingPipeline` does; from any thread."""

    def standby(self, width: int, height: int, index: int, time_s: float) -> MaskedFrame: ...


class Standby:
    """The shield in place of a live frame that does not come, so that no old frame stays in sight."""

    def __init__(self, info: StreamInfo, shields: Shields) -> None:
        self._shields = shields
        self._size = info.width, info.height
        self._index, self._began_s = 0, time.monotonic()
        self._came_s, self._gaps_s = -math.inf, deque([0.0], maxlen=2)

    def note(self, frame: MaskedFrame) -> MaskedFrame:
        height, width = frame.picture.shape[:2]
        self._size = width, height
        self._index = frame.index
        now = time.monotonic()
        self._began_s = min(self._began_s, now - frame.time_s)  # the sooner it came, the surer it tells
        self._gaps_s.append(now - self._came_s)
        self._came_s = now
        return frame

    def __call__(self) -> MaskedFrame | None:
        """None as long as the next frame is not overdue: a single stall makes nobody more patient."""
        patience_s = min(2 * min(self._gaps_s), LONGEST_PATIENCE_S)
        return None if time.monotonic() - self._came_s < patience_s else self.shield()

    def shield(self) -> MaskedFrame:
        return self._shields.standby(*self._size, self._index, time.monotonic() - self._began_s)
