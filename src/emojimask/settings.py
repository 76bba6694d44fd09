"""Every knob of the pipeline, with its default, range and help. The command line and the docs are made from this."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from numbers import Real
from pathlib import Path
from typing import Any

from emojimask.errors import UsageError
from emojimask.files.toml import read_toml


def _knob(default: Any, text: str, *, choices: tuple[str, ...] = (), high: float = 0.0) -> Any:
    """A number is from 0 to ``high``."""
    return field(default=default, metadata={"help": text, "choices": choices, "high": high})


IN_WORDS = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}
"""What a value of a kind is called where another is found: those who write settings need not know Python."""

NO_EXPRESSIONS = "none"
"""As ``expressions``: no model is loaded, and nobody's expression is recognised."""


@dataclass(frozen=True, slots=True)
class MaskSettings:
    """How faces are found, read and covered; ``emojimask mask --help`` tells of each. Times are in seconds.

    Raises:
        UsageError: a value is of the wrong type, none of those that are known, or out of range.
    """

    faces: str = _knob(
        "mediapipe",
        "how faces are found; hog and mtcnn need the extras [dlib] and [mtcnn]",
        choices=("mediapipe", "hog", "haar", "mtcnn"),
    )
    expressions: str = _knob(
        "default",
        "expression model: default, compact-resnet (half the time), or the path of an .onnx file with its card; none: "
        "nobody's expression is recognised, and emojis follow movement alone",
    )
    emojis: str = _knob(
        "classic",
        "emoji set: a shipped name, a folder with a set.toml, font (this system's own emoji) or font:FILE; several, as "
        "in classic,alive, for one person after another; random: any for each person; NAME:happy: always that emoji",
    )
    on_lost: str = _knob(
        "shield",
        "when a face is lost: shield (fail closed), hold (keep its last mask), pass (show what the camera shows)",
        choices=("shield", "hold", "pass"),
    )
    provider: str = _knob(
        "auto",
        "where the expression model runs; auto: on what ONNX Runtime reports besides the processor, else on that",
        choices=("auto", "cpu", "cuda", "coreml", "directml", "openvino"),
    )
    smoothing: str = _knob(
        "ema",
        "steadies the expression: ema (running mean with hysteresis), vote (majority of the last five), none",
        choices=("ema", "vote", "none"),
    )
    adapt_light: bool = _knob(False, "puts the emoji gently in the light and colour of the scene")
    strict: bool = _knob(
        False, "a second, independent detector looks at every frame; on doubt the frame is shielded (slower)"
    )
    hold_s: float = _knob(1.0, "seconds for which a lost face's mask stays and grows", high=60.0)
    lookahead_s: float = _knob(2.0, "files: seconds looked ahead, so that a gap is covered from both sides", high=30.0)
    look_every_s: float = _knob(
        0.2,
        "files: the most seconds from one look at all faces to the next, where nobody wears a living emoji; the frames "
        "between are filled in, but a fast face is looked for there too",
        high=0.2,
    )
    detect_every_s: float = _knob(
        0.1, "least seconds between looks for new faces while all known ones are seen", high=10.0
    )
    read_every_s: float = _knob(0.1, "least seconds between readings of a face's expression", high=10.0)

    def __post_init__(self) -> None:
        for knob in fields(self):
            value = getattr(self, knob.name)
            _check(knob, value)
            if isinstance(knob.default, float):  # NumPy's, of 32 bits, cannot be written to a manifest
                object.__setattr__(self, knob.name, float(value))


def _check(knob: Field[Any], value: Any) -> None:
    choices, high = knob.metadata["choices"], knob.metadata["high"]
    expected = type(knob.default)
    number = expected is float and isinstance(value, Real) and not isinstance(value, bool)
    if not isinstance(value, expected) and not number:
        raise UsageError(f"setting {knob.name}: expected {IN_WORDS[expected]}, found {value!r}")
    if choices and value not in choices:
        raise UsageError(f"setting {knob.name}: {value!r} is not one of {', '.join(choices)}")
    if expected is float and not 0 <= value <= high:
        raise UsageError(f"setting {knob.name}: {value} is not between 0 and {high:g}")


LIVE_DEFAULTS = {"emojis": "alive"}
"""Where a person is seen live, other defaults than for files."""


def load_settings(
    path: Path | None = None, overrides: Mapping[str, Any] | None = None, live: bool = False
) -> MaskSettings:
    """Defaults, for files or for ``live`` use; ``path`` or, if there is one, ``./emojimask.toml``; ``overrides``.

    Later ones win.

    Raises:
        UsageError: the file is missing or not TOML, a key is unknown, or a value is of the wrong type or out of range.
    """
    values: dict[str, Any] = dict(LIVE_DEFAULTS) if live else {}
    chosen = path or Path("emojimask.toml")
    if path is not None or os.path.lexists(chosen):  # a folder or a dangling link too: it may ask for strict=true
        values.update(_read(chosen))
    values.update({key: value for key, value in (overrides or {}).items() if value is not None})
    return MaskSettings(**values)


def _read(path: Path) -> dict[str, Any]:
    try:
        values = read_toml(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from error
    unknown = values.keys() - {knob.name for knob in fields(MaskSettings)}
    if unknown:
        known = ", ".join(knob.name for knob in fields(MaskSettings))
        raise UsageError(f"{path}: unknown setting {min(unknown)!r}; known are: {known}")
    try:
        MaskSettings(**values)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    return values
