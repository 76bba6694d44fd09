"""The same work on Ray Data: on this machine, or on all machines of a Ray cluster.

Only the names of files travel: a row is a task, and its outcome is a row. Each actor loads the models once.
"""

from __future__ import annotations

import logging
import os
import pickle
import socket
import warnings
from collections import deque
from collections.abc import Generator
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from emojimask.batch.tasks import Begun, Failure, Outcome, Request, Task
from emojimask.batch.worker import Worker
from emojimask.errors import EmojimaskError, MissingExtraError, in_brief

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing leaves this machine; read when ray is imported

try:
    import ray
    import ray.data
except ImportError as error:
    raise MissingExtraError(f'Ray cannot be loaded ({error}); install it: pip install "emojimask[ray]"') from error
_PORT = 6379  # where a cluster listens unless told otherwise
_KNOCK_S = 10.0


def _lost_actors_return() -> dict[str, int]:
    return {"max_restarts": -1, "max_task_retries": 1}


class RayEngine:
    """Actors on a Ray cluster.

    Args:
        request: its folders must be seen by every machine: mounted at one path, or a store.
        workers: how many actors, of one core each; None: one for every core of the cluster.
        address: of a running cluster; None: one of its own on this machine.

    Raises:
        EmojimaskError: the cluster cannot be reached.
    """

    def __init__(self, request: Request, workers: int | None = None, address: str | None = None) -> None:
        self._request = request
        self._own = not ray.is_initialized()
        if self._own:
            _connect(address, workers)
        self._workers = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))

    def frames_so_far(self) -> int:
        return 0

    def run(self, tasks: deque[Task]) -> Generator[Outcome]:
        try:
            while tasks:
                batch = list(tasks)
                tasks.clear()
                yield from self._pass(batch)
        finally:
            if self._own:
                ray.shutdown()

    def _pass(self, batch: list[Task]) -> Generator[Outcome]:
        yield Begun(tuple(batch))
        rows = [{"number": number, "task": pickle.dumps(task)} for number, task in enumerate(batch)]
        with warnings.catch_warnings():  # Ray 2.60 names no other way yet to say how often an actor may be lost
            warnings.simplefilter("ignore", DeprecationWarning)
            results = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
                _Actor,
                fn_constructor_args=(self._request,),
                batch_size=1,
                num_cpus=1,
                compute=ray.data.ActorPoolStrategy(size=min(self._workers, len(rows)), max_tasks_in_flight_per_actor=1),
                ray_remote_args_fn=_lost_actors_return,
            )
        missing = dict(enumerate(batch))
        for row in results.iter_rows():
            del missing[int(row["number"])]
            yield pickle.loads(row["outcome"])
        for task in missing.values():
            yield Failure(task, "its worker was lost; perhaps its memory ran out (try fewer --workers)")


class _Actor:
    def __init__(self, request: Request) -> None:
        self._worker = Worker(request)

    def __call__(self, rows: dict[str, Any]) -> dict[str, Any]:
        outcomes = [pickle.dumps(self._worker.do(pickle.loads(task))) for task in rows["task"]]
        return {"number": rows["number"], "outcome": np.array(outcomes, object)}


def _connect(address: str | None, workers: int | None) -> None:
    try:
        if address is not None:
            _knock(address)
        ray.init(
            address=address or "local",
            num_cpus=None if address else workers,
            include_dashboard=None if address else False,
            log_to_driver=False,
            logging_level="ERROR",
        )
    except Exception as error:  # of many kinds, by what is wrong
        where = address or "on this machine"
        raise EmojimaskError(f"Ray cluster {where}: cannot be reached ({in_brief(error)})") from error
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.max_errored_blocks = -1  # a task that is lost for good fails alone


def _knock(address: str) -> None:
    """Raise OSError or ValueError where nobody answers; Ray itself would try for ever."""
    if address == "auto":
        return
    where = urlsplit(address if "//" in address else f"//{address}")
    with socket.create_connection((where.hostname or "", where.port or _PORT), _KNOCK_S):
        pass
