"""From a checkpoint to a model that the runtime takes."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from emojimask.cli import main
from emojimask.errors import DataError, MissingExtraError, ModelError, OutputExistsError, SinkError, UsageError
from emojimask.expressions.classifier import OnnxClassifier, open_session
from emojimask.expressions.preprocess import FER2013_KEY_POINTS, normalise
from emojimask.training import cli
from emojimask.types import Box, Face

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
pytest.importorskip("onnxscript", reason="the extra [train] is not installed")

import onnx  # noqa: E402
from generated_fer import write_csv  # noqa: E402

from emojimask.training import export as export_module  # noqa: E402
from emojimask.training.data.fer2013 import FER2013_CLASSES  # noqa: E402
from emojimask.training.export import check_agreement, export, noise, to_onnx  # noqa: E402
from emojimask.training.models import Network  # noqa: E402
from emojimask.training.precision import Weighing, means_as_convolutions, to_fp16, to_int8  # noqa: E402
from emojimask.training.recipe import Recipe  # noqa: E402
from emojimask.training.run_files import CHECKPOINT  # noqa: E402
from emojimask.training.train import train  # noqa: E402
from emojimask.training.trained import build_model, learned_before, load_network  # noqa: E402

RECIPE = Recipe(name="tiny", widths=(8, 16), blocks=(1, 1), epochs=2, batch=14, rate=0.05)


@pytest.fixture(scope="module")
def checkpoint(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(RECIPE, data, tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def exported(checkpoint: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(checkpoint, tmp_path_factory.mktemp("out"), data=data)


def network(checkpoint: Path) -> Network:
    return load_network(checkpoint, torch.device("cpu"))[0]


def test_the_runtime_takes_it(exported: Path) -> None:
    classifier = OnnxClassifier(exported)
    face = Face(Box(0, 0, 96, 96), FER2013_KEY_POINTS * 2, 1.0)
    probabilities = classifier.classify(np.full((96, 96, 3), 99, np.uint8), [face, face])
    assert probabilities.sum(1) == pytest.approx([1, 1])
    assert [path.name for path in sorted(exported.parent.iterdir())] == ["tiny.json", "tiny.onnx"]


def test_the_graph_computes_what_the_network_does(exported: Path, checkpoint: Path) -> None:
    model = network(checkpoint)
    session = open_session(exported.read_bytes(), "tiny")
    for count in (1, 5):
        batch = normalise(noise(count))
        seven, eight = session.run(["fer2013", "ferplus"], {"image": batch})
        with torch.no_grad():
            wanted = model(torch.from_numpy(batch))
        assert seven == pytest.approx(wanted[0].numpy(), abs=1e-4)
        assert eight == pytest.approx(wanted[1].numpy(), abs=1e-4)


def test_the_graph_is_lean(exported: Path) -> None:
    proto = onnx.load(exported)
    assert not {node.op_type for node in proto.graph.node} & {"BatchNormalization", "Dropout", "ArgMax", "Softmax"}
    assert str(Path(__file__).parents[2]).encode() not in exported.read_bytes()  # no path of this machine
    assert str(Path(torch.__file__).parent).encode() not in exported.read_bytes()


def test_the_card_tells_how_it_was_made_and_what_it_is_worth(exported: Path) -> None:
    card = json.loads(exported.with_suffix(".json").read_text())
    assert card["output"] == "ferplus"
    assert Recipe.from_dict(card["training"]["recipe"], "card") == RECIPE
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
    model = network(checkpoint)
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


def test_a_folder_that_cannot_be_written_to(checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny.json").mkdir()
    with pytest.raises(SinkError, match=r"tiny\.json: is a folder; name a file in it"):
        export(checkpoint, tmp_path, force=True)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(SinkError, match="file: is a file; name a folder"):
        export(checkpoint, tmp_path / "file" / "out")


def test_nothing_is_overwritten_unasked(exported: Path, checkpoint: Path) -> None:
    before = exported.read_bytes()
    with pytest.raises(OutputExistsError, match="--force"):
        export(checkpoint, exported.parent)
    assert exported.read_bytes() == before


def test_a_planted_disagreement_on_real_rows_is_refused(
    checkpoint: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The graph of a network whose weights were touched after it was made, on the rows of PublicTest."""

    def of_another(model: Network) -> bytes:
        other = network(checkpoint)
        with torch.no_grad():
            other.ferplus.bias[3] += 2e-4
        return to_onnx(other)

    monkeypatch.setattr(export_module, "to_onnx", of_another)
    with pytest.raises(ModelError, match=r"differ from the network's by 0\.0002"):
        export(checkpoint, tmp_path / "out", data=data)
    assert not (tmp_path / "out").exists()


