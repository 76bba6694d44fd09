# /// script
# requires-python = ">=3.11"
# dependencies = ["resvg_py==0.5.0", "pyoxipng==9.1.1", "pillow>=11"]
# ///
"""Draws the emoji set "classic": an SVG and a PNG per expression, and the pictures of docs/emojis.md.

    uv run scripts/draw_emojis.py

Units are those of a 512 x 512 picture with the origin at its centre, x to the right, y down. The disc has radius 248.
The eyes lie around (+-89, -35) and the mouth around (0, 120), where the key points of set.toml put those of a face,
so that the drawn features lie on the real ones. The light comes from the upper left.
"""

from __future__ import annotations

import tomllib
from io import BytesIO
from pathlib import Path

import oxipng
import resvg_py
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent.parent
SET = ROOT / "src/emojimask/emojis/classic"
PICTURES = ROOT / "docs/images"

SIZE = 512
RADIUS = 248
EYE_X, EYE_Y = 89, -35
INK = "#4b2a17"  # brows, lips, eyes: a warm brown, softer on the yellow than black

DEFS = """
<radialGradient id="skin" gradientUnits="userSpaceOnUse" cx="-30" cy="-80" r="345">
  <stop offset="0" stop-color="#ffe584"/><stop offset=".45" stop-color="#ffd552"/>
  <stop offset=".8" stop-color="#fdbd35"/><stop offset="1" stop-color="#f5a524"/>
</radialGradient>
<radialGradient id="rim" gradientUnits="userSpaceOnUse" cx="0" cy="0" r="248">
  <stop offset=".93" stop-color="#c9650a" stop-opacity="0"/><stop offset="1" stop-color="#c9650a" stop-opacity=".55"/>
</radialGradient>
<radialGradient id="gloss"><stop offset="0" stop-color="#fff" stop-opacity=".5"/>
  <stop offset=".5" stop-color="#fff" stop-opacity=".22"/><stop offset="1" stop-color="#fff" stop-opacity="0"/>
</radialGradient>
<radialGradient id="blush"><stop offset="0" stop-color="#ff6558" stop-opacity=".62"/>
  <stop offset=".5" stop-color="#ff6558" stop-opacity=".36"/><stop offset="1" stop-color="#ff6558" stop-opacity="0"/>
</radialGradient>
<linearGradient id="eye" x1="0" y1="0" x2="0" y2="1">
  <stop offset="0" stop-color="#331a0e"/><stop offset=".55" stop-color="#4b2a17"/>
  <stop offset="1" stop-color="#8a5228"/>
</linearGradient>
<linearGradient id="white" x1="0" y1="0" x2="0" y2="1">
  <stop offset="0" stop-color="#e6ddd3"/><stop offset=".4" stop-color="#fff"/>
</linearGradient>
<linearGradient id="throat" x1="0" y1="0" x2="0" y2="1">
  <stop offset="0" stop-color="#451212"/><stop offset="1" stop-color="#862626"/>
</linearGradient>
<linearGradient id="tongue" x1="0" y1="0" x2="0" y2="1">
  <stop offset="0" stop-color="#e2566d"/><stop offset="1" stop-color="#ff8f98"/>
</linearGradient>
<linearGradient id="water" x1="0" y1="0" x2="0" y2="1">
  <stop offset="0" stop-color="#a9e1ff"/><stop offset="1" stop-color="#3596ee"/>
</linearGradient>
"""


# --- parts that every face is put together from -----------------------------------------------------------------------


def face(features: str, tint: str = "") -> str:
    """The whole SVG: a glossy yellow disc, a tint laid over it, and the features on top."""
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="512" height="512" viewBox="-256 -256 512 512">
<defs>{DEFS}</defs>
<circle r="{RADIUS}" fill="url(#skin)"/>
<circle r="{RADIUS}" fill="url(#rim)"/>{tint}
<ellipse cx="-70" cy="-184" rx="120" ry="48" transform="rotate(-20 -70 -184)" fill="url(#gloss)"/>
{features}
</svg>
"""


def tint(*stops: tuple[float, str, float]) -> str:
    """Colour laid over the disc from top to bottom; each stop is offset, colour, opacity."""
    colors = "".join(
        f'<stop offset="{at}" stop-color="{color}" stop-opacity="{opacity}"/>' for at, color, opacity in stops
    )
    return f"""
