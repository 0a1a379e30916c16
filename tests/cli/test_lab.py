"""``stillpost lab inject`` and ``score`` as people type them."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from stillpost.cli.lab import SHAPES, command
from stillpost.lab.letters import TICKETS

LEGEND = {"Stillpost", "least possible (theory)", "INKY, 20 in 5 min", "Rspamd, bucket of 100"}


def run(*words: str) -> str:
    result = CliRunner().invoke(command, words, env={"LC_ALL": "C"})
    assert result.exit_code == 0, result.output
    return result.output


def test_inject_says_what_it_wrote(tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = run("inject", str(out), "--start", "2026-10-20T18:00:00Z", "--submissions", "12", "--platform", "zendesk")
    assert f"from 2026-10-20 18:00 UTC on; the truth is in {out / 'truth.json'}" in said
    truth = json.loads((out / "truth.json").read_text())
    assert truth["attack"]["platform"] == "zendesk"
    assert {each["submission"] for each in truth["mails"]} == set(range(13))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(("--start", "yesterday"), "'yesterday' is no time", id="no time"),
        pytest.param(("--into", "/nowhere/at/all"), "cannot be read", id="no mailbox"),
    ],
)
def test_inject_refuses_in_one_line(tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    result = CliRunner().invoke(command, ["inject", str(tmp_path / "out"), *words])
    assert result.exit_code == 2
    assert message in result.output
    assert len(result.output.splitlines()) == 1


def test_score_prints_a_table_and_draws_it(tmp_path: Path) -> None:
    picture = tmp_path / "score.svg"
    said = run("score", "--seeds", "1", "--rate", "12", "--rate", "54", "--picture", str(picture))
    assert "submissions a minute" in said
    assert "INKY, 20 in 5 min" in said
    assert "Busy days without an attack" in said
    tree = ElementTree.fromstring(picture.read_text())
    words = {element.text for element in tree.iter("{http://www.w3.org/2000/svg}text")}
    assert words >= LEGEND


def test_score_in_json_has_what_programs_need() -> None:
    report = json.loads(run("score", "--seeds", "1", "--rate", "12", "--format", "json"))
    (score,) = report["scores"]
    assert list(report) == ["version", "scores", "quiet", "busy"]
    assert 3 <= score["alarm"]["median"] <= score["alarm_by_organizations"]["median"] <= 6
    assert score["found"] == score["members"]
    assert report["quiet"]["waves"] == 0
    assert len(report["busy"]) == 7


def test_every_platform_of_the_letters_can_be_chosen() -> None:
    assert [shape.__name__ for shape, _ in TICKETS] == SHAPES
