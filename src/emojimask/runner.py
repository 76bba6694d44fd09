"""The only loop: source -> pipeline -> sinks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from emojimask.errors import SourceError, StopRequested
from emojimask.pipeline import MaskingPipeline
from emojimask.stages import Sink, Source
from emojimask.types import MaskedFrame


@dataclass(slots=True)
class RunSummary:
    """What a run did: frames written, how many of them shielded, and how many with at least one face covered."""

    frames: int = 0
    shielded: int = 0
    with_faces: int = 0

    def count(self, frame: MaskedFrame) -> None:
        self.frames += 1
        self.shielded += frame.shielded
        self.with_faces += bool(frame.faces)


def run(
    source: Source,
    pipeline: MaskingPipeline,
    sinks: Sequence[Sink],
    on_frame: Callable[[MaskedFrame], None] | None = None,
) -> RunSummary:
    """Mask everything that ``source`` gives and write it to every sink.

    A live run ends well when a sink asks for it or on Ctrl-C. A file that breaks off is masked as far as it goes,
    the outputs are completed, and then the error is raised. On any other error the outputs are discarded.

    Raises:
        SourceError: the source broke off; what came before is done.
        SinkError: an output could not be written.
        KeyboardInterrupt: a file's run was interrupted; nothing is left behind.
    """
    summary = RunSummary()
    broken_off: SourceError | None = None
    with ExitStack() as open_sinks:
        for sink in sinks:
            open_sinks.enter_context(sink)
            sink.open(source.info)
        try:
            for frame in _masked(source, pipeline):
                for sink in sinks:
                    sink.write(frame)
                summary.count(frame)
                if on_frame is not None:
                    on_frame(frame)
        except StopRequested:
            pass
        except KeyboardInterrupt:
            if not source.info.live:
                raise
        except SourceError as error:
            if summary.frames == 0:
                raise
            broken_off = error
    if broken_off is not None:
        raise broken_off
    return summary


def _masked(source: Source, pipeline: MaskingPipeline) -> Iterator[MaskedFrame]:
    if source.info.live:
        return map(pipeline.process, source)
    return pipeline.process_file(source)
