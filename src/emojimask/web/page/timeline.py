"""The expressions of a file over time, few enough to plot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from emojimask.types import EXPRESSIONS, MaskedFrame

MAX_POINTS = 300
FIRST_SPAN_S = 0.25


class Timeline:
    """Mean probabilities of all faces by span of time; the spans widen as the file grows, so memory stays small."""

    def __init__(self) -> None:
        self._span_s = FIRST_SPAN_S
        self._sums: dict[int, list[float]] = defaultdict(lambda: [0.0] * len(EXPRESSIONS))
        self._counts: dict[int, int] = defaultdict(int)

    def add(self, frame: MaskedFrame) -> None:
        span = int(frame.time_s / self._span_s)
        self._add(span, (), 0)
        for face in frame.faces:
            if face.probabilities:
                self._add(span, face.probabilities, 1)
        if len(self._counts) > MAX_POINTS:
            self._widen()

    def points(self) -> list[dict[str, object]]:
        """In order of time: ``{"time_s", "probabilities"}``, zeros for a span without a face; empty where all are."""
        if not any(self._counts.values()):
            return []
        return [
            {
                "time_s": round((span + 0.5) * self._span_s, 3),
                "probabilities": [round(total / max(count, 1), 4) for total in self._sums[span]],
            }
            for span, count in sorted(self._counts.items())
        ]

    def _add(self, span: int, values: Sequence[float], count: int) -> None:
        sums = self._sums[span]
        for index, value in enumerate(values):
            sums[index] += value
        self._counts[span] += count

    def _widen(self) -> None:
        sums, counts = dict(self._sums), dict(self._counts)
        self._sums.clear()
        self._counts.clear()
        self._span_s *= 2
        for span, values in sums.items():
            self._add(span // 2, values, counts[span])
