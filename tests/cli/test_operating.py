"""What an operator does from the command line, on a store that no service has open: every answer, every refusal."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from stillpost.cli.main import cli
from stillpost.config import load_config
from stillpost.mail.addresses import parse
from stillpost.model import Guards, RequestState, Source
from stillpost.reception.submit import Answer, Submitted
from stillpost.service.wiring import House, open_house

CONFIG = '[serve]\nstate = "{state}"\n[inbound]\nlisten = ""\n[portals.support]\n[portals.sales]\n'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The configuration of a service that is not running."""
    file = tmp_path / "stillpost.toml"
    file.write_text(CONFIG.format(state=tmp_path / "state"), encoding="utf-8")
    return file


def run(place: Path, *words: str, code: int = 0) -> str:
    """What a command prints; its exit code is ``code``, and nothing it prints is a traceback."""
    result = CliRunner().invoke(cli, [*words, "--config", str(place)], env={"LC_ALL": "C"})
    said = result.output
    assert result.exit_code == code, said
    assert "Traceback" not in said
    if code == 2:
        assert len(said.strip().splitlines()) == 1 or said.startswith("Usage: ")
    return said


def inside(place: Path, act: Callable[[House], Awaitable[Answer]]) -> Answer:
    """Do something in the house itself."""

    async def do() -> Answer:
        async with open_house(load_config(place), write=lambda line: None) as house:
            return await act(house)

    return asyncio.run(do())


def held(place: Path, email: str = "ann@example.com") -> Answer:
    """A request that is held: its trap was filled."""

    async def submit(house: House) -> Answer:
        return await house.admission.submit(
            Submitted(
                portal="support",
                at=house.clock(),
                requester=parse(email),
                source=Source("198.51.100.7", ("198.51.100.0/24",)),
                guards=Guards(honeypot=True),
                name="Ann \x1b[31m",
                subject="Broken \u202e thing",
                text="Hello\x07\nthere",
            )
        )

    answer = inside(place, submit)
    assert answer.told is RequestState.HELD
    return answer


def test_what_is_held_is_listed_shown_and_dropped(place: Path) -> None:
    assert run(place, "holds", "list") == "nothing is held\n"
    answer = held(place)
    listed = run(place, "holds", "list")
    assert listed.startswith(f"{answer.id}  ")
    assert "HONEYPOT_FILLED" in listed
    shown = run(place, "holds", "show", answer.id)
    assert "ann@example.com" in shown
    assert "\\u001b[31m" in shown
    assert "\\u202e" in shown
    assert not [char for char in listed + shown if char != "\n" and not char.isprintable()]
    (item,) = json.loads(run(place, "holds", "list", "--format", "json"))["result"]
    assert (item["id"], item["state"], item["requester"]) == (answer.id, "held", "ann@example.com")
    assert run(place, "holds", "drop", answer.id) == f"{answer.id} is deleted\n"
    assert run(place, "holds", "list") == "nothing is held\n"
    assert "cannot be dropped" in run(place, "holds", "drop", answer.id, code=2)


@pytest.mark.parametrize(("words", "quiet"), [((), True), (("--vouched",), False)], ids=["quietly", "vouched"])
def test_a_release_is_quiet_unless_the_agent_vouches(place: Path, words: tuple[str, ...], quiet: bool) -> None:
    answer = held(place)
    assert run(place, "holds", "release", answer.id, *words) == f"{answer.id} is on its way to the helpdesk\n"
    assert "cannot be released" in run(place, "holds", "release", answer.id, code=2)

    async def deliver(house: House) -> Answer:
        request = await house.store.ledger.request(answer.id)
        assert request
        assert request.quiet is quiet
        while await house.outbox.work():
            continue
        return answer

    inside(place, deliver)
    (ticket,) = (place.parent / "state" / "tickets" / "new").iterdir()
    proven = next(line for line in ticket.read_text().splitlines() if line.startswith("Proven: "))
    assert proven.startswith("Proven: no." if quiet else "Proven: an agent vouched for the address")
    assert not (place.parent / "state" / "outgoing" / "new").exists()


