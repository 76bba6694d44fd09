"""Worker processes on this machine, one a core."""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from ctypes import c_longlong
from threading import Thread

from emojimask.batch.tasks import Begun, Failure, Outcome, Request, Task
from emojimask.batch.worker import Worker
from emojimask.types import MaskedFrame

if sys.platform == "win32":
    from multiprocessing.connection import PipeConnection as PipeEnd
else:
    from multiprocessing.connection import Connection as PipeEnd

_CONTEXT = multiprocessing.get_context("spawn")  # forked copies of the models' threads would hang
_MOST_ON_WINDOWS = 61
"""Processes of a pool: Windows waits for so many at once, and Python refuses more."""


class LocalEngine:
    """A pool of processes that outlives the death of its workers.

    When a worker is killed, the pool cannot tell which task it had. All that were running are done again, one by one
    with nothing beside them, so that a file that kills its worker is found out and takes no other with it.
    """

    def __init__(self, request: Request, workers: int) -> None:
        self._request = request
        self._workers = min(workers, _MOST_ON_WINDOWS) if sys.platform == "win32" else workers
        # Without a lock, which a killed worker would keep for ever; a frame that is not counted is missed by nobody.
        self._frames = _CONTEXT.RawValue("q", 0)

    def frames_so_far(self) -> int:
        return int(self._frames.value)

    def run(self, tasks: deque[Task]) -> Generator[Outcome]:
        suspects: deque[Task] = deque()
        pool = _Pool(self._request, self._workers, self._frames)
        try:
            while tasks or suspects or pool.running:
                if suspects:
                    pool.submit(suspects.popleft())
                else:
                    while tasks and not pool.refused and len(pool.running) < self._workers:
                        task = tasks.popleft()
                        yield Begun((task,))
                        pool.submit(task)
                alone = len(pool.running) == 1
                outcomes, lost = pool.wait()
                yield from outcomes
                if lost or pool.refused:
                    pool.close()
                    tasks.extendleft(pool.refused)
                    pool = _Pool(self._request, self._workers, self._frames)
                    if not lost:
                        continue
                    if alone:
                        yield Failure(lost[0], "its worker was killed; perhaps memory ran out (try fewer --workers)")
                    else:
                        suspects.extend(lost)
        finally:
            pool.close()


class _Pool:
    """Processes on a leash: when its other end is let go, even by a kill of this process, they end at once.

    What they fetch from a store lies in one folder, which goes with them: a copy of it shows faces.

    Attributes:
        running: the tasks that were taken.
        refused: those that came after a worker had been killed; no worker has seen them.
    """

    def __init__(self, request: Request, workers: int, frames: c_longlong) -> None:
        far_end, self._leash = _CONTEXT.Pipe(duplex=False)
        self._copies = tempfile.TemporaryDirectory(prefix="emojimask-", ignore_cleanup_errors=True)
        given = request, frames, far_end, self._copies.name
        self._pool = ProcessPoolExecutor(workers, _CONTEXT, _start, given)
        self._far_end = far_end
        self.running: dict[Future[Outcome], Task] = {}
        self.refused: list[Task] = []

    def submit(self, task: Task) -> None:
        try:
            with _children_without_ctrl_c():
                self.running[self._pool.submit(_do, task)] = task
        except BrokenProcessPool:
            self.refused.append(task)

    def wait(self) -> tuple[list[Outcome], list[Task]]:
        """The next outcomes, and the tasks that were running when a worker was killed."""
        outcomes, lost = [], []
        finished, _ = wait(self.running, return_when=FIRST_COMPLETED)
        if any(isinstance(future.exception(), BrokenProcessPool) for future in finished):
            finished, _ = wait(self.running)
        for future in finished:
            task = self.running.pop(future)
            if isinstance(future.exception(), BrokenProcessPool):
                lost.append(task)
            else:
                outcomes.append(future.result())
        return outcomes, lost

    def close(self) -> None:
        if not self.running:
            self._pool.shutdown()
        self._leash.close()
        self._pool.shutdown(cancel_futures=True)
        self._far_end.close()
        self._copies.cleanup()


@contextmanager
def _children_without_ctrl_c() -> Iterator[None]:
    """Processes that are started within do not hear Ctrl-C, not even while they load; this one hears it afterwards."""
    if sys.platform == "win32":  # which has no such masks
        yield
    else:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


_worker: Worker | None = None
"""In a worker process: what does its tasks."""


def _start(request: Request, frames: c_longlong, leash: PipeEnd, copies: str) -> None:
    """Runs first in every worker."""
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's business
    logging.getLogger("emojimask").addHandler(logging.NullHandler())  # what is amiss is told with the outcome
    tempfile.tempdir = copies
    Thread(target=_end_with, args=(leash, copies), daemon=True).start()

    def count(_: MaskedFrame) -> None:
        frames.value += 1

    _worker = Worker(request, count)


def _end_with(leash: PipeEnd, copies: str) -> None:
    leash.poll(None)
    shutil.rmtree(copies, ignore_errors=True)  # who made it may have been killed
    os._exit(1)


def _do(task: Task) -> Outcome:
    assert _worker is not None, "_start runs first"
    return _worker.do(task)
