"""The pipeline that ours is timed against is the published one, and does what it did."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from emojimask.sources.synthetic import FACE_OUTLINE, portrait
from script_module import load_script


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    pytest.importorskip("dlib", reason="the extra [dlib] is not installed")
    return load_script("benchmarks/reference_pipeline.py")


def test_the_network_has_the_published_size(reference: ModuleType) -> None:
    network = reference.vgg_ba_small()
    assert sum(values.numel() for values in network.parameters()) == reference.PARAMETERS


def test_it_covers_the_first_face_and_takes_every_step(reference: ModuleType) -> None:
    pipeline, image = reference.ReferencePipeline(), portrait()
    masked = pipeline.mask(image)
    left, top = FACE_OUTLINE.min(0).astype(int)
    right, bottom = FACE_OUTLINE.max(0).astype(int)
    changed = np.abs(masked.astype(int) - image).max(2) > 8
    assert changed[top:bottom, left:right].mean() > 0.6
    assert not changed[300:].any()
    assert {step: len(took) for step, took in pipeline.steps.items()} == {
        "detector": 1, "landmarks": 1, "network": 1, "warp and blend": 1,
    }  # fmt: skip


def test_without_a_face_the_frame_passes(reference: ModuleType) -> None:
    wall = np.full((360, 640, 3), 90, np.uint8)
    assert np.array_equal(reference.ReferencePipeline().mask(wall), wall)
