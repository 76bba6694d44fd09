"""Fixtures for all tests."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

import emojimask  # noqa: F401  (before any test imports ONNX Runtime, whose telemetry it switches off)
from fake_camera import FakeBackend


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of data and media for developing; tests that need it are skipped where it is not."""
    path = Path(os.environ.get("EMOJIMASK_SHARED", Path(__file__).parents[2] / "shared"))
    if not path.is_dir():
        pytest.skip(f"{path} is not there")
    return path


@pytest.fixture
def ctrl_c() -> signal.Signals:
    """What Ctrl-C sends; children of a shell's background job do not hear it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        pytest.skip("these tests run in the background of a shell, where Ctrl-C means nothing")
    return signal.SIGINT


@pytest.fixture
def virtual_camera(monkeypatch: pytest.MonkeyPatch) -> type[FakeBackend]:
    pyvirtualcam = pytest.importorskip("pyvirtualcam")
    monkeypatch.setattr("pyvirtualcam.camera.BACKENDS", {})
    FakeBackend.made = []
    pyvirtualcam.register_backend("fake", FakeBackend)
    return FakeBackend