<linearGradient id="tint" x1="0" y1="0" x2="0" y2="1">{colors}</linearGradient>
<circle r="{RADIUS}" fill="url(#tint)"/>"""


def mirrored(part: str) -> str:
    """The part, which is drawn on the right, and its mirror image on the left."""
    return f'{part}\n<g transform="scale(-1 1)">{part}</g>'


def eyes(left: str, right: str) -> str:
    """Two eyes, drawn around the origin, put in their places."""
    return f"""<g transform="translate({-EYE_X} {EYE_Y})">{left}</g>
<g transform="translate({EYE_X} {EYE_Y})">{right}</g>
"""


def line(path: str, width: float = 18, color: str = INK) -> str:
    """A stroke with round ends."""
    return (
        f'<path d="{path}" fill="none" stroke="{color}" stroke-width="{width}"'
        ' stroke-linecap="round" stroke-linejoin="round"/>\n'
    )


def glint(x: float, y: float, rx: float, ry: float, opacity: float = 1) -> str:
    """Light caught by an eye."""
    return f'<ellipse cx="{x}" cy="{y}" rx="{rx}" ry="{ry}" fill="#fff" fill-opacity="{opacity}"/>'


def button_eye() -> str:
    """A dark glossy eye."""
    return '<ellipse rx="36" ry="45" fill="url(#eye)"/>' + glint(-11, -17, 12.5, 14) + glint(13, 19, 5.5, 5.5, 0.75)


def wide_eye(pupil: float, look: tuple[float, float] = (0, 0)) -> str:
    """A white eye, wide open, whose pupil looks aside by ``look``."""
    x, y = look
    return (
        f'<ellipse rx="46" ry="54" fill="url(#white)" stroke="{INK}" stroke-width="7"/>'
        f'<circle cx="{x}" cy="{y}" r="{pupil}" fill="url(#eye)"/>'
        + glint(x - pupil * 0.34, y - pupil * 0.38, pupil * 0.34, pupil * 0.34)
    )


def clip(name: str, path: str) -> str:
    """Makes the inside of ``path`` known as ``name``, for :func:`clipped`."""
    return f'<clipPath id="{name}"><path d="{path}"/></clipPath>\n'


def clipped(name: str, content: str) -> str:
    """``content`` as far as it lies inside the path ``name``."""
    return f'<g clip-path="url(#{name})">{content}</g>\n'


def drop(x: float, y: float, scale: float, angle: float = 0) -> str:
    """A drop of water with its tip at (x, y); 100 high at scale 1."""
    return f"""<g transform="translate({x} {y}) rotate({angle}) scale({scale})">
<path d="M0 0C9 22 34 41 34 66A34 34 0 0 1 -34 66C-34 41 -9 22 0 0Z" fill="url(#water)"/>
{line("M-19 66A19 19 0 0 0 -5 84", 8, "#fff")}</g>"""


# --- the eight --------------------------------------------------------------------------------------------------------


def neutral() -> str:
    return face(
        eyes(button_eye(), button_eye()) + mirrored(line("M56 -110Q90 -126 124 -108", 15)) + line("M-62 121H62", 19)
    )


def happy() -> str:
    mouth = (
        "M-112 62C-66 82 66 82 112 62C124 57 134 66 132 79"
        "C122 152 68 202 0 202C-68 202 -122 152 -132 79C-134 66 -124 57 -112 62Z"
    )
    inside = """<path d="M-140 40H140V210H-140Z" fill="url(#throat)"/>
