"""An exported graph's weights in a network again: export leaves their names, but folds and rounds some of them.

- A batch norm was folded into the convolution before it: that gets its weights as they are, and the norm adds the
  folded shift where the convolution cannot, and changes nothing else. :func:`settle` makes it fit to be trained.
- Weights of 16 or 8 bits are widened.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from emojimask.errors import DataError
from emojimask.expressions.preprocess import SIDE
from emojimask.training.models import Network
from emojimask.training.models.network import run_once

Array = NDArray[np.float32]
_QUANTISED = "_DequantizeLinear_Output"  # what ONNX Runtime adds to the name of weights in 8 bits


@torch.no_grad()
def take_weights(model: Network, graph: bytes, name: str) -> None:
    """Give ``model`` the weights of a ``graph`` that was exported from one like it.

    Raises:
        DataError: the graph lacks some, or has others; the message begins with ``name``.
    """
    shifts, weights = graph_weights(graph)
    state = model.state_dict()
    for norm, convolution in folded_norms(model).items():
        if f"{norm}.weight" in weights or convolution not in shifts:
            continue  # the graph has the norm itself; or it lacks the convolution, which is told below
        layer = model.get_submodule(norm)
        assert isinstance(layer, nn.BatchNorm2d)
        ones = np.ones(layer.num_features, np.float32)
        kept = f"{convolution.removesuffix('weight')}bias" in state  # the convolution has a shift of its own
        weights |= {
            f"{norm}.weight": ones,
            f"{norm}.bias": 0 * ones if kept else shifts[convolution],
            f"{norm}.running_mean": 0 * ones,
            f"{norm}.running_var": ones - layer.eps,
        }
    needed = [key for key in state if not key.endswith("num_batches_tracked")]
    missing = [key for key in needed if key not in weights or weights[key].shape != tuple(state[key].shape)]
    if missing:
        raise DataError(f"{name}: its weights do not fit its recipe ({missing[0]})")
    model.load_state_dict({key: torch.from_numpy(weights[key].copy()) for key in needed}, strict=False)


def graph_weights(graph: bytes) -> tuple[dict[str, Array], dict[str, Array]]:
    """Each convolution's shift by the name of its weights, and all weights by name, as float32."""
    proto = onnx.load_model_from_string(graph)
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in proto.graph.initializer}
    makers = {output: node for node in proto.graph.node for output in node.output}

    def value(name: str) -> NDArray[np.generic] | None:
        maker = makers.get(name)
        if maker is None or maker.op_type not in ("Cast", "DequantizeLinear"):
            return stored.get(name)
        content, *coding = (stored.get(part) for part in maker.input)
        if content is None or maker.op_type == "Cast":
            return content
        return widened(content, coding, next((a.i for a in maker.attribute if a.name == "axis"), 1))

    shifts, weights = {}, {}
    for node in proto.graph.node:
        names = [name.removesuffix(_QUANTISED) for name in node.input]
        for name, source in zip(names, node.input, strict=True):
            found = value(source)
            if found is not None:
                weights[name] = found.astype(np.float32)
        if node.op_type == "Conv" and len(names) == 3:
            shifts[names[1]] = weights[names[2]]
    return shifts, weights


def widened(content: NDArray[np.generic], coding: list[NDArray[np.generic] | None], axis: int) -> Array:
    """What 8 or 32 bits stand for: (content - zero) * scale, with one of each, or one for each slice of ``axis``."""
    shape = [-1 if place == axis else 1 for place in range(content.ndim)]
    scale, zero = (
        0 if part is None else part.astype(np.float32).reshape(shape if part.size > 1 else ()) for part in coding
    )
    return np.asarray((content.astype(np.float32) - zero) * scale, np.float32)


@torch.no_grad()
def folded_norms(model: Network) -> dict[str, str]:
    """Each batch norm that takes what a convolution gives, and the name of that convolution's weights."""
    made_by: dict[int, str] = {}
    pairs: dict[str, str] = {}

    def after(name: str, _: nn.Module, __: object, output: Tensor) -> None:
        made_by[id(output)] = f"{name}.weight"
        kept.append(output)  # else another tensor may come to have its id

    def before(name: str, _: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if id(inputs[0]) in made_by:
            pairs[name] = made_by[id(inputs[0])]

    kept: list[Tensor] = []
    hooks = []
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Conv2d):
            hooks.append(layer.register_forward_hook(partial(after, name)))
        elif isinstance(layer, nn.BatchNorm2d):
            hooks.append(layer.register_forward_pre_hook(partial(before, name)))
    run_once(model, torch.zeros(1, 1, SIDE, SIDE), hooks)
    return pairs


@torch.no_grad()
def settle(model: Network, images: Tensor) -> None:
    """Give batch norms the mean and variance of what they get for ``images``, and scales that make up for it.

    The network computes what it did before, but can be trained: a step sees a batch's own mean and variance.

    Args:
        model: any network.
        images: (N, 1, 48, 48) float32, normalised, on its device.
    """

    def to_statistics(layer: nn.BatchNorm2d, inputs: tuple[Tensor, ...]) -> None:
        assert layer.running_mean is not None
        assert layer.running_var is not None
        variance, mean = torch.var_mean(inputs[0], (0, 2, 3), correction=0)
        slope = layer.weight / (layer.running_var + layer.eps).sqrt()
        layer.bias.add_(slope * (mean - layer.running_mean))
        layer.weight.copy_(slope * (variance + layer.eps).sqrt())
        layer.running_mean.copy_(mean)
        layer.running_var.copy_(variance)

    norms = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    run_once(model, images, [layer.register_forward_pre_hook(to_statistics) for layer in norms])
