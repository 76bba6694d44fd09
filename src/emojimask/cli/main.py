"""Parses the command line, runs the command, and turns every error into one line and an exit status."""

from __future__ import annotations

import argparse
import errno
import io
import logging
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

from emojimask.cli.given import given_path, warn
from emojimask.errors import EmojimaskError, UsageError

DONE, FAILED, WRONG_USAGE, SOME_FAILED, LEAKED = range(5)
INTERRUPTED = 130  # as shells say it of Ctrl-C

COMMANDS = {
    "serve": "open the page on this machine, or be a class board (extra [web]); the default without any argument",
    "join": "take part in a class (extra [web])",
    "mask": "cover the faces in pictures, videos and folders",
    "batch": "cover the faces in all that a folder holds, on every core or on a cluster",
    "report": "turn a batch's manifest into a page of figures and plots",
    "live": "cover the faces before a camera, into a window or a virtual camera",
    "demo": "make a masked clip and its report; needs no camera, no file and no network",
    "leak": "measure how much of anybody's face shows in a masked copy",
    "bench": "measure this program on this machine",
    "doctor": "tell what is installed, what works, and what to do about the rest",
    "emojis": "list the emoji sets; begin, check and preview one of your own",
    "data": "gather labelled faces of your own for training",
    "zoo": "list the expression models that can be trained, their size, speed and accuracy",
    "train": "train an expression model (extra [train])",
    "evaluate": "measure an expression model on labelled faces",
    "compare": "compare expression models on the same labelled faces",
    "export": "turn a trained model into an .onnx file and its card (extra [train])",
}
_OF_NO_COMMAND = ("--help", "--version", "--debug")
_MODULES = dict.fromkeys(("zoo", "train", "export"), "emojimask.training.cli")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status, as ``--help`` tells them; 130 after Ctrl-C and its like."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    args = argparse.Namespace(debug="--debug" in arguments)  # known already when building the parser fails
    try:
        _end_as_by_ctrl_c()
        try:
            return _run(arguments, args)
        finally:
            sys.stdout.flush()  # what Python itself cannot flush at the end it tells in two lines of its own
    except KeyboardInterrupt:
        return _say("interrupted", INTERRUPTED)
    except BrokenPipeError:  # nobody reads on
        _drop_output()
        return FAILED
    except Exception as error:
        if args.debug:
            raise
        if _comes_of_ctrl_c(error):
            return _say("interrupted", INTERRUPTED)
        if isinstance(error, EmojimaskError):
            return _say(str(error), WRONG_USAGE if isinstance(error, UsageError) else FAILED)
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            _drop_output()
            return _say("the output cannot be written, for no space is left on the disk; free some", FAILED)
        return _say(internal_fault(error), FAILED)


def _run(arguments: list[str], args: argparse.Namespace) -> int:
    """Parse into ``args``, and run what they say."""
    _open_closed_streams()
    _print_every_name()
    if not arguments and page_is_installed():
        arguments = ["serve"]
    if arguments and arguments[0].startswith("--") and arguments[0] not in _OF_NO_COMMAND:
        raise UsageError(f"options follow their command, as in: emojimask serve {' '.join(arguments)}")
    parser = build_parser(arguments)
    parser.parse_args(arguments, args)
    if args.command is None:
        parser.print_help()
        if not page_is_installed():
            _say('to see yourself as an emoji in the browser: pip install "emojimask[web]", then: emojimask', 0)
        return WRONG_USAGE
    logging.getLogger("emojimask").addHandler(logging.StreamHandler() if args.debug else logging.NullHandler())
    return int(args.run(args))


def _end_as_by_ctrl_c() -> None:
    """Let `kill`, and the end of the terminal, do what Ctrl-C does, so that nothing half made is left behind."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # `nohup` has it ignored
            signal.signal(number, signal.default_int_handler)


def _comes_of_ctrl_c(error: BaseException) -> bool:
    """Packages that are amid loading, in C, make an ImportError of it."""
    cause = error.__cause__
    return cause is not None and (isinstance(cause, KeyboardInterrupt) or _comes_of_ctrl_c(cause))


def _drop_output() -> None:
    """What was printed and not written yet, which Python would try once more at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def internal_fault(error: Exception) -> str:
    """One line on an error that nobody foresaw, or on an installation that is not whole."""
    text = " ".join(str(error).split())
    if isinstance(error, ImportError):
        return (
            f"a package cannot be loaded ({text}); install emojimask anew; on Linux OpenCV also needs the system's "
            "libgl1 and libglib2.0-0 (--debug shows where)"
        )
    return f"internal fault: {type(error).__name__}: {text} (--debug shows where)"


def _open_closed_streams() -> None:
    """To nowhere: nothing fails for want of them, and no output is opened in their place, where libraries print."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("r" if name == "stdin" else "w"))  # noqa: SIM115


def _print_every_name() -> None:
    """Let a file's name that a stream cannot encode be printed with escapes, and not end the work with an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


def page_is_installed() -> bool:
    """True with the extra [web]."""
    return all(find_spec(name) is not None for name in ("fastapi", "uvicorn", "websockets"))


class _CommandParser(argparse.ArgumentParser):
    """Of the program, of a command and of a part of one, as in ``bench speed``: argparse nests parsers of one class."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.add_argument(
            "--debug",
            action="store_true",
            default=argparse.SUPPRESS,  # so that a part's does not undo what was said before it
            help="show where an error comes from",
        )

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Whoever does not know an argument says so: argparse itself would have the program's parser say it.

        Inputs may stand on both sides of an option, which argparse takes in one row only.
        """
        parsed, unknown = super().parse_known_args(args, namespace)
        inputs = getattr(parsed, "inputs", None)
        if isinstance(inputs, list) and not any(word.startswith("-") for word in unknown):
            try:
                inputs.extend(map(given_path, unknown))
            except argparse.ArgumentTypeError as error:
                self.error(str(error))
        elif unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return parsed, []

    def error(self, message: str) -> NoReturn:
        """On one line, as every error; argparse puts all the usage before it."""
        self.exit(_say(f"{message}; to see what there is: {self.prog} --help", WRONG_USAGE))


def build_parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """The parser; only the command that ``arguments`` name is loaded, so that ``--help`` comes at once."""
    from importlib.metadata import version  # takes long enough for a Ctrl-C, which only ``main`` turns into a line

    parser = _CommandParser(
        prog="emojimask",
        description="Your face stays private, your expression gets through: covers every face with the emoji of its "
        "expression. Everything stays on this machine.",
        epilog="exit status: 0 done, 1 failed, 2 wrong usage, 3 some inputs failed and the rest are done, "
        "4 a leak limit was passed, 130 interrupted",
    )
    parser.add_argument("--version", action="version", version=f"emojimask {version('emojimask')}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    wanted = next((word for word in arguments if not word.startswith("-")), None)
    for name, text in COMMANDS.items():
        command = add_part(commands, name, text)
        if name == wanted:
            module = import_module(_MODULES.get(name, f"emojimask.cli.{name}"))
            getattr(module, f"add_{name}")(command)
    return parser


def add_part(parts: argparse._SubParsersAction[Any], name: str, text: str) -> argparse.ArgumentParser:
    """A command, or a part of one such as ``bench speed``: its own help begins with what the list says of it."""
    part: argparse.ArgumentParser = parts.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    return part


def _say(message: str, status: int) -> int:
    warn(message)
    return status
