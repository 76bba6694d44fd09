"""Training on a tiny generated set: it learns, survives a kill, and says what is wrong with its files."""

from __future__ import annotations

import json
import shutil
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")


from emojimask.errors import DataError, DivergedError, SinkError, UsageError  # noqa: E402
from emojimask.expressions.preprocess import normalise  # noqa: E402
from emojimask.training import epoch, run_files  # noqa: E402
from emojimask.training.augment import AUGMENTATIONS, Augmentation  # noqa: E402
from emojimask.training.checkpoint import read_checkpoint, save  # noqa: E402
from emojimask.training.data.fer2013 import FERPLUS_CLASSES  # noqa: E402
from emojimask.training.data.load import load_split  # noqa: E402
from emojimask.training.epoch import normalised, predict  # noqa: E402
from emojimask.training.export import export  # noqa: E402
from emojimask.training.log import RunLog  # noqa: E402
from emojimask.training.optimisation import autocast, works_in_half  # noqa: E402
from emojimask.training.recipe import CHOICES, Recipe, changed  # noqa: E402
from emojimask.training.run_files import BEST, CHECKPOINT, alone_in  # noqa: E402
from emojimask.training.targets import heads  # noqa: E402
from emojimask.training.train import train  # noqa: E402
from emojimask.training.trained import begin_with, build_model, checkpoint_of, load_network, load_teacher  # noqa: E402

torch.set_num_threads(1)  # quickest for networks this small, and sums come in the same order every time
RECIPE = Recipe(name="tiny", widths=(8, 16), blocks=(1, 1), epochs=3, batch=14, rate=0.05, ema=0.5)


class Killed(Exception):  # noqa: N818
    """Stands for the end of the process."""


@pytest.mark.parametrize("saving", [1e9, 1e-9], ids=["saved after each epoch", "saved after the first"])
@pytest.mark.parametrize("changes", [{}, {"mix": "both", "dropout": 0.5, "schedule": "plateau", "optimizer": "adam"}])
def test_a_killed_run_goes_on_as_if_nothing_had_been(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], saving: float
) -> None:
    monkeypatch.setattr(run_files, "SAVING", saving)
    recipe = replace(RECIPE, **changes)
    whole, rows = tmp_path / "whole", []
    train(recipe, data, whole, on_epoch=rows.append)
    assert [row["epoch"] for row in rows] == [1, 2, 3]

    def kill(row: dict[str, Any]) -> None:
        if row["epoch"] == 2:
            raise Killed

    halved = tmp_path / "halved"
    with pytest.raises(Killed):
        train(recipe, data, halved, on_epoch=kill)
    assert torch.load(halved / CHECKPOINT, weights_only=True)["epoch"] == (2 if saving > 1 else 1)
    torch.rand(5)  # whatever the global generator has done meanwhile
    train(recipe, data, halved, resume=True)

    bests = [torch.load(out / BEST, weights_only=True) for out in (whole, halved)]
    assert bests[0]["epoch"] == bests[1]["epoch"] == max(rows, key=lambda row: row["fer2013"] + row["ferplus"])["epoch"]
    a, b = (torch.load(out / CHECKPOINT, weights_only=True) for out in (whole, halved))
    for part in ("model", "averaged"):
        for name, value in a[part].items():
            assert torch.equal(value, b[part][name]), f"{part}.{name}"
    logs = [[json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()] for out in (whole, halved)]
    assert [row["epoch"] for row in logs[1]] == [1, 2, 3]
    assert [row["loss"] for row in logs[0]] == [row["loss"] for row in logs[1]]


def test_a_line_of_the_log_that_broke_off_does_not_stop_a_run(data: Path, tmp_path: Path) -> None:
    train(RECIPE, data, tmp_path, seconds=0)
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('{"epoch": 2, "lo')
    train(RECIPE, data, tmp_path, resume=True)
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3]


