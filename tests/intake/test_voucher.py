"""Vouchers."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillpost.intake.voucher import LIFETIME, VoucherError, read_voucher, write_voucher
from tests.fakes import START

KEY = b"a-key-of-the-site-that-is-long-enough"
NONCE = "0123456789abcdef"


def voucher(**changes: str) -> str:
    values = {"portal": "support", "proof_key": "ann@example.com", "nonce": NONCE} | changes
    return write_voucher(KEY, values["portal"], values["proof_key"], values["nonce"], START)


def test_good_voucher_is_read() -> None:
    read = read_voucher(KEY, "support", voucher(), START + timedelta(minutes=4))
    assert (read.proof_key, read.nonce) == ("ann@example.com", NONCE)


@pytest.mark.parametrize(
    ("text", "key", "portal", "at", "why"),
    [
        pytest.param(voucher(), b"another key", "support", START, "this portal's key", id="another key"),
        pytest.param(voucher(), KEY, "sales", START, "another portal", id="another portal"),
        pytest.param(voucher(), KEY, "support", START + LIFETIME + timedelta(seconds=1), "over", id="over"),
        pytest.param(voucher(), KEY, "support", START - timedelta(minutes=2), "over", id="from the future"),
        pytest.param(voucher(nonce="short"), KEY, "support", START, "16 characters", id="guessable nonce"),
        pytest.param("a.b.c", KEY, "support", START, "malformed", id="three parts"),
        pytest.param("", KEY, "support", START, "malformed", id="empty"),
        pytest.param("x" * 3000 + ".y", KEY, "support", START, "malformed", id="huge"),
    ],
)
def test_bad_voucher_is_refused_and_says_why(text: str, key: bytes, portal: str, at: object, why: str) -> None:
    with pytest.raises(VoucherError, match=why):
        read_voucher(key, portal, text, at)  # type: ignore[arg-type]  # datetimes in the table


@given(st.text())
def test_any_text_is_refused_with_one_error(text: str) -> None:
    with pytest.raises(VoucherError):
        read_voucher(KEY, "support", text, START)
