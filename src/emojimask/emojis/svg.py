"""SVG pictures of emoji: looked through for what does not belong in a drawing, then rendered."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

from emojimask.errors import EmojiSetError

LARGEST_FILE = 1_000_000
"""Bytes."""
MOST_SHAPES = 20_000
"""Elements once every <use> is followed."""
LONGEST_S = 20.0
"""For drawing it."""
MOST_MEMORY = 2 << 30
"""Bytes, for drawing it; those of the set classic take 20 MB."""

_DRAW = """
import sys
size, memory = map(int, sys.argv[1:])
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
except (ImportError, ValueError, OSError):
    pass  # Windows has no such limit; macOS, and a system with a lower one, may refuse it
try:
    from resvg_py import svg_to_bytes
    text = sys.stdin.buffer.read().decode()
    inch = 96  # as in CSS; by default it has no length, and so neither has a millimetre
    png = svg_to_bytes(svg_string=text, width=size, height=size, dpi=inch, skip_system_fonts=True)
except Exception as error:
    sys.exit(str(error))
sys.stdout.buffer.write(bytes(png))
"""

_ACTIVE = ("script", "foreignObject", "animate", "animateMotion", "animateTransform", "set", "handler", "listener")
_FOREIGN_CSS = re.compile(r"@import|url\(\s*+['\"]?+\s*+(?!#)", re.IGNORECASE)
_EXPORT = "or export the picture as a PNG"


class DrawingError(ValueError):
    """What is wrong with a drawing, and what whoever drew it can do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


def render_svg(file: Path, size: int) -> bytes:
    """The drawing in ``file`` as a PNG of ``size`` x ``size`` pixels.

    Raises:
        FileNotFoundError: it is missing.
        EmojiSetError: it is damaged, huge, not square, reaches out of itself or holds more than a drawing, or the extra
            [svg] is not installed.
    """
    try:
        text = _read(file)
        root = parse_svg(text)
        check_shapes(root, root)
        _check_square(root)
        return draw_svg(text, size)
    except DrawingError as fault:
        raise EmojiSetError(f"{file}: {fault}; {fault.remedy}, {_EXPORT}") from fault
    except ImportError:
        raise EmojiSetError(f'{file}: SVG needs the extra [svg]: pip install "emojimask[svg]"; {_EXPORT}') from None


def parse_svg(text: str) -> ElementTree.Element:
    """The <svg> element in ``text``. Raises DrawingError where it is damaged or holds more than a drawing."""
    if "<!ENTITY" in text:
        raise DrawingError("defines entities", "save it as plain SVG")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise DrawingError(f"cannot be read as an SVG ({error})", "save it anew") from error
    if _name(root.tag) != "svg":
        raise DrawingError(f"is no SVG, but <{_name(root.tag)}>", "save it anew")
    for element in root.iter():
        _check_element(element)
    return root


def check_shapes(shown: ElementTree.Element, root: ElementTree.Element) -> None:
    """Raises DrawingError where ``shown``, a part of ``root``, has too many elements."""
    if _shapes(shown, {element.get("id", ""): element for element in root.iter()}) > MOST_SHAPES:
        raise DrawingError(f"has more than {MOST_SHAPES} shapes", "simplify it")


def draw_svg(text: str, size: int) -> bytes:
    """The drawing as a PNG of ``size`` x ``size`` pixels.

    Raises DrawingError where it cannot be drawn, ImportError without the extra [svg].
    """
    if find_spec("resvg_py") is None:
        raise ImportError("resvg_py is not installed")
    # In a process of its own: a drawing made to harm can keep the renderer busy for hours, fill the memory with one
    # huge pattern, or break the renderer down.
    command = [sys.executable, "-P", "-c", _DRAW, str(size), str(MOST_MEMORY)]
    try:
        drawn = subprocess.run(command, input=text.encode(), capture_output=True, timeout=LONGEST_S, check=False)
    except subprocess.TimeoutExpired:
        raise DrawingError(f"takes more than {LONGEST_S:g} seconds to draw", "simplify it") from None
    if drawn.returncode:
        raise DrawingError(f"cannot be drawn ({_last_words(drawn)})", "save it anew")
    return drawn.stdout


def _last_words(ended: subprocess.CompletedProcess[bytes]) -> str:
    """Why the renderer ended: where it breaks down, the first line says so, and hints for its authors follow."""
    lines = ended.stderr.decode(errors="replace").strip().splitlines()
    told = (line for line in lines if "panicked" in line or not line.startswith("note:"))
    return next(told, f"the renderer ended: {ended.returncode}")


def _read(file: Path) -> str:
    size = file.stat().st_size
    if size > LARGEST_FILE:
        raise DrawingError(f"{size / 1e6:.1f} MB", f"simplify it to {LARGEST_FILE / 1e6:g} MB")
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DrawingError(f"cannot be read as an SVG ({error})", "save it anew") from error


def _check_element(element: ElementTree.Element) -> None:
    tag = _name(element.tag)
    if tag in _ACTIVE or any(_name(key).startswith("on") for key in element.attrib):
        raise DrawingError(f"holds a script or moves by itself (<{tag}>)", "take that out")
    if tag == "text":
        raise DrawingError("holds text, which looks different everywhere", "make it paths")
    foreign = [value for key, value in element.attrib.items() if _name(key) == "href" and value[:1] != "#"]
    css = [*element.attrib.values(), (element.text or "") if tag == "style" else ""]
    if foreign or any(_FOREIGN_CSS.search(value) for value in css):
        raise DrawingError(f"<{tag}> refers to something outside the drawing", "take it out")


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


def _check_square(root: ElementTree.Element) -> None:
    size = root.get("viewBox", "").replace(",", " ").split()[2:] or [root.get("width", ""), root.get("height", "")]
    try:
        width, height = (float(value.removesuffix("px")) for value in size)
    except ValueError:
        raise DrawingError("its size is not known", 'give it a viewBox="0 0 512 512"') from None
    if not (0 < width < 1e6 and abs(width - height) < 1e-3 * width):
        raise DrawingError(f"{width:g} x {height:g}", "make it square")


def _name(tag: str) -> str:
    """Without its namespace."""
    return tag.rpartition("}")[2]
