"""Names that say nothing of who bears them."""

from __future__ import annotations

import secrets
import unicodedata

from emojimask.web.board.limits import MAX_NICK

_FIRST = ("Amber", "Brave", "Calm", "Clever", "Coral", "Golden", "Jolly", "Lucky", "Mellow", "Misty", "Nimble", "Quiet",
          "Rapid", "Silver", "Sunny", "Violet")  # fmt: skip
_LAST = ("Badger", "Comet", "Dolphin", "Falcon", "Fox", "Heron", "Lynx", "Maple", "Otter", "Panda", "Puffin", "Raven",
         "Robin", "Tiger", "Walrus", "Willow")  # fmt: skip
_MAX_MARKS = 3
"""On one letter: many scripts write vowels and tones so. More would reach into the names around it."""
_JOINERS = "\u200c\u200d"
"""Invisible, but they shape the letters of many scripts, and make one emoji of several."""
_BLANK = "\u115f\u1160\u2800"
"""Letters, and a sign of Braille, that show nothing. Unicode's other blank letters become these by NFKC."""


def pseudonym() -> str:
    return f"{secrets.choice(_FIRST)} {secrets.choice(_LAST)} {secrets.randbelow(90) + 10}"


def clean_nick(wanted: object) -> str:
    """What of ``wanted`` can be shown safely, at most 24 characters; a pseudonym where nothing is left."""
    if not isinstance(wanted, str):
        return pseudonym()
    text = unicodedata.normalize("NFKC", wanted[: 4 * MAX_NICK])
    kept, marks = "", _MAX_MARKS  # none without a letter
    for c in text:
        kind = "M" if c in _JOINERS else unicodedata.category(c)[0]
        if kind == "C" or c in _BLANK:
            continue
        marks = marks + 1 if kind == "M" else _MAX_MARKS if kind == "Z" else 0
        if marks <= _MAX_MARKS:
            kept += c
    return " ".join(kept.split())[:MAX_NICK].strip() or pseudonym()