@pytest.mark.parametrize("line", [b"\xff\x00", b"not JSON", b"[]", b'{"epoch": 1}'])
def test_a_damaged_log_is_named(data: Path, tmp_path: Path, line: bytes) -> None:
    best = train(RECIPE, data, tmp_path, seconds=0)
    log = tmp_path / "log.jsonl"
    log.write_bytes(line + b"\n" + log.read_bytes())
    with pytest.raises(DataError, match=r"log\.jsonl: is damaged; move it away"):
        train(RECIPE, data, tmp_path, resume=True)
    with pytest.raises(DataError, match=r"log\.jsonl: is damaged; move it away"):
        export(best, tmp_path / "models")
    log.unlink()
    train(RECIPE, data, tmp_path, resume=True)


def test_a_run_that_is_out_of_time_goes_on_later(data: Path, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = []
    train(RECIPE, data, tmp_path, seconds=0, on_epoch=rows.append)
    train(RECIPE, data, tmp_path, seconds=0, resume=True, on_epoch=rows.append)
    assert [row["epoch"] for row in rows] == [1, 2]


def test_a_run_without_gain_ends_early(data: Path, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = []
    still = replace(RECIPE, rate=1e-9, schedule="constant", patience=2, epochs=50)
    train(still, data, tmp_path, on_epoch=rows.append)
    assert len(rows) == 3  # the first is the best, two more are waited for
    train(still, data, tmp_path, resume=True, on_epoch=rows.append)
    assert len(rows) == 3


def test_curves_and_events_are_drawn(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX", reason="TensorBoard's logs are left out without it")
    train(replace(RECIPE, epochs=2), data, tmp_path)
    with Image.open(tmp_path / "curves.png") as image:
        assert len(np.unique(np.asarray(image))) > 2
    (events,) = (tmp_path / "tensorboard").iterdir()
    assert b"ferplus" in events.read_bytes()


def test_a_kill_loses_no_events(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX", reason="TensorBoard's logs are left out without it")
    with RunLog(tmp_path, 0) as log:
        log.add({"epoch": 1, "loss": 1.0, "ferplus": 0.5, "seconds": 1.0})
        (events,) = (tmp_path / "tensorboard").iterdir()
        patience = time.monotonic() + 30
        while b"loss" not in events.read_bytes():
            assert time.monotonic() < patience
            time.sleep(0.1)


def test_every_epoch_that_a_checkpoint_knows_of_is_in_the_log(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(content: dict[str, Any], path: Path) -> None:
        save(content, path)
        if path.name == CHECKPOINT:
            raise KeyboardInterrupt

    monkeypatch.setattr(run_files, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        train(RECIPE, data, tmp_path)
    monkeypatch.undo()
    train(RECIPE, data, tmp_path, resume=True)
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3]


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in CHOICES.items() for value in values])
def test_every_choice_trains(data: Path, tmp_path: Path, key: str, value: str) -> None:
    rows: list[dict[str, Any]] = []
    recipe = changed(replace(RECIPE, epochs=1, rate=0.001), {key: value})
    train(recipe, data, tmp_path, on_epoch=rows.append)
    assert np.isfinite(rows[0]["loss"])
    assert set(rows[0]) - {"epoch", "loss", "seconds"} == set(heads(recipe))


def test_a_teacher_answers_as_it_did_when_it_was_trained(data: Path, tmp_path: Path) -> None:
    """Though its batch norms are gone."""
    path = train(replace(RECIPE, half=False), data, tmp_path)
    teacher = load_teacher(str(path), replace(RECIPE, half=False), torch.device("cpu"))
    trained, _ = load_network(path, torch.device("cpu"))
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in teacher.modules())
    assert not any(weights.requires_grad for weights in teacher.parameters())
    images = torch.rand(5, 1, 48, 48, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for found, wanted in zip(teacher(images), trained(images), strict=True):
            assert torch.allclose(found, wanted, atol=1e-4)


def test_a_run_does_not_go_on_with_other_rows(data: Path, tmp_path: Path) -> None:
    train(RECIPE, data, tmp_path, extra=[data], seconds=0)
    with pytest.raises(UsageError, match=r"other rows so far \(.* 112 faces; now .* 56 faces\)"):
        train(RECIPE, data, tmp_path, resume=True)
    train(RECIPE, data, tmp_path, extra=[data], resume=True)


def test_a_run_is_not_judged_by_other_rows_than_before(data: Path, tmp_path: Path) -> None:
    """What was best by them may not be."""
    mine = tmp_path / "data"
    shutil.copytree(data, mine)
    train(RECIPE, mine, tmp_path / "run", seconds=0)
    table = mine / "fer2013.csv"
    lines = table.read_text().splitlines()
    judge = next(number for number, line in enumerate(lines) if line.endswith("PublicTest"))
    lines[judge] = f"{(int(lines[judge][0]) + 1) % 7}{lines[judge][1:]}"
    table.write_text("\n".join(lines) + "\n")
    with pytest.raises(UsageError, match=r"run: was judged by other rows so far \(.* 21 faces; now .* 21 faces\)"):
        train(RECIPE, mine, tmp_path / "run", resume=True)
    shutil.copy(data / "fer2013.csv", table)
    train(RECIPE, mine, tmp_path / "run", resume=True)


def test_six_balanced_classes(data: Path, tmp_path: Path) -> None:
    network, recipe = load_network(
        train(replace(RECIPE, epochs=1, variant="six-classes"), data, tmp_path), torch.device("cpu")
    )
    assert recipe.variant == "six-classes"
    assert [len(classes) for classes in network.heads.values()] == [6, 8]


def test_more_data_is_learned_from(data: Path, tmp_path: Path) -> None:
    counts: list[int] = []
    for name, extra in (("alone", []), ("with", [data])):
        train(replace(RECIPE, epochs=1), data, tmp_path / name, extra=extra, on_step=counts.append)
    assert set(counts) == {4, 8}


def test_faces_without_votes_teach_both_heads(data: Path, tmp_path: Path) -> None:
    """All of one label and many: what is shown then is that, though FER+ never voted on them."""
    mine = tmp_path / "mine" / "train" / "surprise"
    mine.mkdir(parents=True)
    for number, image in enumerate(load_split(data, "train").images):
        for copy in range(4):
            Image.fromarray(image).save(mine / f"{number}_{copy}.png")
    out = tmp_path / "out"
    model, _ = load_network(
        train(replace(RECIPE, keep="last"), data, out, extra=[tmp_path / "mine"]), torch.device("cpu")
    )
    logits = predict(model, torch.from_numpy(load_split(data, "valid").images[:, None]) / 255)
    shown = logits["ferplus"].argmax(1)
    assert (shown == FERPLUS_CLASSES.index("surprise")).float().mean() > 0.9


def test_a_pupil_comes_to_agree_with_its_teacher(data: Path, tmp_path: Path) -> None:
    """With nothing but the teacher to learn from: its labels are never seen."""
    teacher = train(replace(RECIPE, epochs=6, dropout=0.0), data, tmp_path / "teacher")
    pupil = replace(RECIPE, epochs=10, dropout=0.0, seed=2, teachers=(str(teacher),), teacher_weight=1.0)
    rows: list[dict[str, Any]] = []
    train(pupil, data, tmp_path / "pupil", on_epoch=rows.append)
    assert rows[-1]["loss"] < rows[0]["loss"]
    with pytest.raises(DataError, match="a teacher of fer2013, ferplus cannot teach ferplus"):
        train(replace(pupil, labels="ferplus"), data, tmp_path / "other")
    with pytest.raises(DataError, match="a teacher of the variant plain cannot teach key-points"):
        load_teacher(str(teacher), replace(pupil, variant="key-points"), torch.device("cpu"))


@pytest.mark.parametrize(("half", "able", "wanted"), [(True, True, True), (True, False, False), (False, True, False)])
def test_a_cpu_without_16_bits_works_in_32(
    monkeypatch: pytest.MonkeyPatch, half: bool, able: bool, wanted: bool
) -> None:
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: able)
    with autocast(Recipe(half=half), torch.device("cpu")):
        found = torch.nn.functional.linear(torch.ones(2, 2), torch.ones(2, 2)).dtype
    assert (found == torch.bfloat16) == wanted


@pytest.mark.parametrize(("half", "able", "wanted"), [(True, True, True), (True, False, False), (False, True, False)])
def test_a_gpu_that_can_only_emulate_16_bits_works_in_32(
    monkeypatch: pytest.MonkeyPatch, half: bool, able: bool, wanted: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: able or including_emulation)
    assert works_in_half(Recipe(half=half), torch.device("cuda")) == wanted


def test_without_epochs_a_trained_network_is_calibrated_and_else_stays_as_it_is(data: Path, tmp_path: Path) -> None:
    """The new temperature and shifts take the place of the old ones."""
    first = train(RECIPE, data, tmp_path / "first")
    rows: list[dict[str, Any]] = []
    again = replace(RECIPE, weights=str(first), epochs=0)
    second = train(again, data, tmp_path / "second", on_epoch=rows.append)
    assert [row["epoch"] for row in rows] == [0]
    assert train(again, data, tmp_path / "second", resume=True) == second
    images = normalised(torch.rand(20, 1, 48, 48, generator=torch.Generator().manual_seed(1)))
    before, after = (load_network(path, torch.device("cpu"))[0](images) for path in (first, second))
    for old, new in zip(before, after, strict=True):
        x, y = old.detach().numpy(), new.detach().numpy()
        lines = [np.polyfit(x[:, one], y[:, one], 1) for one in range(x.shape[1])]
        assert np.ptp([slope for slope, _ in lines]) < 1e-3  # one temperature for all classes
        fitted = np.stack([np.polyval(line, x[:, one]) for one, line in enumerate(lines)], 1)
        assert fitted == pytest.approx(y, abs=1e-3)


def test_a_run_s_folder_stands_for_its_best_network(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = train(RECIPE, data, tmp_path / "first")
    folder = str(first.parent)
    train(replace(RECIPE, epochs=0, weights=folder), data, tmp_path / "second")
    train(replace(RECIPE, epochs=1, teachers=(folder,)), data, tmp_path / "third")
    assert export(first.parent, tmp_path / "models").is_file()
    monkeypatch.chdir(tmp_path)
    first.parent.rename("default")
    assert checkpoint_of("default") is None  # the shipped model has this name too, and everywhere the first claim to it


def test_it_learns(data: Path, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = []
    best = train(replace(RECIPE, epochs=12, dropout=0.0), data, tmp_path, on_epoch=rows.append)
    assert rows[-1]["loss"] < 0.9 * rows[0]["loss"]
    kept = torch.load(best, weights_only=True)
    assert kept["fer2013"] + kept["ferplus"] == max(row["fer2013"] + row["ferplus"] for row in rows)
    assert max(row["fer2013"] for row in rows) > 2 / 7  # twice what guessing gives


def test_a_finished_run_is_left_as_it_is(data: Path, tmp_path: Path) -> None:
    train(replace(RECIPE, epochs=1), data, tmp_path)
    before = (tmp_path / BEST).read_bytes()
    train(replace(RECIPE, epochs=1), data, tmp_path, resume=True)
    assert (tmp_path / BEST).read_bytes() == before


def test_a_short_run_keeps_what_it_has_learned(data: Path, tmp_path: Path) -> None:
    """A mean over hundreds of steps, of a run that has 32, would be a mean of chance."""
    best = train(replace(RECIPE, epochs=8, dropout=0.0, ema=0.998), data, tmp_path)
    assert torch.load(best, weights_only=True)["fer2013"] > 0.4  # chance has 0.14


def test_a_finished_run_knows_its_data_and_its_best(data: Path, tmp_path: Path) -> None:
    once = replace(RECIPE, epochs=1)
    train(once, data, tmp_path)
    with pytest.raises(UsageError, match="other rows so far"):
        train(once, data, tmp_path, extra=[data], resume=True)
    (tmp_path / BEST).unlink()
    with pytest.raises(DataError, match=r"finished, but best\.pt is gone"):
        train(once, data, tmp_path, resume=True)


def test_what_ends_the_first_epoch_is_told_as_it_is(data: Path, tmp_path: Path) -> None:
    """The log of a run whose checkpoint was taken away is emptied then."""
    train(replace(RECIPE, epochs=1), data, tmp_path)
    (tmp_path / CHECKPOINT).unlink()

    def kill(_: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        train(RECIPE, data, tmp_path, on_step=kill)


def test_a_run_that_learns_too_fast_says_so(data: Path, tmp_path: Path) -> None:
    wild = replace(RECIPE, optimizer="sgd", momentum=0.0, rate=1e30, clip=1e30, schedule="constant")
    with pytest.raises(DivergedError, match="the loss is no longer a number; try a lower rate"):
        train(wild, data, tmp_path)


def test_a_file_in_place_of_the_runs_folder(data: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    for out in (tmp_path / "out", tmp_path / "out" / "run"):
        with pytest.raises(SinkError, match=r"out: is a file; name a folder"):
            train(RECIPE, data, out)
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize("name", [BEST, "log.jsonl", "curves.png"])
def test_a_folder_that_cannot_be_written_to(data: Path, tmp_path: Path, name: str) -> None:
    """As on a full disk; here a folder is in the file's place."""
    (tmp_path / "run" / name).mkdir(parents=True)
    with pytest.raises(SinkError, match=r"run: cannot be written \(.*\); check permissions and free space"):
        train(RECIPE, data, tmp_path / "run")


def test_a_run_is_not_overwritten_unasked(data: Path, tmp_path: Path) -> None:
    train(replace(RECIPE, epochs=1), data, tmp_path)
    with pytest.raises(UsageError, match="--resume"):
        train(replace(RECIPE, epochs=1), data, tmp_path)
    with pytest.raises(UsageError, match=r"another recipe \(epochs was 1, now 2\)"):
        train(replace(RECIPE, epochs=2), data, tmp_path, resume=True)


def test_two_trainings_do_not_write_into_one_folder(data: Path, tmp_path: Path) -> None:
    def train_beside(row: dict[str, Any]) -> None:
        if row["epoch"] < RECIPE.epochs:  # after that the run is finished, and nothing is written any more
            with pytest.raises(UsageError, match="another training is at work in this folder"):
                train(RECIPE, data, tmp_path, resume=True)

    train(RECIPE, data, tmp_path, on_epoch=train_beside)
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == RECIPE.epochs
    assert not (tmp_path / "lock").exists()


def test_of_a_folder_that_another_training_is_at_work_in_nothing_is_read(tmp_path: Path) -> None:
    """Neither the data, which takes its time, nor a checkpoint that may be half of an old and half of a new one."""
    (tmp_path / CHECKPOINT).write_bytes(b"PK")
    for out in (tmp_path, tmp_path / "new"):
        with alone_in(out), pytest.raises(UsageError, match="another training is at work in this folder"):
            train(RECIPE, tmp_path / "no data", out, resume=True)


def test_what_comes_to_nothing_leaves_no_folder_and_takes_none_away(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    for out in (tmp_path / "runs" / "run", tmp_path / "mine"):
        with pytest.raises(DataError, match="no such file or folder"):
            train(RECIPE, tmp_path / "no data", out)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("content", [b"", b"nonsense", None])
def test_a_damaged_checkpoint(data: Path, tmp_path: Path, content: bytes | None) -> None:
    """Empty, not a checkpoint at all, and cut short, as a full disk leaves it."""
    if content is None:
        train(replace(RECIPE, epochs=1), data, tmp_path)
        content = (tmp_path / CHECKPOINT).read_bytes()[:5000]
    (tmp_path / CHECKPOINT).write_bytes(content)
    with pytest.raises(DataError, match=r"checkpoint\.pt: is damaged"):
        train(replace(RECIPE, epochs=1), data, tmp_path, resume=True)


@pytest.mark.parametrize("name", [CHECKPOINT, BEST])
def test_weights_with_a_bit_that_fell_over(data: Path, tmp_path: Path, name: str) -> None:
    """torch itself would load them."""
    train(replace(RECIPE, epochs=1), data, tmp_path)
    path = tmp_path / name
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        numbers = [info for info in archive.infolist() if "/data/" in info.filename]
    largest = max(numbers, key=lambda info: info.file_size)
    content[largest.header_offset + largest.file_size // 2] ^= 1
    path.write_bytes(content)
    torch.load(path, weights_only=True)
    with pytest.raises(DataError, match=rf"{name}: is damaged \(checksum"):
        read_checkpoint(path, torch.device("cpu"))


@pytest.mark.parametrize(("part", "content"), [("model", {}), ("optimizer", {"state": {}, "param_groups": []})])
def test_a_checkpoint_that_does_not_fit_its_recipe(
    data: Path, tmp_path: Path, part: str, content: dict[str, Any]
) -> None:
    train(RECIPE, data, tmp_path, seconds=0)
    saved = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    torch.save({**saved, part: content}, tmp_path / CHECKPOINT)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    with pytest.raises(DataError, match=rf"checkpoint\.pt: its {part} does not fit its recipe"):
        train(RECIPE, data, tmp_path, resume=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_a_checkpoint_of_another_kind(data: Path, tmp_path: Path) -> None:
    torch.save({"epoch": 1}, tmp_path / CHECKPOINT)
    with pytest.raises(DataError, match="'best' is missing"):
        train(RECIPE, data, tmp_path, resume=True)


def test_faults_of_the_request(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown model 'vgg99': choose one of compact-resnet"):
        train(replace(RECIPE, model="vgg99"), data, tmp_path)
    with pytest.raises(DataError, match=r"has 56 .* fewer than a batch of 1000; .* --set batch=32"):
        train(replace(RECIPE, batch=1000), data, tmp_path)
    with pytest.raises(DataError, match="empty: no such file or folder"):
        train(RECIPE, tmp_path / "empty", tmp_path / "out")


def test_votes_that_are_missing(data: Path, tmp_path: Path) -> None:
    """Else the head that the program shows would be exported as chance made it."""
    shutil.copy(data / "fer2013.csv", tmp_path)
    with pytest.raises(DataError, match=r"no row has votes .* --set labels=fer2013"):
        train(RECIPE, tmp_path, tmp_path / "out")
    with pytest.raises(DataError, match=r"no validation row has votes .* --set labels=fer2013"):
        train(RECIPE, tmp_path, tmp_path / "out", extra=[data])
    assert not (tmp_path / "out").exists()
    train(replace(RECIPE, labels="fer2013", epochs=1), tmp_path, tmp_path / "out")


def test_training_and_running_normalise_alike() -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8)
    tensor = normalised(torch.from_numpy(images[:, None]).float() / 255)
    assert tensor.numpy() == pytest.approx(normalise(images), abs=1e-6)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_augmentation_keeps_shape_and_range_and_follows_its_generator(name: str) -> None:
    images = torch.rand(16, 1, 48, 48, generator=torch.Generator().manual_seed(0))

    def augmented(seed: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed)
        return AUGMENTATIONS[name].veiled(AUGMENTATIONS[name].changed(images, generator), generator)

    a, b, c = map(augmented, (1, 1, 2))
    assert a.shape == images.shape
    assert 0 <= float(a.min()) <= float(a.max()) <= 1
    assert torch.equal(a, b)
    assert torch.equal(a, c) == torch.equal(a, images) == (name == "none")


def test_a_teacher_is_spared_what_veils_a_face(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    teacher = train(replace(RECIPE, epochs=1), data, tmp_path / "teacher")
    shown: list[torch.Tensor] = []

    def ask(_: object, __: object, images: torch.Tensor, ___: object) -> torch.Tensor:
        shown.append(images)
        return torch.zeros(())

    def black(images: torch.Tensor, _: object) -> torch.Tensor:
        return 0 * images

    monkeypatch.setattr(epoch, "distillation_loss", ask)
    pupil = replace(RECIPE, epochs=1, mix="mixup", teachers=(str(teacher),))
    for name, seen in (("one", Augmentation(AUGMENTATIONS["sturdy"].changed, black)), ("other", Augmentation(black))):
        monkeypatch.setitem(AUGMENTATIONS, "sturdy", seen)
        train(replace(pupil, augmentation="sturdy"), data, tmp_path / name)
    assert [float(images.std()) > 0.1 for images in shown] == 4 * [True] + 4 * [False]


def test_what_is_kept_lies_between_the_first_weights_and_the_last(data: Path, tmp_path: Path) -> None:
    """Of the last epoch, whichever was best; also when the run was broken off and begun again."""
    first = train(RECIPE, data, tmp_path / "first")
    between = replace(RECIPE, weights=str(first), stay=0.75, keep="last", ema=0.0)
    out = tmp_path / "between"
    train(between, data, out, seconds=0)
    train(between, data, out, resume=True)
    kept, learned = (torch.load(out / name, weights_only=True) for name in (BEST, CHECKPOINT))
    begun = torch.load(first, weights_only=True)
    assert kept["epoch"] == 3
    name = "features.2.body.0.0.weight"
    wanted = 0.75 * begun["model"][name] + 0.25 * learned["averaged"][name]
    assert torch.allclose(kept["model"][name], wanted, atol=1e-6)
    assert not torch.allclose(begun["model"][name], learned["averaged"][name], atol=1e-3)


def test_added_blocks_change_nothing_until_they_learn(data: Path, tmp_path: Path) -> None:
    first = train(RECIPE, data, tmp_path / "first")
    deeper = replace(RECIPE, weights=str(first), blocks=(3, 2))
    images = torch.rand(20, 1, 48, 48, generator=torch.Generator().manual_seed(1))
    model = build_model(deeper)
    begin_with(model, deeper, images)
    before, _ = load_network(first, torch.device("cpu"))
    with torch.no_grad():
        for found, wanted in zip(model.eval()(images), before(images), strict=True):
            assert torch.allclose(found, wanted, atol=1e-4)
    later, _ = load_network(train(deeper, data, tmp_path / "deeper"), torch.device("cpu"))
    added = [later.features[place].body[2][1].weight for place in (3, 4, 6)]
    assert all(float(scale.detach().abs().max()) > 0 for scale in added)


def test_frozen_layers_stay_as_they_were(data: Path, tmp_path: Path) -> None:
    """Their batch norms' statistics too; also when the run was broken off and begun again."""
    first = train(RECIPE, data, tmp_path / "first")
    out = tmp_path / "half"
    half = replace(RECIPE, seed=2, weights=str(first), frozen=3, half=False)  # the first convolution and block
    train(half, data, out, seconds=0)
    early = torch.load(out / CHECKPOINT, weights_only=True)["model"]
    train(half, data, out, resume=True)
    late = torch.load(out / CHECKPOINT, weights_only=True)["model"]
    kept = {name for name, value in early.items() if torch.equal(value, late[name])}
    assert kept == {name for name in early if name.startswith(("features.0.", "features.2."))}
    begun = torch.load(first, weights_only=True)["model"]
    assert torch.equal(late["features.2.body.0.0.weight"], begun["features.2.body.0.0.weight"])


def test_smaller_pictures_first_then_whole_ones(data: Path, tmp_path: Path) -> None:
    """What was learned from them is what the next run begins with."""
    small = replace(RECIPE, side=24)
    first = train(small, data, tmp_path / "first")
    cpu = torch.device("cpu")
    model, recipe = load_network(first, cpu)
    sides = []
    model.features.register_forward_pre_hook(lambda _, given: sides.append(tuple(given[0].shape[-2:])))
    model(torch.zeros(1, 1, 48, 48))
    assert (sides, recipe.side) == ([(24, 24)], 24)
    whole, _ = load_network(train(replace(RECIPE, epochs=0, weights=str(first)), data, tmp_path / "next"), cpu)
    assert whole.side == 48
    assert torch.equal(next(whole.features.parameters()), next(model.features.parameters()))


@pytest.mark.parametrize("change", [{"model": "alexnet", "side": 24}, {"widths": (10_000_000,) * 2}])
def test_a_network_that_cannot_be_made_says_so(change: dict[str, Any]) -> None:
    """Nothing is left of the picture, or there is not the memory."""
    with pytest.raises(UsageError, match=r"recipe tiny: .* cannot be made with its side, widths and blocks"):
        build_model(replace(RECIPE, **change))


def test_a_run_begins_with_trained_weights(data: Path, tmp_path: Path) -> None:
    """Before it learns anything it is worth what they were; also where one of their heads is not asked for."""
    first = train(replace(RECIPE, epochs=8, dropout=0.0), data, tmp_path / "first")
    rows: list[dict[str, Any]] = []
    still = replace(RECIPE, epochs=0, seed=9, weights=str(first))
    train(still, data, tmp_path / "again", on_epoch=rows.append)
    train(replace(still, labels="fer2013"), data, tmp_path / "one head", on_epoch=rows.append)
    trained = torch.load(first, weights_only=True)
    assert trained["fer2013"] > 0.4  # chance has 0.14
    for row in rows:
        assert {head: row[head] for head in heads(still) if head in row}.items() <= trained.items()
    with pytest.raises(DataError, match="its weights do not fit recipe tiny"):
        train(replace(still, widths=(8, 24)), data, tmp_path / "other")
