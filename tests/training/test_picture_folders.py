"""Folders of pictures: Kaggle's layout and the auxiliary sets, made small; what is wrong in them is named."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from emojimask.errors import DataError
from emojimask.training.data.fer2013 import FER2013_CLASSES, FERPLUS_CLASSES, SPLITS, FerSplit, ferplus_majority
from emojimask.training.data.load import agreed, join, load_split, recognise
from emojimask.types import Image


def picture(path: Path, shade: int = 0, side: int = 48) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((side, side), shade, np.uint8))
    return path


def crop_with_the_shade(image: Image) -> list[np.ndarray]:
    """In place of a face finder: no face in black pictures; else a crop of the picture's shade."""
    shade = int(image[0, 0, 0])
    return [np.full((48, 48), shade, np.uint8), np.zeros((48, 48), np.uint8)] if shade else []


def rows_of(path: Path, split: str = "train") -> list[tuple[str, int]]:
    found = load_split(path, split, crop_with_the_shade)
    return [(FER2013_CLASSES[i], int(image[0, 0])) for i, image in zip(found.labels, found.images, strict=True)]


def test_class_folders_in_any_case_and_under_their_other_names(tmp_path: Path) -> None:
    for i, name in enumerate(["Angry", "DISGUSTED", "fearful", "happiness", "Sadness", "surprise", "neutral"]):
        picture(tmp_path / "Train" / name / "a.png", 10 * i)
        picture(tmp_path / "Validation" / name / "b.JPG", 10 * i + 5)
    (tmp_path / "Train" / "Angry" / ".hidden.png").write_bytes(b"")
    (tmp_path / "Train" / "Angry" / "notes.txt").write_text("no picture")
    assert list(recognise(tmp_path).splits(tmp_path)) == ["train", "valid"]
    assert sorted(rows_of(tmp_path)) == sorted((name, 10 * i) for i, name in enumerate(FER2013_CLASSES))
    assert [label for label, _ in rows_of(tmp_path, "valid")].count("happy") == 1
    assert not load_split(tmp_path, "train").votes.any()
    with pytest.raises(DataError, match="has no split 'test', only train, valid"):
        load_split(tmp_path, "test")


def test_the_two_test_sets_of_kaggle_are_told_apart_by_name(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "happy" / "Training_1.jpg", 10)
    picture(tmp_path / "test" / "happy" / "PublicTest_2.jpg", 20)
    picture(tmp_path / "test" / "happy" / "PrivateTest_3.jpg", 30)
    shades = {split: load_split(tmp_path, split).images[:, 0, 0].tolist() for split in SPLITS}
    assert shades == {"train": [10], "valid": [20], "test": [30]}


def test_without_a_validation_set_the_last_tenth_of_a_class_is_held_out(tmp_path: Path) -> None:
    for i in range(23):
        picture(tmp_path / "train" / "happy" / f"{i:02}.png", i)
    for i in range(9):
        picture(tmp_path / "train" / "sad" / f"{i:02}.png", 100 + i)
    picture(tmp_path / "train" / "fear" / "only.png", 200)
    assert rows_of(tmp_path, "valid") == [("happy", 21), ("happy", 22), ("sad", 108)]
    assert len(rows_of(tmp_path)) == 30
    assert not {shade for _, shade in rows_of(tmp_path)} & {21, 22, 108}


def test_two_folders_of_one_split_are_refused(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "happy" / "a.png")
    picture(tmp_path / "Training" / "happy" / "b.png")
    with pytest.raises(DataError, match="Training and train are both of one split"):
        load_split(tmp_path, "train")


def test_a_picture_of_16_bits_is_refused_and_not_clipped(tmp_path: Path) -> None:
    path = tmp_path / "train" / "happy" / "deep.png"
    path.parent.mkdir(parents=True)
    cv2.imwrite(str(path), np.full((48, 48), 30_000, np.uint16))
    with pytest.raises(DataError, match=r"deep\.png: has more than 8 bits a pixel"):
        load_split(tmp_path, "train")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda root: picture(root / "train" / "happy" / "b.png", side=50), r"b\.png: expected .* 48x48, found 50x50"),
        (lambda root: picture(root / "train" / "joy" / "b.png"), r"train/joy: unknown label 'joy'; known are angry"),
        (lambda root: (root / "train" / "sad").mkdir(), r"train/sad: holds no picture"),
        (lambda root: (root / "train" / "happy" / "b.jpg").write_bytes(b"\xff\xd8\xff"), r"b\.jpg: holds no picture"),
    ],
)
def test_what_is_wrong_in_a_folder_is_named(tmp_path: Path, spoil: object, message: str) -> None:
    picture(tmp_path / "train" / "happy" / "c.png")
    assert callable(spoil)
    spoil(tmp_path)
    with pytest.raises(DataError, match=message):
        load_split(tmp_path, "train")


