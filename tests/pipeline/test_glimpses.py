"""Files: a face that shows so briefly that no later frame has it does not get out, however short ago the last look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from fakes import BlockRenderer, EvenClassifier, PlainSmoother

from emojimask.faces.renderings import OTHERWISE_S, RENDERINGS
from emojimask.faces.tracking import LandmarkTracker
from emojimask.pipeline import MaskingPipeline
from emojimask.settings import MaskSettings
from emojimask.stages import Detection
from emojimask.types import Box, Face, Frame, Image, MaskedFrame, Picture, Points

ROOM = np.random.default_rng(0).integers(90, 110, (360, 640, 3), np.uint8)
CLIP_S = 40 / 30


class BrightBlock:
    """Detector and landmarker: a bright block is a face, specks are none.

    None is in the only tile that is looked at now and then.
    """

    def detect(self, image: Picture, thorough: bool = False) -> list[Detection]:
        rows, columns = np.nonzero(np.asarray(image)[:, :, 1] == 255)
        if not len(rows):
            return []
        box = Box(columns.min(), rows.min(), columns.max() - columns.min() + 1, rows.max() - rows.min() + 1)
        return [Detection(box, 0.9)] if len(rows) > 0.5 * box.area else []

    def tiles(self, height: int, width: int, closely: bool = False) -> Sequence[Box]:
        return [Box(0, 0, 80, 80)]

    def detect_in_tile(self, image: Picture, tile: Box) -> list[Detection]:
        left, top, right, bottom = (int(v) for v in (tile.x, tile.y, tile.x + tile.width, tile.y + tile.height))
        assert min(right - left, bottom - top) >= 80
        return [d.moved(left, top) for d in self.detect(np.asarray(image)[top:bottom, left:right])]

    def locate(self, image: Picture, near: Detection | Points) -> Face | None:
        place = near.box if isinstance(near, Detection) else Box.around(near)
        found = [d.box for d in self.detect(image) if d.box.iou(place) > 0.2]
        if not found:
            return None
        x, y = np.linspace(0, 1, 468), np.tile([0.0, 1.0], 234)
        points = np.stack([found[0].x + x * found[0].width, found[0].y + y * found[0].height], 1)
        return Face(found[0], points.astype(np.float32), 0.9)


def with_face(room: Image = ROOM, x: int = 300) -> Image:
    picture = room.copy()
    picture[150:210, x : x + 60] = 255
    return picture


def masked(
    pictures: Sequence[Image], times: Sequence[float] | None = None, block: BrightBlock | None = None, **knobs: object
) -> list[MaskedFrame]:
    block = block or BrightBlock()
    tracker = LandmarkTracker(block, block)
    pipeline = MaskingPipeline(tracker, EvenClassifier(), PlainSmoother(), BlockRenderer(), MaskSettings(**knobs))
    times = [index / 30 for index in range(len(pictures))] if times is None else times
    frames = (Frame(p, i, t) for i, (p, t) in enumerate(zip(pictures, times, strict=True)))
    return list(pipeline.process_file(frames))


def shows_face(frame: MaskedFrame) -> bool:
    return bool((frame.image == 255).any())


@pytest.fixture(params=[0.0, 0.2], ids="look every {} s".format)
def look_every_s(request: pytest.FixtureRequest) -> float:
    return float(request.param)


def test_a_face_in_a_frame_that_stands_for_seconds_and_in_no_other_is_covered(look_every_s: float) -> None:
    pictures = [ROOM, ROOM, ROOM, with_face(), ROOM, ROOM]
    out = masked(pictures, [0, 1, 2, 2.033, 7, 8], look_every_s=look_every_s)
    assert len(out[3].faces) == 1
    assert not any(shows_face(frame) for frame in out)


class Slips(BrightBlock):
    """In a frame with a mark the landmarker takes what it follows for a face, wherever that is."""

    MARK = 7

    def locate(self, image: Picture, near: Detection | Points) -> Face | None:
        if isinstance(near, np.ndarray) and np.asarray(image)[0, 0, 0] == self.MARK:
            return Face(Box.around(near), near, 0.5)
        return super().locate(image, near)


def test_in_the_first_frame_of_a_scene_who_was_in_the_last_one_uncovers_nobody(look_every_s: float) -> None:
    hall = np.broadcast_to(np.linspace(20, 220, 640).astype(np.uint8)[:, None], ROOM.shape)
    first, rest = with_face(hall, x=150), with_face(hall, x=150)
    first[0, 0, 0] = Slips.MARK
    out = masked([with_face(x=100)] * 4 + [first] + [rest] * 4, block=Slips(), look_every_s=look_every_s)
    assert not any(shows_face(frame) for frame in out)


def test_a_frame_that_stands_for_seconds_is_looked_at_however_faint_the_change(look_every_s: float) -> None:
    faint = with_face(np.full_like(ROOM, 253))
    blank = np.full_like(ROOM, 253)
    out = masked([blank, blank, blank, faint, blank, blank], [0, 1, 2, 2.033, 7, 8], look_every_s=look_every_s)
    assert not shows_face(out[3])


@pytest.mark.parametrize("count", range(38, 42))
def test_a_face_in_the_last_two_frames_only_is_covered_in_both(count: int, look_every_s: float) -> None:
    out = masked([ROOM] * (count - 2) + [with_face()] * 2, look_every_s=look_every_s)
    assert [len(frame.faces) for frame in out[-2:]] == [1, 1]
    assert not any(shows_face(frame) for frame in out)


@pytest.mark.parametrize("shown", [1, 2, 3])
@pytest.mark.parametrize("comes", range(20, 24))
def test_a_face_that_flashes_up_is_covered_in_every_frame_of_it(comes: int, shown: int, look_every_s: float) -> None:
    pictures = [ROOM] * comes + [with_face()] * shown + [ROOM] * (40 - comes - shown)
    assert not any(shows_face(frame) for frame in masked(pictures, look_every_s=look_every_s))


@pytest.mark.parametrize("shown", [1, 2, 3])
@pytest.mark.parametrize("comes", range(20, 24))
def test_a_face_between_two_hard_cuts_is_covered(comes: int, shown: int, look_every_s: float) -> None:
    cells = 10 * np.random.default_rng(1).integers(0, 25, (3, 9, 16, 1), np.uint8)
    scenes = cells.repeat(40, 1).repeat(40, 2).repeat(3, 3)
    pictures = [scenes[0]] * comes + [with_face(scenes[1])] * shown + [scenes[2]] * (40 - comes - shown)
    assert not any(shows_face(frame) for frame in masked(pictures, look_every_s=look_every_s))


def test_a_face_in_the_last_frame_of_a_size_is_covered(look_every_s: float) -> None:
    small = ROOM[:180, :320]
    out = masked([ROOM] * 30 + [with_face()] + [small] * 5, look_every_s=look_every_s)
    assert not any(shows_face(frame) for frame in out)


def test_a_face_in_the_last_frame_before_the_source_breaks_is_covered(look_every_s: float) -> None:
    def broken() -> Iterator[Frame]:
        yield from (Frame(ROOM, index, index / 30) for index in range(40))
        yield Frame(with_face(), 40, 40 / 30)
        raise OSError("unplugged")

    block = BrightBlock()
    stages = LandmarkTracker(block, block), EvenClassifier(), PlainSmoother(), BlockRenderer()
    out = MaskingPipeline(*stages, MaskSettings(look_every_s=look_every_s)).process_file(broken())
    frames = [next(out) for _ in range(41)]
    assert not any(shows_face(frame) for frame in frames)
    with pytest.raises(OSError, match="unplugged"):
        next(out)


def test_whom_another_rendering_shows_hides_nobody_who_comes_later(look_every_s: float) -> None:
    """A dark block is a face on a negative, and there the bright one is none."""
    dark = ROOM.copy()
    dark[40:100, 60:120] = 0
    pictures = [dark] * 20 + [with_face(dark)] * 20 + [dark] * 20
    out = masked(pictures, look_every_s=look_every_s)
    assert not any((frame.image[40:100, 60:120] == 0).any() for frame in out)
    assert not any(shows_face(frame) for frame in out)


class Counting(BrightBlock):
    looks = 0

    def detect(self, image: Picture, thorough: bool = False) -> list[Detection]:
        self.looks += 1
        return []


def looks_at(pictures: Sequence[Image]) -> int:
    block = Counting()
    stages = LandmarkTracker(block, block), EvenClassifier(), PlainSmoother(), BlockRenderer()
    list(MaskingPipeline(*stages).process_file(Frame(p, i, i / 30) for i, p in enumerate(pictures)))
    return block.looks


MOST_LOOKS = 10 * CLIP_S + 2 * (1 + len(RENDERINGS)) + len(RENDERINGS) * CLIP_S / OTHERWISE_S
"""Ten times a second, and at both ends, there in each rendering too, and in these now and then."""


def test_what_moves_on_slowly_is_no_glimpse() -> None:
    assert looks_at([with_face(x=200 + 4 * index) for index in range(40)]) <= MOST_LOOKS


def test_specks_all_over_are_no_glimpse() -> None:
    """As where grain or sharp edges move: each is smaller than any face."""
    rng = np.random.default_rng(2)
    scene = 10 * rng.integers(0, 20, (9, 16, 1), np.uint8).repeat(40, 0).repeat(40, 1).repeat(3, 2)
    pictures = [scene.copy() for _ in range(40)]
    for picture in pictures:
        rows, columns = rng.permutation(8)[:4] * 40 + 10, rng.permutation(14)[:4] * 40 + 10
        for row, column in zip(rows, columns, strict=True):
            picture[row : row + 3, column : column + 3] = 250
    assert looks_at(pictures) <= MOST_LOOKS + 2  # also at what changes most


def test_a_still_empty_scene_is_not_looked_at_in_other_renderings_again_and_again() -> None:
    seconds = 4
    assert looks_at([ROOM] * 30 * seconds) <= 10 * seconds + 2 * (1 + len(RENDERINGS))
