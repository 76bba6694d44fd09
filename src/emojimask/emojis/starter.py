"""A set to begin one's own from: the pictures of another set, and a set.toml that explains itself."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from emojimask.emojis.picture import SIZE
from emojimask.emojis.sample import sample
from emojimask.errors import OutputExistsError, SinkError
from emojimask.files.atomic import unwritable
from emojimask.stages import EmojiSet
from emojimask.types import EXPRESSIONS, KEY_POINTS, Points

_CARD = """\
# An emoji set: eight pictures, and this file. To see it:  emojimask emojis preview "{folder}"
# To look for faults:  emojimask emojis check "{folder}"

name = {name}
title = "My own faces"
author = {author}
licence = {licence}

# Covers what the emoji's shape leaves free of a face: the colour that most of your emojis have, as #RRGGBB.
fill = "{fill}"

# Where the six key points of a face lie in every picture, as the viewer sees them: [x, y], from the top left corner
# [0, 0] to the bottom right one [1, 1]. Draw eyes and mouth around them, and fill the whole area between them: what is
# transparent there would show the face.
[key_points]
{key_points}
# An SVG, such as happy.svg, is taken where there is no PNG of the same name: delete happy.png then.
#
# A picture of another name, or key points that differ for one expression:
#
# [expressions.neutral]
# file = "calm.svg"
#
# [expressions.neutral.key_points]
# mouth_left = [0.35, 0.72]
# mouth_right = [0.65, 0.72]
{differing}"""
"""The example is of the one expression that never differs: TOML takes no table twice."""


def make_starter(folder: Path, source: EmojiSet) -> None:
    """Fill ``folder`` with the pictures of ``source`` as PNG, 512 pixels wide, and a set.toml to go with them.

    Raises:
        OutputExistsError: the folder is there and not empty.
        SinkError: it is a file, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise OutputExistsError(f"{folder}: is there and not empty; name a new folder")
        for expression in EXPRESSIONS:
            rgba = cv2.cvtColor(sample(source, expression), cv2.COLOR_BGRA2RGBA)
            Image.fromarray(np.asarray(rgba, np.uint8)).save(folder / f"{expression}.png")
        (folder / "set.toml").write_text(_card(folder, source), encoding="utf-8")
    except (FileExistsError, NotADirectoryError) as error:
        raise SinkError(f"{folder}: a file lies where the folder would be; name a new folder") from error
    except OSError as error:
        raise unwritable(folder, error) from error


def _card(folder: Path, source: EmojiSet) -> str:
    points = {expression: source.emoji(expression).key_points for expression in EXPRESSIONS}
    usual = points["neutral"]
    blue, green, red = source.fill
    return _CARD.format(
        folder=_printable(str(folder)),
        name=_quoted(_printable(folder.resolve().name).strip() or "mine"),
        author=_quoted(f"Your name, after the set {source.name}"),
        licence=_quoted(getattr(source, "licence", "") or "as that of the pictures it was made from"),
        fill=f"#{red:02X}{green:02X}{blue:02X}",
        key_points=_listed(usual, usual, of=KEY_POINTS),
        differing="".join(
            f"\n[expressions.{expression}.key_points]\n{_listed(own, usual)}"
            for expression, own in points.items()
            if not np.array_equal(own, usual)
        ),
    )


def _listed(points: Points, usual: Points, of: tuple[str, ...] = ()) -> str:
    """A line for each point that is in ``of`` or differs from the usual."""
    shares = (points + 0.5) / SIZE
    return "".join(
        f"{name} = [{x:.4f}, {y:.4f}]\n"
        for name, (x, y), own, other in zip(KEY_POINTS, shares, points, usual, strict=True)
        if name in of or not np.array_equal(own, other)
    )


def _quoted(text: str) -> str:
    """As TOML takes it, in one line."""
    return '"' + _printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _printable(text: str) -> str:
    """In one line, and without what UTF-8 cannot write, such as bytes of a folder's name that are none."""
    return "".join(c for c in text if c.isprintable())
