"""The privacy promise at the way out: nothing but a masked frame passes a sink."""

from __future__ import annotations

from emojimask.types import MaskedFrame


def require_masked(frame: object) -> MaskedFrame:
    """Return ``frame`` if it is a MaskedFrame, else raise TypeError. Every sink's ``write`` begins with it."""
    if not isinstance(frame, MaskedFrame):
        raise TypeError(f"a sink takes MaskedFrame and nothing else, found {type(frame).__name__}")
    return frame