def test_folders_without_anything(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    with pytest.raises(DataError, match="hold no class folders with pictures"):
        load_split(tmp_path, "train")


def write_sequence(root: Path, person: str, number: str, code: str, shades: list[int]) -> None:
    for i, shade in enumerate(shades):
        picture(root / "cohn-kanade-images" / person / number / f"{person}_{number}_{i:08}.png", shade, side=64)
    note = root / "Emotion" / person / number / f"{person}_{number}_{len(shades):08}_emotion.txt"
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(code)


def test_ck_plus_as_its_authors_give_it(tmp_path: Path) -> None:
    write_sequence(tmp_path, "S005", "001", "   3.0000000e+00\n", [10, 20, 30, 40, 50])
    write_sequence(tmp_path, "S010", "002", "   2.0000000e+00\n", [60, 70, 80, 90])  # contempt
    write_sequence(tmp_path, "S011", "001", "   7.0000000e+00\n", [15, 25, 0, 35])  # a frame without a face
    picture(tmp_path / "cohn-kanade-images" / "S999" / "001" / "S999_001_00000001.png", 99)  # never labelled
    assert recognise(tmp_path).name.startswith("CK+ with")
    assert rows_of(tmp_path) == [
        ("neutral", 10), ("disgust", 30), ("disgust", 40), ("disgust", 50),
        ("neutral", 15), ("surprise", 25), ("surprise", 35),
    ]  # fmt: skip
    assert load_split(tmp_path, "train", crop_with_the_shade).source.endswith("(pictures without a face left out: 1)")
    with pytest.raises(DataError, match="only train"):
        load_split(tmp_path, "valid")


@pytest.mark.parametrize("code", ["9.0", "-1.0", "happy", ""])
def test_ck_plus_with_a_label_that_is_none(tmp_path: Path, code: str) -> None:
    write_sequence(tmp_path, "S005", "001", code, [10, 20, 30, 40])
    with pytest.raises(DataError, match=r"_emotion\.txt: expected a number from 0 to 7"):
        load_split(tmp_path, "train", crop_with_the_shade)


def test_ck_plus_without_the_frames_of_a_label(tmp_path: Path) -> None:
    write_sequence(tmp_path, "S005", "001", "1.0", [10])
    with pytest.raises(DataError, match=r"expected the frames of S005_001_00000001_emotion\.txt, found 1"):
        load_split(tmp_path, "train", crop_with_the_shade)


def test_ck_plus_as_crops(tmp_path: Path) -> None:
    picture(tmp_path / "anger" / "S010_004_00000017.png", 10)
    picture(tmp_path / "contempt" / "S138_008_00000007.png", 20)
    picture(tmp_path / "surprise" / "S010_002_00000012.png", 30)
    assert recognise(tmp_path).name == "CK+ as folders of crops"
    assert rows_of(tmp_path) == [("angry", 10), ("surprise", 30)]


def test_jaffe(tmp_path: Path) -> None:
    for i, code in enumerate(["AN", "DI", "FE", "HA", "SA", "SU", "NE"]):
        picture(tmp_path / f"KA.{code}1.{39 + i}.tiff", 10 * (i + 1), side=256)
    picture(tmp_path / "thumbnail.png")
    assert recognise(tmp_path).name == "JAFFE"
    assert sorted(rows_of(tmp_path)) == sorted((name, 10 * (i + 1)) for i, name in enumerate(FER2013_CLASSES))


def test_kdef_without_full_profiles(tmp_path: Path) -> None:
    shades = {"AF01AFS": 10, "AF01ANHL": 20, "BM35SUHR": 30, "AF01HAFL": 40, "AF01HAFR": 50, "AM02NES": 60}
    for name, shade in shades.items():
        picture(tmp_path / name[:4] / f"{name}.JPG", shade, side=200)
    assert recognise(tmp_path).name == "KDEF"
    assert rows_of(tmp_path) == [("fear", 10), ("angry", 20), ("neutral", 60), ("surprise", 30)]


def test_a_set_in_which_no_face_is_found(tmp_path: Path) -> None:
    picture(tmp_path / "KA.AN1.39.tiff", 0, side=256)
    with pytest.raises(DataError, match="no picture in it can be used"):
        load_split(tmp_path, "train", crop_with_the_shade)


def test_a_damaged_picture_of_an_auxiliary_set(tmp_path: Path) -> None:
    (tmp_path / "KA.AN1.39.tiff").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"KA\.AN1\.39\.tiff"):
        load_split(tmp_path, "train", crop_with_the_shade)


def test_sets_are_joined_in_order(tmp_path: Path) -> None:
    picture(tmp_path / "a" / "train" / "happy" / "x.png", 10)
    picture(tmp_path / "b" / "KA.AN1.39.tiff", 20, side=256)
    joined = join([load_split(tmp_path / name, "train", crop_with_the_shade) for name in "ab"])
    assert [FER2013_CLASSES[i] for i in joined.labels] == ["happy", "angry"]
    assert joined.images[:, 0, 0].tolist() == [10, 20]
    assert joined.source == "image folders; JAFFE"


def test_labels_of_a_set_without_votes_count_as_agreed_upon(tmp_path: Path) -> None:
    picture(tmp_path / "mine" / "train" / "surprise" / "x.png", 10)
    mine = agreed(load_split(tmp_path / "mine", "train"))
    label, counts = ferplus_majority(mine.votes)
    assert [FERPLUS_CLASSES[i] for i in label] == ["surprise"]
    assert counts.all()
    assert mine.source == "image folders, its labels taken for votes"
    voted = FerSplit(mine.images, mine.labels, np.ones_like(mine.votes), source="FER+")
    assert agreed(voted) is voted
