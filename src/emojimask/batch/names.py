"""What the masked form of a file is called, one by one and in archives."""

from __future__ import annotations

from pathlib import PurePath, PurePosixPath

MARK = "_masked"
_SMALL_COPIES = frozenset({".lrf", ".lrv", ".thm"})
"""What cameras put beside each clip, under its very name."""


def is_masked(name: str) -> bool:
    """Whether a file is an output by its name, which is not masked once more."""
    return PurePath(name).stem.endswith(MARK)


def left_alone(count: int) -> str:
    """What is said of so many files that :func:`is_masked`: one of them may be no output of ours."""
    files = f"{count} files are" if count > 1 else "1 file is"
    return f"{files} left alone, masked already by the name (ending in {MARK})"


def report_name(output: str) -> str:
    """Of the frame-by-frame report beside an output."""
    return f"{output}.jsonl"


def output_name(name: str, head: bytes) -> str:
    """Of an input's output: the same folder, ``_masked`` added, and another suffix where its own cannot be written.

    Small copies of clips keep their own besides, so that they do not become what the clips do.

    ``head``: the file's first bytes; what it is they say, and not its name.
    """
    from emojimask.sinks.image_files import WRITTEN_PICTURES
    from emojimask.sinks.video.formats import WRITTEN_VIDEOS
    from emojimask.sources.kinds import suffix_by_head

    path = PurePosixPath(name)
    still = suffix_by_head(head, path.suffix)
    suffix = path.suffix if path.suffix.lower() in (WRITTEN_PICTURES if still else WRITTEN_VIDEOS) else still or ".mp4"
    stem = path.name if path.suffix.lower() in _SMALL_COPIES else path.stem
    return str(path.with_name(f"{stem}{MARK}{suffix}"))
