"""Looks are spent where something new happens, and nothing is left unseen for long."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from emojimask.faces.lookout import Lookout
from emojimask.types import Box, Image

H, W, FPS = 360, 640, 20
TILES = [Box(0, 0, 320, 360), Box(320, 0, 320, 360)]


def room(spot: tuple[int, int] | None = None, size: int = 60, noise: int = 0) -> Image:
    """A quiet gray room, and something bright in it at ``spot``."""
    image = np.full((H, W, 3), 100, np.uint8)
    image += np.random.default_rng(noise).integers(0, 4, image.shape, dtype=np.uint8)
    if spot is not None:
        x, y = spot
        image[y : y + size, x : x + size] = 220
    return image


class Watch:
    def __init__(self) -> None:
        self.lookout = Lookout(0.1, 0.5)
        self.index = 0
        self.whole: list[int] = []
        self.tiles: list[tuple[int, Box]] = []

    def show(
        self, image: Image, faces: tuple[Box, ...] = (), eager: bool = False, hindsight_s: float | None = None
    ) -> None:
        self.lookout.watch(image, self.index / FPS, faces, hindsight_s)
        if self.lookout.whole_is_due(eager):
            self.lookout.whole_was_looked_at()
            self.whole.append(self.index)
        self.tiles += [(self.index, tile) for tile in self.lookout.due_tiles(TILES, H, W, most=1)]
        self.index += 1


def test_where_nothing_changes_it_looks_seldom_yet_again_and_again() -> None:
    watch = Watch()
    for number in range(10 * FPS):
        watch.show(room(noise=number))
    assert 10 <= len(watch.whole) <= 14
    assert {tile for _, tile in watch.tiles[-2:]} == set(TILES)
    assert len(watch.tiles) <= 8


def test_something_new_is_looked_at_within_a_tenth_of_a_second_and_in_its_tile_only() -> None:
    watch = Watch()
    for number in range(2 * FPS):
        watch.show(room(noise=number))
    came, tiles_before = watch.index, len(watch.tiles)
    for number in range(6):
        watch.show(room((500, 150), noise=100 + number))
    assert any(came <= index <= came + 2 for index in watch.whole)
    assert {tile for _, tile in watch.tiles[tiles_before:]} == {TILES[1]}


def test_what_moves_all_the_time_becomes_familiar() -> None:
    watch = Watch()
    for number in range(4 * FPS):
        watch.show(room((100 + number % 4 * 20, 150), noise=number))
    settled = len(watch.whole)
    for number in range(4 * FPS):
        watch.show(room((100 + number % 4 * 20, 150), noise=number))
    assert len(watch.whole) - settled <= 4 / 0.4 + 1
    newcomer = watch.index
    image = room((100, 150))
    image[20:80, 560:620] = 220
    for _ in range(3):
        watch.show(image)
    assert any(index >= newcomer for index in watch.whole)


def test_a_moving_camera_never_becomes_familiar() -> None:
    watch = Watch()
    world = np.random.default_rng(0).integers(0, 255, (12, 60), dtype=np.uint8).repeat(30, 0).repeat(30, 1)
    for number in range(3 * FPS):
        watch.show(np.dstack([world[:, number * 15 : number * 15 + W]] * 3))
    assert len(watch.whole) >= 3 / 0.1 * 0.9


def test_a_face_in_sight_may_move_without_a_look() -> None:
    watch = Watch()
    for number in range(4 * FPS):
        x = 100 + number % 4 * 20
        watch.show(room((x, 150), noise=number), (Box(x - 40, 110, 140, 140),))
    assert len(watch.whole) <= 12  # of 40


def test_while_nobody_is_in_sight_it_keeps_looking() -> None:
    watch = Watch()
    for number in range(2 * FPS):
        watch.show(room(noise=number), eager=True)
    assert len(watch.whole) == 20


def test_in_hindsight_the_quiet_is_looked_at_half_as_often_and_news_as_soon() -> None:
    watch = Watch()
    for number in range(10 * FPS):
        watch.show(room(noise=number), hindsight_s=10.0)
    assert 5 <= len(watch.whole) <= 8
    appeared = watch.index
    for number in range(FPS):
        watch.show(room((300, 150), noise=number), hindsight_s=10.0)
    assert appeared <= next(index for index in watch.whole if index >= appeared) <= appeared + 2


def test_in_hindsight_what_always_stirs_beside_a_known_face_hurries_no_look_but_news_there_does() -> None:
    face = Box(200, 120, 100, 100)

    def looks(hindsight_s: float | None) -> Watch:
        watch = Watch()
        for number in range(12 * FPS):  # hair that sways, between 1.2 and twice the face's box
            watch.show(room((310 + number % 3 * 8, 150), 20, number), (face,), hindsight_s=hindsight_s)
        return watch

    assert len(looks(hindsight_s=10.0).whole) <= 12 < len(looks(hindsight_s=None).whole)
    watch = looks(hindsight_s=10.0)
    came = watch.index
    for number in range(6):
        watch.show(room((155, 100), 30, 200 + number), (face,), hindsight_s=10.0)
    assert any(came <= index <= came + 2 for index in watch.whole)


def test_at_once_a_tile_is_looked_at_as_soon_as_it_has_changed_and_only_then() -> None:
    watch = Watch()
    for _ in range(FPS):
        watch.show(room())
    for spot, changed in ((None, []), ((500, 150), [TILES[1]]), ((100, 150), TILES)):
        watch.lookout.watch(room(spot), watch.index / FPS, ())
        assert watch.lookout.due_tiles(TILES, H, W, at_once=True) == changed
        assert watch.lookout.due_tiles(TILES, H, W, at_once=True) == []


def test_a_look_over_the_whole_does_not_make_a_tile_familiar() -> None:
    """What is too small for the one is found by the other."""
    watch = Watch()
    while watch.index < FPS or watch.tiles[-1] != (watch.index - 1, TILES[1]):
        watch.show(room(noise=watch.index))
    came = watch.index
    for number in range(2 * FPS):
        watch.show(room((500, 150), 30, 200 + number))
    assert any(came <= index < came + 4 for index in watch.whole)
    assert next(index for index, tile in watch.tiles if index >= came and tile == TILES[1]) <= came + FPS / 2


def test_in_hindsight_what_stirs_is_looked_at_while_it_can_be_traced_back() -> None:
    def longest_s(hindsight_s: float) -> float:
        watch = Watch()
        for number in range(12 * FPS):
            watch.show(room((480 + number % 3 * 8, 150), 20, number), hindsight_s=hindsight_s)
        looks = [index for index, tile in watch.tiles if tile == TILES[1] and index > 2 * FPS]
        return max(b - a for a, b in pairwise(looks)) / FPS

    assert longest_s(1.2) <= 0.8
    assert longest_s(10.0) > 1.5
