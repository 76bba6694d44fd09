"""Tables for people, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]], rule: str = "---") -> str:
    """A table of ``rows`` under ``head``; ``rule``: of all columns but the first, ``---:`` aligns them to the right."""
    lines = [head, ["---", *[rule] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
