"""The TensorFlow Lite networks of MediaPipe's wheel, run by LiteRT on one thread.

Of MediaPipe only the files are used: its ready solutions choose thresholds, crops and tracking of their own, and
importing it takes a second. Here the network alone is run, so that the crops, the scores and the tracking are ours.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from emojimask.errors import ModelError
from emojimask.types import Image


class TfliteModel:
    """A network with one picture in and two tensors out. May be shared between threads.

    Args:
        model: path among MediaPipe's modules, such as ``face_landmark/face_landmark.tflite``.
        low: what black becomes at the network's input (white becomes 1): 0 or -1.

    Attributes:
        side: the network's input is ``side`` by ``side`` pixels.

    Raises:
        ModelError: MediaPipe is not installed, or does not carry the network.
    """

    def __init__(self, model: str, low: float) -> None:
        path = _modules() / model
        if not path.is_file():
            raise ModelError(
                f"the installed mediapipe does not carry {model}: install mediapipe==0.10.21, the last release with "
                "its models inside"
            )
        with _notices_dropped():
            self._interpreter = Interpreter(str(path), num_threads=1)
            self._interpreter.allocate_tensors()
        entry = self._interpreter.get_input_details()[0]
        self._input = entry["index"]
        self._outputs = [output["index"] for output in self._interpreter.get_output_details()[:2]]
        self.side = int(entry["shape"][1])
        self._levels = np.linspace(low, 1, 256, dtype=np.float32)
        self._lock = threading.Lock()

    def run(self, image: Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(side, side, 3) uint8 BGR -> the network's two outputs, flat float32."""
        rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        with self._lock:
            self._interpreter.set_tensor(self._input, cv2.LUT(rgb, self._levels)[None])
            self._interpreter.invoke()
            first, second = (self._interpreter.get_tensor(index).ravel() for index in self._outputs)
        return first, second


def _modules() -> Path:
    spec = find_spec("mediapipe")  # found, not imported
    if spec is None or spec.origin is None:
        raise ModelError("mediapipe is not installed, and its face models with it: pip install mediapipe==0.10.21")
    return Path(spec.origin).parent / "modules"


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
