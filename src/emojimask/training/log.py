"""What a run tells of itself while it goes: a line an epoch, TensorBoard's events, and its curves at the end."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from emojimask.errors import DataError
from emojimask.evaluation import plots
from emojimask.files.atomic import write_whole
from emojimask.training.checkpoint import writing

LOG = "log.jsonl"
CURVES = "curves.png"
EVENTS = "tensorboard"
EVENTS_WAIT_S = 1
"""So late may events get into their file: a kill loses no more, and a run can be watched. (By default two minutes.)"""


def tensorboard_is_installed() -> bool:
    return find_spec("tensorboardX") is not None


class RunLog:
    """A context manager. ``out`` is the run's folder, which must exist; ``epoch`` the last one done before.

    Raises SinkError where ``out`` cannot be written to, and DataError where the log in it is damaged.
    """

    def __init__(self, out: Path, epoch: int) -> None:
        self._out = out
        self._events: Any = None
        with writing(out):
            if (out / LOG).is_file():  # epochs that no checkpoint knows of come again
                rows = [row for row in read_log(out / LOG) if row["epoch"] <= epoch]
                write_whole(out / LOG, "".join(map(as_line, rows)))
            if tensorboard_is_installed():
                from tensorboardX import SummaryWriter

                self._events = SummaryWriter(str(out / EVENTS), purge_step=epoch + 1, flush_secs=EVENTS_WAIT_S)

    def add(self, row: dict[str, Any]) -> None:
        """``row`` has the keys "epoch", "loss" and "seconds", and each head's accuracy."""
        with writing(self._out), (self._out / LOG).open("a", encoding="utf-8") as log:
            log.write(as_line(row))
        if self._events is not None:
            for name, value in row.items():
                if name != "epoch":
                    self._events.add_scalar(name, value, row["epoch"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with writing(self._out):
            if self._events is not None:
                self._events.close()
            rows = read_log(self._out / LOG) if (self._out / LOG).is_file() else []
            if rows:
                draw_curves(rows, self._out / CURVES)


def as_line(row: dict[str, Any]) -> str:
    return json.dumps(row) + "\n"


def read_log(path: Path) -> list[dict[str, Any]]:
    """What was written of a last line that broke off is left out. Raises DataError where another line is damaged."""
    try:
        rows: list[dict[str, Any]] = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
        if all(row.keys() >= {"epoch", "loss", "seconds"} for row in rows):
            return rows
    except (ValueError, AttributeError):  # no JSON; no object
        pass
    raise DataError(f"{path}: is damaged; move it away: but for its curves the run goes on without it")


@plots.style()
def draw_curves(rows: list[dict[str, Any]], path: Path) -> None:
    """Each head's accuracy on PublicTest over the epochs, and below it the loss."""
    epochs = [row["epoch"] for row in rows]
    mark = "o" if len(rows) == 1 else ""
    drawn = plots.figure(5.6, 6)
    above, below = drawn.subplots(2, sharex=True)
    for head in sorted(rows[0].keys() - {"epoch", "loss", "seconds"}):
        above.plot(epochs, [100 * row[head] for row in rows], marker=mark, label=head)
    above.set(title="PublicTest", ylabel="accuracy, %")
    above.legend()
    below.plot(epochs, [row["loss"] for row in rows], marker=mark, color=plots.SOFT)
    below.set(title="Training", xlabel="epoch", ylabel="loss")
    below.xaxis.get_major_locator().set_params(integer=True)
    write_whole(path, plots.encoded(drawn, path.suffix))
