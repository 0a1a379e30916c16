"""The audit command as people run it: exit codes, one line on errors, JSON that says what DESIGN says."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CASES = Path(__file__).parents[1] / "cases/audit"


def audit(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "stillpost.cli.audit", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"LANG": "C.UTF-8"})


def test_a_leaking_helpdesk_exits_with_one_and_shows_the_mail_first() -> None:
    done = audit("zendesk", "--from", str(CASES / "zendesk-default-2012"), "--name", "acme")
    assert done.returncode == 1
    assert done.stderr == ""
    assert done.stdout.splitlines()[2] == "A stranger can make this helpdesk send this mail to anyone:"


def test_fail_on_decides_what_counts() -> None:
    calm = str(CASES / "zendesk-default-2018")
    assert audit("zendesk", "--from", calm, "--fail-on", "medium").returncode == 1
    assert audit("zendesk", "--from", calm, "--fail-on", "high").returncode == 1, (
        "a critical perhaps counts as critical"
    )


def test_json_holds_the_witness_and_one_outcome_for_every_rule() -> None:
    done = audit("zendesk", "--from", str(CASES / "zendesk-default-2013"), "--format", "json")
    document = json.loads(done.stdout)
    assert document["version"] == 1
    rules = [outcome["rule"] for outcome in document["outcomes"]]
    assert len(rules) == len(set(rules)) >= 17
    title = next(outcome for outcome in document["outcomes"] if outcome["rule"] == "Z-TITLE")
    witness = title["findings"][0]["witness"]
    assert title["status"] == "findings"
    assert witness["exact"] is True
    assert witness["mail"]["subject"] == f"Request received: {witness['request']['subject']}"
    assert len(witness["request"]["subject"].split()) == len(witness["request"]["name"].split()) == 1


def test_a_saved_snapshot_gives_the_same_answer_again(tmp_path: Path) -> None:
    saved = tmp_path / "acme.snapshot.json"
    first = audit("zendesk", "--from", str(CASES / "zendesk-default-2017"), "--save", str(saved))
    again = audit(str(saved))
    assert (again.returncode, again.stdout) == (first.returncode, first.stdout)


BAD = [
    pytest.param(("zendesk",), "--from", id="nothing to read"),
    pytest.param(("zendesk", "--from", "nowhere"), "docs/zendesk-export.md", id="no such folder"),
    pytest.param(("zendesk", "--from", str(CASES)), "no file triggers.json", id="a folder without replies"),
    pytest.param(("freshdesk",), "neither a product", id="a product nobody knows"),
    pytest.param((str(CASES / "zendesk-default-2012/triggers.json"),), "snapshot", id="JSON that is no snapshot"),
    pytest.param((str(CASES / "zendesk-default-2012/README"),), "not JSON", id="no JSON at all"),
]


@pytest.mark.parametrize(("arguments", "says"), BAD)
def test_what_cannot_run_says_in_one_line_what_to_do_and_exits_with_two(arguments: tuple[str, ...], says: str) -> None:
    done = audit(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert says in done.stderr
