"""One live stream's pipeline in a thread of its own, with settings that may change on the way."""

from __future__ import annotations

import time

from emojimask.build import build_pipeline
from emojimask.pipeline import MaskingPipeline
from emojimask.settings import MaskSettings
from emojimask.types import Frame, MaskedFrame


class Masker:
    """Masks frames as they come. :meth:`mask` must always be called from one thread; :meth:`change` from any.

    Attributes:
        wanted: the settings from the next frame on.

    Raises:
        EmojimaskError: from :meth:`prepare` and the first frame after a change, where the settings cannot be had.
    """

    def __init__(self, settings: MaskSettings) -> None:
        self.wanted = settings
        self._settings: MaskSettings | None = None
        self._pipeline: MaskingPipeline

    def change(self, settings: MaskSettings) -> None:
        """From the next frame on. Faces are looked for anew; until one is found the frames are shielded."""
        self.wanted = settings

    def prepare(self) -> None:
        """Build what is wanted, if it is not built yet."""
        wanted = self.wanted
        if wanted != self._settings:
            self._pipeline = build_pipeline(wanted)
            self._settings = wanted

    def standby(self, width: int, height: int, index: int, time_s: float) -> MaskedFrame:
        """The shield, for when no frame comes; from any thread, once something is built."""
        return self._pipeline.standby(width, height, index, time_s)

    def mask(self, frame: Frame) -> tuple[MaskedFrame, float]:
        """The masked frame, and the milliseconds that it took."""
        self.prepare()
        started = time.perf_counter()
        masked = self._pipeline.process(frame)
        return masked, (time.perf_counter() - started) * 1000
