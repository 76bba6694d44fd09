"""Which execution provider is taken: ONNX Runtime's list and its sessions are faked, all between them is real."""

from __future__ import annotations

import json
from pathlib import Path

import onnxruntime
import pytest
from tiny_onnx import write_model

from emojimask.cli import main
from emojimask.errors import ModelError, UsageError
from emojimask.expressions.classifier import OnnxClassifier
from emojimask.expressions.providers import PROVIDERS
from emojimask.settings import MaskSettings

CPU, CUDA, COREML = (PROVIDERS[key] for key in ("cpu", "cuda", "coreml"))


class Machine:
    """What ONNX Runtime reports here, and which of it does not start, with or without an error, or only once used."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reported = ["AzureExecutionProvider", CPU]
        self.raises: set[str] = set()
        self.silent: set[str] = set()
        self.in_use: set[str] = set()
        self.asked: list[str] = []
        real = onnxruntime.InferenceSession

        def session(content: bytes, options: object, providers: list[str], **more: object) -> object:
            self.asked += providers
            if self.raises & set(providers):
                raise RuntimeError("libcudnn.so.9: cannot open shared object file")
            opened = real(content, options, providers=[CPU])
            ran = [name for name in [*providers, CPU] if name not in self.silent]
            opened.get_providers = lambda: list(dict.fromkeys(ran))
            if self.in_use & set(providers):
                opened.run = without_library
            return opened

        def without_library(*_: object) -> None:
            raise RuntimeError("CUDNN failure 1001: CUDNN_STATUS_NOT_INITIALIZED\nand more")

        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: self.reported)
        monkeypatch.setattr(onnxruntime, "InferenceSession", session)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path, [0.0, 1.0], ("happy", "sad"))


@pytest.mark.parametrize(
    ("reported", "taken"),
    [([CPU], "cpu"), ([COREML, CPU], "coreml"), ([COREML, CUDA, CPU], "cuda"), (["Unheard", CPU], "cpu")],
)
def test_auto_takes_the_best_that_is_reported(machine: Machine, model: Path, reported: list[str], taken: str) -> None:
    machine.reported = reported
    assert OnnxClassifier(model).provider == taken
    assert machine.asked == [PROVIDERS[taken]]


@pytest.mark.parametrize("kind", ["raises", "silent", "in_use"])
def test_auto_goes_to_the_processor_where_the_driver_is_missing(
    machine: Machine, model: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    machine.reported = [CUDA, CPU]
    getattr(machine, kind).add(CUDA)
    assert OnnxClassifier(model).provider == "cpu"
    assert machine.asked == [CUDA, CPU]
    (line,) = caplog.messages
    assert line.startswith("provider cuda: ")
    assert "\n" not in line


@pytest.mark.parametrize("kind", ["raises", "silent", "in_use"])
def test_one_asked_for_by_name_is_taken_or_refused(machine: Machine, model: Path, kind: str) -> None:
    machine.reported = [CUDA, CPU]
    assert OnnxClassifier(model, "cpu").provider == "cpu"
    assert OnnxClassifier(model, "cuda").provider == "cuda"
    getattr(machine, kind).add(CUDA)
    with pytest.raises(ModelError, match="tiny"):
        OnnxClassifier(model, "cuda")


def test_one_that_fails_only_in_use_is_named(machine: Machine, model: Path) -> None:
    machine.reported, machine.in_use = [CUDA, CPU], {CUDA}
    with pytest.raises(ModelError, match=r"does not run on cuda .*: CUDNN failure 1001: CUDNN_STATUS_NOT_INIT.*ED$"):
        OnnxClassifier(model, "cuda")


def test_one_that_is_not_there_is_a_usage_error_of_one_line(
    machine: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "cuda" in MaskSettings.__dataclass_fields__["provider"].metadata["choices"]
    with pytest.raises(UsageError, match="only cpu"):
        OnnxClassifier(provider="cuda")
    assert main(["mask", str(tmp_path), "--provider", "cuda"]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_every_provider_can_be_chosen() -> None:
    assert set(MaskSettings.__dataclass_fields__["provider"].metadata["choices"]) == {"auto", *PROVIDERS}


def test_the_doctor_tells_what_auto_takes(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.reported = [COREML, CPU]
    main(["doctor", "--json"])
    findings = {finding["what"]: finding for finding in json.loads(capsys.readouterr().out)}
    assert findings["execution provider"]["text"] == "coreml (--provider may be: coreml, cpu)"
