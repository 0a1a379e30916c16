"""Every fuzz target stands what hypothesis makes out of its seeds; ``make fuzz`` goes further with atheris."""

import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.__main__ import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_stands_its_seeds_and_mutations_of_them(name: str) -> None:
    target = importlib.import_module(f"tests.fuzz.{name}")
    assert target.SEEDS
    for seed in target.SEEDS:
        target.check(seed)

    @given(st.sampled_from(target.SEEDS), st.integers(0, 400), st.integers(0, 60), st.binary(max_size=40))
    def mutated(seed: bytes, at: int, cut: int, put: bytes) -> None:
        at %= len(seed) + 1
        target.check(seed[:at] + put + seed[at + cut :])

    @given(st.binary(max_size=1000))
    def random(data: bytes) -> None:
        target.check(data)

    mutated()
    random()
