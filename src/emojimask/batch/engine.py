"""What carries tasks to workers."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import Protocol

from emojimask.batch.tasks import Outcome, Task


class Engine(Protocol):
    """Workers on one machine or on many."""

    def run(self, tasks: deque[Task]) -> Generator[Outcome]:
        """Take every task, and yield one outcome of each, in any order, until there are none left.

        Before a worker is given a task, the task is yielded as Begun.

        The consumer may add tasks while it iterates. A task whose worker is lost is given to another once; if that one
        is lost too, its outcome is a Failure. Nothing is at work any more when the iterator is closed.
        """
        ...

    def frames_so_far(self) -> int:
        """Frames made by tasks that still run; 0 where that is not known."""
        ...
