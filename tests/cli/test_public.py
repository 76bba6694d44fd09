"""The Python interface: three lines from import to a masked frame."""

import pickle
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import emojimask
from emojimask.errors import NoPlaceError
from emojimask.sources.synthetic import portrait


def test_three_lines_to_a_masked_picture() -> None:
    masked = emojimask.mask_image(portrait())
    assert [face.expression for face in masked.faces] == ["happy"]
    assert np.abs(masked.image.astype(int) - portrait())[100:160, 195:255].mean() > 25


def test_what_comes_out_prints_as_a_line_that_tells_who_was_seen() -> None:
    printed = repr(emojimask.mask_image(portrait()))
    assert len(printed) < 2000
    assert "expression='happy'" in printed


def test_a_file_with_its_report(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "me.png"), portrait())
    summary = emojimask.mask_file(tmp_path / "me.png", tmp_path / "out.png", report=tmp_path / "out.csv")
    assert (summary.frames, summary.with_faces, summary.shielded) == (1, 1, 0)
    assert "happy" in (tmp_path / "out.csv").read_text()


def test_a_folder_in_the_place_of_an_output_is_an_error_of_ours(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "me.png"), portrait())
    with pytest.raises(emojimask.UsageError, match="no picture format is known"):
        emojimask.mask_file(tmp_path / "me.png", ".")
    with pytest.raises(emojimask.UsageError, match=r"a report is written as \.jsonl or \.csv"):
        emojimask.mask_file(tmp_path / "me.png", tmp_path / "out.png", report=".")


def test_a_stream_of_ones_own() -> None:
    pipeline = emojimask.build_pipeline(emojimask.MaskSettings(smoothing="none"))
    frames = [emojimask.Frame(picture=portrait(), index=i, time_s=i / 30) for i in range(3)]
    masked = [pipeline.process(frame) for frame in frames]
    assert [len(m.faces) for m in masked] == [1, 1, 1]
    assert {m.faces[0].track.id for m in masked} == {1}


def test_wrong_values_are_refused_with_a_clear_word() -> None:
    with pytest.raises(emojimask.UsageError, match="hold_s"):
        emojimask.MaskSettings(hold_s=1000)
    with pytest.raises(emojimask.UsageError, match="smoothing"):
        emojimask.MaskSettings(smoothing="magic")
    with pytest.raises(ValueError, match="H, W, 3"):
        emojimask.mask_image(np.zeros((5, 5), np.uint8))
    with pytest.raises(TypeError, match="there is no picture; check that its file"):
        emojimask.mask_image(cv2.imread("mistyped.jpg"))


def test_values_of_a_wrong_type_are_told_by_what_was_expected() -> None:
    with pytest.raises(TypeError, match="mask_image: expected a uint8 array, found list"):
        emojimask.mask_image(portrait().tolist())
    for settings in ({"emojis": "alive"}, {}, "alive", Path("emojimask.toml")):
        with pytest.raises(TypeError, match=r"settings: expected MaskSettings\(\.\.\.\), found"):
            emojimask.mask_image(portrait(), settings)  # type: ignore[arg-type]
    pipeline = emojimask.build_pipeline()
    with pytest.raises(TypeError, match=r"expected a Frame\(picture, index, time_s\), found ndarray"):
        pipeline.process(portrait())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"expected a Frame\(picture, index, time_s\), found ndarray"):
        next(pipeline.process_file([portrait()]))  # type: ignore[list-item]
    assert not pipeline.failures


def test_what_comes_out_passes_from_process_to_process() -> None:
    masked = emojimask.mask_image(portrait())
    again = pickle.loads(pickle.dumps(masked))
    assert np.array_equal(again.image, masked.image)
    assert again.faces[0].measures == masked.faces[0].measures
    error = pickle.loads(pickle.dumps(NoPlaceError("no place for sound", ".mkv")))
    assert (str(error), error.suffix) == ("no place for sound", ".mkv")


def test_editors_and_checkers_know_every_name_and_take_what_opencv_gives(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    script = tmp_path / "mine.py"
    script.write_text(
        'import cv2, emojimask\n\nmasked = emojimask.mask_image(cv2.imread("me.jpg"))\n'
        'cv2.imwrite("me_masked.jpg", masked.image)\nreveal_type(masked.faces[0].measures)\nemojimask.mask_picture\n'
        "pipeline = emojimask.build_pipeline()\nok, picture = cv2.VideoCapture(0).read()\n"
        "pipeline.process(emojimask.Frame(picture, 0, 0.0))\n"
    )
    # In a process of its own: it lets functions call one another far more deeply, for whoever comes after it.
    checker = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache", "--config-file=", script]
    done = subprocess.run(checker, capture_output=True, text=True, check=False)
    revealed, unknown, found = done.stdout.splitlines()
    assert "Measures | None" in revealed
    assert 'Module has no attribute "mask_picture"' in unknown
    assert found.startswith("Found 1 error")
