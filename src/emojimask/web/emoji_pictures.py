"""Emoji as PNG pictures for the pages."""

from __future__ import annotations

from functools import lru_cache

import cv2

from emojimask.emojis.emoji_set import load_emoji_set

SIDE = 256


@lru_cache(maxsize=64)
def emoji_png(emoji_set: str, expression: str) -> bytes:
    """PNG, ``SIDE`` pixels square with transparency. Raises UsageError for an unknown set or expression."""
    image = load_emoji_set(emoji_set).emoji(expression).image
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".png", small)[1].tobytes()
