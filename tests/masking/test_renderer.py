"""Whatever the pose, size and place: the whole face is covered, opaquely, and nothing but the face's region changes."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emojimask.emojis.emoji_set import load_emoji_set
from emojimask.masking.compositing import Sheet
from emojimask.masking.oval import face_oval
from emojimask.masking.renderer import EmojiRenderer
from emojimask.media.pixels import YuvImage
from emojimask.stages import Emoji
from emojimask.types import EXPRESSIONS, Box, Face, MaskedFace, Track, TrackState

H, W = 240, 320
MEAN_FACE = np.array([[-0.5, 0], [0.5, 0], [0, 0.66], [-0.28, 0.73], [0.28, 0.73], [0, 1.16]])
"""Key points of an upright face; 1 is the distance between the outer eye corners."""


@pytest.fixture(scope="module")
def renderer() -> EmojiRenderer:
    return EmojiRenderer(load_emoji_set("classic"))


def face_at(x: float, y: float, size: float, roll: float = 0.0, yaw: float = 0.0) -> Face:
    """A face turned by ``yaw`` radians (the far half shrinks, as under a camera) and tilted by ``roll``."""
    depth = np.array([0.25, 0.25, -0.1, 0, 0, 0.05])  # of each key point behind the mouth's plane
    near = 1 / (1 + 0.25 * MEAN_FACE[:, 0] * np.sin(yaw))
    points = np.column_stack([MEAN_FACE[:, 0] * np.cos(yaw) - depth * np.sin(yaw), MEAN_FACE[:, 1]]) * near[:, None]
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    landmarks = (points @ turn.T * size + [x, y]).astype(np.float32)
    return Face(Box.around(landmarks).scaled(1.5), landmarks, 1.0)


def masked(face: Face, expression: str = "happy", unseen_s: float = 0.0) -> MaskedFace:
    state = TrackState.HELD if unseen_s else TrackState.TRACKED
    return MaskedFace(Track(1, face, state, unseen_s), (), expression)


def inside(polygon: np.ndarray) -> np.ndarray:
    """The frame's pixels that lie at least two pixels within ``polygon``, whose very edge is blended."""
    border = 8  # so that an edge just outside the frame counts as one
    area = np.zeros((H + 2 * border, W + 2 * border), np.uint8)
    cv2.fillPoly(area, [np.round(np.clip(polygon, -3000, 3000)).astype(np.int32) + border], 1)
    return cv2.erode(area, np.ones((5, 5)))[border:-border, border:-border].astype(bool)


poses = st.builds(
    face_at,
    x=st.floats(-60, W + 60),
    y=st.floats(-60, H + 60),
    size=st.floats(6, 200),
    roll=st.floats(-3.1, 3.1),
    yaw=st.floats(-1.5, 1.5),
)


@given(count=st.sampled_from([68, 468, 478]), seed=st.integers(0, 2**32 - 1), growth=st.floats(1, 2))
@settings(max_examples=60, deadline=None)
def test_every_landmark_is_covered_wherever_it_lies(count: int, seed: int, growth: float) -> None:
    """In profile the nose stands out of the ring that goes around a frontal face."""
    points = np.random.default_rng(seed).uniform(0, 200, (count, 2)).astype(np.float32)
    oval = face_oval(Face(Box.around(points), points, 1.0), growth)
    assert all(cv2.pointPolygonTest(oval, (float(x), float(y)), False) >= 0 for x, y in points)


@given(face=poses, expression=st.sampled_from(EXPRESSIONS), unseen_s=st.floats(0, 2))
@settings(max_examples=150, deadline=None)
def test_no_pixel_of_the_face_oval_depends_on_the_input(
    renderer: EmojiRenderer, face: Face, expression: str, unseen_s: float
) -> None:
    cover = [masked(face, expression, unseen_s)]
    black = renderer.render(np.zeros((H, W, 3), np.uint8), cover)
    white = renderer.render(np.full((H, W, 3), 255, np.uint8), cover)
    differs = np.abs(black.astype(int) - white).max(2)
    assert differs[inside(face_oval(face))].max(initial=0) <= 1


