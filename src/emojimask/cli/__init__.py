"""The command line: one file a command."""

from typing import NoReturn

from emojimask.cli.main import main
from emojimask.threads.left_behind import end_program

__all__ = ["main", "program"]


def program() -> NoReturn:
    """Run the command that this program was started with, and end."""
    end_program(main())
