"""Smaller forms of an exported graph, both with float32 going in and coming out.

- fp16: the weights are stored in half precision and widened when the graph is loaded, so that the file is half as
  large and the run takes as long as before.
- int8: convolutions and matrix products in 8 bits, scales of the activations measured on faces (static, QDQ).
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper, shape_inference
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from emojimask.benchmark.latency import by_turns
from emojimask.errors import DataError
from emojimask.expressions.card import ModelCard
from emojimask.expressions.classifier import open_session
from emojimask.expressions.preprocess import normalise
from emojimask.training.data.load import load_split
from emojimask.training.data.variants import SIX, prepare
from emojimask.training.evaluate import predict
from emojimask.training.protocols import PROTOCOLS, variant_of

PRECISIONS = ("fp32", "int8", "fp16")
CALIBRATION_FACES = 512
_BATCH = 16  # of them; 4 or 64 leave compact-resnet's answers farther from the 32 bit one's
LARGEST_LOSS = 0.002
"""Of accuracy on PublicTest, by the worst protocol: what a smaller precision may cost."""
_MARGIN = 0.1  # a difference in size or speed below this share is none
_SMALL = 64
"""Weights of fewer numbers, biases above all, stay float32: they are no part of the size."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """A graph against a smaller form of it; each pair is (before, after).

    Attributes:
        bytes: size of the file.
        ms: milliseconds a face, one thread, run in turn.
        accuracy: share of PublicTest that is right, single view, by protocol.
    """

    bytes: tuple[int, int]
    ms: tuple[float, float]
    accuracy: dict[str, tuple[float, float]]

    @property
    def loss(self) -> float:
        """Of accuracy, 0 to 1, by the protocol that loses most."""
        return max(before - after for before, after in self.accuracy.values())

    @property
    def wins(self) -> bool:
        """Whether it is smaller or quicker, not the contrary in the other, at a loss below LARGEST_LOSS."""
        changes = [after / before - 1 for before, after in (self.bytes, self.ms)]
        return self.loss < LARGEST_LOSS and min(changes) < -_MARGIN and max(changes) < _MARGIN

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        accuracies = "; ".join(
            f"{name} on PublicTest {100 * before:.2f} -> {100 * after:.2f} %"
            for name, (before, after) in self.accuracy.items()
        )
        (old, new), (slow, quick) = self.bytes, self.ms
        return f"{old / 1e6:.2f} -> {new / 1e6:.2f} MB; {slow:.2f} -> {quick:.2f} ms a face; {accuracies}"


def weigh(before: bytes, after: bytes, card: ModelCard, data: Path) -> Weighing:
    """Compare two forms of one model on PublicTest and on this machine.

    Raises:
        DataError: the data cannot be read, or has nothing to judge the shown head by.
    """
    sessions = [open_session(graph, card.name) for graph in (before, after)]
    rows = prepare(load_split(data, "valid"), variant_of(card), "valid")
    outputs = {output.name for output in sessions[0].get_outputs()}
    accuracy = {}
    for name in ("fer2013", "ferplus", SIX):
        protocol = PROTOCOLS[name]
        if protocol.head in outputs:
            labels, counts = protocol.rule(rows)
            if not counts.any():  # a head that shows nothing may go unjudged
                if protocol.head == card.output:
                    raise DataError(f"{data}: PublicTest has no row that {name} counts; for FER+, are its votes there?")
                continue
            found = [predict(session, protocol.head, card, rows.images).argmax(1) for session in sessions]
            old, new = (round(float((one == labels)[counts].mean()), 6) for one in found)
            accuracy[name] = (old, new)
    slow, quick = (round(ms, 4) for ms in by_turns(sessions, batch=1, seconds=2.0))
    return Weighing((len(before), len(after)), (slow, quick), accuracy)


def to_fp16(graph: bytes) -> bytes:
    """The graph with its weights stored as float16; ONNX Runtime folds the casts away when it loads the file."""
    proto = onnx.load_model_from_string(graph)
    casts = []
    for weight in proto.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < _SMALL:
            continue
        stored = f"{weight.name}_fp16"
        casts.append(helper.make_node("Cast", [stored], [weight.name], f"widen_{weight.name}", to=TensorProto.FLOAT))
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), stored))
    nodes = list(proto.graph.node)
    del proto.graph.node[:]
    proto.graph.node.extend([*casts, *nodes])
    onnx.checker.check_model(proto)
    return bytes(proto.SerializeToString(deterministic=True))


def to_int8(graph: bytes, faces: NDArray[np.uint8]) -> bytes:
    """The graph quantised to 8 bits, calibrated on (N, 48, 48) uint8 ``faces``.

    The heads stay float32, and the first convolution with what follows until the next: of so few channels it is slower
    in 8 bits, and so is pooling. Later averages over pixels become convolutions (:func:`means_as_convolutions`).

    Weights are signed and a scale for each output channel; activations are unsigned, one scale for each tensor. It
    spans the mean of what batches of faces reach: the utmost of them all would leave few steps for ordinary faces. The
    weights use seven of the eight bits: processors without VNNI add products in 16 bits, which eight would overflow.
    """
    proto = means_as_convolutions(onnx.load_model_from_string(graph))
    outputs = {output.name for output in proto.graph.output}
    heads = [node.name for node in proto.graph.node if outputs & set(node.output)]
    names = [node.name for node in proto.graph.node]
    convolutions = [place for place, node in enumerate(proto.graph.node) if node.op_type == "Conv"]
    first = names[: convolutions[1]] if convolutions[1:] else [names[place] for place in convolutions]
    logging.getLogger().setLevel(max(logging.getLogger().level, logging.ERROR))  # it advises steps not needed here
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "int8.onnx"
        quantize_static(
            proto,
            path,
            _Faces(faces, proto.graph.input[0].name),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={"CalibMovingAverage": True},  # which is the plain mean of the batches
            nodes_to_exclude=heads + first,
        )
        return path.read_bytes()


def means_as_convolutions(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The graph with a convolution channel by channel in the place of each average over squares side by side.

    It gives the same, and in 8 bits ONNX Runtime does it in a tenth of the time. What comes before the second
    convolution stays as it is, for that stays in floats.
    """
    proto = shape_inference.infer_shapes(proto)
    shapes = {value.name: value.type.tensor_type.shape for value in proto.graph.value_info}
    convolutions = 0
    for place, node in enumerate(proto.graph.node):
        convolutions += node.op_type == "Conv"
        told = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        side_by_side = told.get("strides") == told.get("kernel_shape") and not any(told.get("pads", ()))
        if node.op_type == "AveragePool" and convolutions > 1 and side_by_side and not told.get("ceil_mode"):
            count, size = shapes[node.input[0]].dim[1].dim_value, told["kernel_shape"]
            weights = np.full((count, 1, *size), 1 / np.prod(size), np.float32)
            proto.graph.initializer.append(numpy_helper.from_array(weights, f"{node.name}_weights"))
            names = [node.input[0], f"{node.name}_weights"], list(node.output), node.name
            mean = helper.make_node("Conv", *names, kernel_shape=size, strides=size, group=count)
            proto.graph.node[place].CopyFrom(mean)
    return proto


class _Faces(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    """Hands faces to the quantiser, _BATCH at a time."""

    def __init__(self, faces: NDArray[np.uint8], name: str) -> None:
        self._batches: Iterator[dict[str, NDArray[np.float32]]] = (
            {name: normalise(faces[start : start + _BATCH])} for start in range(0, len(faces), _BATCH)
        )

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        return next(self._batches, None)
