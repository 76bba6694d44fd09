"""The flags that several commands share. Every setting of the pipeline becomes a flag here, by itself."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from emojimask.cli.given import given_path
from emojimask.errors import UsageError
from emojimask.files.atomic import check_place, unwritable
from emojimask.settings import LIVE_DEFAULTS, MaskSettings, load_settings

PLOTS = (".png", ".svg", ".pdf")
READING = {"faces", "expressions", "provider", "smoothing", "strict", "detect_every_s", "read_every_s"}
"""The settings that say how faces are found and read."""


def flag(setting: str) -> str:
    """The flag of a setting: ``on_lost`` -> ``--on-lost``."""
    return "--" + setting.replace("_", "-")


def add_setting_flags(parser: argparse.ArgumentParser, live: bool = False, *, cover: bool = True) -> None:
    """Without ``cover`` those of :data:`READING` alone, for what shows nobody a picture."""
    what = "how faces are covered" if cover else "how your face is read"
    group = parser.add_argument_group(what, "also from emojimask.toml in this folder; flags win")
    parser.set_defaults(**{knob.name: None for knob in fields(MaskSettings)})  # those without a flag are not given
    for knob in [knob for knob in fields(MaskSettings) if cover or knob.name in READING]:
        default = LIVE_DEFAULTS.get(knob.name, knob.default) if live else knob.default
        text = f"{knob.metadata['help']} ({_range(knob)}default: {_plain(default)})"
        group.add_argument(flag(knob.name), dest=knob.name, default=None, help=text, **_kind(knob))
    group.add_argument("--settings", type=given_path, metavar="FILE", help="a settings file instead of emojimask.toml")


def _kind(knob: Field[Any]) -> dict[str, Any]:
    if knob.metadata["choices"]:
        return {"choices": knob.metadata["choices"]}
    if isinstance(knob.default, bool):
        return {"action": argparse.BooleanOptionalAction}
    if isinstance(knob.default, float):
        return {"type": float, "metavar": "SECONDS"}
    return {"metavar": "NAME"}


def _range(knob: Field[Any]) -> str:
    return f"0 to {knob.metadata['high']:g}; " if isinstance(knob.default, float) else ""


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def settings_from(args: argparse.Namespace, live: bool = False) -> MaskSettings:
    """File and flags together. Raises UsageError."""
    return load_settings(args.settings, {knob.name: getattr(args, knob.name) for knob in fields(MaskSettings)}, live)


def add_output_flags(parser: argparse.ArgumentParser, force: str = "overwrite outputs that exist") -> None:
    parser.add_argument("--force", action="store_true", help=force)
    parser.add_argument("--quiet", action="store_true", help="no progress and no results; warnings and errors only")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")


def add_data_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        type=given_path,
        required=True,
        metavar="DIR",
        help="labelled faces: FER2013 with FER+'s votes, or a folder a class",
    )


def share(text: str) -> float:
    """A share of frames, 0 to 1."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def some_of(choices: Sequence[str]) -> Callable[[str], list[str]]:
    """The type of a flag that takes several of these, with commas between them."""

    def names(text: str) -> list[str]:
        given = list(dict.fromkeys(text.split(",")))
        unknown = [name for name in given if name not in choices]
        if unknown:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is not one of {', '.join(choices)}")
        return given

    return names


def positive(text: str) -> int:
    """A count of at least one."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def result_file(text: str) -> Path:
    """Where results go, in a folder that is there; checked before the work, which is long."""
    path = given_path(text)
    try:
        is_there = path.parent.is_dir()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{path.parent}: cannot be looked at ({error.strerror})") from error
    if not is_there:
        raise argparse.ArgumentTypeError(f"{path.parent} is no folder")
    return path


def plot_file(text: str) -> Path:
    """The same of a plot, whose suffix must be known."""
    path = result_file(text)
    if path.suffix.lower() not in PLOTS:
        raise argparse.ArgumentTypeError(f"{text} does not end in {', '.join(PLOTS)}")
    return path


def check_outputs(outputs: Sequence[Path | None], inputs: Sequence[Path | None], *, force: bool) -> None:
    """Refuse, before long work, to write over its inputs and, without ``force``, over anything else; None: not given.

    Raises:
        UsageError: an output is an input, or is named twice.
        OutputExistsError: an output is there, and ``force`` was not given.
        SinkError: an output is a folder, or its place cannot be looked at.
    """
    places: set[Path] = set()
    for output in filter(None, outputs):
        try:
            check_place(output, filter(None, inputs), force=force)
            place = output.resolve()
        except OSError as error:
            raise unwritable(output, error) from error
        if place in places:
            raise UsageError(f"{output}: is named for two outputs; give each a file of its own")
        places.add(place)
