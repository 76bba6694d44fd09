"""The command line: one file a command."""

from emojimask.cli.main import main

__all__ = ["main"]
