"""Proof of work: solved once, expired, mangled, of another house."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import altcha
import pytest

from stillpost.doors.http import puzzle
from stillpost.doors.http.puzzle import Puzzles

OLD, NEW = b"o" * 32, b"n" * 32
LATER = datetime(2099, 1, 1, tzinfo=UTC)  # the library looks at the machine's own clock, so these are never over


@pytest.fixture(autouse=True)
def _easy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(puzzle, "COST", 1)
    monkeypatch.setattr(puzzle, "_TRIES", (1, 3))


def solve(made: dict[str, Any]) -> str:
    """What the widget sends."""
    challenge = altcha.Challenge.from_dict(made)
    solution = altcha.solve_challenge(challenge)
    assert solution is not None
    return altcha.Payload(challenge, solution).to_base64()


def test_a_solved_puzzle_has_a_name_and_keeps_it_however_it_is_written() -> None:
    puzzles = Puzzles((NEW,))
    payload = solve(puzzles.make(LATER))
    again = base64.b64encode(json.dumps(json.loads(base64.b64decode(payload)), indent=4).encode()).decode()
    assert payload != again
    assert len(puzzles.solved(payload)) == 64
    assert puzzles.solved(payload) == puzzles.solved(again)


def test_two_puzzles_have_two_names() -> None:
    puzzles = Puzzles((NEW,))
    assert puzzles.solved(solve(puzzles.make(LATER))) != puzzles.solved(solve(puzzles.make(LATER)))


def test_a_puzzle_made_before_the_rotation_still_counts() -> None:
    payload = solve(Puzzles((OLD,)).make(LATER))
    assert Puzzles((NEW, OLD)).solved(payload)
    assert not Puzzles((NEW,)).solved(payload)


def test_a_puzzle_that_is_over_does_not_count() -> None:
    assert not Puzzles((NEW,)).solved(solve(Puzzles((NEW,)).make(datetime(2026, 1, 1, tzinfo=UTC) - timedelta(days=1))))


@pytest.mark.parametrize("part", ["cost", "expiresAt", "salt", "nonce", "keyPrefix", "algorithm"])
def test_a_puzzle_with_changed_parameters_does_not_count(part: str) -> None:
    """Above all its cost: a stranger must not choose how much work checking is."""
    puzzles = Puzzles((NEW,))
    sent = json.loads(base64.b64decode(solve(puzzles.make(LATER))))
    sent["challenge"]["parameters"][part] = 10**12 if part in {"cost", "expiresAt"} else "00"
    assert not puzzles.solved(base64.b64encode(json.dumps(sent).encode()).decode())


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "x",
        "=" * 100,
        "A" * 9_000,
        base64.b64encode(b"{}").decode(),
        base64.b64encode(b"[" * 3000).decode(),
        "\ud800",
        "ü",
    ],
)
def test_what_is_no_solution_does_not_count(payload: str) -> None:
    assert Puzzles((NEW,)).solved(payload) == ""


@pytest.mark.parametrize(
    "solution", [{}, {"counter": -1}, {"counter": 10**400, "derivedKey": "00"}, {"derivedKey": []}, [], 1]
)
def test_a_solution_of_another_shape_does_not_count(solution: object) -> None:
    puzzles = Puzzles((NEW,))
    sent = json.loads(base64.b64decode(solve(puzzles.make(LATER))))
    sent["solution"] = solution
    assert puzzles.solved(base64.b64encode(json.dumps(sent).encode()).decode()) == ""