@given(face=poses, expression=st.sampled_from(EXPRESSIONS), odd=st.booleans())
@settings(max_examples=60, deadline=None)
def test_on_a_videos_planes_it_covers_as_well(renderer: EmojiRenderer, face: Face, expression: str, odd: bool) -> None:
    def flat(level: int) -> YuvImage:
        height, width = H - odd, W - odd
        half = np.full(((height + 1) // 2, (width + 1) // 2), level, np.uint8)
        return YuvImage(np.full((height, width), level, np.uint8), half, half.copy(), bt709=True)

    low, high = (renderer.render(flat(level), [masked(face, expression)]) for level in (16, 235))
    assert isinstance(low, YuvImage)
    assert isinstance(high, YuvImage)
    oval = inside(face_oval(face))
    assert np.abs(low.y.astype(int) - high.y)[oval[: H - odd, : W - odd]].max(initial=0) <= 1
    whole = cv2.erode(oval.astype(np.uint8), np.ones((5, 5)))[::2, ::2].astype(bool)
    assert np.abs(low.u.astype(int) - high.u)[whole].max(initial=0) <= 1
    assert np.abs(low.v.astype(int) - high.v)[whole].max(initial=0) <= 1


def test_two_different_faces_in_one_pose_give_the_same_pixels(renderer: EmojiRenderer) -> None:
    rng = np.random.default_rng(1)
    one, other = rng.integers(0, 256, (2, H, W, 3), np.uint8)
    face = face_at(160, 100, 60, roll=0.2, yaw=0.6)
    a, b = (renderer.render(image, [masked(face)]) for image in (one, other))
    assert np.abs(a.astype(int) - b)[inside(face_oval(face))].max() <= 1
    assert (a != b).any()  # outside the mask they stay themselves


def test_what_is_far_from_the_face_is_untouched_and_the_input_is_not_written(renderer: EmojiRenderer) -> None:
    image = np.random.default_rng(2).integers(0, 256, (H, W, 3), np.uint8)
    before = image.copy()
    out = renderer.render(image, [masked(face_at(80, 80, 30))])
    assert (image == before).all()
    assert not np.shares_memory(out, image)
    assert (out[:, 200:] == image[:, 200:]).all()
    assert (out[80:100, 70:90] != image[80:100, 70:90]).any()


def test_no_face_gives_the_picture_itself(renderer: EmojiRenderer) -> None:
    image = np.random.default_rng(3).integers(0, 256, (H, W, 3), np.uint8)
    assert (renderer.render(image, []) == image).all()


def test_a_held_mask_grows_with_time(renderer: EmojiRenderer) -> None:
    white = np.full((H, W, 3), 255, np.uint8)
    face = face_at(160, 100, 40)
    areas = [(renderer.render(white, [masked(face, unseen_s=s)]) != 255).any(2).sum() for s in (0.0, 0.5, 1.0)]
    assert areas[0] * 1.3 < areas[1]
    assert areas[1] * 1.2 < areas[2]


def test_the_last_face_lies_on_top(renderer: EmojiRenderer) -> None:
    white = np.full((H, W, 3), 255, np.uint8)
    both = [masked(face_at(170, 90, 80), "angry"), masked(face_at(130, 90, 30), "happy")]
    for order in (both, both[::-1]):
        alone, out = renderer.render(white, order[1:]), renderer.render(white, order)
        assert (out[90, 130] == alone[90, 130]).all()


def test_one_picture_may_have_other_key_points_for_another_expression() -> None:
    classic = load_emoji_set("classic")
    image, key_points = classic.emoji("neutral")
    sad = Emoji(image, key_points * np.float32(0.6) + np.float32(0.2 * 512))
    shared = EmojiRenderer(replace(classic, emojis=dict.fromkeys(EXPRESSIONS, Emoji(image, key_points)) | {"sad": sad}))
    alone = EmojiRenderer(replace(classic, emojis=dict.fromkeys(EXPRESSIONS, Emoji(image, key_points))))
    ground, face = np.zeros((H, W, 3), np.uint8), face_at(160, 100, 30)
    happy, sad_one, expected = (
        renderer.render(ground, [masked(face, expression)])
        for renderer, expression in ((shared, "happy"), (shared, "sad"), (alone, "happy"))
    )
    assert (happy == expected).all()
    assert (sad_one != expected).any()


@pytest.mark.parametrize("opacity", [40, 140])
def test_a_shadow_that_is_drawn_with_an_emoji_hides_nothing(opacity: int) -> None:
    """The emoji grows until its disc hides the face: nothing is left over to fill."""
    classic = load_emoji_set("classic")
    image, key_points = classic.emoji("neutral")
    disc = cv2.warpAffine(image, np.float32([[0.75, 0, 64], [0, 0.75, 16]]), (512, 512))
    shadow = np.zeros_like(disc)
    shadow[60:, 40:, 3] = (disc[:-60, :-40, 3] >= 255) * np.uint8(opacity)
    drawn = Emoji(np.where(disc[..., 3:] >= 255, disc, shadow), key_points * np.float32(0.75) + np.float32([64, 16]))
    emojis = replace(classic, emojis=dict.fromkeys(EXPRESSIONS, drawn), fill=(255, 0, 255))
    face = face_at(160, 90, 60)
    black, white = (
        EmojiRenderer(emojis).render(np.full((H, W, 3), level, np.uint8), [masked(face)]).astype(int)
        for level in (0, 255)
    )
    assert np.abs(black - white).max(2)[inside(face_oval(face))].max() <= 1
    assert (white[..., 1] > white[..., 0] - 30).all(), "magenta shows"


@pytest.mark.parametrize("turned", [False, True])
def test_eyes_and_mouth_lie_on_the_faces_also_below_a_hat_or_above_a_beard(turned: bool) -> None:
    """The middle of such a picture is not where the face is."""
    classic = load_emoji_set("classic")
    image = np.zeros((512, 512, 4), np.uint8)
    cv2.circle(image, (256, 386), 120, (0, 200, 250, 255), -1)
    cv2.rectangle(image, (166, 6), (346, 310), (0, 200, 250, 255), -1)
    key_points = np.float32([[200, 366], [312, 366], [256, 435], [224, 443], [288, 443], [256, 486]])
    if turned:  # the hat becomes a beard
        image, key_points = image[::-1].copy(), key_points - np.float32([0, 260])
    for x, y in key_points.astype(int).tolist():
        cv2.circle(image, (x, y), 10, (255, 0, 0, 255), -1)
    emojis = replace(classic, emojis=dict.fromkeys(EXPRESSIONS, Emoji(image, key_points)))
    points = face_at(160, 100, 50).landmarks
    face = Face(Box.around(points), points, 1.0)
    drawn = EmojiRenderer(emojis).render(np.zeros((H, W, 3), np.uint8), [masked(face)])
    rows, columns = np.nonzero(drawn[..., 0] > 128)
    off = np.hypot(*([columns.mean(), rows.mean()] - points.mean(0)))
    assert off < 0.5 * 50, "of the distance between the eyes"


def test_the_emoji_stands_as_the_head_does(renderer: EmojiRenderer) -> None:
    """The tear of the sad emoji shows which way is up: it lies lower left of the eyes, and turns with the head."""
    white = np.full((H, W, 3), 255, np.uint8)

    def blue(roll: float) -> np.ndarray:
        out = renderer.render(white, [masked(face_at(160, 110, 60, roll), "sad")]).astype(int)
        return np.argwhere(out[..., 0] > out[..., 2] + 60).mean(0)[::-1] - [160, 110]

    upright, turned = blue(0.0), blue(np.pi / 2)
    assert upright[0] < -10
    assert upright[1] > 10
    assert np.allclose(turned, [-upright[1], upright[0]], atol=6)


def test_a_small_face_is_drawn_without_aliasing(renderer: EmojiRenderer) -> None:
    """Drawn tiny, the emoji is about the average of the large one, not a handful of its pixels."""
    white, black = np.full((H, W, 3), 255, np.uint8), np.zeros((H, W, 3), np.uint8)

    def mean_color(face: Face) -> np.ndarray:
        on_white, on_black = (renderer.render(ground, [masked(face)]) for ground in (white, black))
        return on_white[(on_white == on_black).all(2)].mean(0)

    large = mean_color(face_at(160, 90, 90))
    small = [mean_color(face_at(160 + shift, 90, 9)) for shift in np.linspace(0, 1, 5)]
    assert np.abs(np.mean(small, 0) - large).max() < 12
    assert np.ptp(small, axis=0).max() < 12


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 500), (720, 1280)])
def test_the_shield_is_made_of_its_size_alone(renderer: EmojiRenderer, height: int, width: int) -> None:
    one, other = renderer.shield(height, width), renderer.shield(height, width)
    assert one.shape == (height, width, 3)
    assert (one == other).all()
    one[:] = 0
    assert (renderer.shield(height, width) == other).all()


