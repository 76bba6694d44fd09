"""How long a network takes for a face."""

from __future__ import annotations

import time
from statistics import median

import numpy as np
import onnxruntime

from emojimask.expressions.preprocess import SIDE


def ms_per_face(session: onnxruntime.InferenceSession, batch: int, seconds: float = 1.0) -> float:
    """Milliseconds a face, the median over runs of ``batch`` faces that fill ``seconds``; at least five runs.

    Args:
        session: takes (batch, 1, 48, 48) float32; its threads are what it was opened with (see ``open_session``).
        batch: faces a run.
        seconds: how long to measure.
    """
    return by_turns([session], batch, seconds)[0]


def by_turns(sessions: list[onnxruntime.InferenceSession], batch: int, seconds: float = 1.0) -> list[float]:
    """:func:`ms_per_face` of several sessions, run in turn, so that what else the machine does meets all alike."""
    faces = np.random.default_rng(0).normal(size=(batch, 1, SIDE, SIDE)).astype(np.float32)
    feeds = [{session.get_inputs()[0].name: faces} for session in sessions]
    times: list[list[float]] = [[] for _ in sessions]
    for session, feed in zip(sessions, feeds, strict=True):
        session.run(None, feed)  # the first run lays out memory
    end = time.perf_counter() + seconds * len(sessions)
    while len(times[0]) < 5 or time.perf_counter() < end:
        for session, feed, taken in zip(sessions, feeds, times, strict=True):
            started = time.perf_counter()
            session.run(None, feed)
            taken.append(time.perf_counter() - started)
    return [median(taken) / batch * 1000 for taken in times]
