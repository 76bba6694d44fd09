"""COLR version 1: the graph of paints of one glyph as an SVG drawing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

from fontTools.misc.transform import Identity, Transform
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables.otTables import CompositeMode, ExtendMode, PaintFormat

from emojimask.emojis.fonts.gradients import WEDGES, Color, ColorLine, filling, linear, number, radial, wedges
from emojimask.emojis.svg import DrawingError

MOST = {"paints": 4096, "compositions": 32, "numbers": 500_000}
"""Of one glyph, each counted as often as it is drawn; numbers are coordinates and stops. A face has some 20 paints, a
flag thousands."""
DEEPEST = 64
"""Paints within one another."""

Box = tuple[float, float, float, float]
"""x, y, width and height, in units of the font, y down."""

_UPRIGHT = Transform(1, 0, 0, -1, 0, 0)  # y grows upwards in fonts, downwards in SVG
_FOREGROUND: Color = (0, 0, 0, 1.0)  # the text's own colour, palette index 0xFFFF
_NO_COLOR: Color = (0, 0, 0, 0.0)


@dataclass(frozen=True)
class ColorTables:
    """What the glyphs of a font share.

    Attributes:
        paints, clips: of each glyph, by name; not every one has a clip.
        layers: all that glyphs take their layers from.
        palette: the font's first.
        outlines: fontTools' glyph set.
    """

    paints: Mapping[str, Any]
    clips: Mapping[str, Any]
    layers: Sequence[Any]
    palette: Sequence[Color]
    outlines: Any

    @classmethod
    def of(cls, font: TTFont) -> ColorTables:
        colr = font["COLR"].table
        return cls(
            {record.BaseGlyph: record.Paint for record in colr.BaseGlyphList.BaseGlyphPaintRecord},
            colr.ClipList.clips if colr.ClipList else {},
            colr.LayerList.Paint if colr.LayerList else (),
            [(c.red, c.green, c.blue, c.alpha / 255) for c in font["CPAL"].palettes[0]] if "CPAL" in font else (),
            font.getGlyphSet(),
        )


class PaintGraph:
    """Draws one glyph, and counts what it draws, so that no font can make that endless."""

    def __init__(self, tables: ColorTables, box: Box) -> None:
        """``box``: of the whole drawing."""
        self._tables = tables
        self._box = box
        self._definitions: list[str] = []
        self._counts: Counter[str] = Counter()

    def svg(self, glyph: str) -> str:
        """The elements of the drawing. Raises DrawingError where they are too many, or contain themselves."""
        drawn = self._whole_glyph(glyph, _UPRIGHT, 0)
        return f"<defs>{''.join(self._definitions)}</defs>{drawn}"

    def _whole_glyph(self, glyph: str, at: Transform, depth: int) -> str:
        drawn = self._paint(self._tables.paints[glyph], at, depth)
        if clip := self._tables.clips.get(glyph):
            return self._cut(drawn, f"M{clip.xMin} {clip.yMin}H{clip.xMax}V{clip.yMax}H{clip.xMin}Z", at)
        return drawn

    def _paint(self, paint: Any, at: Transform, depth: int) -> str:
        """What ``paint`` shows; ``at`` leads from its space to that of the drawing."""
        self._enter(depth)
        match kind := _kind(paint):
            case "PaintColrLayers":
                layers = self._tables.layers[paint.FirstLayerIndex : paint.FirstLayerIndex + paint.NumLayers]
                return "".join(self._paint(layer, at, depth + 1) for layer in layers)
            case "PaintSolid" | "PaintLinearGradient" | "PaintRadialGradient":
                return f"<rect {self._frame()} {self._fill(paint, at, depth)}/>"
            case "PaintSweepGradient":
                return self._sweep(paint, at)
            case "PaintGlyph":
                return self._shape(paint, at, depth)
            case "PaintColrGlyph":
                return self._whole_glyph(paint.Glyph, at, depth + 1)
            case "PaintComposite":
                return self._composite(paint, at, depth + 1)
            case _:
                return self._paint(paint.Paint, at.transform(_matrix(paint, kind)), depth + 1)

    def _shape(self, paint: Any, at: Transform, depth: int) -> str:
        """An outline filled with a colour or a gradient, or cut out of anything else."""
        outline = self._outline(paint.Glyph)
        if fill := self._fill(paint.Paint, Identity, depth + 1):
            return f'<path d="{outline}" transform="{_svg(at)}" {fill}/>'
        return self._cut(self._paint(paint.Paint, at, depth + 1), outline, at)

    def _fill(self, paint: Any, at: Transform, depth: int) -> str:
        """The attributes that fill a shape with ``paint``; "" where it is more than a colour or a gradient."""
        self._enter(depth)
        match kind := _kind(paint):
            case "PaintSolid":
                return filling(self._color(paint))
            case "PaintLinearGradient" | "PaintRadialGradient":
                gradient = linear if kind == "PaintLinearGradient" else radial
                name = self._name()
                more = f'id="{name}" gradientTransform="{_svg(at)}"'
                self._definitions.append(gradient(paint, self._line(paint.ColorLine), more))
                return f'fill="url(#{name}) none"'
            case "PaintColrLayers" | "PaintSweepGradient" | "PaintGlyph" | "PaintColrGlyph" | "PaintComposite":
                return ""
            case _:
                return self._fill(paint.Paint, at.transform(_matrix(paint, kind)), depth + 1)

    def _sweep(self, paint: Any, at: Transform) -> str:
        if at.xx * at.yy == at.xy * at.yx:  # flat
            return ""
        self._count("numbers", 6 * WEDGES)
        x, y, width, height = self._box
        corners = at.inverse().transformPoints([(x, y), (x + width, y), (x, y + height), (x + width, y + height)])
        parts = "".join(wedges(paint, self._line(paint.ColorLine), corners))
        return f'<g transform="{_svg(at)}" shape-rendering="crispEdges">{parts}</g>'  # smooth edges would leave seams

    def _composite(self, paint: Any, at: Transform, depth: int) -> str:
        def source() -> str:
            return self._paint(paint.SourcePaint, at, depth)

        def below() -> str:
            return self._paint(paint.BackdropPaint, at, depth)

        self._count("compositions")
        match mode := CompositeMode(paint.CompositeMode).name:
            case "CLEAR":
                return ""
            case "SRC":
                return source()
            case "DEST":
                return below()
            case "SRC_OVER":
                return below() + source()
            case "DEST_OVER":
                return source() + below()
            case "SRC_IN":
                return self._within(source(), below())
            case "DEST_IN":
                return self._within(below(), source())
            case "SRC_OUT":
                return self._within(source(), self._inverse(below()))
            case "DEST_OUT":
                return self._within(below(), self._inverse(source()))
            case "SRC_ATOP":
                return below() + self._within(source(), below())
            case "DEST_ATOP":
                return source() + self._within(below(), source())
            case "XOR":
                only_source = self._within(source(), self._inverse(below()))
                return only_source + self._within(below(), self._inverse(source()))
            case _:
                blend = "screen" if mode == "PLUS" else mode.lower().removeprefix("hsl_").replace("_", "-")
                top = f'<g style="mix-blend-mode:{blend}">{source()}</g>'
                return f'<g style="isolation:isolate">{below()}{top}</g>'

    def _within(self, drawn: str, shape: str) -> str:
        """``drawn`` as far as ``shape`` is opaque."""
        name = self._name()
        kind = f'id="{name}" mask-type="alpha" maskUnits="userSpaceOnUse"'
        self._definitions.append(f"<mask {kind} {self._frame()}>{shape}</mask>")
        return f'<g mask="url(#{name})">{drawn}</g>'

    def _inverse(self, drawn: str) -> str:
        """Opaque where ``drawn`` is not."""
        name = self._name()
        matrix = '<feColorMatrix values="0 0 0 0 0  0 0 0 0 0  0 0 0 0 0  0 0 0 -1 1"/>'
        self._definitions.append(f'<filter id="{name}" filterUnits="userSpaceOnUse" {self._frame()}>{matrix}</filter>')
        return f'<g filter="url(#{name})">{drawn}</g>'

    def _cut(self, drawn: str, outline: str, at: Transform) -> str:
        """``drawn`` inside of ``outline``."""
        name = self._name()
        self._definitions.append(f'<clipPath id="{name}"><path d="{outline}" transform="{_svg(at)}"/></clipPath>')
        return f'<g clip-path="url(#{name})">{drawn}</g>'

    def _outline(self, glyph: str) -> str:
        """As the data of a path, in units of the font, y up."""
        pen = SVGPathPen(self, ntos=self._coordinate)  # which asks here for the parts of a glyph, too
        self[glyph].draw(pen)
        return str(pen.getCommands())

    def __getitem__(self, glyph: str) -> Any:
        self._count("numbers")
        return self._tables.outlines[glyph]

    def _coordinate(self, value: float) -> str:
        self._count("numbers")
        return number(value)

    def _line(self, line: Any) -> ColorLine:
        stops = [(stop.StopOffset, self._color(stop)) for stop in line.ColorStop]
        self._count("numbers", len(stops))
        ordered = sorted(stops, key=lambda stop: stop[0])
        return ColorLine(tuple(ordered) or ((0.0, _NO_COLOR),), ExtendMode(line.Extend).name.lower())

    def _color(self, paint: Any) -> Color:
        """Of a solid paint or a stop."""
        index, palette = paint.PaletteIndex, self._tables.palette
        red, green, blue, alpha = palette[index] if index < len(palette) else _FOREGROUND
        return red, green, blue, alpha * paint.Alpha

    def _frame(self) -> str:
        x, y, width, height = self._box
        return f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'

    def _name(self) -> str:
        self._counts["names"] += 1
        return f"d{self._counts['names']}"

    def _enter(self, depth: int) -> None:
        self._count("paints")
        if depth > DEEPEST:
            raise DrawingError(f"has more than {DEEPEST} paints within one another", "simplify it")

    def _count(self, what: str, many: int = 1) -> None:
        self._counts[what] += many
        if self._counts[what] > MOST[what]:
            raise DrawingError(f"has more than {MOST[what]} {what}", "simplify it")


def _kind(paint: Any) -> str:
    """The name of its format. A variable font's paints are taken as they are by default."""
    return str(PaintFormat(paint.Format).name).replace("Var", "").removesuffix("2")  # PaintGlyph2 has longer numbers


def _matrix(paint: Any, kind: str) -> Transform:
    plain = copy(paint)
    plain.Format = PaintFormat[kind]
    transform: Transform = plain.getTransform()
    return transform


def _svg(at: Transform) -> str:
    return f"matrix({' '.join(map(number, at))})"
