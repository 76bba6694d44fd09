"""Six balanced classes and drawn key points are what they claim; an empty class does not get into training."""

from __future__ import annotations

import numpy as np
import pytest

from emojimask.errors import DataError, UsageError
from emojimask.training.data.fer2013 import FER2013_CLASSES, FerSplit
from emojimask.training.data.key_points import with_key_points
from emojimask.training.data.load import join
from emojimask.training.data.six_classes import CLASSES, SIZES, turned
from emojimask.training.data.variants import VARIANTS, prepare
from emojimask.types import Box, Face, Image, Points


def split_of(*counts: int) -> FerSplit:
    """So many rows of each class; the first pixel tells the class, the second the row."""
    labels = np.repeat(np.arange(7), counts)
    images = np.full((len(labels), 48, 48), 255, np.uint8)
    images[:, 20:28, 20:28] = (10 * labels)[:, None, None]
    votes = np.zeros((len(labels), 10), np.float32)
    votes[:, 0] = np.arange(len(labels))
    return FerSplit(images, labels, votes, source="made")


def test_plain_is_the_data_itself() -> None:
    split = split_of(1, 1, 1, 1, 1, 1, 1)
    assert prepare(split, "plain", "train") is split


@pytest.mark.parametrize("variant", VARIANTS)
def test_training_needs_rows_of_every_class(variant: str) -> None:
    with pytest.raises(DataError, match="no row of disgust, surprise"):
        prepare(split_of(1, 0, 1, 1, 1, 0, 1), variant, "train")


def test_an_unknown_variant() -> None:
    with pytest.raises(UsageError, match="unknown variant 'five-classes'"):
        prepare(split_of(1, 1, 1, 1, 1, 1, 1), "five-classes", "train")


def test_six_classes_are_of_one_size_and_disgust_is_half_anger() -> None:
    split = prepare(split_of(800, 60, 700, 900, 700, 650, 700), "six-classes", "test")
    assert split.classes == CLASSES
    assert np.bincount(split.labels).tolist() == [SIZES["test"]] * 6
    was = [FER2013_CLASSES[int(image[24, 24]) // 10] for image in split.images]
    for name, label in zip(was, split.labels, strict=True):
        assert CLASSES[label] == {"angry": "disgust"}.get(name, name)
    assert was.count("angry") == was.count("disgust") == SIZES["test"] // 2


def test_a_class_is_filled_with_turned_rows_only_where_it_must_be() -> None:
    split = prepare(split_of(800, 60, 700, 900, 700, 650, 100), "six-classes", "test")
    seen = {name: split.images[split.labels == i] for i, name in enumerate(CLASSES)}
    assert (seen["happy"][:, 0, 0] == 255).all()  # nothing black came into a corner
    upright = (seen["neutral"][:, 0, 0] == 255).sum()
    assert upright == 100
    rows_of_neutral = split.votes[split.labels == CLASSES.index("neutral"), 0]
    assert len(np.unique(rows_of_neutral)) == 100  # votes go with their rows


def test_small_data_gives_smaller_classes() -> None:
    split = prepare(split_of(2, 2, 2, 2, 2, 2, 2), "six-classes", "train")
    assert np.bincount(split.labels).tolist() == [26] * 6
    with pytest.raises(DataError, match="no row of fear"):
        prepare(split_of(2, 2, 0, 2, 2, 2, 2), "six-classes", "valid")


def test_the_seed_decides_over_training_alone_and_classes_do_not_mix() -> None:
    split = split_of(80, 6, 70, 90, 70, 65, 70)
    tests = [prepare(split, "six-classes", "test", seed) for seed in (1, 2)]
    assert np.array_equal(tests[0].votes, tests[1].votes)
    one, same, other = (prepare(split, "six-classes", "train", seed) for seed in (1, 1, 2))
    assert np.array_equal(one.votes, same.votes)
    assert np.array_equal(one.images, same.images)
    assert not np.array_equal(one.votes, other.votes)
    with pytest.raises(DataError, match="different classes"):
        join([one, split])
    with pytest.raises(DataError, match="seven classes only"):
        prepare(one, "six-classes", "valid")


def test_a_turn_keeps_the_centre_and_is_black_outside() -> None:
    image = np.full((48, 48), 200, np.uint8)
    image[:4] = 90
    assert turned(image, 30)[0, 0] == 0
    assert turned(image, 30)[24, 24] == 200
    assert np.array_equal(turned(image, 0), image)


def test_key_points_are_drawn_where_they_were_found_and_nowhere_else() -> None:
    split = split_of(1, 1, 0, 0, 0, 0, 0)
    split.images[:] = 7
    split.images[1] = 0

    def locate(image: Image, near: Points) -> Face | None:
        assert image.shape == (192, 192, 3)
        if not image.any():
            return None
        points = np.full((478, 2), 4 * 30 + 1.5, np.float32)  # the middle of the pixel (30, 30), enlarged
        return Face(Box(0, 0, 192, 192), points, 1.0)

    drawn = with_key_points(split, locate)
    assert np.argwhere(drawn.images[0] != 7).tolist() == [[30, 30]]
    assert drawn.images[0, 30, 30] == 255
    assert not drawn.images[1].any()  # no face: the plain picture
    assert split.images.max() == 7  # what was read stays
    assert drawn.source == "made; landmarks drawn on 1 of 2 faces"
