"""Emoji sets by name: living ones, folders with a set.toml and a picture per expression, and colour fonts."""

from __future__ import annotations

from pathlib import Path

from emojimask.emojis.alive.style import STYLES
from emojimask.emojis.picture import place_key_points, read_picture
from emojimask.emojis.set_toml import read_card
from emojimask.emojis.still_set import StillEmojiSet
from emojimask.errors import EmojiSetError, UsageError
from emojimask.stages import Emoji, EmojiSet

_SHIPPED = Path(__file__).parent
_CARD = "set.toml"
FONT = "font"
"""Stands for the emoji of a colour font."""


def shipped_sets() -> list[str]:
    """Names of the sets that come with emojimask."""
    return sorted([*_shipped_folders(), *STYLES])


def load_emoji_set(spec: str | Path) -> EmojiSet:
    """A shipped set by its name, your own by its folder, or a colour font's: ``font``, or ``font:FILE``.

    Raises:
        UsageError: there is no such set.
        EmojiSetError: the set is incomplete or damaged; the message gives the first fault.
    """
    kind, _, file = str(spec).partition(":")
    if kind == FONT:
        from emojimask.emojis.fonts.font_set import load_font_set

        return load_font_set(_at_home(file) if file else None)
    if spec in STYLES:
        from emojimask.emojis.alive.alive_set import AliveEmojiSet

        return AliveEmojiSet(str(spec))
    return load_folder_set(spec)


def load_folder_set(name_or_dir: str | Path) -> StillEmojiSet:
    """A set of still pictures: a shipped one by its name, or your own by its folder.

    Raises as :func:`load_emoji_set`.
    """
    folder = _folder(name_or_dir)
    if not is_folder(folder):
        raise UsageError(_no_such_set(name_or_dir))
    faults: list[str] = []
    emoji_set = _read_set(folder, faults)
    if emoji_set is None:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise EmojiSetError(faults[0] + more)
    return emoji_set


def check_emoji_set(spec: str | Path) -> list[str]:
    """Every fault of a set, a line each; empty where it is fine."""
    faults: list[str] = []
    folder = _folder(spec)
    if spec not in STYLES and is_folder(folder):
        _read_set(folder, faults)
        return faults
    try:
        load_emoji_set(spec)
    except (UsageError, EmojiSetError) as fault:
        faults.append(str(fault))
    return faults


def is_folder(name: str | Path) -> bool:
    """Whether it names a folder. A name too long for any, such as a list of sets, does not."""
    try:
        return _at_home(name).is_dir()
    except OSError:
        return False


def _shipped_folders() -> list[str]:
    return [card.parent.name for card in _SHIPPED.glob(f"*/{_CARD}")]


def _folder(name_or_dir: str | Path) -> Path:
    return _SHIPPED / name_or_dir if name_or_dir in _shipped_folders() else _at_home(name_or_dir)


def _at_home(path: str | Path) -> Path:
    """With the home folder for ``~``: no shell puts it there within a list of sets, or in a settings file."""
    try:
        return Path(path).expanduser()
    except (RuntimeError, ValueError):  # there is no such user, nor can be
        return Path(path)


def _no_such_set(name_or_dir: str | Path) -> str:
    return (
        f'no emoji set "{name_or_dir}"; shipped: {", ".join(shipped_sets())}; '
        f"or give the path of a folder with a {_CARD}, {FONT} for the system's own emoji or {FONT}:FILE for a font's"
    )


def _read_set(folder: Path, faults: list[str]) -> StillEmojiSet | None:
    """The set in ``folder``; None where something is wrong with it, after adding every fault to ``faults``."""
    card = read_card(folder / _CARD, faults)
    if card is None:
        return None
    emojis: dict[str, Emoji] = {}
    for expression, (file, key_points) in card.drawings.items():
        try:
            image = read_picture(file)
            if key_points is not None:
                emojis[expression] = place_key_points(file, image, key_points)
        except EmojiSetError as fault:
            faults.append(str(fault))
    if faults:
        return None
    return StillEmojiSet(card.name, card.title, card.fill, emojis, card.author, card.licence)
