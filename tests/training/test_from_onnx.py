"""Exported models as networks again: whatever the network and the precision, they answer as the file does."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
pytest.importorskip("onnxscript", reason="the extra [train] is not installed")

from emojimask.errors import DataError, ModelError  # noqa: E402
from emojimask.expressions.classifier import MODELS as SHIPPED  # noqa: E402
from emojimask.expressions.classifier import open_session  # noqa: E402
from emojimask.expressions.preprocess import normalise  # noqa: E402
from emojimask.training.export import noise, to_onnx  # noqa: E402
from emojimask.training.from_onnx import settle, take_weights  # noqa: E402
from emojimask.training.models import Network  # noqa: E402
from emojimask.training.precision import to_fp16  # noqa: E402
from emojimask.training.recipe import Recipe, load_recipe  # noqa: E402
from emojimask.training.trained import build_model, folded, load_network  # noqa: E402

FACES = torch.from_numpy(normalise(noise(8)))


def lively(recipe: Recipe) -> Network:
    """A network whose batch norms have seen something, in no two channels the same."""
    torch.manual_seed(1)
    model = build_model(recipe)
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            for values, low, high in ((layer.weight, 0.5, 2), (layer.bias, -1, 1), (layer.running_mean, -0.3, 0.3)):
                torch.nn.init.uniform_(values, low, high)
    settle(model, FACES)
    return model.eval()


def answers(model: Network) -> list[np.ndarray]:
    with torch.no_grad():
        return [logits.numpy() for logits in model.eval()(FACES)]


@pytest.mark.parametrize("name", ["efficientnet-lite0", "default", "gray-face-resnet", "mini-xception", "fernet"])
def test_a_teacher_answers_the_same_without_its_batch_norms(name: str) -> None:
    model = lively(load_recipe(name))
    before = answers(model)
    for found, wanted in zip(answers(folded(model)), before, strict=True):
        assert found == pytest.approx(wanted, abs=1e-4 * np.abs(wanted).max())


@pytest.mark.parametrize(
    "name",
    [
        "default", "compact-resnet", "gray-face-resnet", "vgg-ba-small", "mini-xception", "xception-gap", "resnet18",
        "fernet",
    ],
)  # fmt: skip
def test_a_network_and_its_graph_tell_the_same(name: str) -> None:
    recipe = load_recipe(name)
    model, again = lively(recipe), build_model(recipe)
    graph = to_onnx(model)
    take_weights(again, graph, name)
    for one, other in zip(answers(model), answers(again), strict=True):
        assert np.abs(one).max() > 0
        assert other == pytest.approx(one, abs=1e-3 * np.abs(one).max())
    take_weights(again, to_fp16(graph), name)
    for one, other in zip(answers(model), answers(again), strict=True):
        assert other == pytest.approx(one, abs=2e-2 * np.abs(one).max())


def test_settled_norms_change_no_answer_and_fit_the_faces() -> None:
    model = lively(Recipe(widths=(8, 16), blocks=(1, 1)))
    before = answers(model)
    other = torch.from_numpy(normalise(noise(24)[8:])) * 3 + 1
    settle(model, other)
    for one, now in zip(before, answers(model), strict=True):
        assert now == pytest.approx(one, abs=1e-3 * np.abs(one).max())
    first = model.features[0]
    with torch.no_grad():
        got = first[0](other)
    assert torch.allclose(first[1].running_mean, got.mean((0, 2, 3)), atol=1e-5)
    assert torch.allclose(first[1].running_var, got.var((0, 2, 3), correction=0), rtol=1e-4)


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.onnx")), ids=lambda path: path.stem)
def test_trained_models_can_be_trained_on(path: Path) -> None:
    """Eight bits are widened; rounding between layers, which only the file does, moves the logits a little."""
    model, _ = load_network(str(path), torch.device("cpu"))
    session = open_session(path.read_bytes(), path.stem)
    for one, other in zip(session.run(None, {"image": FACES.numpy()}), answers(model), strict=True):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.98


def test_a_model_that_cannot_be_a_network(tmp_path: Path) -> None:
    recipe = Recipe(widths=(8, 16), blocks=(1, 1))
    graph = to_onnx(build_model(recipe))
    with pytest.raises(DataError, match=r"tiny: its weights do not fit its recipe \(features"):
        take_weights(build_model(Recipe(widths=(8, 24), blocks=(1, 1))), graph, "tiny")
    card = json.loads((SHIPPED / "default.json").read_text())
    card |= {"training": {}, "sha256": hashlib.sha256(graph).hexdigest()}
    (tmp_path / "bare.onnx").write_bytes(graph)
    (tmp_path / "bare.json").write_text(json.dumps(card))
    with pytest.raises(DataError, match=r"bare\.onnx: its card names no recipe"):
        load_network(tmp_path / "bare.onnx", torch.device("cpu"))
    (tmp_path / "bare.onnx").write_bytes(graph[:-9])
    with pytest.raises(ModelError, match=r"bare\.onnx: is damaged"):
        load_network(tmp_path / "bare.onnx", torch.device("cpu"))