@pytest.mark.parametrize("name", ["classic", "alive"])
def test_the_shields_emoji_has_a_face(name: str) -> None:
    shield = EmojiRenderer(load_emoji_set(name)).shield(360, 640)
    middle = cv2.cvtColor(shield[140:220, 280:360], cv2.COLOR_BGR2GRAY)
    assert (middle < 80).mean() > 0.02  # eyes and mouth
    assert (middle > 140).mean() > 0.5


@given(faces=st.lists(poses, min_size=2, max_size=4), planes=st.booleans())
@settings(max_examples=40, deadline=None)
def test_several_faces_at_once_are_as_one_after_another(
    renderer: EmojiRenderer, faces: list[Face], planes: bool
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (H, W, 3), np.uint8)
    picture = YuvImage(noise[..., 0], noise[::2, ::2, 1].copy(), noise[::2, ::2, 2].copy(), True) if planes else noise
    one_by_one = picture
    for face in faces:
        one_by_one = renderer.render(one_by_one, [masked(face)])
    at_once = renderer.render(picture, [masked(face) for face in faces])
    for a, b in zip(channels(at_once), channels(one_by_one), strict=True):
        np.testing.assert_array_equal(a, b)


def channels(picture: np.ndarray | YuvImage) -> list[np.ndarray]:
    return [picture.y, picture.u, picture.v] if isinstance(picture, YuvImage) else [picture]


def test_with_hardly_any_perspective_an_emoji_looks_as_with_none() -> None:
    level = np.asarray(load_emoji_set("classic").emoji("happy").image)
    turn = np.array([[0.5, 0.1, 30], [-0.1, 0.45, 60], [0, 0, 1.0]])
    tilted = turn.copy()
    tilted[2, 0] = 1e-9
    sheets = []
    for transform in (turn, tilted):
        sheets.append(Sheet(np.zeros((H, W, 3), np.uint8), Box(0, 0, W, H)))
        sheets[-1].draw(level, transform)
    pictures = [np.zeros((H, W, 3), np.uint8) for _ in sheets]
    for sheet, picture in zip(sheets, pictures, strict=True):
        sheet.lay_on(picture)
    assert pictures[0].any()
    assert np.abs(pictures[0].astype(int) - pictures[1]).mean() < 0.5
