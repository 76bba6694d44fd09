"""The TensorFlow Lite networks of MediaPipe's wheel, run by LiteRT on one thread.

Of MediaPipe only the files are used: its ready solutions choose thresholds, crops and tracking of their own, and
importing it takes a second. Here the network alone is run, so that the crops, the scores and the tracking are ours.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from emojimask.errors import ModelError
from emojimask.files.packaged import packaged
from emojimask.types import Image

_LOADING = Lock()
"""Standard error is one for all threads, and put aside while a network is loaded."""


class TfliteModel:
    """A network with one picture in and two tensors out. Shared between threads, each runs a copy of its own.

    Args:
        model: path among MediaPipe's modules, such as ``face_landmark/face_landmark.tflite``.
        low: what black becomes at the network's input (white becomes 1): 0 or -1.

    Attributes:
        side: the network's input is ``side`` by ``side`` pixels.

    Raises:
        ModelError: MediaPipe is not installed, or does not carry the network.
    """

    def __init__(self, model: str, low: float) -> None:
        path = packaged("mediapipe", "modules", *model.split("/"))
        if path is None:
            raise ModelError(
                f"no installed mediapipe carries {model}: pip install mediapipe==0.10.21, the last release with its "
                "models inside"
            )
        self._path = path
        self._idle: SimpleQueue[_Network] = SimpleQueue()
        self._idle.put(network := _Network(path))
        self.side = network.side
        self._levels = np.linspace(low, 1, 256, dtype=np.float32)

    def run(self, image: Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(side, side, 3) uint8 BGR -> the network's two outputs, flat float32."""
        rgb = cv2.LUT(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), self._levels)
        try:
            network = self._idle.get_nowait()
        except Empty:  # all are at work in other threads
            network = _Network(self._path)
        try:
            return network.run(np.asarray(rgb, np.float32))
        finally:
            self._idle.put(network)


class _Network:
    """A loaded network; for one thread at a time."""

    def __init__(self, path: Path) -> None:
        with _LOADING, _notices_dropped():
            self._interpreter = Interpreter(str(path), num_threads=1)
            self._interpreter.allocate_tensors()
        entry = self._interpreter.get_input_details()[0]
        self._input = entry["index"]
        self._outputs = [output["index"] for output in self._interpreter.get_output_details()[:2]]
        self.side = int(entry["shape"][1])

    def run(self, rgb: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        self._interpreter.set_tensor(self._input, rgb[None])
        self._interpreter.invoke()
        first, second = (self._interpreter.get_tensor(index).ravel() for index in self._outputs)
        return first, second


@contextmanager
def _notices_dropped() -> Iterator[None]:
    """LiteRT's C++ writes notices of no use to a person on standard error, past every logging setting."""
    try:
        kept = os.dup(2)
    except OSError:  # there is no standard error
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