def test_smaller_precisions_take_and_give_float32_and_compute_nearly_the_same(exported: Path) -> None:
    graph, batch = exported.read_bytes(), normalise(noise(8))
    wanted = open_session(graph, "tiny").run(None, {"image": batch})
    for name, small, largest in (("fp16", to_fp16(graph), 0.01), ("int8", to_int8(graph, noise(64)), 0.25)):
        found = open_session(small, name).run(None, {"image": batch})
        assert len(small) < len(graph)
        for a, b in zip(wanted, found, strict=True):
            assert a.dtype == b.dtype == np.float32
            assert 0 < np.abs(a - b).max() < largest * np.abs(a).max(), name


def test_pooling_after_the_first_convolution_stays_in_floats() -> None:
    """In 8 bits it takes about twenty times as long."""
    graph = onnx.load_model_from_string(to_int8(to_onnx(build_model(Recipe(model="gray-face-resnet"))), noise(16)))
    made_by = {output: node.op_type for node in graph.graph.node for output in node.output}
    convolutions = [node for node in graph.graph.node if node.op_type == "Conv"]
    (pooling,) = (node for node in graph.graph.node if node.op_type == "MaxPool")
    assert made_by[pooling.input[0]] == "Conv"
    assert [made_by.get(node.input[0]) for node in convolutions] == [None] + (len(convolutions) - 1) * [
        "DequantizeLinear"
    ]


def test_later_averages_over_pixels_become_convolutions_which_8_bits_are_quick_at() -> None:
    plain = to_onnx(build_model(Recipe(model="face-resnet")))
    graph = onnx.load_model_from_string(plain)
    changed = means_as_convolutions(onnx.load_model_from_string(plain))
    kinds = [Counter(node.op_type for node in one.graph.node) for one in (graph, changed)]
    assert kinds[0] - kinds[1] == {"AveragePool": 3}
    assert kinds[1] - kinds[0] == {"Conv": 3}
    batch = {"image": normalise(noise(4))}
    before, after = (open_session(one.SerializeToString(), "one").run(None, batch) for one in (graph, changed))
    for a, b in zip(before, after, strict=True):
        assert b == pytest.approx(a, abs=1e-5 * np.abs(a).max())
    small = onnx.load_model_from_string(to_int8(plain, noise(16)))
    assert not any(node.op_type == "AveragePool" for node in small.graph.node)


def test_one_glaring_face_does_not_coarsen_8_bits(exported: Path) -> None:
    graph, faces = exported.read_bytes(), noise(256) // 16 + 120
    glaring = faces.copy()
    glaring[100] = np.where(noise(1)[0] > 127, 255, 0)
    batch = normalise(faces[:8])
    wanted = open_session(graph, "tiny").run(None, {"image": batch})[0]

    def error(calibrated_on: NDArray[np.uint8]) -> float:
        small = open_session(to_int8(graph, calibrated_on), "int8")
        return float(np.abs(small.run(None, {"image": batch})[0] - wanted).mean())

    assert error(glaring) < 2 * error(faces)


@pytest.mark.parametrize(
    ("size", "ms", "after", "wins"),
    [
        ((100, 50), (1.0, 1.0), 0.7000, True),
        ((100, 50), (1.0, 1.0), 0.6979, False),  # it loses too much
        ((100, 50), (1.0, 1.2), 0.7000, False),  # smaller, but slower
        ((100, 100), (1.0, 0.8), 0.6985, True),
        ((100, 99), (1.0, 0.99), 0.7100, False),  # no difference to speak of
    ],
)
def test_what_wins(size: tuple[int, int], ms: tuple[float, float], after: float, wins: bool) -> None:
    assert Weighing(size, ms, {"fer2013": (0.7, after), "ferplus": (0.8, 0.8)}).wins is wins


