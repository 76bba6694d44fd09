"""What a room and its members are. Everything that is known of anybody is in these two."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from emojimask.types import EXPRESSIONS

REACTIONS, RECOGNISED = "reactions", "expressions"
KINDS = (REACTIONS, RECOGNISED)
INTERVALS_S = (1, 2, 5, 10, 30, 60)
LEAST_FOR_AGGREGATES = 5
_CODE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that look alike
_CODE_LENGTH = 8


@dataclass(slots=True)
class Room:
    """A lesson.

    Attributes:
        code: what people join with; 8 letters of 32, which is 40 random bits.
        kind: "reactions" (people choose their emoji) or "expressions" (recognised).
        interval_s: the least seconds between two messages of a member.
        host_hash: of the host's token.
        opened_s: seconds since 1970.
        admits: newcomers are let in.
    """

    code: str
    kind: str
    interval_s: int
    host_hash: str
    opened_s: float
    admits: bool = True

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def public(self) -> dict[str, Any]:
        """What a member may know."""
        return {"code": self.code, "kind": self.kind, "interval_s": self.interval_s, "admits": self.admits}


@dataclass(slots=True)
class Member:
    """Somebody in a room, known by a nickname.

    Attributes:
        id: public, counts for nothing.
        token_hash: of the member's own token.
        home: the server process that the member is connected to; "" while away.
        sharing: the member lets the emoji be seen. ``label`` and ``confidence`` (0 to 1) are empty while not.
        hand: when it was raised, seconds since 1970; 0 while it is down.
    """

    id: str
    nick: str
    token_hash: str
    home: str = ""
    sharing: bool = False
    label: str = ""
    confidence: float = 0.0
    hand: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def pause(self) -> None:
        """Nothing is shared from now on."""
        self.sharing, self.label, self.confidence = False, "", 0.0

    def go_away(self) -> None:
        """Out of touch, and so unable to withdraw what was shared: it is withdrawn here."""
        self.home = ""
        self.pause()

    def hold_hand(self, up: bool) -> None:
        """One that is up already, as of somebody who comes back and says so, keeps its turn."""
        self.hand = (self.hand or time.time()) if up else 0.0

    def shown(self) -> list[object]:
        """What the host sees: id, nickname, emoji or "", confidence, when the hand was raised or 0, connected."""
        return [self.id, self.nick, self.label if self.sharing else "", self.confidence, self.hand, bool(self.home)]


def new_code() -> str:
    return "".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH))


def plain_code(text: str) -> str:
    """A code as a person may have typed it, without spaces and dashes, in capitals."""
    return "".join(c for c in text.upper() if c in _CODE_LETTERS)[: _CODE_LENGTH + 1]


def new_token() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def is_token(token: object, token_hash: str) -> bool:
    return isinstance(token, str) and hmac.compare_digest(hash_token(token), token_hash)


def shares(members: Iterable[Member]) -> list[int] | None:
    """How many show each of EXPRESSIONS; None where fewer than five share, so that no sum speaks of one person."""
    counts = Counter(member.label for member in members if member.sharing and member.home)
    return [counts[label] for label in EXPRESSIONS] if counts.total() >= LEAST_FOR_AGGREGATES else None
