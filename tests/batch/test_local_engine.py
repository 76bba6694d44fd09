from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import ClassVar

import pytest
from archives import clip, records, request, run

import media
from emojimask.batch.folders import STAGING, LocalFolder
from emojimask.batch.local import LocalEngine
from emojimask.batch.record import MANIFEST
from emojimask.batch.run import BatchRun
from emojimask.batch.tasks import Begun, Failure, Job, Outcome, Task, Unchanged, Whole

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")


def wait_for(true: Callable[[], bool], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


@posix_only
def test_a_killed_worker_costs_no_file(tmp_path: Path) -> None:
    for number in range(3):
        clip(tmp_path / "in" / f"{number}.avi", frames=40 + number)  # x264 is not the same to the byte each time
    wanted = request(tmp_path / "in", tmp_path / "out")
    engine = LocalEngine(wanted, workers=2)
    batch = BatchRun(wanted)
    killed = []

    def kill_one() -> None:
        wait_for(lambda: engine.frames_so_far() > 0)
        victim = next(p for p in multiprocessing.active_children() if p.pid is not None)
        os.kill(victim.pid or 0, signal.SIGKILL)
        killed.append(victim.pid)

    killer = Thread(target=kill_one)
    killer.start()
    progress = batch.run(engine)
    killer.join()
    assert killed
    assert (progress.done, progress.failed) == (3, {})
    assert sorted(r.frames for r in records(wanted).values()) == [40, 41, 42]
    assert {p.name for p in (tmp_path / "out").iterdir()} == {MANIFEST, *(f"{n}_masked.avi" for n in range(3))}
    assert not multiprocessing.active_children()
    alone = request(tmp_path / "in", tmp_path / "alone")
    run(alone)
    for name in ("0_masked.avi", "1_masked.avi"):  # the processes change nothing
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()


class WarningFolder(LocalFolder):
    """Logs what a fault in a frame logs."""

    def fetch(self, name: str) -> AbstractContextManager[Path]:
        logging.getLogger("emojimask.pipeline").warning("of %s", name, exc_info=MemoryError("none left"))
        return super().fetch(name)


def test_a_worker_prints_no_bare_traceback(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    clip(tmp_path / "in" / "a.mp4")
    wanted = replace(request(tmp_path / "in", tmp_path / "out"), inputs=WarningFolder(tmp_path / "in"))
    assert BatchRun(wanted).run(LocalEngine(wanted, workers=1)).done == 1
    assert "Traceback" not in capfd.readouterr().err


class KilledByOne:
    """A pool whose workers do every task at once, but for one input that kills them all."""

    beside: ClassVar[list[list[str]]] = []
    """What ran at each kill."""

    def __init__(self, *_: object) -> None:
        self.running: list[Whole] = []
        self.refused: list[Task] = []

    def submit(self, task: Whole) -> None:
        self.running.append(task)

    def wait(self) -> tuple[list[Outcome], list[Task]]:
        ran, self.running = sorted(self.running, key=lambda task: task.job.input == "killer"), []
        if ran and ran[-1].job.input == "killer":
            self.beside.append([task.job.input for task in ran])
            return [], list(ran)
        return [Unchanged(task.job) for task in ran], []

    def close(self) -> None:
        pass


def test_a_file_that_kills_its_worker_is_tried_again_with_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KilledByOne, "beside", [])
    monkeypatch.setattr("emojimask.batch.local._Pool", KilledByOne)
    engine = LocalEngine(request(tmp_path / "in", tmp_path / "out"), workers=2)
    tasks: deque[Task] = deque(Whole(Job(name, name)) for name in ("a", "killer", "b", "c"))
    outcomes = [outcome for outcome in engine.run(tasks) if not isinstance(outcome, Begun)]
    assert [outcome.task.job.input for outcome in outcomes if isinstance(outcome, Failure)] == ["killer"]
    assert sorted(outcome.job.input for outcome in outcomes if isinstance(outcome, Unchanged)) == ["a", "b", "c"]
    assert KilledByOne.beside == [["a", "killer"], ["killer"]]


@pytest.mark.parametrize(("platform", "most"), [("win32", 61), ("linux", 96)])
def test_a_machine_of_many_cores_has_as_many_workers_as_its_system_waits_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, most: int
) -> None:
    monkeypatch.setattr("emojimask.batch.local._Pool", KilledByOne)
    monkeypatch.setattr("emojimask.batch.local.sys", SimpleNamespace(platform=platform))
    engine = LocalEngine(request(tmp_path / "in", tmp_path / "out"), workers=96)
    outcomes = engine.run(deque(Whole(Job(str(number), str(number))) for number in range(100)))
    handed_out = list(takewhile(lambda outcome: isinstance(outcome, Begun), outcomes))
    assert len(handed_out) == most