<ellipse cy="202" rx="78" ry="50" fill="url(#tongue)"/>
<path d="M-140 40H140V84C80 116 -80 116 -140 84Z" fill="#fff"/>"""
    return face(
        mirrored('<ellipse cx="164" cy="34" rx="62" ry="44" fill="url(#blush)"/>')
        + mirrored(line("M48 -20C58 -80 120 -80 130 -20", 21))
        + mirrored(line("M62 -122Q94 -142 126 -118", 15))
        + clip("mouth", mouth)
        + clipped("mouth", inside)
        + line(mouth, 8)
    )


def sad() -> str:
    eye = (
        clipped("droop", '<ellipse rx="37" ry="45" fill="url(#eye)"/>')
        + '<ellipse cy="28" rx="20" ry="9" fill="#bfe6ff"/>'
        + line("M-34 -40Q10 -28 46 -6", 12)
    )
    glints = eyes(glint(-6, -6, 9, 9), glint(-8, -8, 9, 9))
    return face(
        clip("droop", "M-60 -52L60 -2V60H-60Z")
        + eyes(f'<g transform="scale(-1 1)">{eye}</g>', eye)
        + glints
        + mirrored(line("M44 -140C60 -116 96 -98 138 -92", 17))
        + line("M-70 154C-50 88 50 88 70 154", 19)
        + line("M-24 176Q0 166 24 176", 10, "#d08419")
        + drop(-122, -4, 1.08)
    )


def surprise() -> str:
    mouth = "M0 62C34 62 52 92 52 130C52 168 32 194 0 194C-32 194 -52 168 -52 130C-52 92 -34 62 0 62Z"
    inside = """<path d="M-60 60H60V200H-60Z" fill="url(#throat)"/>
<ellipse cy="198" rx="42" ry="34" fill="url(#tongue)"/>"""
    return face(
        eyes(wide_eye(27), wide_eye(27))
        + mirrored(line("M54 -142Q92 -184 136 -140", 16))
        + clip("mouth", mouth)
        + clipped("mouth", inside)
        + line(mouth, 8)
    )


def fear() -> str:
    mouth = (
        "M-104 156C-108 116 -76 86 -50 94C-30 100 -20 84 0 84C20 84 30 100 50 94C76 86 108 116 104 156"
        "C102 178 68 166 50 160C30 154 18 172 0 172C-18 172 -30 154 -50 160C-68 166 -102 178 -104 156Z"
    )
    inside = """<path d="M-110 60H110V180H-110Z" fill="url(#throat)"/>
<path d="M-110 70H110V122C60 112 -60 112 -110 122Z" fill="#fff"/>"""
    return face(
        eyes(wide_eye(14, (3, 3)), wide_eye(14, (-3, 3)))
        + mirrored(line("M40 -152C60 -130 98 -112 138 -112", 16))
        + clip("mouth", mouth)
        + clipped("mouth", inside)
        + line(mouth, 9)
        + drop(184, -134, 0.8, 10),
        tint((0, "#5d86f2", 0.95), (0.16, "#86a6f7", 0.9), (0.36, "#dfe3f2", 0.75), (0.62, "#fff3d0", 0)),
    )


def angry() -> str:
    eye = clipped("lid", '<ellipse rx="38" ry="44" fill="url(#eye)"/>') + glint(-8, 8, 8, 8)
    mouth = "M-96 158C-104 112 -60 90 0 90C60 90 104 112 96 158C92 174 60 162 0 162C-60 162 -92 174 -96 158Z"
    teeth = '<path d="M-110 80H110V180H-110Z" fill="#fff"/>' + line("M-100 134Q0 116 100 134", 5)
    gaps = "".join(line(f"M{x} 84V176", 5) for x in (-58, -20, 20, 58))
    return face(
        clip("lid", "M-60 -34L60 6V70H-60Z")
        + eyes(eye, f'<g transform="scale(-1 1)">{eye}</g>')
        + mirrored(line("M32 -50C64 -72 104 -94 142 -102", 26))
        + clip("mouth", mouth)
        + clipped("mouth", teeth + gaps)
        + line(mouth, 10),
        tint((0, "#e0261b", 0.9), (0.45, "#ee4a27", 0.68), (1, "#f98a2a", 0.1)),
    )


def disgust() -> str:
    tongue = "M-38 120V164C-38 192 -20 208 2 208C24 208 42 192 42 164V116Z"
    return face(
        mirrored(line("M132 -62C104 -58 78 -46 54 -28C80 -20 104 -12 128 -2", 20))
        + line("M-142 -112C-112 -104 -76 -94 -44 -74", 17)
        + line("M42 -80C62 -104 96 -130 140 -118", 17)
        + line("M-15 2Q0 12 15 2M-22 24Q0 37 22 24M-15 48Q0 58 15 48", 9, "#a77a16")
        + f'<path d="{tongue}" fill="url(#tongue)" stroke="{INK}" stroke-width="8"/>'
        + line("M2 136V166", 6, "#c8405b")
        + line("M-98 154C-88 108 -56 106 -38 120C-18 136 16 100 42 114C62 126 84 112 98 146", 19),
        tint((0.25, "#c3d23c", 0), (0.6, "#a9cc3c", 0.45), (1, "#68a526", 0.85)),
    )


def contempt() -> str:
    ball = f"""<ellipse rx="44" ry="46" fill="{INK}"/><ellipse rx="38" ry="40" fill="url(#white)"/>
