"""Randomness drawn in larger pieces: every byte goes out once."""

import secrets
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from stillpost.service.chance import Chance


@given(st.lists(st.integers(0, 5000), max_size=40))
def test_every_byte_that_is_drawn_goes_out_at_most_once_and_in_order(sizes: list[int]) -> None:
    drawn = b""

    def draw(size_bytes: int) -> bytes:
        nonlocal drawn
        piece = secrets.token_bytes(size_bytes)
        drawn += piece
        return piece

    fresh = Chance(draw)
    pieces = [fresh(size) for size in sizes]
    assert [len(piece) for piece in pieces] == sizes
    places = [(drawn.find(piece), len(piece)) for piece in pieces if len(piece) >= 16]
    assert all(place >= 0 for place, _ in places)
    assert all(place + size <= later for (place, size), (later, _) in pairwise(places))


def test_two_of_them_give_different_bytes() -> None:
    assert Chance()(16) != Chance()(16)
