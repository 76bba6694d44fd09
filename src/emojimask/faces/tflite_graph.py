"""One TensorFlow Lite network of MediaPipe's wheel, run through the smallest MediaPipe graph that runs it.

MediaPipe's ready solutions choose thresholds, crops and tracking of their own. Here the network alone is run, so
that the crops, the scores and the tracking are ours.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mediapipe
import numpy as np
from mediapipe.python import packet_creator, packet_getter
from mediapipe.python._framework_bindings import calculator_graph, image_frame, resource_util
from numpy.typing import NDArray

from emojimask.errors import ModelError

_ROOT = Path(mediapipe.__file__).parent.parent

_GRAPH = """
input_stream: "image"
num_threads: 1
node {{
  calculator: "ImageToTensorCalculator" input_stream: "IMAGE:image" output_stream: "TENSORS:input"
  options {{ [mediapipe.ImageToTensorCalculatorOptions.ext] {{
    output_tensor_width: {side} output_tensor_height: {side} output_tensor_float_range {{ min: {low} max: 1.0 }}
  }} }}
}}
node {{
  calculator: "InferenceCalculator" input_stream: "TENSORS:input" output_stream: "TENSORS:outputs"
  options {{ [mediapipe.InferenceCalculatorOptions.ext] {{
    model_path: "{model}" delegate {{ xnnpack {{ num_threads: 1 }} }}
  }} }}
}}
node {{
  calculator: "SplitTensorVectorCalculator" input_stream: "outputs" output_stream: "first" output_stream: "second"
  options {{ [mediapipe.SplitVectorCalculatorOptions.ext] {{
    ranges: {{ begin: 0 end: 1 }} ranges: {{ begin: 1 end: 2 }}
  }} }}
}}
node {{ calculator: "TensorsToFloatsCalculator" input_stream: "TENSORS:first" output_stream: "FLOATS:floats_0" }}
node {{ calculator: "TensorsToFloatsCalculator" input_stream: "TENSORS:second" output_stream: "FLOATS:floats_1" }}
"""


class TfliteGraph:
    """A network with one picture in and two tensors out. May be shared between threads.

    Args:
        model: path inside MediaPipe's wheel, such as ``face_landmark/face_landmark.tflite``.
        side: the network's input is ``side`` by ``side`` pixels.
        low: what black becomes at the network's input (white becomes 1): 0 or -1.

    Raises:
        ModelError: the installed MediaPipe does not carry the network.
    """

    def __init__(self, model: str, side: int, low: float) -> None:
        path = f"mediapipe/modules/{model}"
        if not (_ROOT / path).is_file():
            raise ModelError(
                f"mediapipe {mediapipe.__version__} does not carry {model}: install mediapipe==0.10.21, the last "
                "release with its models inside"
            )
        self.side = side
        self._lock = threading.Lock()
        self._time = 0
        self._outputs: dict[str, NDArray[np.float32]] = {}
        resource_util.set_resource_dir(str(_ROOT))
        with _notices_dropped():
            self._graph = calculator_graph.CalculatorGraph(graph_config=_GRAPH.format(side=side, low=low, model=path))
            for stream in ("floats_0", "floats_1"):
                self._graph.observe_output_stream(stream, self._keep)
            self._graph.start_run({})
            self.run(np.zeros((side, side, 3), np.uint8))  # the first run is slow, and gives notices too

    def _keep(self, stream: str, packet: object) -> None:
        self._outputs[stream] = np.asarray(packet_getter.get_float_list(packet), np.float32)

    def run(self, rgb: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(side, side, 3) uint8 RGB -> the network's two outputs, flat float32.

        Raises:
            ModelError: the network failed.
        """
        picture = packet_creator.create_image_frame(rgb, image_format=image_frame.ImageFormat.SRGB)
        with self._lock:
            self._time += 1
            self._outputs.clear()
            self._graph.add_packet_to_input_stream("image", picture.at(self._time))
            self._graph.wait_until_idle()
            if len(self._outputs) != 2:
                raise ModelError("the face network gave no answer; this is a fault of the installed mediapipe")
            return self._outputs["floats_0"], self._outputs["floats_1"]


@contextmanager
def _notices_dropped() -> Iterator[None]:
    """MediaPipe's C++ writes notices of no use to a person on standard error, past every logging setting."""
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
