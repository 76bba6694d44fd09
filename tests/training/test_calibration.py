"""Temperatures and shifts: found where they are known, put into every network's weights, and in what training keeps."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
if find_spec("torchvision") is None:  # not importorskip: see torchvision_models
    pytest.skip("the extra [train] is not installed", allow_module_level=True)

from generated_fer import write_csv  # noqa: E402

from emojimask.training.calibration import Calibration, calibrated, calibration, takes_shifts  # noqa: E402
from emojimask.training.data.load import load_split  # noqa: E402
from emojimask.training.epoch import predict  # noqa: E402
from emojimask.training.models import MODELS  # noqa: E402
from emojimask.training.recipe import Recipe  # noqa: E402
from emojimask.training.run_files import CHECKPOINT  # noqa: E402
from emojimask.training.targets import Target, label_target, to_device  # noqa: E402
from emojimask.training.train import train  # noqa: E402
from emojimask.training.trained import build_model, load_network  # noqa: E402

CPU = torch.device("cpu")


@pytest.mark.parametrize("known", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("shifted", [True, False])
def test_a_known_calibration_is_found(known: float, shifted: bool) -> None:
    torch.manual_seed(0)
    honest = 2 * torch.randn(20_000, 7)
    labels = torch.multinomial(honest.softmax(1), 1)[:, 0]
    shy = torch.tensor([0, 0, -0.5, 0.3, 0, 0, 0.2]) * shifted
    found = calibration(known * (honest + shy), label_target(labels.numpy(), 7, CPU), shifted=shifted)
    assert found.temperature == pytest.approx(known, rel=0.05)
    assert found.shifts - found.shifts.mean() == pytest.approx(-shy, abs=0.08 if shifted else 0)


def test_a_class_of_a_few_rows_is_not_shifted_far_and_one_without_rows_not_at_all() -> None:
    logits = torch.zeros(40, 3)
    labels = torch.tensor([0] * 38 + [1] * 2)
    found = calibration(logits, label_target(labels.numpy(), 3, CPU))
    free = (found.shifts[0] - found.shifts[1]).item()
    assert 0.5 < free < 0.8 * np.log(38 / 2)
    assert found.shifts[2] == 0


@pytest.mark.parametrize("right", [True, False])
def test_a_few_rows_make_no_network_sure_of_everything_or_of_nothing(right: bool) -> None:
    torch.manual_seed(0)
    labels = torch.arange(7)
    logits = torch.randn(7, 7) + 8 * torch.eye(7)[labels if right else labels.roll(1)]
    found = calibration(logits, label_target(labels.numpy(), 7, CPU))
    assert 0.4 < found.temperature < 8


def test_rows_that_are_not_learned_from_or_judged_do_not_count() -> None:
    goal = torch.eye(3)[[0, 0, 1, 2]]
    logits = torch.tensor([[2.0, 0, 0], [2.0, 0, 0], [2.0, 0, 0], [9.0, 0, 0]])
    label = goal.argmax(1)

    def fitted(learned: list[int], counts: list[int]) -> float:
        target = Target(goal, torch.tensor(learned, dtype=torch.float32), label, torch.tensor(counts).bool(), hard=True)
        return calibration(logits, target, shifted=False).temperature

    first = Target(goal[:3], torch.ones(3), label[:3], torch.ones(3).bool(), hard=True)
    wanted = calibration(logits[:3], first, shifted=False).temperature
    assert fitted([1, 1, 1, 0], [1, 1, 1, 1]) == pytest.approx(wanted, rel=1e-3)
    assert fitted([1, 1, 1, 1], [1, 1, 1, 0]) == pytest.approx(wanted, rel=1e-3)
    assert fitted([1, 1, 1, 1], [1, 1, 1, 1]) > 1.5 * wanted
    assert fitted([0, 0, 0, 0], [1, 1, 1, 1]) == 1


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_network_takes_it_into_its_weights(name: str) -> None:
    torch.manual_seed(0)
    model = build_model(Recipe(model=name)).eval()
    faces = torch.rand(2, 1, 48, 48)
    shifts = torch.linspace(-1, 1, 8) * takes_shifts(model, "ferplus")
    with torch.no_grad():
        before = model(faces)
        after = calibrated(model, {"ferplus": Calibration(2.0, shifts)})(faces)
        again = model(faces)
    assert torch.equal(after[0], before[0])
    assert after[1] == pytest.approx(before[1] / 2 + shifts, abs=1e-5)
    assert torch.equal(again[1], before[1])
    assert bool(shifts.any()) == (name not in {"squeezenet", "mini-xception", "xception-gap"})


def test_what_training_keeps_is_calibrated(tmp_path: Path) -> None:
    write_csv(tmp_path)
    recipe = Recipe(name="tiny", widths=(8, 16), blocks=(1, 1), epochs=2, batch=14, rate=0.05, keep="last")
    kept, _ = load_network(train(recipe, tmp_path, tmp_path / "run"), CPU)
    raw = build_model(recipe)
    raw.load_state_dict(torch.load(tmp_path / "run" / CHECKPOINT, weights_only=True)["averaged"])
    valid = to_device(load_split(tmp_path, "valid"), recipe, CPU)
    before, after = predict(raw, valid.images), predict(kept, valid.images)
    for head, logits in before.items():
        found = calibration(logits, valid.targets[head])
        assert after[head] == pytest.approx(logits / found.temperature + found.shifts, abs=1e-3)
        assert found.shifts.abs().max() > 0.01
