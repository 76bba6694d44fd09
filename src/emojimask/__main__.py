"""``python -m emojimask``."""

from emojimask.cli import program

program()
