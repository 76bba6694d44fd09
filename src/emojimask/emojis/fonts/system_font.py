"""Where each system keeps its colour emoji font."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from emojimask.emojis.fonts.font_file import color_of
from emojimask.errors import EmojiSetError

_NAMES = (
    "NotoColorEmoji.ttf",
    "Noto-COLRv1.ttf",
    "Apple Color Emoji.ttc",
    "seguiemj.ttf",
    "Twemoji.Mozilla.ttf",
    "TwitterColorEmoji-SVGinOT.ttf",
)
_REMEDY = (
    "install one (Debian, Ubuntu: fonts-noto-color-emoji; Fedora: google-noto-color-emoji-fonts; Arch: "
    "noto-fonts-emoji; macOS and Windows bring their own), or name a file: --emojis font:FILE.ttf"
)


def find_color_font() -> Path:
    """The system's colour emoji font. Raises EmojiSetError where there is none that can be drawn."""
    faults = []
    for file in _candidates():
        try:
            color_of(file)
        except EmojiSetError as fault:
            faults.append(f" ({fault})")
        else:
            return file
    raise EmojiSetError(f"no colour emoji font found{''.join(faults[-1:])}; {_REMEDY}")


def _candidates() -> Iterator[Path]:
    """What fontconfig prefers, where it is there, then what has the name of a known font."""
    preferred = _preferred()
    if preferred.is_file():  # of any name; it may be a font of plain letters, for fontconfig always has an answer
        yield preferred
    for folder in _folders():
        found = {file.name: file for file in folder.rglob("*") if file.name in _NAMES}
        yield from (found[name] for name in _NAMES if name in found)


def _preferred() -> Path:
    """Fontconfig's answer; an empty path where it has none, or takes long: it may be looking through all fonts."""
    command = shutil.which("fc-match")
    if command is None:
        return Path()
    asked = [command, "--format=%{file}", "emoji:color=true"]
    try:
        return Path(subprocess.run(asked, capture_output=True, text=True, timeout=10, check=False).stdout)
    except (OSError, subprocess.SubprocessError, UnicodeError):
        return Path()


def _folders() -> list[Path]:
    home = Path.home()
    match sys.platform:
        case "darwin":
            return [home / "Library/Fonts", Path("/Library/Fonts"), Path("/System/Library/Fonts")]
        case "win32":
            own, system = os.environ.get("LOCALAPPDATA", home), os.environ.get("WINDIR", "C:/Windows")
            return [Path(own, "Microsoft/Windows/Fonts"), Path(system, "Fonts")]
        case _:
            own = os.environ.get("XDG_DATA_HOME") or home / ".local/share"
            return [Path(own, "fonts"), home / ".fonts", Path("/usr/local/share/fonts"), Path("/usr/share/fonts")]
