"""The words in people's languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillpost.language import OFFERED, choose, of_environment


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        pytest.param("de", "de", id="german"),
        pytest.param("de-AT,de;q=0.9,en;q=0.8", "de", id="austrian"),
        pytest.param("en-US,en;q=0.9,de;q=0.8", "en", id="english before german"),
        pytest.param("en;q=0.2, de;q=0.9", "de", id="weights decide, not order"),
        pytest.param("fr, it", "en", id="nothing offered fits"),
        pytest.param("de;q=0", "en", id="german refused"),
        pytest.param("", "en", id="no header"),
        pytest.param("*", "en", id="anything"),
        pytest.param("de;q=nonsense", "en", id="malformed weight"),
        pytest.param("x" * 5000 + ",de", "en", id="far too long is cut"),
    ],
)
def test_best_offered_language_is_chosen(header: str, chosen: str) -> None:
    assert choose(header) == chosen


@given(st.text())
def test_any_header_gives_an_offered_language(header: str) -> None:
    assert choose(header) in OFFERED


@pytest.mark.parametrize(
    ("variables", "chosen"),
    [
        pytest.param({"LANG": "de_DE.UTF-8"}, "de", id="lang"),
        pytest.param({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, "en", id="LC_ALL first"),
        pytest.param({}, "en", id="nothing set"),
    ],
)
def test_terminal_language_comes_from_the_environment(variables: dict[str, str], chosen: str) -> None:
    assert of_environment(variables) == chosen
