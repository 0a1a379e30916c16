"""Journal lines: JSON, one line each, nothing in them that a terminal would act upon."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillpost.journal import Journal


def written(text: object) -> str:
    lines: list[str] = []
    Journal(lines.append, lambda: datetime(2026, 1, 18, tzinfo=UTC)).operated("release", about=text)
    (line,) = lines
    return line


@given(st.text())
def test_a_line_is_ascii_without_control_characters_and_reads_as_what_was_written(text: str) -> None:
    line = written(text)
    assert line.isascii()
    assert not any(char < " " for char in line)
    assert json.loads(line) == {
        "at": "2026-01-18T00:00:00.000+00:00",
        "operation": "release",
        "about": text,
        "event": "operated",
    }


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\u202etxt.exe", id="a direction mark"),
        pytest.param("\ud800", id="half of a surrogate pair"),
        pytest.param("\x1b[31m\r\n", id="a terminal's commands"),
    ],
)
def test_what_a_terminal_would_act_upon_is_escaped(text: str) -> None:
    assert text not in written(text)
    assert json.loads(written(text))["about"] == text


def test_what_json_does_not_know_is_written_as_text() -> None:
    assert json.loads(written(datetime(2026, 1, 18, tzinfo=UTC)))["about"].startswith("2026-01-18")
