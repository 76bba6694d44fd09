"""Emoji as PNG pictures for the pages."""

from __future__ import annotations

from functools import lru_cache

import cv2
from fastapi import HTTPException
from fastapi.responses import Response

from emojimask.build import cast
from emojimask.emojis.sample import sample
from emojimask.types import EXPRESSIONS

SIDE = 256
_KEEP = {"Cache-Control": "max-age=3600"}


def emoji_answer(emoji_set: str, expression: str) -> Response:
    """Raises HTTPException where there is no such expression."""
    if expression not in EXPRESSIONS:
        raise HTTPException(404)
    return Response(emoji_png(emoji_set, expression), media_type="image/png", headers=_KEEP)


@lru_cache(maxsize=64)
def emoji_png(emoji_set: str, expression: str) -> bytes:
    """PNG, ``SIDE`` pixels square with transparency; where persons wear different sets, the first one's.

    Raises UsageError for an unknown set.
    """
    image = sample(cast(emoji_set).for_track(1), expression)
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".png", small)[1].tobytes()
