"""Fixtures for tests of training."""

from __future__ import annotations

from pathlib import Path

import pytest
from generated_fer import write_csv


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small data set, generated."""
    folder = tmp_path_factory.mktemp("fer")
    write_csv(folder)
    return folder