<circle cx="15" cy="8" r="23" fill="url(#eye)"/>"""
    eye = (
        clipped("half", ball)
        + glint(9, 9, 6.5, 6.5)
        + line("M-46 -8H46", 12)
        + line("M-34 -33Q0 -50 34 -33", 8, "#d08419")
    )
    return face(
        clip("half", "M-60 -8H60V60H-60Z")
        + eyes(eye, eye)
        + line("M-140 -102Q-92 -112 -48 -96", 17)
        + line("M48 -122Q92 -170 140 -126", 17)
        + line("M-64 130C-20 144 46 136 88 94", 19)
        + line("M90 70Q114 84 110 114", 12)
    )


EMOJIS = {draw.__name__: draw for draw in (angry, disgust, fear, happy, sad, surprise, neutral, contempt)}


# --- pictures ---------------------------------------------------------------------------------------------------------


def png(svg: str) -> bytes:
    raw = resvg_py.svg_to_bytes(svg_string=svg, width=SIZE, height=SIZE, skip_system_fonts=True)
    return oxipng.optimize_from_memory(raw, level=4)


def contact_sheet(emojis: dict[str, Image.Image]) -> Image.Image:
    """The eight with their names, four to a row."""
    cell, label = 200, 34
    sheet = Image.new("RGBA", (4 * cell, 2 * (cell + label)), "white")
    draw = ImageDraw.Draw(sheet)
    for i, (name, emoji) in enumerate(emojis.items()):
        x, y = i % 4 * cell, i // 4 * (cell + label)
        sheet.alpha_composite(emoji.resize((cell - 24, cell - 24), Image.Resampling.LANCZOS), (x + 12, y + 12))
        draw.text((x + cell / 2, y + cell + 8), name, "#333", ImageFont.load_default(20), "mm")
    return sheet.convert("RGB")


def key_point_picture(emoji: Image.Image) -> Image.Image:
    """An emoji with the six key points of set.toml marked and named."""
    margin = 40
    picture = Image.new("RGBA", (SIZE + 2 * margin, SIZE), "white")
    picture.alpha_composite(emoji, (margin, 0))
    draw = ImageDraw.Draw(picture)
    for name, (x, y) in tomllib.loads((SET / "set.toml").read_text(encoding="utf-8"))["key_points"].items():
        at = x * SIZE + margin, y * SIZE
        draw.circle(at, 7, "#1667d9", "white", 2)
        side, dx, dy = {"l": ("rm", -20, 0), "r": ("lm", 20, 0)}.get(name.removeprefix("mouth_")[0], ("mb", 0, -14))
        draw.text((at[0] + dx, at[1] + dy), name, "#0b3f91", ImageFont.load_default(16), side)
    return picture.convert("RGB")


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    emojis = {}
    for name, draw in EMOJIS.items():
        svg = draw()
        data = png(svg)
        (SET / f"{name}.svg").write_text(svg, encoding="utf-8")
        (SET / f"{name}.png").write_bytes(data)
        emojis[name] = Image.open(BytesIO(data)).convert("RGBA")
    contact_sheet(emojis).save(PICTURES / "classic.png", optimize=True)
    key_point_picture(emojis["neutral"]).save(PICTURES / "key_points.png", optimize=True)


if __name__ == "__main__":
    main()
