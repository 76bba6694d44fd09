"""Every error that emojimask raises on purpose.

    EmojimaskError                 one line: what, where, and what to do
    |-- UsageError                 the request itself is wrong: a setting, a name, a combination
    |   |-- NoPlaceError           an output's container has no place for the original's sound or subtitles
    |   `-- DivergedError          the loss of a training run is no longer a number
    |-- SourceError                an input cannot be opened or read
    |   `-- NoVideoError           a file without a picture in it
    |-- SinkError                  an output cannot be written
    |   |-- OutputExistsError      an output is already there, and --force was not given
    |   |-- NoRoomError            the disk is nearly full; what a live run has written is completed
    |   `-- OutputGoneError        a virtual camera has gone; what a live run has written is completed
    |-- ModelError                 a model or its card is missing, damaged, or does not fit
    |-- EmojiSetError              an emoji set is incomplete or damaged
    |-- MissingExtraError          an optional part is not installed
    `-- DataError                  training or evaluation data is not as its format says
    StopRequested                  no error: a person closed the window; the run ends well

The command line shows the message of any of these on one line and ends with status 2 for a UsageError, else 1.
"""

from __future__ import annotations

import re


class EmojimaskError(Exception):
    """Base of all errors below. The message is one line that a person can act on.

    An option of the command line that it names is in Python the argument of that name: ``--force`` is ``force=True``.
    """


class UsageError(EmojimaskError):
    """The request itself is wrong: an unknown name, a value out of range, a contradiction."""


class NoPlaceError(UsageError):
    """An output's container has no place for the original's sound or subtitles.

    ``suffix``: of a file that has; None: of none that is known.
    """

    def __init__(self, message: str, suffix: str | None = None) -> None:  # pickle gives the message alone
        super().__init__(message)
        self.suffix = suffix


class DivergedError(UsageError):
    """The loss of a training run is no longer a number: its recipe learns too fast."""


class SourceError(EmojimaskError):
    """An input is missing, unreadable, damaged or of an unknown format."""


class NoVideoError(SourceError):
    """The file can be read, but has no picture in it."""


class SinkError(EmojimaskError):
    """An output cannot be written."""


class OutputExistsError(SinkError):
    """The output is already there; nothing is overwritten unasked."""


class NoRoomError(SinkError):
    """The disk is nearly full: the last moment at which a recording can be completed."""


class OutputGoneError(SinkError):
    """An output that keeps nothing, such as a virtual camera, has gone; those that keep something can be completed."""


class ModelError(EmojimaskError):
    """A model file or its card is missing, damaged, or does not fit this program."""


class EmojiSetError(EmojimaskError):
    """An emoji set is incomplete or damaged."""


class MissingExtraError(EmojimaskError):
    """An optional part of emojimask is not installed; the message names the extra."""


class DataError(EmojimaskError):
    """Training or evaluation data is missing or not as its format says."""


class StopRequested(Exception):  # noqa: N818  (not an error)
    """Raised by a sink when the person asks to end a live run. The outputs are completed."""


def in_brief(error: BaseException) -> str:
    """What another library's error says, on one line."""
    return " ".join(str(error).split())[:200] or type(error).__name__


def without_password(address: str) -> str:
    """An address as messages may tell it, since they are read over shoulders and sent on.

    Without all that follows a question mark, too, where many cameras take user and password.
    """
    return re.sub(r"(//[^?]*\?).+", r"\1...", re.sub(r"(//[^/@:]*):[^/]*@", r"\1@", address))
