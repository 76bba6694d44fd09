"""Who is on top of whom: the nearest, and whoever was there as long as that can be."""

from fakes import face

from emojimask.policy import Stacking
from emojimask.types import Box, Face, MaskedFace, Track


def sized(**areas: float) -> list[MaskedFace]:
    """Faces by name, the person's number after a letter, of these areas."""
    return [
        MaskedFace(Track(int(name[1:]), Face(Box(0, 0, area, 1), face().landmarks, 1.0)), (), "happy")
        for name, area in areas.items()
    ]


def order(stacking: Stacking, **areas: float) -> list[int]:
    return [one.track.id for one in stacking.nearest_last(sized(**areas))]


def test_nobody_is_left_out() -> None:
    stacking, twice = Stacking(), [*sized(p1=100), *sized(p1=300)]
    assert all(len(stacking.nearest_last(twice)) == 2 for _ in range(2))


def test_the_largest_comes_last() -> None:
    assert order(Stacking(), p1=300, p2=100, p3=200) == [2, 3, 1]


def test_heads_of_nearly_one_size_do_not_leap_over_one_another() -> None:
    stacking = Stacking()
    assert {tuple(order(stacking, p1=100, p2=size)) for size in (101, 99, 130, 80, 101)} == {(1, 2)}


def test_who_comes_clearly_nearer_comes_before_the_others_and_stays_there() -> None:
    stacking = Stacking()
    order(stacking, p1=100, p2=200, p3=300)
    assert order(stacking, p1=450, p2=200, p3=300) == [2, 3, 1]
    assert order(stacking, p1=280, p2=200, p3=300) == [2, 3, 1]


def test_who_is_new_takes_a_place_by_size_and_who_leaves_moves_nobody() -> None:
    stacking = Stacking()
    assert order(stacking, p1=110, p2=300) == [1, 2]
    assert order(stacking, p1=110, p2=100, p3=200) == [1, 2, 3]
    assert order(stacking, p2=100, p3=120) == [2, 3]