def test_a_smaller_precision_is_written_only_where_it_wins(
    checkpoint: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def outcome(loss: float) -> None:
        weighing = Weighing((100, 50), (1.0, 1.0), {"ferplus": (0.8, 0.8 - loss)})
        monkeypatch.setattr(export_module, "weigh", lambda *_: weighing)

    told: list[Weighing] = []
    outcome(0.01)
    with pytest.raises(ModelError, match="does not win"):
        export(checkpoint, tmp_path / "out", data=data, precision="int8", on_weighed=told.append)
    assert not (tmp_path / "out").exists()
    assert "ferplus on PublicTest 80.00 -> 79.00 %" in str(told[0])
    outcome(0.0)
    card = OnnxClassifier(export(checkpoint, tmp_path / "out", data=data, precision="int8")).card
    assert card.name == "tiny-int8"
    assert card.training["precision"] == "int8"
    assert card.metrics["PrivateTest"]["fer2013"]["rows"] == 21
    with pytest.raises(UsageError, match="add --data"):
        export(checkpoint, tmp_path, precision="fp16")
    with pytest.raises(UsageError, match="choose one of fp32, int8, fp16"):
        export(checkpoint, tmp_path, precision="int4")


def test_a_smaller_form_is_not_weighed_without_votes(checkpoint: Path, tmp_path: Path) -> None:
    """Else nothing would stand against what FER+'s head, the one that is shown, may have lost."""
    write_csv(tmp_path / "voteless")
    (tmp_path / "voteless" / "fer2013new.csv").unlink()
    with pytest.raises(DataError, match="has no row that ferplus counts"):
        export(checkpoint, tmp_path / "out", data=tmp_path / "voteless", precision="int8")
    assert not (tmp_path / "out").exists()


def test_the_card_names_the_data_that_it_was(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for split in ("train", "valid", "test"):
        for name in FER2013_CLASSES:
            folder = tmp_path / "mine" / split / name
            folder.mkdir(parents=True)
            for i in range(2):
                Image.fromarray(rng.integers(0, 255, (48, 48), np.uint8)).save(folder / f"{i}.png")
    path = train(replace(RECIPE, labels="fer2013", epochs=1), tmp_path / "mine", tmp_path / "run")
    card = OnnxClassifier(export(path, tmp_path / "out", data=tmp_path / "mine")).card
    assert card.training["data"] == "image folders, 14 faces"
    assert len(card.training["data_sha256"]) == 64
    assert "2013" not in card.limits


def test_the_card_names_the_commit_that_trained(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which need not be the one that exports: what came in between has not made the model."""
    monkeypatch.setattr("emojimask.training.train.commit", lambda: "0123abc")
    path = train(replace(RECIPE, epochs=1), data, tmp_path / "run")
    card = OnnxClassifier(export(path, tmp_path / "out")).card
    assert card.training["commit"] == "0123abc"


def test_the_card_tells_what_first_weights_and_teachers_learned_from(exported: Path, tmp_path: Path) -> None:
    """Else a model that goes on from FER2013's would keep its makers' bias to itself."""
    rng = np.random.default_rng(1)
    for name in FER2013_CLASSES:
        folder = tmp_path / "mine" / "train" / name
        folder.mkdir(parents=True)
        for i in range(3):  # of fewer than ten the last is held out
            Image.fromarray(rng.integers(0, 255, (48, 48), np.uint8)).save(folder / f"{i}.png")
    recipe = replace(RECIPE, labels="fer2013", epochs=1, weights=str(exported))
    path = train(recipe, tmp_path / "mine", tmp_path / "run")
    card = OnnxClassifier(export(path, tmp_path / "out", data=tmp_path / "mine")).card
    assert card.training["data"] == "image folders, 14 faces"
    assert "2013" in card.training["learned_before"][0]
    assert "2013" in card.limits
    assert "PublicTest" in card.metrics
    assert "PrivateTest" not in card.metrics
    assert learned_before(replace(RECIPE, teachers=(str(path),)))[0] == "image folders, 14 faces"
    assert "dlib's network" in learned_before(Recipe(model="face-resnet", weights="faces"))[0]


def test_a_run_is_evaluated_as_its_export_is(
    checkpoint: Path, exported: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    views = []
    for model in (checkpoint.parent, exported):
        words = ["evaluate", str(model), "--data", str(data), "--labels", "ferplus", "--single-view", "--json"]
        assert main(words) == 0
        views.append(json.loads(capsys.readouterr().out)["views"])
    assert views[0] == views[1]


def test_faulty_checkpoints(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such checkpoint; name a trained run"):
        export(tmp_path / "none.pt", tmp_path)
    content = torch.load(checkpoint, weights_only=True)
    torch.save({**content, "recipe": {**content["recipe"], "widths": (8, 17)}}, tmp_path / "other.pt")
    with pytest.raises(DataError, match="its weights do not fit its recipe"):
        export(tmp_path / "other.pt", tmp_path)
    for faulty, message in (({"model": []}, "weights do not fit"), ({"recipe": []}, "recipe is not one")):
        torch.save({**content, **faulty}, tmp_path / "other.pt")
        with pytest.raises(DataError, match=rf"other\.pt: its {message}"):
            export(tmp_path / "other.pt", tmp_path)
    with pytest.raises(DataError, match=r"name the best\.pt beside it"):
        export(checkpoint.with_name(CHECKPOINT), tmp_path)
    torch.save({"model": {}}, tmp_path / "part.pt")
    with pytest.raises(DataError, match="'recipe' is missing"):
        export(tmp_path / "part.pt", tmp_path)
    whole = checkpoint.read_bytes()
    for damaged in (b"", b"no checkpoint", whole[: len(whole) // 2]):
        (tmp_path / "damaged.pt").write_bytes(damaged)
        with pytest.raises(DataError, match=r"damaged\.pt: is damaged or not a checkpoint"):
            export(tmp_path / "damaged.pt", tmp_path / "out")
    assert not (tmp_path / "out").exists()


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
    with pytest.raises(MissingExtraError, match=r'needs torch: pip install "emojimask\[train\]"'):
        args.run(args)
