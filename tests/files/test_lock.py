from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from emojimask.files.lock import locked

HOLD = """
import sys, time
from pathlib import Path
from emojimask.files.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_it_is_one_holders_at_a_time(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    for _ in range(2):
        with locked(lock):
            with pytest.raises(BlockingIOError), locked(lock):
                pass
            assert lock.exists()
        assert not lock.exists()


def test_it_goes_with_a_process_that_is_killed(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(BlockingIOError), locked(lock):
            pass
        process.kill()
    assert lock.exists()
    with locked(lock):
        pass
    assert not lock.exists()


@pytest.mark.skipif(os.name != "posix", reason="needs fcntl")
def test_where_there_are_no_locks_nobody_is_kept_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", no_locks)
    with locked(tmp_path / "lock"), locked(tmp_path / "lock"):
        pass


@pytest.mark.skipif(os.name != "posix", reason="only there an open file can be removed")
def test_a_lock_that_its_last_holder_has_removed_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "lock"
    opened: list[int] = []

    def open_and_remove_once(*given: object) -> int:
        opened.append(os_open(*given))  # type: ignore[arg-type]
        if len(opened) == 1:
            lock.unlink()
        return opened[-1]

    os_open = os.open
    monkeypatch.setattr(os, "open", open_and_remove_once)
    with locked(lock):
        assert lock.exists()
    assert len(opened) == 2
