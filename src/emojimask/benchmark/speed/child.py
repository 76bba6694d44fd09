"""What only a fresh process can tell: how long it takes to the first masked frame, and how its memory grows.

    python -m emojimask.benchmark.speed.child first|long VIDEO SECONDS SETTINGS-AS-JSON

Prints JSON lines. ``first``: one, once the first frame is masked. ``long``: [second of video, MB now, MB at most].
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from emojimask.build import build_pipeline, file_sinks, open_file
from emojimask.settings import MaskSettings

_STEPS = 200  # samples over a run, about


def first_frame(path: Path, settings: MaskSettings) -> None:
    with open_file(path) as source:
        masked = build_pipeline(settings, measured=False).process(next(iter(source)))
    print(json.dumps([masked.index]), flush=True)


def long_run(path: Path, seconds: float, settings: MaskSettings) -> None:
    """Mask a file of so many seconds that shows the video over and over, and write it."""
    from emojimask.benchmark.speed.clips import write_long
    from emojimask.runner import run
    from emojimask.types import MaskedFrame

    with TemporaryDirectory() as folder, open_file(write_long(path, Path(folder) / "long.mkv", seconds)) as source:
        every = max(1, round(seconds * source.info.fps / _STEPS))

        def tell(frame: MaskedFrame) -> None:
            if frame.index % every == 0:
                print(json.dumps([round(frame.time_s, 3), resident_mb(), most_resident_mb()]), flush=True)

        sinks = file_sinks(source.info, Path(folder) / "masked.mkv", None, audio=False, force=False)
        run(source, build_pipeline(settings, measured=False), sinks, tell)


def resident_mb() -> float | None:
    """Of this process, now; None where the system does not tell (only Linux does, without further packages)."""
    return _of_status("VmRSS")


def most_resident_mb() -> float | None:
    """Of this process, at most so far; None likewise. (The rusage of a new process counts its parent's memory too.)"""
    return _of_status("VmHWM")


def _of_status(name: str) -> float | None:
    """One of this process's figures in MB, by its name in Linux's own table."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    kilobytes = next(int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{name}:"))
    return round(kilobytes * 1024 / 1e6, 1)


def main(what: str, path: str, seconds: str, settings: str) -> None:
    chosen = MaskSettings(**json.loads(settings))
    if what == "first":
        first_frame(Path(path), chosen)
    else:
        long_run(Path(path), float(seconds), chosen)


if __name__ == "__main__":
    main(*sys.argv[1:])
