"""SVG pictures of emoji: looked through for what does not belong in a drawing, then rendered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

from emojimask.errors import EmojiSetError

LARGEST_FILE = 1_000_000
"""Bytes."""
MOST_SHAPES = 20_000
"""Elements once every <use> is followed."""

_ACTIVE = ("script", "foreignObject", "animate", "animateMotion", "animateTransform", "set", "handler", "listener")
_FOREIGN_CSS = re.compile(r"@import|url\(\s*['\"]?(?!#)", re.IGNORECASE)
_EXPORT = "or export the picture as a PNG"


def render_svg(file: Path, size: int) -> bytes:
    """The drawing in ``file`` as a PNG of ``size`` x ``size`` pixels.

    Raises:
        FileNotFoundError: it is missing.
        EmojiSetError: it is damaged, huge, not square, reaches out of itself or holds more than a drawing, or the extra
            [svg] is not installed.
    """
    text, root = _read(file)
    _check_content(file, root)
    _check_square(file, root)
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise EmojiSetError(f"{file}: SVG needs the extra [svg]: pip install 'emojimask[svg]'; {_EXPORT}") from None
    try:
        return bytes(svg_to_bytes(svg_string=text, width=size, height=size, skip_system_fonts=True))
    except ValueError as error:
        raise EmojiSetError(f"{file}: cannot be drawn ({error}); save it anew, {_EXPORT}") from error


def _read(file: Path) -> tuple[str, ElementTree.Element]:
    size = file.stat().st_size
    if size > LARGEST_FILE:
        raise EmojiSetError(f"{file}: {size / 1e6:.1f} MB; simplify it to {LARGEST_FILE / 1e6:g} MB, {_EXPORT}")
    try:
        text = file.read_bytes().decode("utf-8-sig")
        if "<!ENTITY" in text:
            raise EmojiSetError(f"{file}: defines entities; save it as plain SVG, {_EXPORT}")
        root = ElementTree.fromstring(text)
    except (UnicodeDecodeError, ElementTree.ParseError) as error:
        raise EmojiSetError(f"{file}: cannot be read as an SVG ({error}); save it anew, {_EXPORT}") from error
    if _name(root.tag) != "svg":
        raise EmojiSetError(f"{file}: is no SVG, but <{_name(root.tag)}>; save it anew, {_EXPORT}")
    return text, root


def _check_content(file: Path, root: ElementTree.Element) -> None:
    for element in root.iter():
        tag = _name(element.tag)
        if tag in _ACTIVE or any(_name(key).startswith("on") for key in element.attrib):
            raise EmojiSetError(f"{file}: holds a script or moves by itself (<{tag}>); take that out, {_EXPORT}")
        if tag == "text":
            raise EmojiSetError(f"{file}: holds text, which looks different everywhere; make it paths, {_EXPORT}")
        foreign = [value for key, value in element.attrib.items() if _name(key) == "href" and value[:1] != "#"]
        css = [*element.attrib.values(), (element.text or "") if tag == "style" else ""]
        if foreign or any(_FOREIGN_CSS.search(value) for value in css):
            raise EmojiSetError(f"{file}: <{tag}> refers to something outside the drawing; take it out, {_EXPORT}")
    if _shapes(root, {element.get("id", ""): element for element in root.iter()}) > MOST_SHAPES:
        raise EmojiSetError(f"{file}: has more than {MOST_SHAPES} shapes; simplify it, {_EXPORT}")


def _shapes(root: ElementTree.Element, named: Mapping[str, ElementTree.Element]) -> int:
    """How many elements are drawn. What refers to itself is counted once; it is not drawn."""
    counts: dict[ElementTree.Element, int] = {}

    def count(element: ElementTree.Element) -> int:
        if element not in counts:
            counts[element] = 1
            used = [value[1:] for key, value in element.attrib.items() if _name(key) == "href"]
            parts = [*element, *(named[name] for name in used if name in named)]
            counts[element] = 1 + sum(count(part) for part in parts)
        return counts[element]

    try:
        return count(root)
    except RecursionError:
        return MOST_SHAPES + 1


def _check_square(file: Path, root: ElementTree.Element) -> None:
    size = root.get("viewBox", "").replace(",", " ").split()[2:] or [root.get("width", ""), root.get("height", "")]
    try:
        width, height = (float(value.removesuffix("px")) for value in size)
    except ValueError:
        raise EmojiSetError(f'{file}: its size is not known; give it a viewBox="0 0 512 512", {_EXPORT}') from None
    if not (0 < width < 1e6 and abs(width - height) < 1e-3 * width):
        raise EmojiSetError(f"{file}: {width:g} x {height:g}; make it square")


def _name(tag: str) -> str:
    """Without its namespace."""
    return tag.rpartition("}")[2]
