"""Settings files: what they say is heard, and what is wrong with one is told with its name."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emojimask.cli import main
from emojimask.errors import UsageError
from emojimask.settings import MaskSettings, load_settings


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_without_a_file_the_defaults_hold() -> None:
    assert load_settings() == MaskSettings()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_file_is_read_with_and_without_a_byte_order_mark(encoding: str) -> None:
    Path("emojimask.toml").write_text("# für alle\nstrict = true\nhold_s = 2\n", encoding=encoding)
    assert load_settings() == MaskSettings(strict=True, hold_s=2)


@pytest.mark.parametrize("kind", ["folder", "dangling link", "link to itself"])
def test_a_settings_file_that_cannot_be_read_is_not_ignored(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    place = Path("emojimask.toml")
    if kind == "folder":
        place.mkdir()
    else:
        place.symlink_to("gone.toml" if kind == "dangling link" else place)
    assert main(["mask", "me.png"]) == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith("emojimask: emojimask.toml: cannot be read: ")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ('hold_s = "x"', "setting hold_s: expected a number, found 'x'"),
        ("strict = 1", "setting strict: expected true or false, found 1"),
        ("emojis = ['classic']", "setting emojis: expected a text, found ['classic']"),
        ("hold_s = 61", "setting hold_s: 61 is not between 0 and 60"),
        (f"hold_s = {10**400}", f"setting hold_s: {10**400} is not between 0 and 60"),
        ('on_lost = "panic"', "setting on_lost: 'panic' is not one of shield, hold, pass"),
        ("strict", "not valid TOML: "),
        pytest.param("strict = " + "[" * 10_000, "not valid TOML: ", id="deep"),
        ("stric = true", "unknown setting 'stric'; "),
    ],
)
@pytest.mark.parametrize("name", ["emojimask.toml", "mine.toml"])
def test_every_fault_of_a_file_is_told_with_its_name(name: str, content: str, fault: str) -> None:
    Path(name).write_text(content)
    with pytest.raises(UsageError) as raised:
        load_settings(None if name == "emojimask.toml" else Path(name))
    assert str(raised.value).startswith(f"{name}: {fault}")


def test_a_fault_of_a_flag_is_not_laid_to_the_file() -> None:
    Path("emojimask.toml").write_text("strict = true")
    with pytest.raises(UsageError, match=r"^setting hold_s: -1\.0 is not between 0 and 60$"):
        load_settings(None, {"hold_s": -1.0})


@pytest.mark.parametrize("number", [np.float32(1.5), np.float64(1.5), np.float16(1.5)])
def test_numbers_of_numpy_are_numbers(number: np.floating[Any]) -> None:
    settings = MaskSettings(hold_s=number, look_every_s=np.int64(0))
    assert settings == MaskSettings(hold_s=1.5, look_every_s=0)
    assert json.loads(json.dumps(asdict(settings)))["hold_s"] == 1.5
