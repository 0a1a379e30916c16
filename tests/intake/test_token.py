"""Tokens and codes."""

import string
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillpost.intake.token import (
    CODE_LENGTH,
    Purpose,
    Signer,
    TokenError,
    code_of,
    fill_time,
    find_code,
    page_token,
)
from tests.fakes import START

OLD, NEW = b"o" * 32, b"n" * 32
SIGNER = Signer((NEW, OLD))
LATER = START + timedelta(days=7)


def test_token_is_read_back_until_it_is_over() -> None:
    token = SIGNER.sign(Purpose.CONFIRM, "abc", LATER)
    assert SIGNER.read(Purpose.CONFIRM, token, LATER - timedelta(seconds=1)) == "abc"
    with pytest.raises(TokenError) as over:
        SIGNER.read(Purpose.CONFIRM, token, LATER)
    assert over.value.expired


def test_token_signed_before_the_rotation_is_still_read() -> None:
    token = Signer((OLD,)).sign(Purpose.CONFIRM, "abc", LATER)
    assert SIGNER.read(Purpose.CONFIRM, token, START) == "abc"


def test_newest_key_signs() -> None:
    token = SIGNER.sign(Purpose.CONFIRM, "abc", LATER)
    assert Signer((NEW,)).read(Purpose.CONFIRM, token, START) == "abc"
    with pytest.raises(TokenError):
        Signer((OLD,)).read(Purpose.CONFIRM, token, START)


def test_token_of_one_purpose_is_worthless_for_another() -> None:
    token = SIGNER.sign(Purpose.NOT_ME, "abc", LATER)
    with pytest.raises(TokenError) as foreign:
        SIGNER.read(Purpose.CONFIRM, token, START)
    assert not foreign.value.expired


@given(st.text())
def test_anything_else_is_refused_with_one_error(text: str) -> None:
    with pytest.raises(TokenError):
        SIGNER.read(Purpose.CONFIRM, text, START)


@given(st.integers(0, 400), st.sampled_from(string.ascii_letters + string.digits + "-_."))
def test_token_with_a_changed_character_is_refused(position: int, character: str) -> None:
    token = SIGNER.sign(Purpose.CONFIRM, "0123456789abcdef", LATER)
    changed = token[: position % len(token)] + character + token[position % len(token) + 1 :]
    if changed == token:
        return
    try:
        values = SIGNER.read(Purpose.CONFIRM, changed, START)
    except TokenError:
        return
    # base64 leaves bits of the last character unused: another spelling of the same token, not another token
    assert values == "0123456789abcdef"


@pytest.mark.parametrize("keys", [pytest.param((), id="none"), pytest.param((b"short",), id="short")])
def test_weak_keys_are_refused(keys: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Signer(keys)


def test_code_has_128_bits_in_26_base32_characters() -> None:
    code = code_of("a" * 32)
    assert len(code) == CODE_LENGTH == 26
    assert set(code) <= set(string.ascii_lowercase + "234567")
    assert code != code_of("b" * 32)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("prove+{code}@support.example.com", id="address"),
        pytest.param("{code}", id="alone"),
        pytest.param("Re: {code} thanks", id="subject with more"),
        pytest.param("{upper}", id="upper case"),
        pytest.param("<{code}>", id="in brackets"),
    ],
)
def test_code_is_found_where_people_put_it(text: str) -> None:
    code = code_of("a" * 32)
    assert find_code(text.format(code=code, upper=code.upper())) == code


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("x{code}", id="a letter touches it"),
        pytest.param("{short}", id="one short"),
        pytest.param("0123456789" * 2 + "012345", id="not base32"),
        pytest.param(" " * 1000 + "{code}", id="too far away"),
    ],
)
def test_what_is_no_code_is_not_found(text: str) -> None:
    code = code_of("a" * 32)
    assert find_code(text.format(code=code, short=code[:-1])) is None


def test_fill_time_comes_from_the_page_and_never_below_zero() -> None:
    day = timedelta(days=1)
    token = page_token(SIGNER, START, day)
    assert fill_time(SIGNER, token, START + timedelta(seconds=40), day) == timedelta(seconds=40)
    assert fill_time(SIGNER, token, START - timedelta(seconds=40), day) == timedelta(0)
    assert fill_time(SIGNER, token, START + day, day) is None
    assert fill_time(SIGNER, "forged", START, day) is None
    not_a_time = SIGNER.sign(Purpose.PAGE, "soon", START + day)
    assert fill_time(SIGNER, not_a_time, START, day) is None
