"""How far a file is looked ahead: frames wait in a window, which is shorter where they take much memory."""

from __future__ import annotations

from collections import deque

from emojimask.policy.frames import Pending

MAX_BYTES = 300_000_000
"""The frames kept to look ahead take no more memory than this; the window shortens instead, ..."""
LEAST_S = 0.6
"""... but to no less than this, in which who comes is found, ..."""
MOST_BYTES = 4 * MAX_BYTES
"""... unless that took more than this."""


class Window(deque[Pending]):
    """The frames of one stream that wait, in order; ``length_s``: over so many seconds at the most."""

    def __init__(self, length_s: float) -> None:
        super().__init__()
        self._length_s = length_s

    @property
    def is_full(self) -> bool:
        """Whether the first may leave."""
        if len(self) < 2:
            return False
        taken = self[0].frame.picture.nbytes * len(self)
        too_large = taken > MOST_BYTES or (taken > MAX_BYTES and self._span_s >= LEAST_S)
        return self._span_s > self._length_s or too_large

    @property
    def reach_s(self) -> float:
        """Over how many seconds the frames wait, as far as that can be told by now."""
        if len(self) < 2:
            return self._length_s
        s_a_byte = self.step_s / self[0].frame.picture.nbytes
        return min(self._length_s, max(min(LEAST_S, s_a_byte * MOST_BYTES), s_a_byte * MAX_BYTES))

    @property
    def step_s(self) -> float:
        """From frame to frame, in the mean, as far as that can be told by now: 0 where it cannot."""
        return self._span_s / (len(self) - 1) if len(self) > 1 else 0.0

    @property
    def _span_s(self) -> float:
        return self[-1].frame.time_s - self[0].frame.time_s
