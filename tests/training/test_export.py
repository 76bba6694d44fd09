"""From a checkpoint to a model that the runtime takes."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from emojimask.errors import DataError, MissingExtraError, ModelError, OutputExistsError
from emojimask.expressions.classifier import OnnxClassifier, open_session
from emojimask.expressions.preprocess import FER2013_KEY_POINTS, normalise
from emojimask.training import cli
from emojimask.types import Box, Face

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
pytest.importorskip("onnxscript", reason="the extra [train] is not installed")

from generated_fer import write_csv  # noqa: E402

from emojimask.training import export as export_module  # noqa: E402
from emojimask.training.export import check_agreement, export, load_network, noise, to_onnx  # noqa: E402
from emojimask.training.recipe import Recipe  # noqa: E402
from emojimask.training.train import build_model, train  # noqa: E402

RECIPE = Recipe(name="tiny", widths=(8, 16), blocks=(1, 1), epochs=2, batch=14, rate=0.05)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fer")
    write_csv(folder)
    return folder


@pytest.fixture(scope="module")
def checkpoint(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(RECIPE, data, tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def exported(checkpoint: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(checkpoint, tmp_path_factory.mktemp("out"), data=data)


def test_the_runtime_takes_it(exported: Path) -> None:
    classifier = OnnxClassifier(exported)
    face = Face(Box(0, 0, 96, 96), FER2013_KEY_POINTS * 2, 1.0)
    probabilities = classifier.classify(np.full((96, 96, 3), 99, np.uint8), [face, face])
    assert probabilities.sum(1) == pytest.approx([1, 1])
    assert [path.name for path in sorted(exported.parent.iterdir())] == ["tiny.json", "tiny.onnx"]


def test_the_graph_computes_what_the_network_does(exported: Path, checkpoint: Path) -> None:
    model = load_network(RECIPE, torch.load(checkpoint, weights_only=True)["model"], checkpoint)
    session = open_session(exported.read_bytes(), "tiny")
    for count in (1, 5):
        batch = normalise(noise(count))
        seven, eight = session.run(["fer2013", "ferplus"], {"image": batch})
        with torch.no_grad():
            wanted = model(torch.from_numpy(batch))
        assert seven == pytest.approx(wanted[0].numpy(), abs=1e-4)
        assert eight == pytest.approx(wanted[1].numpy(), abs=1e-4)


def test_the_graph_is_lean(exported: Path) -> None:
    import onnx

    proto = onnx.load(exported)
    assert not {node.op_type for node in proto.graph.node} & {"BatchNormalization", "Dropout", "ArgMax", "Softmax"}
    assert str(Path(__file__).parents[2]).encode() not in exported.read_bytes()  # no path of this machine
    assert str(Path(torch.__file__).parent).encode() not in exported.read_bytes()


def test_the_card_tells_how_it_was_made_and_what_it_is_worth(exported: Path) -> None:
    card = json.loads(exported.with_suffix(".json").read_text())
    assert card["output"] == "ferplus"
    assert Recipe(**{**card["training"]["recipe"], "widths": (8, 16), "blocks": (1, 1)}) == RECIPE
    assert card["training"]["seconds"] > 0
    assert card["parameters"] == sum(p.numel() for p in build_model(RECIPE).parameters())
    private = card["metrics"]["PrivateTest"]
    assert private["fer2013"]["rows"] == 21
    assert set(private["fer2013"]["recall"]) == {"angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"}
    assert private["ferplus_majority"]["rows"] == 21
    assert card["metrics"]["PublicTest"]["ferplus_argmax"]["rows"] == 21


def test_without_data_the_card_has_no_metrics(checkpoint: Path, tmp_path: Path) -> None:
    card = json.loads(export(checkpoint, tmp_path).with_suffix(".json").read_text())
    assert card["metrics"] == {}


def test_a_graph_that_differs_is_refused(checkpoint: Path) -> None:
    model = load_network(RECIPE, torch.load(checkpoint, weights_only=True)["model"], checkpoint)
    session = open_session(to_onnx(model), "tiny")
    check_agreement(model, session, noise(4))
    with torch.no_grad():
        model.fer2013.bias[0] += 2e-4
    with pytest.raises(ModelError, match=r"differ from the network's by 0\.0002"):
        check_agreement(model, session, noise(4))


def test_nothing_is_written_where_the_graph_differs(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_module, "TOLERANCE", -1.0)
    with pytest.raises(ModelError, match="differ"):
        export(checkpoint, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_is_overwritten_unasked(exported: Path, checkpoint: Path) -> None:
    before = exported.read_bytes()
    with pytest.raises(OutputExistsError, match="--force"):
        export(checkpoint, exported.parent)
    assert exported.read_bytes() == before


def test_faulty_checkpoints(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such checkpoint"):
        export(tmp_path / "none.pt", tmp_path)
    content = torch.load(checkpoint, weights_only=True)
    torch.save({**content, "recipe": {**content["recipe"], "widths": (8, 17)}}, tmp_path / "other.pt")
    with pytest.raises(DataError, match="its weights do not fit its recipe"):
        export(tmp_path / "other.pt", tmp_path)
    torch.save({"model": {}}, tmp_path / "part.pt")
    with pytest.raises(DataError, match="'recipe' is missing"):
        export(tmp_path / "part.pt", tmp_path)


def parsed(add: object, *words: object) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add(parser)  # type: ignore[operator]
    return parser.parse_args([str(word) for word in words])


def test_the_command_line_trains_and_exports(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text("epochs = 2\nbatch = 14\nwidths = [4, 8]\nblocks = [1, 1]\n")
    args = parsed(cli.add_train, recipe, "--data", data, "--out", tmp_path / "run")
    assert args.run(args) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split()[:2] for line in err.splitlines()[:2]] == [["epoch", "1/2"], ["epoch", "2/2"]]
    args = parsed(cli.add_export, tmp_path / "run" / "best.pt", "--out", tmp_path / "model")
    assert args.run(args) == 0
    assert OnnxClassifier(tmp_path / "model" / "mine.onnx").card.name == "mine"


def test_without_torch_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "emojimask.training.train")
    args = parsed(cli.add_train, "default", "--data", tmp_path, "--out", tmp_path)
    with pytest.raises(MissingExtraError, match=r"needs torch: pip install 'emojimask\[train\]'"):
        args.run(args)
