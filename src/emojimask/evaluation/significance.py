"""What chance may do to a share of rows, and to the difference of two models on the same rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z = 1.96
"""Standard deviations on both sides of the mean that hold 95 % of a normal distribution."""


def interval(right: int, rows: int) -> tuple[float, float]:
    """The 95 % interval of a share, 0 to 1, of which ``right`` of ``rows`` rows were seen (Wilson 1927).

    ``rows`` is above 0.
    """
    share, spread = right / rows, Z * Z / rows
    middle = share + spread / 2
    reach = math.sqrt(spread * (share * (1 - share) + spread / 4))
    return max(0.0, (middle - reach) / (1 + spread)), min(1.0, (middle + reach) / (1 + spread))


@dataclass(frozen=True, slots=True)
class Paired:
    """A model against the first one, on the same rows.

    Attributes:
        only_it, only_first: rows that one of the two alone reads right.
        difference: by how much more it reads right, a share of the rows, -1 to 1.
        low, high: its 95 % interval (Agresti and Min 2005).
        chance: how often models that are equally good would differ by so much or more (McNemar's exact test), 0 to 1.
    """

    only_it: int
    only_first: int
    difference: float
    low: float
    high: float
    chance: float


def paired(right: NDArray[np.bool_], first: NDArray[np.bool_]) -> Paired:
    """(N,) bool, N above 0: which rows the model reads right, and which the first one does."""
    rows, only_it, only_first = len(right), int((right & ~first).sum()), int((first & ~right).sum())
    apart, lead = only_it + only_first + 1, only_it - only_first  # half a row more in each of the four fields
    middle = lead / (rows + 2)
    reach = Z * math.sqrt(apart - lead * lead / (rows + 2)) / (rows + 2)
    return Paired(
        only_it,
        only_first,
        (only_it - only_first) / rows,
        max(-1.0, middle - reach),
        min(1.0, middle + reach),
        mcnemar(only_it, only_first),
    )


def mcnemar(one: int, other: int) -> float:
    """Of so many throws of a coin, how often they part as unevenly as this or more so, 0 to 1."""
    throws, fewer = one + other, min(one, other)
    ways = sum(math.comb(throws, count) for count in range(fewer + 1))
    return min(1.0, 2 * ways / (1 << throws))
