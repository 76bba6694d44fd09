"""Non-maximum suppression: of the finds that are of one face, the surest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from emojimask.types import Box


class Find(Protocol):
    """What a detector says: where, and how surely."""

    @property
    def box(self) -> Box: ...

    @property
    def score(self) -> float: ...


F = TypeVar("F", bound=Find)


def surest(finds: Iterable[F], are_one: Callable[[Box, Box], bool]) -> list[F]:
    """The finds, the surest first, but for those that are one with a surer one, as their boxes tell ``are_one``."""
    kept: list[F] = []
    for find in sorted(finds, key=lambda find: find.score, reverse=True):
        if not any(are_one(find.box, other.box) for other in kept):
            kept.append(find)
    return kept
