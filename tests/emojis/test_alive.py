"""Living emoji: every expression is unmistakable, every movement is smooth, nothing breaks or uncovers a face."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import alive_golden
import cv2
import numpy as np
import pytest
from alive_golden import drawn, masked
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from emojimask.emojis.alive.alive_set import AliveEmojiSet
from emojimask.emojis.alive.pose import poses
from emojimask.emojis.alive.style import STYLES
from emojimask.emojis.emoji_set import check_emoji_set, load_emoji_set, shipped_sets
from emojimask.masking.oval import face_oval
from emojimask.masking.renderer import EmojiRenderer
from emojimask.stages import Shape
from emojimask.types import EXPRESSIONS, Box, Face, MaskedFace, Measures, Track

BREAKING = (math.nan, math.inf, -math.inf)
RANGES = dict.fromkeys(Measures.__slots__, (-1.0, 1.0)) | {
    "eye_left": (0.0, 1.6),
    "eye_right": (0.0, 1.6),
    "mouth_open": (0.0, 1.0),
    "mouth_round": (0.0, 1.0),
    "cheeks": (0.0, 1.0),
    "yaw": (-90.0, 90.0),
    "pitch": (-60.0, 60.0),
    "roll": (-180.0, 180.0),
}

load = cache(AliveEmojiSet)

in_range = st.builds(Measures, **{name: st.floats(low, high) for name, (low, high) in RANGES.items()})
any_measures = st.builds(Measures, **dict.fromkeys(RANGES, st.floats() | st.floats(-3, 3)))
blends = st.lists(st.floats(0, 1), min_size=8, max_size=8)


def painted(emoji_set: AliveEmojiSet, face: MaskedFace, size: int = 128) -> NDArray[np.float32]:
    """The shapes alone over grey, quickly."""
    picture = np.full((size, size, 3), 128, np.uint8)
    for outline, color, opacity in emoji_set.shapes([face])[0]:
        corners = np.rint(outline * (size / 512 * 16)).astype(np.int32)
        over = cv2.fillPoly(picture.copy(), [corners], color, cv2.LINE_AA, 4)
        picture = cv2.addWeighted(over, opacity, picture, 1 - opacity, 0)
    return picture.astype(np.float32)


# --- what comes with emojimask ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STYLES)
def test_every_style_is_shipped_and_worn_by_its_name(name: str) -> None:
    assert name in shipped_sets()
    assert check_emoji_set(name) == []
    emoji_set = load_emoji_set(name)
    assert emoji_set.name == name
    heads = [emoji_set.emoji(expression) for expression in EXPRESSIONS]
    assert all(head.image is heads[0].image for head in heads)
    assert not heads[0].image.flags.writeable
    assert not heads[0].key_points.flags.writeable


@pytest.mark.parametrize("name", STYLES)
def test_the_head_is_opaque_all_over(name: str) -> None:
    y, x = np.mgrid[:512, :512] - 255.5
    assert (load(name).emoji("sad").image[np.hypot(x, y) <= 0.96 * 246, 3] == 255).all()


# --- how they look ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["alive", "alive-5", "flat", "paper", "contrast"])
def test_expressions_differ_in_shape_at_32_pixels_without_colour(name: str) -> None:
    def lines(expression: str) -> NDArray[np.float32]:
        small = drawn(load(name), masked(expression), 32)
        gray = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)
        detail = (gray - cv2.GaussianBlur(gray, (0, 0), 4))[4:28, 4:28]
        return np.asarray(detail / np.linalg.norm(detail))

    alike = {(a, b): float((lines(a) * lines(b)).sum()) for a, b in itertools.combinations(EXPRESSIONS, 2)}
    assert max(alike.values()) < 0.85, max(alike.items(), key=lambda item: item[1])


def test_pictures_are_as_they_were_approved() -> None:
    for name, sheet in alive_golden.sheets().items():
        file = alive_golden.FOLDER / f"{name}.png"
        approved = cv2.imread(str(file))
        assert approved is not None, f"{file}: missing; draw it with tests/emojis/alive_golden.py"
        assert approved.shape == sheet.shape
        worst, mean = _difference(approved, sheet)
        assert worst < 8, f"{name}: differs visibly; if that is meant, run tests/emojis/alive_golden.py"
        assert mean < 0.3, f"{name}: differs all over; if that is meant, run tests/emojis/alive_golden.py"


def _difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> tuple[float, float]:
    """Largest and mean distance of colours in Lab, as seen from a little away."""
    lab = [cv2.cvtColor(cv2.GaussianBlur(x, (0, 0), 1.2).astype(np.float32) / 255, cv2.COLOR_BGR2LAB) for x in (a, b)]
    far = np.linalg.norm(lab[0] - lab[1], axis=2)
    return float(far.max()), float(far.mean())


def test_a_small_change_of_the_drawing_is_seen() -> None:
    """The tolerance above is no blank cheque: a mouth that opens a little, in one emoji of a sheet, is too much."""
    rest, talk = (drawn(load("alive"), masked(measures=Measures(mouth_open=m)), alive_golden.CELL) for m in (0, 0.2))
    assert _difference(rest, talk)[0] > 8


# --- how they move ----------------------------------------------------------------------------------------------------


def changed(measures: Measures, **to: float) -> float:
    """How much of the picture changes when these measures do."""
    before, after = (painted(load("alive"), masked(measures=m)) for m in (measures, replace(measures, **to)))
    return float(np.abs(before - after).mean())


@pytest.mark.parametrize("name", [name for name in RANGES if name != "roll"])
def test_every_measure_is_seen(name: str) -> None:
    for end in RANGES[name]:
        if end != getattr(Measures(), name):
            assert changed(Measures(mouth_open=0.3), **{name: end}) > 0.1


def test_who_laughs_does_not_frown() -> None:
    frown = Measures(brow_left=-1, brow_right=-1, brow_left_angle=-1, brow_right_angle=-1)
    (laughing, frowning, calm, angry) = poses(
        [masked(name, measures=measures) for name in ("happy", "neutral") for measures in (Measures(), frown)]
    )
    assert (frowning.brows, frowning.angles) == (laughing.brows, laughing.angles)
    assert max(*angry.brows, *angry.angles) < min(*calm.brows, *calm.angles)


def test_a_wink_shuts_one_eye_in_every_expression() -> None:
    for expression in EXPRESSIONS:
        emoji_set = load("alive")
        white = {}
        for name, measures in (("open", Measures()), ("wink", Measures(eye_left=0))):
            near = painted(emoji_set, masked(expression, measures=measures))[45:70, :64].min(2)
            white[name] = int((near > 225).sum())
        assert white["wink"] < 0.1 * white["open"], expression


@pytest.mark.parametrize("rounded", [0.0, 0.5, 1.0])
def test_a_tongue_that_is_out_is_even_and_no_wider_than_the_mouth(rounded: float) -> None:
    shapes = load("alive").shapes([masked("disgust", measures=Measures(mouth_round=rounded, mouth_width=-rounded))])[0]
    lips = next(shape.outline for shape in shapes if shape.color == STYLES["alive"].lips)
    tongue = [shape.outline for shape in shapes if shape.color == STYLES["alive"].tongue][-1]
    assert np.ptp(tongue[:, 0]) < np.ptp(lips[:, 0])
    tip = tongue[tongue[:, 1] > tongue[:, 1].mean()]
    inner = np.abs(tip[:, 0] - tip[:, 0].mean()) < 0.3 * np.ptp(tongue[:, 0])
    assert np.ptp(tip[inner, 1]) < 0.1 * np.ptp(tongue[:, 1])


@pytest.mark.parametrize("name", ["alive", "flat", "paper", "contrast"])
def test_nothing_pops(name: str) -> None:
    """Along ways between poses, a small step moves every shape a little, and shapes come and go all but unseen."""
    rng = np.random.default_rng(5)
    low, high = np.array(list(RANGES.values())).T
    ways = [(rng.dirichlet(np.full(8, 0.3)), low + (high - low) * rng.random(len(low))) for _ in range(5)]
    for (blend, measures), (to_blend, to_measures) in itertools.pairwise(ways):
        before: Sequence[Shape] = ()
        for share in np.linspace(0, 1, 200):
            moved = Measures(*(measures + (to_measures - measures) * share).tolist())
            now = load(name).shapes([masked(blend=blend + (to_blend - blend) * share, measures=moved)])[0]
            if before:
                assert _alone(before, now) == []
                assert _alone(now, before) == []
            before = now


def test_the_blend_alone_moves_the_face_without_a_jump() -> None:
    for i, j in itertools.combinations(range(8), 2):
        ways = [np.eye(8)[i] * (1 - share) + np.eye(8)[j] * share for share in np.linspace(0, 1, 60)]
        for before, now in itertools.pairwise(load("alive").shapes([masked(blend=blend)])[0] for blend in ways):
            assert _alone(before, now) == []
            assert _alone(now, before) == []


def _alone(shapes: Sequence[Shape], others: Sequence[Shape]) -> list[Shape]:
    """Those of ``shapes`` that can be seen and have no twin nearby among ``others``."""

    def near(a: Shape, b: Shape) -> bool:
        return (
            len(a.outline) == len(b.outline)
            and np.abs(np.subtract(a.color, b.color)).max() < 10
            and abs(a.opacity - b.opacity) < 0.12
            and bool(np.abs(a.outline - b.outline).max() < 5)
        )

    return [shape for shape in shapes if shape.opacity > 0.12 and not any(near(shape, other) for other in others)]


def test_a_blend_of_one_is_that_expression() -> None:
    for i, expression in enumerate(EXPRESSIONS):
        alone = painted(load("alive"), masked(expression))
        assert np.array_equal(alone, painted(load("alive"), masked("neutral", blend=np.eye(8)[i])))


# --- whatever comes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", BREAKING)
def test_what_is_no_number_counts_as_at_rest(broken: float) -> None:
    at_rest = painted(load("alive"), masked("happy", measures=Measures()))
    for name in RANGES:
        face = masked("happy", measures=replace(Measures(), **{name: broken}))
        assert np.array_equal(painted(load("alive"), face), at_rest), name
    blend = [0.0] * 8
    blend[EXPRESSIONS.index("happy")], blend[EXPRESSIONS.index("sad")] = 1.0, broken
    assert np.array_equal(painted(load("alive"), masked("sad", blend, Measures())), at_rest)
    assert np.array_equal(painted(load("alive"), masked("happy", [broken] * 8, Measures())), at_rest)


@pytest.mark.parametrize("blend", [(), (1.0,), (0.0,) * 8, (-1.0,) * 8])
def test_a_blend_that_says_nothing_leaves_the_expression(blend: tuple[float, ...]) -> None:
    assert np.array_equal(painted(load("alive"), masked("sad", blend)), painted(load("alive"), masked("sad")))


def test_an_expression_that_is_not_known_looks_neutral() -> None:
    assert np.array_equal(painted(load("alive"), masked("hungry")), painted(load("alive"), masked("neutral")))


@given(measures=any_measures, blend=blends | st.lists(st.floats(), max_size=9), name=st.sampled_from(list(STYLES)))
@settings(max_examples=80, deadline=None)
def test_every_shape_is_finite_and_within_the_head(measures: Measures, blend: list[float], name: str) -> None:
    alpha = load(name).emoji("neutral").image[..., 3]
    reach = alpha.max(0).nonzero()[0]
    for shape in load(name).shapes([masked("fear", blend, measures)])[0]:
        assert shape.outline.dtype == np.float32
        assert np.isfinite(shape.outline).all()
        assert reach[0] - 1 <= shape.outline.min()
        assert shape.outline.max() <= reach[-1] + 1
        x, y = np.clip(np.rint(shape.outline), 0, 511).astype(int).T
        near = cv2.dilate(alpha, np.ones((5, 5), np.uint8))
        assert (near[y, x] > 0).all()
        assert 0 < shape.opacity <= 1
        assert all(0 <= channel <= 255 for channel in shape.color)


@given(several=st.lists(st.builds(masked, st.sampled_from(EXPRESSIONS), blends, any_measures), min_size=2, max_size=5))
@settings(max_examples=40, deadline=None)
def test_faces_drawn_together_are_as_each_drawn_alone(several: list[MaskedFace]) -> None:
    for name in ("alive", "flat", "paper"):
        for face, together in zip(several, load(name).shapes(several), strict=True):
            alone = load(name).shapes([face])[0]
            assert len(together) == len(alone)
            for one, other in zip(together, alone, strict=True):
                np.testing.assert_allclose(one.outline, other.outline, atol=1e-3)
                np.testing.assert_allclose(one.color, other.color, atol=1)
                assert math.isclose(one.opacity, other.opacity, abs_tol=1e-6)


def test_nobody_to_draw_is_no_fault() -> None:
    assert len(load("alive").shapes([])) == 0


def at_large(face: MaskedFace) -> MaskedFace:
    return replace(face, track=replace(face.track, face=replace(face.track.face, box=Box(0, 0, 900, 1200))))


def test_a_large_blush_fades_without_rings() -> None:
    """Across a cheek, left of the mouth, the colour changes little by little; in a small face three steps of 8 do."""
    cheek = painted(load("alive"), at_large(masked("happy")), 1024)[620, 200:270]
    assert np.ptp(cheek, 0).max() > 20
    assert np.abs(np.diff(cheek, axis=0)).max() < 4


@pytest.mark.parametrize("name", ["alive", "flat", "contrast"])
def test_a_large_face_has_rounder_features_in_the_same_places(name: str) -> None:
    """Drawn on a whole 2160p frame, a pixel of the emoji's picture is more than four of the frame's."""
    small, large = masked("surprise"), at_large(masked("surprise"))
    few, many = load(name).shapes([small])[0], load(name).shapes([large])[0]
    assert len(few) == len(many)
    for coarse, fine in zip(few, many, strict=True):
        assert len(fine.outline) >= len(coarse.outline)
        distances = [abs(cv2.pointPolygonTest(fine.outline, point.tolist(), True)) for point in coarse.outline]
        assert max(distances) < 1.5
    assert np.abs(painted(load(name), small) - painted(load(name), large)).mean() < 2


MEAN_FACE = np.array([[-0.5, 0], [0.5, 0], [0, 0.66], [-0.28, 0.73], [0.28, 0.73], [0, 1.16]])


@given(measures=in_range, blend=blends, name=st.sampled_from(["alive", "flat", "paper", "contrast"]))
@settings(max_examples=30, deadline=None)
def test_no_part_of_a_face_shows_whatever_it_does(measures: Measures, blend: list[float], name: str) -> None:
    """Over a checkerboard and over its negative, the pixels of the face oval are the same."""
    narrow = math.cos(math.radians(measures.yaw)) * 0.6 + 0.4
    points = (MEAN_FACE * (60 * narrow, 60) + (120, 80)).astype(np.float32)
    face = Face(Box.around(points).scaled(1.4), points, 1.0)
    board = np.where((np.indices((240, 240)) // 4).sum(0) % 2, 255, 0).astype(np.uint8)
    covered = replace(masked("happy", blend, measures), track=Track(1, face))
    renderer = _renderer(name)
    first, second = (renderer.render(np.dstack([b] * 3), [covered]) for b in (board, 255 - board))
    oval = cv2.fillConvexPoly(np.zeros((240, 240), np.uint8), np.rint(face_oval(face)).astype(np.int32), (1,))
    within = cv2.erode(oval, np.ones((5, 5))).astype(bool)
    assert within.sum() > 5000
    assert np.array_equal(first[within], second[within])


@cache
def _renderer(name: str) -> EmojiRenderer:
    return EmojiRenderer(load(name))
