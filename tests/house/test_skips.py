"""A server-backed test may skip on a developer's machine, loudly, and nowhere else."""

import pytest

from tests.e2e.conftest import need


def test_a_missing_program_skips_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STILLPOST_CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="not installed here: no-such-program"):
        need("sh", "no-such-program")


def test_a_missing_program_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STILLPOST_CI", "1")
    with pytest.raises(pytest.fail.Exception, match="no-such-program"):
        need("no-such-program")


def test_programs_that_are_there_are_no_reason_to_skip() -> None:
    need("sh", "python3")