@posix_only
def test_a_worker_killed_between_two_tasks_costs_no_file(tmp_path: Path) -> None:
    for number in range(3):
        clip(tmp_path / "in" / f"{number}.mp4", frames=10)
    wanted = request(tmp_path / "in", tmp_path / "out")
    killed: list[int] = []
    engine = LocalEngine(wanted, workers=1)
    original = engine.run

    def run_and_kill(tasks: deque[Task]) -> Generator[Outcome]:
        """Between the first outcome and the next task, every worker dies."""
        for outcome in original(tasks):
            if not killed:
                for process in multiprocessing.active_children():
                    os.kill(process.pid or 0, signal.SIGKILL)
                    process.join()
                    killed.append(process.pid or 0)
                time.sleep(0.5)  # until the pool has noticed
            yield outcome

    engine.run = run_and_kill  # type: ignore[method-assign]
    progress = BatchRun(wanted).run(engine)
    assert killed
    assert (progress.done, progress.failed) == (3, {})


@posix_only
def test_a_run_that_is_killed_leaves_no_process_and_is_resumed(tmp_path: Path) -> None:
    cut_off_and_resume(tmp_path, signal.SIGKILL)


@posix_only
def test_a_run_that_is_interrupted_leaves_no_process_and_is_resumed(tmp_path: Path, ctrl_c: signal.Signals) -> None:
    cut_off_and_resume(tmp_path, ctrl_c)


@posix_only
def test_a_run_that_is_told_to_end_leaves_no_process_and_is_resumed(tmp_path: Path) -> None:
    cut_off_and_resume(tmp_path, signal.SIGTERM)


@posix_only
def test_ctrl_c_while_the_workers_load_is_one_line(tmp_path: Path, ctrl_c: signal.Signals) -> None:
    clip(tmp_path / "in" / "a.mp4", frames=60)
    command = [sys.executable, "-m", "emojimask", "batch", str(tmp_path / "in"), str(tmp_path / "out")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        wait_for(lambda: bool(children_of(process.pid)))
        time.sleep(0.3)
        os.killpg(process.pid, ctrl_c)  # as a terminal does it
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, said) == (130, "emojimask: interrupted\n")


@posix_only
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_of_what_was_fetched_from_a_store_no_copy_stays(tmp_path: Path, how: signal.Signals) -> None:
    pytest.importorskip("fsspec", reason="needs the extra [ray]")
    clip(tmp_path / "in" / "a.mp4", frames=600)
    copies = tmp_path / "tmp"
    copies.mkdir()
    command = [sys.executable, "-m", "emojimask", "batch", f"local://{tmp_path}/in", str(tmp_path / "out")]
    process = subprocess.Popen([*command, "--workers", "1", "--quiet"], env={**os.environ, "TMPDIR": str(copies)})
    try:
        wait_for(lambda: any(path.stat().st_size for path in copies.rglob("input.mp4")))
        workers = children_of(process.pid)
        process.send_signal(how)
        process.wait(timeout=60)
    finally:
        process.kill()
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
    assert not list(copies.rglob("*"))


def cut_off_and_resume(tmp_path: Path, how: signal.Signals) -> None:
    for number in range(3):
        clip(tmp_path / "in" / f"{number}.mp4", frames=60)
    command = [
        sys.executable,
        "-m",
        "emojimask",
        "batch",
        str(tmp_path / "in"),
        str(tmp_path / "out"),
        "--workers",
        "1",
    ]
    manifest = tmp_path / "out" / MANIFEST
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: manifest.exists() and '"done"' in manifest.read_text())
        workers = children_of(process.pid)
        assert workers
        process.send_signal(how)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    if how != signal.SIGKILL:
        assert process.returncode == 130
        assert "Traceback" not in said
        assert not (tmp_path / "out" / STAGING).exists()
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
    whole = [p for p in (tmp_path / "out").glob("*_masked.mp4") if len(media.times(p)) == 60]
    assert whole == list((tmp_path / "out").glob("*_masked.mp4"))
    progress, _, _ = run(request(tmp_path / "in", tmp_path / "out"))
    assert progress.unchanged >= 1
    assert progress.unchanged + progress.done == 3
    assert len(list((tmp_path / "out").glob("*_masked.mp4"))) == 3


def children_of(pid: int) -> list[int]:
    """Worker processes, by what /proc tells."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            command = (folder / "cmdline").read_text()
        except (OSError, IndexError):
            continue
        if parent == pid and "spawn_main" in command:
            found.append(int(folder.name))
    return found
