"""Who wears which emoji set: everybody the same, each in turn, or at random; a person always keeps the same one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from hashlib import sha256
from random import Random

from emojimask.emojis.emoji_set import is_folder, load_emoji_set, shipped_sets
from emojimask.emojis.sample import is_living
from emojimask.errors import UsageError
from emojimask.stages import Emoji, EmojiSet, Shape
from emojimask.types import EXPRESSIONS, MaskedFace

RANDOM = "random"
"""Stands for any of the shipped sets."""


@dataclass(frozen=True, slots=True, eq=False)
class FixedEmojiSet:
    """One expression's emoji of ``worn``, whatever is read off the face; it moves as ``worn`` does."""

    worn: EmojiSet
    expression: str

    @property
    def name(self) -> str:
        return f"{self.worn.name}:{self.expression}"

    @property
    def fill(self) -> tuple[int, int, int]:
        return self.worn.fill

    def emoji(self, expression: str) -> Emoji:  # noqa: ARG002
        return self.worn.emoji(self.expression)

    def shapes(self, faces: Sequence[MaskedFace]) -> Sequence[Sequence[Shape]]:
        return self.worn.shapes([replace(face, expression=self.expression, blend=()) for face in faces])


@dataclass(frozen=True, slots=True, eq=False)
class Cast:
    """The sets that are worn, and by whom.

    Attributes:
        sets: the first person's, the second's, and so on; then from the first again.
        shuffled: in another order in every round, but always the same one for the same person.
    """

    sets: tuple[EmojiSet, ...]
    shuffled: bool = False

    def for_track(self, track_id: int) -> EmojiSet:
        """What the person with this number, from 1, wears."""
        round_number, place = divmod(track_id - 1, len(self.sets))
        return self.sets[_order(round_number, len(self.sets))[place] if self.shuffled else place]

    def reads(self, track_id: int) -> bool:
        """Whether the person's expression is asked for: not by an emoji that stays the same."""
        return not isinstance(self.for_track(track_id), FixedEmojiSet)

    @property
    def reads_anybody(self) -> bool:
        return not all(isinstance(worn, FixedEmojiSet) for worn in self.sets)

    @property
    def is_living(self) -> bool:
        """Whether anybody's emoji moves with the face."""
        return any(is_living(worn) for worn in self.sets)


def load_cast(spec: str) -> Cast:
    """What the setting ``emojis`` says: one set, several with commas between them, or ``random``.

    Each is what :func:`load_emoji_set` takes, and may end in ``:`` and an expression, whose emoji is then worn always.

    Raises:
        UsageError: there is no such set, or no such expression.
        EmojiSetError: a set is incomplete or damaged.
    """
    if spec == RANDOM:
        return Cast(tuple(load_emoji_set(name) for name in shipped_sets()), shuffled=True)
    load = cache(load_emoji_set)  # a set that several people wear is in memory once
    return Cast(tuple(_load(one, load) for one in members(spec)))


def members(spec: str) -> list[str]:
    """The sets that ``spec`` names, one for each person in turn. Raises UsageError where one is left empty."""
    if spec and is_folder(spec):  # its name may have a comma in it
        return [spec]
    names = [name.strip() for name in spec.split(",")]
    if not all(names):
        raise UsageError(f'emojis "{spec}": a name is missing; write them as in classic,alive')
    if len(names) > 1 and RANDOM in names:
        raise UsageError(f'emojis "{spec}": {RANDOM} stands alone')
    return names


def differs_by_person(spec: str) -> bool:
    """Whether what somebody wears depends on their number."""
    return spec == RANDOM or len(members(spec)) > 1


def own_look(spec: str) -> str:
    """Another text once the drawings of a set of one's own in ``spec`` are others; empty where all are shipped.

    Raises as :func:`load_cast`.
    """
    own = [name for name in members(spec) if name.partition(":")[0] not in (*shipped_sets(), RANDOM)]
    look = sha256()
    for worn in (load_cast(name).sets[0] for name in own):
        look.update(bytes(worn.fill))
        for image, key_points in map(worn.emoji, EXPRESSIONS):
            look.update(image.tobytes() + key_points.tobytes())
    return look.hexdigest() if own else ""


def _load(spec: str, load: Callable[[str], EmojiSet]) -> EmojiSet:
    worn, _, expression = spec.rpartition(":")
    if not worn or is_folder(spec):
        return load(spec)
    if expression in EXPRESSIONS:
        return FixedEmojiSet(load(worn), expression)
    if worn in shipped_sets():
        raise UsageError(f'emojis "{spec}": no expression "{expression}"; known: {", ".join(EXPRESSIONS)}')
    return load(spec)


@lru_cache(maxsize=64)
def _order(round_number: int, count: int) -> tuple[int, ...]:
    return tuple(Random(round_number).sample(range(count), count))
