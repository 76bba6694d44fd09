"""Identity over time: through occlusion, crossing and absence. With made-up detectors, so that the truth is known."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest

from emojimask.faces.comparison import covers, grown_within, hides
from emojimask.faces.tracking import LandmarkTracker
from emojimask.stages import Detection, Glimpse
from emojimask.types import Box, Face, Frame, Image, Points, Track, TrackState

MEAN_FACE = np.array([[-0.5, -0.6], [0.5, -0.6], [0, 0.1], [-0.3, 0.2], [0.3, 0.2], [0, 0.8]], np.float32)
COLORS = {"red": (40, 40, 220), "blue": (220, 60, 40), "green": (40, 200, 40)}


@dataclass
class Stage:
    """People as coloured squares. Both detector and landmarker see only what is drawn at the moment."""

    people: dict[str, tuple[float, float, float]] = field(default_factory=dict)  # name -> x, y, size
    detections: int = 0

    def image(self) -> Image:
        image = np.full((300, 600, 3), 128, np.uint8)
        for name, (x, y, size) in self.people.items():
            image[max(0, int(y - size)) : int(y + size), max(0, int(x - size)) : int(x + size)] = COLORS[name]
        return image

    def detect(self, image: Image, thorough: bool = False) -> list[Detection]:
        self.detections += 1
        if image.shape[:2] != (300, 600):
            return []
        return [Detection(Box(x - s / 2, y - s / 2, s, s), 0.9) for x, y, s in self.people.values()]

    def locate(self, image: Image, near: Detection | Points) -> Face | None:
        box = near.box if isinstance(near, Detection) else Box.around(near)
        for x, y, size in self.people.values():
            if np.hypot(box.center[0] - x, box.center[1] - y) < 0.5 * size:
                # 68 points, as from a landmarker; only the six key points matter here
                points = np.tile(np.array([[x, y]], np.float32), (68, 1))
                points[[36, 45, 51, 48, 54, 8]] = MEAN_FACE * size * 0.6 + np.array([x, y], np.float32)
                return Face(Box.around(points), points, 0.9)
        return None


class Film:
    def __init__(self, stage: Stage | None = None, fps: float = 30) -> None:
        self.stage = stage or Stage()
        self.tracker = LandmarkTracker(self.stage, self.stage)
        self.fps, self.index = fps, 0

    def shoot(self, **people: tuple[float, float, float]) -> dict[int, Track]:
        self.stage.people = people
        frame = Frame(self.stage.image(), self.index, self.index / self.fps)
        self.index += 1
        return {track.id: track for track in self.tracker.update(frame)}


def seen(tracks: dict[int, Track]) -> dict[int, float]:
    return {i: t.face.box.center[0] for i, t in tracks.items() if t.state is TrackState.TRACKED}


def test_a_face_in_sight_is_followed_with_few_detections() -> None:
    film = Film()
    for i in range(60):
        tracks = film.shoot(red=(100 + 3 * i, 150, 40))
        assert list(seen(tracks)) == [1]
    assert film.stage.detections <= 60 / 3 + 2


def test_a_lost_face_is_held_where_it_should_be_and_takes_up_its_identity() -> None:
    film = Film()
    for i in range(30):
        film.shoot(red=(100 + 4 * i, 150, 40))
    for i in range(30):
        held = film.shoot()[1]
        assert held.state is TrackState.HELD
        assert abs(held.unseen_s - (i + 1) / 30) < 1e-6
        assert held.face.box.center[0] >= 214  # carried on to the right, not back
    assert list(seen(film.shoot(red=(260, 150, 40)))) == [1]


def test_a_face_that_is_not_seen_is_held_even_in_a_frame_of_the_same_time() -> None:
    film = Film(fps=np.inf)
    film.shoot(red=(100, 100, 40))
    assert [track.state for track in film.shoot().values()] == [TrackState.HELD]


def test_two_who_cross_keep_their_identities() -> None:
    film = Film()
    for i in range(100):
        left, right = (80 + 4.4 * i, 150, 40), (520 - 4.4 * i, 150, 40)
        hidden = abs(left[0] - right[0]) < 50  # red passes in front of blue
        tracks = film.shoot(red=left) if hidden else film.shoot(blue=right, red=left)
        if i == 0:
            red_id = min(seen(tracks), key=lambda k: abs(seen(tracks)[k] - left[0]))
    ends = seen(tracks)
    assert len(ends) == 2
    assert abs(ends[red_id] - left[0]) < 5
    assert set(ends) == {1, 2}


def test_a_newcomer_elsewhere_gets_an_identity_of_its_own() -> None:
    film = Film()
    for _ in range(10):
        film.shoot(red=(100, 150, 40))
    for _ in range(10):
        tracks = film.shoot(red=(100, 150, 40), green=(500, 100, 50))
    assert len(seen(tracks)) == 2
    film.shoot()
    assert set(seen(film.shoot(red=(100, 150, 40)))) == {1}


def test_another_person_in_the_same_place_is_somebody_else() -> None:
    film = Film()
    for _ in range(10):
        film.shoot(red=(100, 150, 40))
    for _ in range(60):
        film.shoot()
    for _ in range(3):  # while nobody is in sight, it looks ten times a second
        last = film.shoot(green=(130, 150, 40))
    assert set(seen(last)) == {2}


CROWD = {"red": (80.0, 80.0, 40.0), "blue": (300.0, 80.0, 40.0), "green": (500.0, 80.0, 40.0)}


class Counting(Stage):
    """Notes at which of the three places each frame was looked."""

    def __init__(self) -> None:
        super().__init__()
        self.looks: list[set[int]] = []

    def locate(self, image: Image, near: Detection | Points) -> Face | None:
        box = near.box if isinstance(near, Detection) else Box.around(near)
        self.looks[-1].add(round((box.center[0] - 80) / 210))
        return super().locate(image, near)


def looked_at(
    frames: int, hindsight_s: float | None = None, second: Stage | None = None, **moving: float
) -> list[set[int]]:
    """Where it was looked, frame by frame; each of ``moving`` goes down by so many pixels a frame."""
    stage = Counting()
    tracker = LandmarkTracker(stage, stage, second=second)
    for index in range(frames):
        stage.people = {name: (x, y + index * moving.get(name, 0), size) for name, (x, y, size) in CROWD.items()}
        stage.looks.append(set())
        tracks = tracker.update(Frame(stage.image(), index, index / 30), hindsight_s)
        assert [track.state for track in tracks] == [TrackState.TRACKED] * 3
        for track, (x, y, _) in zip(sorted(tracks, key=lambda t: t.face.box.x), stage.people.values(), strict=True):
            assert np.abs(np.subtract(track.face.box.center, (x, y + 2))).max() < 3
    return stage.looks[10:]


@pytest.mark.parametrize(
    ("box", "grown"),
    [
        (Box(290, 140, 20, 20), Box(260, 110, 80, 80)),
        (Box(-30, 140, 40, 20), Box(0, 110, 80, 80)),
        (Box(590, 290, 40, 40), Box(520, 220, 80, 80)),
        (Box(100, -50, 200, 400), Box(100, 0, 200, 300)),
        (Box(-500, -500, 2000, 2000), Box(0, 0, 600, 300)),
    ],
)
def test_a_part_grows_to_its_least_size_and_stays_within_the_picture(box: Box, grown: Box) -> None:
    assert grown_within(box, Box(0, 0, 80, 80), Stage().image()) == grown


def test_three_at_ease_take_turns_and_none_is_left_for_longer_than_a_frame() -> None:
    looks = looked_at(40)
    assert sum(map(len, looks)) < 0.7 * 3 * 30
    assert all(now | after == {0, 1, 2} for now, after in pairwise(looks))


def test_of_three_the_one_who_moves_is_looked_at_all_the_time() -> None:
    looks = looked_at(40, blue=1.0)
    assert all(1 in places for places in looks)
    assert sum(map(len, looks)) < 0.8 * 3 * 30


def test_all_are_looked_at_all_the_time_in_files_and_where_doubt_matters() -> None:
    everybody = [{0, 1, 2}] * 30
    assert looked_at(40, hindsight_s=2.0) == everybody
    assert looked_at(40, second=Stage()) == everybody
    assert looked_at(40, red=1.0, blue=1.0, green=1.0) == everybody


def test_reset_forgets_places_but_gives_no_id_twice() -> None:
    film = Film()
    film.shoot(red=(100, 150, 40))
    film.tracker.reset()
    assert film.shoot() == {}
    for _ in range(3):
        last = film.shoot(red=(100, 150, 40))
    assert list(last) == [2]


def test_look_again_finds_a_face_in_an_earlier_frame_and_changes_nothing() -> None:
    film = Film()
    tracks = film.shoot(red=(100, 150, 40))
    film.stage.people = {"red": (104, 150, 40)}
    earlier = Frame(film.stage.image(), 0, 0.0)
    face = film.tracker.look_again(earlier, tracks[1])
    assert face is not None
    assert abs(face.box.center[0] - 104) < 3
    film.stage.people = {}
    assert film.tracker.look_again(earlier, tracks[1]) is None
    assert list(film.shoot(red=(100, 150, 40))) == [1]


@dataclass
class Lagging(Stage):
    """Its landmarker comes nearer to a face by 1.8 pixels a look only."""

    def locate(self, image: Image, near: Detection | Points) -> Face | None:
        face = super().locate(image, near)
        if face is None or isinstance(near, Detection):
            return face
        step = face.landmarks.mean(0) - near.mean(0)
        step *= min(1.0, 1.8 / max(float(np.hypot(*step)), 1e-6))
        return Face(Box.around(near + step), near + step, 0.9)


def test_at_the_edge_the_landmarker_looks_until_it_comes_to_rest() -> None:
    film = Film(Lagging())
    for _ in range(10):
        still = film.shoot(red=(6, 150, 40))[1].face.box.center[1]  # a quarter of the face lies outside
    assert abs(film.shoot(red=(6, 158, 40))[1].face.box.center[1] - (still + 8)) < 3


@dataclass
class Rolling(Stage):
    """Everybody leans by ``degrees``; the detector sees no one who does."""

    degrees: float = 0.0

    def detect(self, image: Image, thorough: bool = False) -> list[Detection]:
        return super().detect(image, thorough) if self.degrees == 0 else []

    def locate(self, image: Image, near: Detection | Points) -> Face | None:
        face = super().locate(image, near)
        if face is None:
            return None
        x, y, _ = self.people["red"]
        cos, sin = np.cos(np.radians(self.degrees)), np.sin(np.radians(self.degrees))
        points = (face.landmarks - [x, y]) @ [[cos, sin], [-sin, cos]] + [x, y]
        return Face(Box.around(points.astype(np.float32)), points.astype(np.float32), face.score)


def test_a_head_that_rolls_stays_in_sight() -> None:
    stage = Rolling()
    film = Film(stage)
    for stage.degrees in range(0, 360, 14):
        assert list(seen(film.shoot(red=(300, 150, 40)))) == [1]


@dataclass
class Squeezing(Stage):
    """While ``shows`` is below 1, only that share of blue, on the left, is seen; the landmarks are squeezed there."""

    shows: float = 1.0

    def locate(self, image: Image, near: Detection | Points) -> Face | None:
        face = super().locate(image, near)
        x, _, size = self.people.get("blue", (-1000.0, 0.0, 0.0))
        if face is None or self.shows == 1 or abs(face.box.center[0] - x) > 1:
            return face
        left = x - 0.3 * size
        points = face.landmarks.copy()
        points[:, 0] = left + (points[:, 0] - left) * self.shows
        return Face(Box.around(points), points, 0.9)


def test_who_goes_behind_somebody_is_covered_whole_and_expected_on_the_other_side() -> None:
    stage = Squeezing()
    film = Film(stage)
    for i in range(16):
        whole = film.shoot(red=(300, 150, 60), blue=(200 + 4 * i, 150, 60))
    blue_id = next(i for i, x in seen(whole).items() if x < 280)
    stage.shows = 0.6
    for i in (16, 17):
        box = film.shoot(red=(300, 150, 60), blue=(200 + 4 * i, 150, 60))[blue_id].face.box
        assert box.x + box.width > 200 + 4 * i + 0.3 * 60 - 3
    held = film.shoot(red=(300, 150, 60))[blue_id]
    for _ in range(20):
        later = film.shoot(red=(300, 150, 60))[blue_id]
    assert held.state is later.state is TrackState.HELD
    assert later.face.box.center[0] > held.face.box.center[0] + 10


def test_a_find_outside_the_picture_does_not_move_a_held_face() -> None:
    film = Film()
    for _ in range(10):
        film.shoot(red=(300, 10, 60))
    held = film.shoot()[1].face.box
    after = film.shoot(red=(300, -28, 60))[1]  # the detector makes it up: a thirtieth of it lies in the picture
    assert after.state is TrackState.HELD
    assert after.face.box == held


class Doubtful(Stage):
    """The landmarker may be blind, and the detector weakly see a part of the face."""

    part: Box | None = None

    def detect(self, image: Image, thorough: bool = False) -> list[Detection]:
        if self.part is None:
            return super().detect(image, thorough)
        points = MEAN_FACE * np.float32(0.6 * self.part.width) + np.array(self.part.center, np.float32)
        return [Detection(self.part, 0.42, points)] if image.shape[:2] == (300, 600) else []

    def locate(self, image: Image, near: Detection | Points) -> Face | None:
        return super().locate(image, near) if self.part is None else None


def test_a_weak_find_of_a_part_of_a_face_uncovers_nothing_of_the_rest() -> None:
    """A hand leaves the brow to be seen: the detector takes it for a small face, the landmarker for none."""
    stage = Doubtful()
    film = Film(stage)
    for _ in range(10):
        whole = film.shoot(red=(300, 150, 80))[1].face.box
    stage.part = Box(whole.x - 12, whole.y, 0.7 * whole.width, 0.7 * whole.height)
    for _ in range(90):
        covered = film.shoot(red=(300, 150, 80))[1]
        assert covered.state is TrackState.HELD or covered.face.box.intersection(whole) > 0.99 * whole.area
        assert covered.face.box.area < 2 * whole.area, "and it does not grow without end"
    stage.part = None
    assert film.shoot(red=(300, 150, 80))[1].face.box.area < 1.1 * whole.area


def test_a_face_before_a_larger_one_is_somebody_else() -> None:
    parent = Box(100, 100, 200, 200)
    assert covers(parent, Box(110, 110, 180, 180)), "the same face, found a little smaller"
    assert covers(parent, Box(150, 150, 60, 60)), "a part of it"
    assert not covers(parent, Box(240, 230, 90, 90)), "a child at the parent's chin"


class Sticks(Stage):
    """The landmarker is content with wherever it is asked to look, as it may be half beside a face."""

    def locate(self, image: Image, near: Detection | Points) -> Face | None:
        box = near.box if isinstance(near, Detection) else Box.around(near)
        points = np.tile(np.array([box.center], np.float32), (68, 1))
        in_box = (MEAN_FACE - MEAN_FACE.min(0)) / np.ptp(MEAN_FACE, axis=0)
        points[[36, 45, 51, 48, 54, 8]] = np.array([box.x, box.y]) + in_box * np.array([box.width, box.height])
        return Face(Box.around(points), points, 0.9)


def test_a_face_that_is_followed_over_a_cut_does_not_uncover_the_one_that_is_there_now() -> None:
    film = Film(Sticks(), fps=5)
    film.shoot(red=(300, 150, 100))
    assert max(track.face.box.iou(Box(280, 130, 100, 100)) for track in film.shoot(blue=(330, 180, 100)).values()) > 0.9
    assert hides(Box(250, 100, 100, 100), Box(260, 110, 110, 110))
    assert hides(Box(250, 100, 100, 100), Box(260, 110, 50, 50)), "a part of it"


class Weak(Stage):
    """The detector is not sure of what it finds."""

    certainty = 0.99

    def detect(self, image: Image, thorough: bool = False) -> list[Detection]:
        return [Detection(found.box, 0.35) for found in super().detect(image)]

    def locate(self, image: Image, near: Detection | Points) -> Face | None:
        face = super().locate(image, near)
        return face and Face(face.box, face.landmarks, self.certainty)


@pytest.mark.parametrize(
    ("certainty", "size", "thorough", "found"),
    [(0.99, 100, True, 1), (0.9, 100, True, 0), (0.99, 40, True, 0), (0.99, 100, False, 0)],
)
def test_a_weak_find_counts_where_there_is_but_one_chance_and_the_landmarker_is_sure(
    certainty: float, size: int, thorough: bool, found: int
) -> None:
    stage = Weak({"red": (300, 150, size)})
    stage.certainty = certainty
    glimpse = Glimpse(Box(0, 0, 600, 300), thorough)
    tracker = LandmarkTracker(stage, stage)
    assert len(tracker.update(Frame(stage.image(), 0, 0.0), hindsight_s=1.0, glimpse=glimpse)) == found


class Drawn(Stage):
    """A tile shows a part of a face: a face to the detector, and to the landmarker, which is drawn to the whole."""

    WHOLE, PART = Box(200, 50, 200, 200), Box(170, 70, 120, 120)

    def detect(self, image: Image, thorough: bool = False) -> list[Detection]:
        return [Detection(self.WHOLE, 0.9), Detection(self.PART, 0.6)]

    def locate(self, image: Image, near: Detection | Points) -> Face | None:
        box = near.box if isinstance(near, Detection) else Box.around(near)
        corners = np.array([[b.x, b.y, b.x + b.width, b.y + b.height] for b in (box, self.WHOLE)])
        left, top, right, bottom = 0.85 * corners[0] + 0.15 * corners[1]
        points = np.tile(np.array([[(left + right) / 2, (top + bottom) / 2]], np.float32), (68, 1))
        points[[36, 45, 51, 48, 54, 8]] = [(left, top), (right, top), *[((left + right) / 2, bottom)] * 4]
        return Face(Box.around(points), points, 1.0)


def test_a_part_of_a_face_is_nobody_of_its_own() -> None:
    stage = Drawn()
    tracks = LandmarkTracker(stage, stage).update(Frame(stage.image(), 0, 0.0))
    assert [track.face.box.iou(stage.WHOLE) > 0.8 for track in tracks] == [True]


class Tiled(Stage):
    """Small faces are seen in tiles alone."""

    def __init__(self) -> None:
        super().__init__()
        self.looks: list[list[Box]] = []

    def tiles(self, height: int, width: int, closely: bool = False) -> list[Box]:
        return [Box(x, y, 100, 100) for y in range(0, 300, 100) for x in range(0, 600, 100)]

    def detect_in_tile(self, image: Image, tile: Box) -> list[Detection]:
        self.looks[-1].append(tile)
        return []


class Close(Stage):
    """Is told, look by look, whether small parts are wanted too. Finds ``in_tiles`` at such a look alone."""

    def __init__(self, *in_tiles: Detection) -> None:
        super().__init__()
        self.closely: list[bool] = []
        self.in_tiles = list(in_tiles)

    def tiles(self, height: int, width: int, closely: bool = False) -> list[Box]:
        self.closely.append(closely)
        return [Box(0, 0, 600, 300)]

    def detect_in_tile(self, image: Image, tile: Box) -> list[Detection]:
        return self.in_tiles


def test_the_picture_is_looked_at_closely_where_a_small_face_is_in_sight() -> None:
    film = Film(Close())
    film.shoot(blue=(300, 150, 150))
    film.shoot(red=(100, 100, 20))
    assert film.stage.closely == [False, True]
    for _ in range(60):
        film.shoot(blue=(300, 150, 150))
    assert not any(film.stage.closely[-20:]), "once the small one is gone"


@pytest.mark.parametrize(("score", "closely"), [(0.9, [False, True]), (0.4, [False])])
def test_a_still_is_looked_at_closely_where_it_seems_to_show_a_small_face(score: float, closely: list[bool]) -> None:
    stage = Close(Detection(Box(90, 90, 30, 30), score))
    picture = Frame(stage.image(), 0, 0.0)
    LandmarkTracker(stage, stage).update(picture, 2.0, Glimpse(Box(0, 0, 600, 300), thorough=True))
    assert stage.closely == closely


def tile_looks(fps: float, hindsight_s: float | None) -> list[int]:
    """At how many tiles it looks in each frame while all of the picture stirs, after the first, when it is all."""
    stage = Tiled()
    tracker = LandmarkTracker(stage, stage)
    for index in range(40):
        stage.looks.append([])
        noise = np.random.default_rng(index).integers(0, 256, (30, 60, 3), np.uint8)
        tracker.update(Frame(noise.repeat(10, 0).repeat(10, 1), index, index / fps), hindsight_s)
    return [len(looks) for looks in stage.looks[1:]]


def test_live_a_slow_stream_has_as_many_tiles_searched_in_time_as_a_quick_one() -> None:
    quick, slow = tile_looks(30, None), tile_looks(5, None)
    assert max(quick) <= 2
    assert sum(slow) / (len(slow) / 5) >= 0.9 * sum(quick) / (len(quick) / 30)
    assert max(slow) > 2


def test_in_a_file_all_tiles_are_searched_well_within_the_time_that_is_traced_back() -> None:
    looks = tile_looks(30, 0.8)
    assert max(looks) == 18
    full = [index for index, count in enumerate(looks) if count == 18]
    assert max(b - a for a, b in pairwise(full)) / 30 <= 0.6


def test_by_a_clock_that_stands_still_newcomers_are_found_all_the_same() -> None:
    stage = Stage({"red": (100, 150, 40)})
    tracker = LandmarkTracker(stage, stage)
    for index in range(10):
        tracker.update(Frame(stage.image(), index, 0.0))
    stage.people["blue"] = (400, 150, 40)
    assert len(tracker.update(Frame(stage.image(), 10, 0.0))) == 2


class Denied(Doubtful):
    """Counts how often the landmarker is asked."""

    asked = 0

    def locate(self, image: Image, near: Detection | Points) -> Face | None:
        self.asked += 1
        return super().locate(image, near)


def test_whom_the_landmarker_denies_is_covered_all_the_time_and_asked_for_five_times_a_second() -> None:
    """As a face that is small, blurred or turned away: the detector alone sees it."""
    stage = Denied()
    film = Film(stage)
    for _ in range(10):
        whole = film.shoot(red=(300, 150, 80))[1].face.box
    stage.part, stage.asked = whole, 0
    for _ in range(60):
        assert seen(film.shoot(red=(300, 150, 80)))
    assert 8 <= stage.asked <= 14, "in two seconds"
    stage.part = None
    outlines = [len(film.shoot(red=(300, 150, 80))[1].face.landmarks) for _ in range(7)]
    assert outlines[-1] == 68, "and outlined soon after it can be"


class Creeping(Stage):
    """A landmarker that, shown a small part of a face, draws near to all of it look by look."""

    def detect(self, image: Image, thorough: bool = False) -> list[Detection]:
        if self.people == {"blue": (330, 180, 110)}:
            return [Detection(Box(290, 130, 60, 60), 0.4)]  # of its upper half
        return super().detect(image, thorough)

    def locate(self, image: Image, near: Detection | Points) -> Face | None:
        box = near.box if isinstance(near, Detection) else Box.around(near)
        whole = next((Box(x - s / 2, y - s / 2, s, s) for x, y, s in self.people.values()), None)
        if whole is None or box.intersection(whole) < 0.7 * box.area:
            return None
        share = 1.0 if whole.side < 100 else 0.4
        here, there = (np.array([b.x, b.y, b.width, b.height]) for b in (box, whole))
        x, y, width, height = here + share * (there - here)
        points = np.tile(np.array([[x + width / 2, y + height / 2]], np.float32), (68, 1))
        points[[36, 45, 51, 48, 54, 8]] = [[x, y], [x + width, y], *[[x + width / 2, y + height]] * 4]
        return Face(Box.around(points), points, 1.0)


def test_a_face_that_comes_in_anothers_place_is_covered_whole_though_a_part_of_it_is_found() -> None:
    film = Film(Creeping())
    for _ in range(5):
        film.shoot(red=(320, 160, 40))
    box = film.shoot(blue=(330, 180, 110))[1].face.box
    assert box.iou(Box(275, 125, 110, 110)) > 0.65
