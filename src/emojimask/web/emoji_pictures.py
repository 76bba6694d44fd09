"""Emoji as PNG pictures for the pages."""

from __future__ import annotations

from functools import lru_cache

import cv2

from emojimask.build import cast
from emojimask.emojis.sample import sample

SIDE = 256


@lru_cache(maxsize=64)
def emoji_png(emoji_set: str, expression: str) -> bytes:
    """PNG, ``SIDE`` pixels square with transparency; where persons wear different sets, the first one's.

    Raises UsageError for an unknown set.
    """
    image = sample(cast(emoji_set).for_track(1), expression)
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".png", small)[1].tobytes()
