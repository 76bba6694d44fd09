"""What a copied stream's head, its "extradata", tells of people: taken out, with what is needed for playing left in."""

from __future__ import annotations

from collections.abc import Callable

_VORBIS_COMMENTS, _VORBIS_SETUP = b"\x03vorbis", b"\x05vorbis"  # what these two of its three parts begin with
_XIPH_LACED = 2  # the first byte where the lengths of the parts stand in front of all; else each stands before its part
_ASS_INFO, _ASS_REST = b"[script info]", (b"[v4", b"[events]")  # the latter without anything of people
_ASS_LAYOUT = frozenset(
    {b"scripttype", b"playresx", b"playresy", b"layoutresx", b"layoutresy", b"wrapstyle", b"collisions", b"timer"}
    | {b"scaledborderandshadow", b"ycbcr matrix", b"kerning"}
)


def anonymous(codec: str, head: bytes) -> bytes:
    """The head of a stream without what it may say of people: titles, names, a cover picture, paths of files.

    Args:
        codec: FFmpeg's name.
        head: the codec's private data ("extradata").

    Raises:
        ValueError: it is not as the codec's heads are.
    """
    clean = _CLEAN.get(codec)
    return clean(head) if clean is not None and head else head


def _without_comments(head: bytes) -> bytes:
    """In Vorbis they are a part of the head; it keeps its length, as the lengths are elsewhere."""
    start = head.index(_VORBIS_COMMENTS) + len(_VORBIS_COMMENTS)
    end = head.rindex(_VORBIS_SETUP) - (0 if head[0] == _XIPH_LACED else 2)
    vendor = end - start - 9  # what is left beside its length, the number of comments, and the bit that ends the part
    return b"".join([head[:start], vendor.to_bytes(4, "little"), b" " * vendor, bytes(4), b"\x01", head[end:]])


def _layout_only(head: bytes) -> bytes:
    """In ASS titles and authors stand beside the layout, and editors add the paths of the files that they had open."""
    kept, section = [], b""
    for line in head.splitlines(keepends=True):
        text = line.removeprefix(b"\xef\xbb\xbf").strip().lower()
        section = text if text.startswith(b"[") else section
        key = text.partition(b":")[0].rstrip()
        layout = section == _ASS_INFO and (text in (b"", section) or key in _ASS_LAYOUT)
        if layout or section.startswith(_ASS_REST):
            kept.append(line)
    return b"".join(kept)


def _nothing(head: bytes) -> bytes:  # noqa: ARG001
    """In WebVTT it is a title, notes, and styles that may go by who speaks; the lines are read without."""
    return b""


_CLEAN: dict[str, Callable[[bytes], bytes]] = {"vorbis": _without_comments, "ass": _layout_only, "webvtt": _nothing}