def test_a_held_request_waits_as_long_as_held_for_says(place: Path) -> None:
    answer = held(place)
    item = json.loads(run(place, "holds", "show", answer.id, "--format", "json"))["result"]
    waits = datetime.fromisoformat(item["expires"]) - datetime.fromisoformat(item["at"])
    assert waits == timedelta(days=14)


def test_a_verdict_is_explained_from_the_ledger_and_names_nobody(place: Path) -> None:
    answer = held(place)
    text = run(place, "explain", answer.id)
    assert "verdict   hold (advised hold)" in text
    assert "+12  HONEYPOT_FILLED  a field that must stay empty was filled in" in text
    assert "ann@" not in text
    assert "198.51" not in text
    entry = json.loads(run(place, "explain", answer.id, "--format", "json"))
    assert (entry["version"], entry["id"], entry["state"]) == (1, answer.id, "held")


def test_an_explained_event_is_judged_the_same_again(place: Path, tmp_path: Path) -> None:
    answer = held(place)
    entry = json.loads(run(place, "explain", answer.id, "--format", "json"))
    events = tmp_path / "events.jsonl"
    events.write_text(json.dumps(entry["event"]) + "\n\n", encoding="utf-8")
    result = CliRunner().invoke(cli, ["replay", str(events)])
    assert result.exit_code == 0
    (verdict,) = map(json.loads, result.output.splitlines())
    assert verdict["action"] == entry["verdict"]["action"] == "hold"
    observed = CliRunner().invoke(cli, ["replay", str(events), "--mode", "observe"])
    assert json.loads(observed.output)["action"] == "accept"
    assert json.loads(observed.output)["advised"] == "hold"


@pytest.mark.parametrize(
    "line",
    [b"{", b"[]", b'"x"', b"\xff", b"{}", b'{"event": "submission"}', b"[" * 100_000, b"1" * 1_000_001, b"NaN"],
    ids=["no JSON", "a list", "a text", "bytes", "nothing", "half", "deeply nested", "too long", "no number"],
)
def test_a_line_that_is_no_event_ends_a_replay_and_is_numbered(tmp_path: Path, line: bytes) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\n" + line + b"\n")
    result = CliRunner().invoke(cli, ["replay", str(file)])
    assert result.exit_code == 2
    assert result.output.startswith("stillpost: line 2 is ")
    assert len(result.output.splitlines()) == 1
    assert len(result.output) < 500


def test_lists_show_hashes_only_and_forget_nothing_else(place: Path) -> None:
    assert run(place, "lists", "show", "suppressed") == "the list is empty\n"
    run(place, "lists", "add", "suppressed", "Eve+tag@Example.com", "--for", "2h", "--note", "asked by phone")
    listed = run(place, "lists", "show", "suppressed")
    assert "asked by phone" in listed
    assert "eve" not in listed.lower()
    assert run(place, "lists", "remove", "suppressed", "eve@example.com") == "done\n"
    assert run(place, "lists", "remove", "suppressed", "eve@example.com") == "it was not on the list\n"


def test_the_brake_stops_links_for_a_while_at_one_portal_or_all(place: Path) -> None:
    assert run(place, "brake", "on", "--for", "2h", "--portal", "sales").startswith("no challenge is mailed until ")
    doctor = run(place, "doctor", code=1)
    assert "the brake is on for sales" in doctor
    assert "the brake is on for support" not in doctor
    assert run(place, "brake", "off", "--portal", "sales") == "the brake is off\n"
    assert "the brake is on" not in run(place, "doctor", code=1)


def test_an_address_is_forgotten_but_its_suppression_stays(place: Path) -> None:
    answer = held(place)
    run(place, "lists", "add", "suppressed", "ann@example.com")
    said = run(place, "forget", "ANN@example.com")
    assert int(said.split()[0]) >= 2
    assert "there is no request" in run(place, "holds", "show", answer.id, code=2)
    assert "nothing is known" in run(place, "explain", answer.id, code=2)
    assert run(place, "forget", "ann@example.com").startswith("0 things dropped")
    assert run(place, "lists", "show", "suppressed").count("\n") == 1


