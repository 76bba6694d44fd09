"""Looks of the living emoji: colours, sizes and manner of every set, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from emojimask.types import EXPRESSIONS

Color = tuple[int, int, int]


def bgr(code: str) -> Color:
    """Blue, green, red of "#RRGGBB"."""
    red, green, blue = bytes.fromhex(code[1:])
    return blue, green, red


@dataclass(frozen=True, slots=True)
class Style:
    """One look. Colours are (blue, green, red); sizes are pixels of the head's picture, 512 wide.

    Attributes:
        title: a line about it.
        head: "ball" shaded softly, "plain", "paper" or "ringed".
        skin, light, dark, rim: the head's colours: middle, where light falls, where it does not, at the edge.
        ink: of lids and creases. brows, lips: of these. white, iris, pupil: of the eyes.
        throat, teeth, tongue, groove: of the mouth.
        cheek, water, glint: of blush, drops, and the light on them.
        tints: colours and opacity that the whole head takes on with anger, disgust (sick) and fear (pale).
        moods: where given, the head's colour for each expression instead.
        eye: half the width and height of an eye. spread: from the middle to an eye's centre.
        rim_above, rim_below: the line around an eye. brow, mouth: half the widths of these lines.
        dots: whether eyes are plain dots. blush: opacity of a cheek.
        laugh: how far laughing eyes close; 0 to 1 and a little more.
        shadow: opacity of each of the two shadows under a piece of paper; 0 for none. shade: its colour.
        cut: how far cut edges stray. samples: along a curve; few for straight cuts.
        spare: whether small things (creases, grooves, glints) are left out.
    """

    title: str
    head: str
    skin: Color
    light: Color
    dark: Color
    rim: Color
    ink: Color
    brows: Color
    lips: Color
    white: Color
    iris: Color
    pupil: Color
    throat: Color
    teeth: Color
    tongue: Color
    groove: Color
    cheek: Color
    water: Color
    glint: Color
    tints: Mapping[str, tuple[Color, float]]
    moods: Mapping[str, Color]
    eye: tuple[float, float]
    spread: float
    rim_above: float
    rim_below: float
    brow: float
    mouth: float
    dots: bool
    blush: float
    laugh: float
    shadow: float
    shade: Color
    cut: float
    samples: int
    spare: bool


_ALIVE = Style(
    title="Alive: round, yellow, wears your movement",
    head="ball",
    skin=bgr("#FFCB3D"),
    light=bgr("#FFE680"),
    dark=bgr("#F9A826"),
    rim=bgr("#E58A12"),
    ink=bgr("#4A2511"),
    brows=bgr("#5A2D12"),
    lips=bgr("#4A2511"),
    white=bgr("#FFFFFF"),
    iris=bgr("#6B3A1E"),
    pupil=bgr("#2B1509"),
    throat=bgr("#6E1423"),
    teeth=bgr("#FFFFFF"),
    tongue=bgr("#F2607A"),
    groove=bgr("#C93F5C"),
    cheek=bgr("#FF5A3C"),
    water=bgr("#3FA9F5"),
    glint=bgr("#FFFFFF"),
    tints={"anger": (bgr("#EE3B22"), 0.56), "sick": (bgr("#7DBB2C"), 0.55), "pale": (bgr("#A6C8FF"), 0.78)},
    moods={},
    eye=(49.0, 54.0),
    spread=78.0,
    rim_above=7.0,
    rim_below=2.5,
    brow=11.5,
    mouth=8.5,
    dots=False,
    blush=0.14,
    laugh=0.0,
    shadow=0.0,
    shade=bgr("#3A1D0A"),
    cut=0.0,
    samples=19,
    spare=False,
)


def _tone(nth: str, *colors: str) -> Style:
    skin, light, dark, rim, brows, ink = map(bgr, colors)
    return replace(
        _ALIVE,
        title=f"Alive in the {nth} of five skin tones, from light to dark",
        skin=skin,
        light=light,
        dark=dark,
        rim=rim,
        brows=brows,
        ink=ink,
        lips=ink,
        tints={"anger": (bgr("#DC2F1C"), 0.42), "sick": (bgr("#7DB02C"), 0.42), "pale": (bgr("#BFD5FF"), 0.5)},
    )


def _alike(color: str, *parts: str) -> dict[str, Any]:
    return dict.fromkeys(parts, bgr(color))


_MOODS = {"angry": "#E5484D", "disgust": "#7FB043", "fear": "#8E7CE0", "happy": "#FFC53D", "sad": "#5B9BD5",
          "surprise": "#FF9A4D", "neutral": "#F2C9A0", "contempt": "#4FB3A5"}  # fmt: skip

STYLES: Mapping[str, Style] = {
    "alive": _ALIVE,
    "alive-1": _tone("first", "#FADCBC", "#FFF0DD", "#EDBE93", "#D49C6C", "#8A5A33", "#50291A"),
    "alive-2": _tone("second", "#EBC196", "#F8DDBB", "#D69F6C", "#B67C48", "#5C3A1E", "#4A2617"),
    "alive-3": _tone("third", "#CB9566", "#E2B88D", "#AC7343", "#8A5529", "#3E2412", "#3E1F12"),
    "alive-4": _tone("fourth", "#A06A42", "#BF8B62", "#7F4C28", "#603416", "#2C170B", "#2C150C"),
    "alive-5": _tone("fifth", "#7A4E36", "#9E7159", "#5A3623", "#402214", "#1C0B05", "#1E0A06"),
    "flat": replace(
        _ALIVE,
        title="Flat: few bold shapes, and a colour for every mood",
        head="plain",
        **_alike(_MOODS["neutral"], "skin", "light", "dark", "rim"),
        **_alike("#1F1B2E", "ink", "brows", "lips", "throat", "groove"),
        tongue=bgr("#FF6B81"),
        water=bgr("#FFFFFF"),
        cheek=bgr("#F2545B"),
        moods={name: bgr(_MOODS[name]) for name in EXPRESSIONS},
        eye=(24.0, 36.0),
        spread=84.0,
        rim_above=8.0,
        rim_below=8.0,
        brow=12.0,
        mouth=12.0,
        tints={},
        dots=True,
        blush=0.55,
        laugh=1.15,
        spare=True,
    ),
    "paper": replace(
        _ALIVE,
        title="Paper: cut out and laid in layers",
        head="paper",
        skin=bgr("#F7BE9B"),
        light=bgr("#FBD3B4"),
        dark=bgr("#F7BE9B"),
        rim=bgr("#7B3F61"),
        ink=bgr("#35284F"),
        brows=bgr("#7B3F61"),
        lips=bgr("#C9404A"),
        white=bgr("#FFF8EA"),
        iris=bgr("#35284F"),
        pupil=bgr("#35284F"),
        throat=bgr("#4A1D3A"),
        teeth=bgr("#FFF8EA"),
        tongue=bgr("#F08A80"),
        groove=bgr("#C9404A"),
        cheek=bgr("#EE7F6B"),
        water=bgr("#4FA3B5"),
        glint=bgr("#FFF8EA"),
        tints={"anger": (bgr("#E0583F"), 0.85), "sick": (bgr("#A3BF5A"), 0.85), "pale": (bgr("#A9C3DA"), 0.85)},
        eye=(46.0, 52.0),
        rim_above=8.0,
        rim_below=3.0,
        brow=13.0,
        mouth=10.0,
        blush=0.9,
        laugh=1.15,
        shadow=0.17,
        cut=1.6,
        samples=11,
        spare=True,
    ),
    "contrast": replace(
        _ALIVE,
        title="Contrast: black, white and one blue; the shape alone tells",
        head="ringed",
        **_alike("#FFFFFF", "skin", "light", "dark"),
        **_alike("#000000", "rim", "ink", "brows", "lips", "iris", "pupil", "throat", "groove"),
        **_alike("#1E6BFF", "tongue", "cheek", "water"),
        eye=(46.0, 54.0),
        spread=84.0,
        rim_above=11.0,
        rim_below=8.0,
        brow=15.0,
        mouth=11.5,
        tints={},
        blush=0.0,
        laugh=1.15,
        spare=True,
    ),
}
"""By name of the set."""
