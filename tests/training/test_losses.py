"""Losses, mixing and schedules: the numbers that the papers' formulas give."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812

from emojimask.training.losses import class_weights, distillation_loss, label_loss  # noqa: E402
from emojimask.training.mixing import mixed  # noqa: E402
from emojimask.training.optimisation import after_epoch, after_step, make_optimizer, make_schedule  # noqa: E402
from emojimask.training.recipe import Recipe, load_recipe  # noqa: E402
from emojimask.training.targets import Target  # noqa: E402


def target(labels: list[int], learned: list[int]) -> Target:
    label = torch.tensor(labels)
    rows = torch.tensor(learned, dtype=torch.float32)
    return Target(F.one_hot(label, 3).float(), rows, label, rows.bool(), hard=True)


def test_rows_that_teach_nothing_do_not_count() -> None:
    logits = torch.randn(3, 3)
    found = label_loss(
        [logits],
        {"fer2013": target([0, 1, 2], [1, 0, 1])},
        torch.arange(3),
        {"fer2013": torch.ones(3)},
        Recipe(labels="fer2013", label_smoothing=0.1),
    )
    rows = torch.tensor([0, 2])
    assert float(found) == pytest.approx(float(F.cross_entropy(logits[rows], rows, label_smoothing=0.1)))


def test_smoothing_is_for_hard_labels_and_ferplus_has_its_weight() -> None:
    logits = torch.randn(2, 3)
    hard = target([0, 1], [1, 1])
    soft = Target(torch.tensor([[0.5, 0.5, 0], [0.1, 0, 0.9]]), torch.ones(2), hard.label, hard.counts, hard=False)
    weights = {"fer2013": torch.ones(3), "ferplus": torch.ones(3)}
    recipe = Recipe(label_smoothing=0.2, ferplus_weight=3.0)
    found = label_loss([logits, logits], {"fer2013": hard, "ferplus": soft}, torch.arange(2), weights, recipe)
    wanted = F.cross_entropy(logits, hard.label, label_smoothing=0.2) + 3 * F.cross_entropy(logits, soft.goal)
    assert float(found) == pytest.approx(float(wanted))


def test_class_weights() -> None:
    rows = target([0] * 16 + [1] * 4, [1] * 20)
    assert class_weights(rows, "none").tolist() == [1, 1, 1]
    a, b, _ = class_weights(rows, "inverse-sqrt").tolist()
    assert b / a == pytest.approx(2)
    assert (16 * a + 4 * b) / 20 == pytest.approx(1)
    beta = 1 - 1 / 20
    a, b, _ = class_weights(rows, "effective").tolist()
    assert b / a == pytest.approx((1 - beta**16) / (1 - beta**4), rel=1e-5)
    assert class_weights(target([0, 1], [0, 0]), "effective").tolist() == [1, 1, 1]


def test_a_pupil_that_says_what_the_teachers_say_loses_least() -> None:
    class Teacher(nn.Module):
        def __init__(self, *logits: float) -> None:
            super().__init__()
            self.logits = torch.tensor([logits])

        def forward(self, images: torch.Tensor) -> tuple[torch.Tensor]:
            return (self.logits,)

    recipe = Recipe(labels="ferplus", temperature=2.0)
    teachers = [Teacher(4.0, 0.0), Teacher(0.0, 0.0)]
    goal = torch.stack([F.softmax(t.logits / 2, 1) for t in teachers]).mean(0)
    best = distillation_loss([2 * goal.log()], teachers, torch.zeros(1, 1, 2, 2), recipe)
    entropy = -(goal * goal.log()).sum()
    assert float(best) == pytest.approx(4 * float(entropy), rel=1e-4)
    for wrong in ([[3.0, 0.0]], [[0.0, 0.0]]):
        assert float(distillation_loss([torch.tensor(wrong)], teachers, torch.zeros(1, 1, 2, 2), recipe)) > float(best)


def test_teachers_see_the_face_and_its_mirror_image_by_turns() -> None:
    seen = []

    class Teacher(nn.Module):
        def forward(self, images: torch.Tensor) -> tuple[torch.Tensor]:
            seen.append(images)
            return (torch.zeros(1, 2),)

    torch.manual_seed(1)
    face = torch.arange(4.0).reshape(1, 1, 2, 2)
    for _ in range(50):
        distillation_loss([torch.zeros(1, 2)], [Teacher(), Teacher()], face, Recipe(labels="ferplus"))
    as_it_is, mirrored = ([torch.equal(view, wanted) for view in seen] for wanted in (face, face.flip(3)))
    assert all(a != b for a, b in zip(as_it_is, mirrored, strict=True))
    assert 25 < sum(mirrored) < 75
    assert as_it_is[::2] != as_it_is[1::2]  # each teacher by itself


@pytest.mark.parametrize(("asked", "answers"), [(0, 3), (1, 1), (2, 2), (9, 3)])
def test_some_teachers_at_a_time_teach_what_all_of_them_do(asked: int, answers: int) -> None:
    """Where none asks for all, each is asked as often as the others."""
    heard = [0, 0, 0]

    class Teacher(nn.Module):
        def __init__(self, which: int) -> None:
            super().__init__()
            self.which = which

        def forward(self, _: torch.Tensor) -> tuple[torch.Tensor]:
            heard[self.which] += 1
            return (torch.eye(3)[self.which : self.which + 1],)

    torch.manual_seed(1)
    recipe = Recipe(labels="ferplus", asked=asked)
    pupil = [torch.tensor([[1.0, 0.5, 0.0]])]
    teachers = [Teacher(which) for which in range(3)]
    losses = [float(distillation_loss(pupil, teachers, torch.zeros(1, 1, 2, 2), recipe)) for _ in range(300)]
    assert sum(heard) == 300 * answers
    assert max(heard) - min(heard) < 60
    everyone = float(distillation_loss(pupil, teachers, torch.zeros(1, 1, 2, 2), Recipe(labels="ferplus")))
    assert sum(losses) / 300 == pytest.approx(everyone, rel=0.02)


@pytest.mark.parametrize("mix", ["mixup", "cutmix"])
def test_the_share_of_the_loss_is_the_share_of_the_picture(mix: str) -> None:
    """Each picture is of one shade, its own number, so that its mean tells what it holds."""
    torch.manual_seed(3)
    images = torch.arange(6.0)[:, None, None, None].expand(6, 1, 48, 48)
    for _ in range(20):
        pictures, partner, share = mixed(images, Recipe(mix=mix, mix_alpha=1.0))
        wanted = share * torch.arange(6.0) + (1 - share) * partner.float()
        assert torch.allclose(pictures.mean((1, 2, 3)), wanted, atol=1e-4)
        assert 0 <= share <= 1
        if mix == "cutmix":
            assert set(pictures.unique().tolist()) <= set(range(6))


def rates(recipe: Recipe, steps: int, scores: list[float]) -> list[float]:
    """The rate of each epoch."""
    optimizer = make_optimizer(nn.Linear(2, 2), recipe)
    schedule = make_schedule(optimizer, recipe, steps)
    found = []
    for score in scores:
        found.append(optimizer.param_groups[0]["lr"])
        for _ in range(steps):
            optimizer.step()
            after_step(schedule)
        after_epoch(schedule, score)
    return found


def test_the_published_steps_of_vgg_ba_small() -> None:
    found = rates(load_recipe("vgg-ba-small"), 2, [0.0] * 52)
    assert found[:45] == pytest.approx([0.01] * 45)
    assert found[45:50] == pytest.approx([0.009] * 5)
    assert found[50:] == pytest.approx([0.0081] * 2)


def test_a_plateau_lowers_the_rate() -> None:
    recipe = Recipe(schedule="plateau", schedule_every=2, schedule_factor=0.5, rate=1.0)
    assert rates(recipe, 3, [0.1, 0.2, 0.2, 0.2, 0.2, 0.2]) == [1, 1, 1, 1, 0.5, 0.5]


@pytest.mark.parametrize("steps", range(1, 13))
def test_a_cycle_of_few_steps(steps: int) -> None:
    found = rates(Recipe(schedule="one-cycle", rate=1.0, epochs=steps), 1, [0.0] * steps)
    assert all(0 < rate <= 1 for rate in found)


@pytest.mark.parametrize(("momentum", "low", "high"), [(0.9, 0.85, 0.95), (0.5, 0.45, 0.55), (0.98, 0.93, 0.99)])
def test_momentum_swings_about_the_recipes(momentum: float, low: float, high: float) -> None:
    recipe = Recipe(schedule="one-cycle", momentum=momentum, epochs=10)
    optimizer = make_optimizer(nn.Linear(2, 3), recipe)
    schedule = make_schedule(optimizer, recipe, 10)
    found = []
    for _ in range(100):
        found.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        after_step(schedule)
    assert (min(found), max(found)) == pytest.approx((low, high), abs=0.001)


def test_no_momentum_stays_none() -> None:
    recipe = Recipe(schedule="one-cycle", optimizer="sgd", momentum=0)
    optimizer = make_optimizer(nn.Linear(2, 3), recipe)
    make_schedule(optimizer, recipe, 10)
    assert optimizer.param_groups[0]["momentum"] == 0


def test_the_other_schedules() -> None:
    assert rates(Recipe(schedule="constant", rate=0.5), 2, [0.0] * 8) == [0.5] * 8
    cosine = rates(Recipe(schedule="cosine", rate=1.0, epochs=4), 2, [0.0] * 4)
    assert cosine == pytest.approx([1, 0.853553, 0.5, 0.146447], abs=1e-5)
    cycle = rates(Recipe(schedule="one-cycle", rate=1.0, epochs=10), 10, [0.0] * 10)
    assert max(cycle) == pytest.approx(1, abs=0.01)
    assert cycle.index(max(cycle)) == 2


def test_no_decay_on_biases() -> None:
    decayed, plain = make_optimizer(nn.Linear(2, 3), Recipe(weight_decay=0.1)).param_groups
    assert ([p.ndim for p in decayed["params"]], decayed["weight_decay"]) == ([2], 0.1)
    assert ([p.ndim for p in plain["params"]], plain["weight_decay"]) == ([1], 0.0)
