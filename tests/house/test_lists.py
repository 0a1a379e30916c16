"""Explicit lists are complete, and everything on them is documented."""

from pathlib import Path

import pytest

from stillpost.cli.main import COMMANDS
from stillpost.engine.detectors import PORTAL_DETECTORS, RECIPIENT_DETECTORS
from stillpost.model import Scope

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/stillpost"
DETECTORS = (*PORTAL_DETECTORS, *RECIPIENT_DETECTORS)
NOT_COMMANDS = {"__init__", "main", "asking", "duration", "lab_wave", "mailbox", "usage"}


def test_every_detector_file_is_on_the_list_and_named_like_its_symbol() -> None:
    files = {path.stem for path in (SOURCE / "engine/detectors").glob("*.py")} - {"__init__"}
    assert files == {detector.symbol.lower() for detector in DETECTORS}


def test_symbols_are_unique() -> None:
    symbols = [detector.symbol for detector in DETECTORS]
    assert len(symbols) == len(set(symbols))


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda each: each.symbol)
def test_what_is_about_the_address_is_spoofable(detector: object) -> None:
    """Whoever fills in the form types the address, and chooses the mailbox: punishing by it would punish its owner."""
    if getattr(detector, "scope") in {Scope.ADDRESS, Scope.TEXT, Scope.PORTAL, Scope.MAILBOX}:  # noqa: B009  # as in the cases
        assert getattr(detector, "spoofable")  # noqa: B009  # as above


def test_every_command_file_is_on_the_list() -> None:
    files = {path.stem for path in (SOURCE / "cli").glob("*.py")} - NOT_COMMANDS
    assert files == {module.rpartition(".")[2] for module, _ in COMMANDS.values()}


def test_every_decision_has_its_own_number() -> None:
    numbers = [path.name[:4] for path in (ROOT / "docs/adr").glob("0*.md")]
    assert len(numbers) == len(set(numbers))


def test_vendored_files_have_the_checksums_of_their_list() -> None:
    import hashlib

    static = SOURCE / "doors/http/static"
    listed = (static / "README.md").read_text(encoding="utf-8")
    ours = {"stillpost.css", "puzzle.js", "copy.js", "README.md"}
    for path in static.iterdir():
        if path.is_file() and path.name not in ours:
            assert f"| {path.name} |" in listed
            assert hashlib.sha256(path.read_bytes()).hexdigest() in listed
