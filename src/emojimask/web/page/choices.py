"""What a page may choose: a few settings, and only values that were offered to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from emojimask.emojis.emoji_set import FONT, shipped_sets
from emojimask.emojis.fonts.system_font import find_color_font
from emojimask.errors import EmojiSetError, UsageError
from emojimask.settings import MaskSettings


class Choices:
    """The settings that the program was started with, and what a page may change in them.

    A page never names a folder, and never asks for ``on_lost = pass``, which shows a lost face, unless the program was
    started with it.
    """

    def __init__(self, start: MaskSettings) -> None:
        self.start = start
        self.offered: dict[str, list[str]] = {
            "emojis": list(dict.fromkeys([start.emojis, *shipped_sets(), *_system_emoji()])),
            "smoothing": ["ema", "vote", "none"],
            "on_lost": list(dict.fromkeys([start.on_lost, "shield", "hold"])),
        }

    def shown(self, settings: MaskSettings) -> dict[str, str]:
        """Of ``settings`` those that a page may change, by name."""
        return {name: getattr(settings, name) for name in self.offered}

    def chosen(self, wanted: Mapping[str, object], before: MaskSettings | None = None) -> MaskSettings:
        """``before``, or else what the program was started with, with ``wanted`` in it.

        Raises:
            UsageError: something was not offered.
        """
        for name, value in wanted.items():
            if value not in self.offered.get(name, ()):
                raise UsageError(f"{str(name)[:40]}: {str(value)[:40]!r} was not offered")
        changes: dict[str, Any] = dict(wanted)
        return replace(before or self.start, **changes)


def _system_emoji() -> list[str]:
    try:
        find_color_font()
    except EmojiSetError:
        return []
    return [FONT]
