"""Planted leaks of known size and length are found; covered, shielded and foreign files are told apart."""

from __future__ import annotations

from importlib.resources import as_file, files

import av
import cv2
import numpy as np
import pytest

from emojimask.emojis.emoji_set import load_emoji_set
from emojimask.leak.audit import LeakAudit
from emojimask.leak.exposure import exposure
from emojimask.leak.sightings import FacePath, Place, Sighting, fuse
from emojimask.masking.renderer import EmojiRenderer
from emojimask.media.letterbox import letterbox
from emojimask.sources.synthetic import portrait
from emojimask.types import EXPRESSIONS, Box

FACE = Box(178, 72, 98, 122)
"""Around the face of the portrait."""
FPS = 25


def recoded(image, crf=30):
    """Through H.264 and back, as any masked file is."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.framerate = image.shape[1], image.shape[0], "yuv420p", FPS
    encoder.options = {"crf": str(crf), "tune": "zerolatency"}
    decoder = av.CodecContext.create("h264", "r")
    packets = [*encoder.encode(av.VideoFrame.from_ndarray(image, format="bgr24")), *encoder.encode(None), av.Packet()]
    (frame,) = [frame for packet in packets for frame in decoder.decode(packet)]
    return frame.to_ndarray(format="bgr24")


def covered(image, share=1.0):
    """The face hidden from the top down to ``share`` of its height, under a thing that has eyes and a mouth."""
    masked = image.copy()
    center = round(FACE.center[0]), round(FACE.center[1])
    cv2.ellipse(masked, center, (80, 90), 0, 0, 360, (40, 190, 250), -1)
    for x in (-20, 20):
        cv2.ellipse(masked, (center[0] + x, center[1] - 25), (7, 9), 0, 0, 360, (20, 40, 70), -1)
    cv2.ellipse(masked, (center[0], center[1] + 22), (22, 8), 0, 0, 180, (20, 40, 70), -1)
    edge = round(FACE.y + share * FACE.height)
    masked[edge:] = image[edge:]
    return masked


@pytest.mark.parametrize("crf", [18, 30, 36])
def test_an_uncovered_face_shows_through_any_codec(crf):
    assert exposure(portrait(), recoded(portrait(), crf), FACE).uncovered > 0.85


@pytest.mark.parametrize("crf", [18, 36])
def test_an_emoji_on_the_face_is_not_taken_for_it(crf):
    assert exposure(portrait(), recoded(covered(portrait()), crf), FACE).uncovered < 0.02


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_the_uncovered_share_is_measured(share):
    found = exposure(portrait(), recoded(covered(portrait(), share)), FACE).uncovered
    assert found == pytest.approx(1 - share, abs=0.2)


@pytest.mark.parametrize("size", [24, 48, 300])
def test_the_size_of_the_face_does_not_matter(size):
    scale = size / FACE.width
    box = Box(*(side * scale for side in (FACE.x, FACE.y, FACE.width, FACE.height)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    pictures = portrait(), covered(portrait())
    bare, masked = (cv2.resize(picture, None, fx=scale, fy=scale, interpolation=way) for picture in pictures)
    even = bare.shape[0] // 2 * 2, bare.shape[1] // 2 * 2
    bare, masked = bare[: even[0], : even[1]], masked[: even[0], : even[1]]
    assert exposure(bare, recoded(bare, 26), box).uncovered > 0.7
    assert exposure(bare, recoded(masked, 26), box).uncovered < 0.05


def test_brighter_or_darker_is_still_the_same_face():
    shifted = np.clip(portrait().astype(np.float32) * 0.95 + 12, 0, 255).astype(np.uint8)
    assert exposure(portrait(), shifted, FACE).uncovered > 0.85


def blended(opacity):
    """The emoji over the face, so thin that the face shines through."""
    return cv2.addWeighted(covered(portrait()), opacity, portrait(), 1 - opacity, 0)


@pytest.mark.parametrize("opacity", [0.3, 0.4, 0.5])
def test_a_face_that_shines_through_an_emoji_shows(opacity):
    assert exposure(portrait(), blended(opacity), FACE).uncovered > 0.3
    assert exposure(portrait(), recoded(blended(opacity), 26), FACE).uncovered > 0.2


@pytest.mark.parametrize("gain", [0.85, 0.7, 0.5, 0.3])
def test_a_darkened_face_shows(gain):
    dark = (portrait() * gain).astype(np.uint8)
    assert exposure(portrait(), recoded(dark, 26), FACE).uncovered > 0.8


@pytest.mark.parametrize("change", ["gray", "negative", "blue for red"])
def test_a_face_in_other_colours_shows(change):
    face = portrait()
    gray = np.repeat(face.mean(2, keepdims=True), 3, 2).astype(np.uint8)
    changed = {"gray": gray, "negative": 255 - face, "blue for red": np.ascontiguousarray(face[..., ::-1])}[change]
    assert exposure(face, recoded(changed, 26), FACE).uncovered > 0.8


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_no_emoji_of_ours_is_taken_for_the_face(expression):
    with as_file(files("emojimask.emojis") / "classic" / f"{expression}.png") as path:
        emoji = cv2.resize(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), (160, 160), interpolation=cv2.INTER_AREA)
    masked, (x, y) = portrait(), (round(side) - 80 for side in FACE.center)
    alpha = emoji[..., 3:] / 255
    masked[y : y + 160, x : x + 160] = masked[y : y + 160, x : x + 160] * (1 - alpha) + emoji[..., :3] * alpha
    assert exposure(portrait(), recoded(masked, 26), FACE).uncovered < 0.05


def test_a_face_without_structure_is_compared_by_colour():
    flat = np.full((200, 200, 3), (90, 120, 170), np.uint8)
    assert exposure(flat, flat, Box(50, 50, 60, 60)).uncovered == 1.0
    assert exposure(flat, np.full_like(flat, 60), Box(50, 50, 60, 60)).uncovered == 0.0


def test_a_face_outside_the_picture_cannot_show():
    assert not exposure(portrait(), portrait(), Box(-300, 0, 90, 90)).visible


def shield(image):
    return np.full_like(image, (92, 62, 44))


def audit(masked_frames, original=None, box=FACE):
    frames = [portrait() if original is None else original] * len(masked_frames)
    places = {i: Place(box, True) for i in range(len(frames))}
    judge = LeakAudit([FacePath(1, places, frozenset({"a", "b"}))], [i / FPS for i in range(len(frames))])
    for original_image, masked in zip(frames, masked_frames, strict=True):
        judge.compare(original_image, masked)
    return judge.report()


def test_a_planted_leak_is_found_where_it_is_and_as_long_as_it_is():
    bare, safe = recoded(portrait()), recoded(covered(portrait()))
    report = audit([safe] * 4 + [bare] * 3 + [safe] * 4 + [bare] + [safe] * 3)
    assert [leak.frame for leak in report.leaked] == [4, 5, 6, 11]
    assert report.leaked_share == pytest.approx(4 / 15)
    assert report.longest_exposure_ms == pytest.approx(3 * 1000 / FPS)
    assert report.worst_uncovered > 0.85
    assert report.faces_never_covered == ()
    assert report.exceeds(0.2)
    assert not report.exceeds(0.3)


def test_a_clean_file_is_not_accused():
    report = audit([recoded(covered(portrait()))] * 5)
    assert (report.leaked, report.leaked_share, report.longest_exposure_ms, report.unlike) == ((), 0.0, 0.0, ())


def test_an_unmasked_file_leaks_throughout_and_its_face_is_named():
    report = audit([portrait()] * 5)
    assert report.leaked_share == 1.0
    assert report.faces_never_covered == (1,)
    assert report.longest_exposure_ms == pytest.approx(200)


def test_shielded_frames_are_counted_and_leak_nothing():
    report = audit([covered(portrait())] * 3 + [shield(portrait())] * 2)
    assert (report.shielded, report.leaked, report.unlike) == (2, (), ())


def test_frames_far_apart_after_others_are_looked_at_too():
    times_s = [*np.arange(10) / FPS, *(1.36 + np.arange(5))]
    judge = LeakAudit(fuse([(float(time_s), [Sighting(FACE, 0.8, "a")]) for time_s in times_s]), times_s)
    for index in range(len(times_s)):
        judge.compare(portrait(), covered(portrait()) if index < 10 else portrait())
    assert [leak.frame for leak in judge.report().leaked] == list(range(10, 15))


def test_a_file_that_shows_something_else_is_refused():
    rng = np.random.default_rng(3)
    other = [rng.integers(0, 255, portrait().shape, np.uint8) for _ in range(4)]
    assert audit(other).is_of_another


def test_one_foreign_frame_among_many_cannot_be_vouched_for():
    foreign = np.ascontiguousarray(portrait()[::-1])
    report = audit([covered(portrait())] * 20 + [foreign])
    assert report.unlike == (20,)
    assert report.exceeds(1.0)


def close_up(image, margin=2.2):
    """So close that little but the face is left in the picture; and where the face is."""
    around = FACE.scaled(margin)
    x, y = round(around.x), max(0, round(around.y))
    part = image[y : round(around.y + around.height), x : round(around.x + around.width)]
    even = part[: part.shape[0] // 2 * 2, : part.shape[1] // 2 * 2].copy()
    return even, Box(FACE.x - x, FACE.y - y, FACE.width, FACE.height)


def before_a_wall(margin=2.2):
    """The face, and what is around it, at the left of a calm, wide picture; and where it is."""
    head, box = close_up(portrait(), margin)
    wall = np.full((720, 1280, 3), (150, 160, 170), np.uint8)
    x, y = 160, 700 - 2 * head.shape[0]
    wall[y : y + 2 * head.shape[0], x : x + 2 * head.shape[1]] = cv2.resize(head, None, fx=2, fy=2)
    return wall, Box(x + 2 * box.x, y + 2 * box.y, 2 * box.width, 2 * box.height)


def mirrored(image):
    return np.ascontiguousarray(image[:, ::-1])


def test_a_close_up_is_vouched_for_by_what_little_is_around_the_face():
    original, box = close_up(portrait())
    masked, _ = close_up(covered(portrait()))
    assert audit([recoded(masked)] * 5, original, box).unlike == ()
    assert audit([mirrored(original)] * 5, original, box).is_of_another


def test_a_face_that_fills_the_picture_cannot_be_vouched_for():
    original, box = close_up(portrait())
    face = np.ascontiguousarray(original[40:-40, 60:-60])
    filling = Box(box.x - 60, box.y - 40, box.width, box.height)
    assert audit([mirrored(face)] * 5, face, filling).is_of_another


def test_a_mirrored_copy_before_a_plain_wall_is_not_vouched_for():
    head, _ = close_up(portrait(), 1.3)
    wall = np.full((720, 1280, 3), (150, 160, 170), np.uint8)
    wall[400 : 400 + head.shape[0], 200 : 200 + head.shape[1]] = head
    box = Box(200 + 0.15 * FACE.width, 400 + 0.15 * FACE.height, FACE.width, FACE.height)
    assert audit([recoded(mirrored(wall))] * 5, wall, box).unlike == (0, 1, 2, 3, 4)


def test_before_a_plain_wall_colour_vouches():
    wall = np.full((300, 300, 3), (150, 160, 170), np.uint8)
    box = Box(120, 120, 60, 60)
    emoji = cv2.circle(wall.copy(), (150, 150), 45, (40, 190, 250), -1)
    assert audit([recoded(emoji)] * 5, wall, box).unlike == ()
    assert audit([cv2.resize(portrait(), (300, 300))] * 5, wall, box).is_of_another


def test_a_mask_held_where_the_face_is_not_seen_any_more_is_no_foreign_picture():
    original, box = before_a_wall(margin=1.1)
    middle, reach = (round(box.center[0]), round(box.center[1])), (round(1.05 * box.width), round(1.05 * box.height))
    masked = cv2.ellipse(original.copy(), middle, reach, 0, 0, 360, (40, 190, 250), -1)
    judge = LeakAudit(
        [FacePath(1, {i: Place(box, True) for i in range(4)}, frozenset("a"))], [i / 2 for i in range(10)]
    )
    for _ in range(8):
        judge.compare(original, masked)
    assert judge.report().unlike == ()
    judge.compare(original, masked)
    assert judge.report().is_of_another


def test_an_emoji_held_over_black_frames_is_no_foreign_picture():
    black = np.zeros_like(portrait())
    emoji = cv2.circle(black.copy(), (round(FACE.center[0]), round(FACE.center[1])), 90, (40, 190, 250), -1)
    judge = LeakAudit([FacePath(1, {0: Place(FACE, True)}, frozenset("a"))], [0.0, 1 / FPS])
    judge.compare(portrait(), covered(portrait()))
    judge.compare(black, emoji)
    assert judge.report().unlike == ()


def test_a_calm_foreign_picture_is_not_taken_for_the_shield():
    original, box = before_a_wall()
    assert audit([mirrored(original)] * 5, original, box).is_of_another
    report = audit([original] * 10 + [mirrored(original)], original, box)
    assert (report.shielded, report.unlike) == (0, (10,))


@pytest.mark.parametrize("size", [(512, 512), (640, 360), (360, 640)])
def test_our_shield_is_known_even_beside_black_bars(size):
    width, height = size
    drawn = letterbox(EmojiRenderer(load_emoji_set("classic")).shield(height, width), 512, 512)
    assert audit([recoded(drawn, 20)] * 2).shielded == 2


def test_without_a_face_there_is_nothing_to_measure():
    judge = LeakAudit([], [0.0])
    judge.compare(portrait(), portrait())
    assert not judge.report().measurable


def test_frames_of_two_sizes_are_refused():
    with pytest.raises(ValueError, match="one size"):
        LeakAudit([], [0.0]).compare(portrait(), portrait()[:-2])
