"""Temperatures: found where they are known, put into every network's weights, and in what training keeps."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
if find_spec("torchvision") is None:  # not importorskip: see torchvision_models
    pytest.skip("the extra [train] is not installed", allow_module_level=True)

from generated_fer import write_csv  # noqa: E402

from emojimask.training.calibration import divided, temperature  # noqa: E402
from emojimask.training.data.load import load_split  # noqa: E402
from emojimask.training.models import MODELS  # noqa: E402
from emojimask.training.recipe import Recipe  # noqa: E402
from emojimask.training.targets import Target, label_target, to_device  # noqa: E402
from emojimask.training.train import predict, train  # noqa: E402
from emojimask.training.trained import build_model, load_network  # noqa: E402

CPU = torch.device("cpu")


@pytest.mark.parametrize("known", [0.5, 1.0, 3.0])
def test_a_known_temperature_is_found(known: float) -> None:
    torch.manual_seed(0)
    honest = 2 * torch.randn(20_000, 7)
    labels = torch.multinomial(honest.softmax(1), 1)[:, 0]
    assert temperature(known * honest, label_target(labels.numpy(), 7, CPU)) == pytest.approx(known, rel=0.05)


def test_rows_that_are_not_learned_from_do_not_count() -> None:
    goal = torch.eye(3)[[0, 0, 1, 2]]
    logits = torch.tensor([[2.0, 0, 0], [2.0, 0, 0], [2.0, 0, 0], [9.0, 0, 0]])
    label, counts = goal.argmax(1), torch.ones(4, dtype=torch.bool)

    def fitted(*learned: float) -> float:
        return temperature(logits, Target(goal, torch.tensor(learned), label, counts, hard=True))

    first = Target(goal[:3], torch.ones(3), label[:3], counts[:3], hard=True)
    assert fitted(1, 1, 1, 0) == pytest.approx(temperature(logits[:3], first), rel=1e-3)
    assert fitted(1, 1, 1, 1) > 2 * fitted(1, 1, 1, 0)
    assert fitted(0, 0, 0, 0) == 1


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_network_takes_it_into_its_weights(name: str) -> None:
    torch.manual_seed(0)
    model = build_model(Recipe(model=name)).eval()
    faces = torch.rand(2, 1, 48, 48)
    with torch.no_grad():
        before = model(faces)
        after = divided(model, {"ferplus": 2.0})(faces)
        again = model(faces)
    assert torch.equal(after[0], before[0])
    assert after[1] == pytest.approx(before[1] / 2, abs=1e-5)
    assert torch.equal(again[1], before[1])


def test_what_training_keeps_needs_none(tmp_path: Path) -> None:
    write_csv(tmp_path)
    recipe = Recipe(name="tiny", widths=(8, 16), blocks=(1, 1), epochs=2, batch=14, rate=0.05)
    model, _ = load_network(train(recipe, tmp_path, tmp_path / "run"), CPU)
    valid = to_device(load_split(tmp_path, "valid"), recipe, CPU)
    for head, logits in predict(model, valid.images).items():
        assert temperature(logits, valid.targets[head]) == pytest.approx(1, abs=0.02)
