"""One live stream's pipeline in a thread of its own, with settings that may change on the way."""

from __future__ import annotations

import time
from typing import NamedTuple

from emojimask.build import build_pipeline
from emojimask.errors import EmojimaskError
from emojimask.pipeline import MaskingPipeline
from emojimask.settings import MaskSettings
from emojimask.types import Frame, MaskedFrame


class Made(NamedTuple):
    """A masked frame for the page, and what there is to tell of its making.

    Attributes:
        worked_ms: milliseconds that it took.
        fault: what went wrong, where it was shielded on that account.
    """

    frame: MaskedFrame
    worked_ms: float = 0.0
    fault: str = ""


class Masker:
    """Masks frames as they come. :meth:`mask` must always be called from one thread; :meth:`change` from any.

    Attributes:
        wanted: the settings from the next frame on.

    Raises:
        EmojimaskError: from :meth:`prepare` and the first frame after a change, where the settings cannot be had. Those
            of before are wanted again then.
    """

    def __init__(self, settings: MaskSettings) -> None:
        self.wanted = self._settings = settings
        self._pipeline: MaskingPipeline | None = None

    def change(self, settings: MaskSettings) -> None:
        """From the next frame on. Faces are looked for anew; until one is found the frames are shielded."""
        self.wanted = settings

    def prepare(self) -> None:
        """Build what is wanted, if it is not built yet."""
        self._built()

    def standby(self, width: int, height: int, index: int, time_s: float) -> MaskedFrame:
        """The shield, for when no frame comes; from any thread, once something is built."""
        assert self._pipeline is not None, "prepare() comes before standby()"
        return self._pipeline.standby(width, height, index, time_s)

    def mask(self, frame: Frame) -> Made:
        pipeline = self._built()
        before, started = pipeline.failures.copy(), time.perf_counter()
        masked = pipeline.process(frame)
        worked_ms = (time.perf_counter() - started) * 1000
        return Made(masked, worked_ms, next(iter(pipeline.failures - before), ""))

    def _built(self) -> MaskingPipeline:
        wanted = self.wanted
        if self._pipeline is None or wanted != self._settings:
            try:
                self._pipeline = build_pipeline(wanted)
            except EmojimaskError:
                if self.wanted == wanted:  # and nothing else was chosen meanwhile
                    self.wanted = self._settings
                raise
            self._settings = wanted
        return self._pipeline