def test_doctor_is_red_until_every_other_door_is_said_to_be_closed(place: Path) -> None:
    checks = json.loads(run(place, "doctor", "--format", "json", code=1))["result"]
    doors = [check["door"] for check in checks if check["name"].startswith("door ")]
    assert {door.partition("/")[0] for door in doors} == {"support", "sales"}
    assert {check["outcome"] for check in checks if "door" in check} == {"red"}
    for door in doors:
        assert run(place, "doctor", "--closed", door).startswith("noted; doctor asks again after 20")
    checks = json.loads(run(place, "doctor", "--format", "json", code=1))["result"]
    assert {check["outcome"] for check in checks if "door" in check} == {"green"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("holds", "show", "x"), "there is no request x", id="no request"),
        pytest.param(("holds", "release", "x"), "there is no request x", id="nothing to release"),
        pytest.param(("holds", "drop", "x\x1b[2J"), "there is no request x", id="control characters"),
        pytest.param(("explain", "x"), "nothing is known of x", id="no entry"),
        pytest.param(("lists", "show", "known"), "there is no list known; lists: ", id="no list"),
        pytest.param(("lists", "add", "suppressed", "ann"), "has an @", id="no address"),
        pytest.param(("lists", "add", "brake", "suport"), "there is no portal suport; portals: ", id="no portal"),
        pytest.param(("brake", "on", "--portal", "x"), "there is no portal x", id="no portal to brake"),
        pytest.param(("brake", "on", "--for", "2 hours"), "2 hours is not a time such as", id="no time"),
        pytest.param(("brake", "sideways"), "'sideways' is not one of", id="no switch"),
        pytest.param(("forget", "ann"), "has an @", id="no address to forget"),
        pytest.param(("doctor", "--closed", "support/x"), "there is no door support/x; doors: ", id="no door"),
        pytest.param(("doctor", "--closed", ""), "", id="an empty door is none"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(place: Path, words: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(cli, [*words, "--config", str(place)], env={"LC_ALL": "C"})
    assert result.exit_code == (2 if said else 1)
    assert said in result.output
    assert "Traceback" not in result.output
    assert not [char for char in result.output if char != "\n" and not char.isprintable()]


def test_config_check_reads_the_files_a_configuration_names(place: Path) -> None:
    assert run(place, "config", "check") == "good: support, sales\n"
    place.write_text(place.read_text() + 'api_key_file = "gone"\n', encoding="utf-8")
    assert "portals.sales.api_key_file gone cannot be read: No such file" in run(place, "config", "check", code=2)
    key = place.with_name("key")
    place.write_text(place.read_text().replace('"gone"', f'"{key}"'), encoding="utf-8")
    key.write_text("short\n", encoding="utf-8")
    assert "at least 20 characters" in run(place, "config", "check", code=2)
    key.write_text("a-key-of-some-length-123\n", encoding="utf-8")
    run(place, "config", "check")
    assert not (place.parent / "state").exists()


def test_config_show_tells_what_was_changed_and_no_secret(place: Path) -> None:
    changed = run(place, "config", "show", "--changed")
    assert changed.startswith(f'serve.state = "{place.parent / "state"}"\n')
    whole = run(place, "config", "show")
    assert 'limits.challenge_window = "7d"' in whole
    assert len(whole.splitlines()) > 40


def test_new_signing_keys_keep_the_old_ones_and_the_store_key(place: Path) -> None:
    file = place.parent / "state" / "secrets.json"
    run(place, "config", "rotate")
    before = json.loads(file.read_text())
    run(place, "config", "rotate")
    after = json.loads(file.read_text())
    assert after["store"] == before["store"]
    assert after["signing"][1:] == before["signing"]
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    assert "is open to others; run: chmod 600" in run(place, "doctor", code=2)
    file.chmod(0o600)
    file.write_text("{}", encoding="utf-8")
    assert "is damaged; put back your copy" in run(place, "doctor", code=2)


def test_a_state_folder_that_cannot_be_is_one_line(place: Path) -> None:
    place.write_text(CONFIG.format(state=place), encoding="utf-8")
    assert "cannot be" in run(place, "doctor", code=2)
