"""The audit that runs by itself: the first one writes the baseline, later ones tell what is new since then."""

import json
from pathlib import Path
from typing import Any

import pytest

from stillpost.config import Config, read_config
from stillpost.config.reader import ConfigError
from stillpost.journal import Journal
from stillpost.service.audits import Watch, audit_once
from tests.audit.zendesks import TAKEN

pytestmark = pytest.mark.anyio

SAFE = "[main]\nerror_messages_to = dispatcher\n[nosy]\nadd_author = no\nadd_recipients = no\n"
SCHEMA = "db.security.addPermissionToRole('User', 'Email Access')\n"


def watch(place: Path, **audit: Any) -> tuple[Watch, Journal, list[dict[str, Any]]]:
    tracker = place / "tracker"
    if not tracker.exists():
        tracker.mkdir()
        (tracker / "config.ini").write_text(SAFE)
        (tracker / "schema.py").write_text(SCHEMA)
    config = configured({"from": str(tracker), "product": "roundup", **audit})
    found = config.portals["support"].audit
    assert found is not None
    lines: list[dict[str, Any]] = []
    journal = Journal(lambda line: lines.append(json.loads(line)), lambda: TAKEN)
    return Watch(portal="support", config=found, state=place, clock=lambda: TAKEN), journal, lines


def configured(audit: dict[str, Any]) -> Config:
    return read_config({"portals": {"support": {"audit": audit}}})


async def test_the_first_audit_writes_the_baseline_and_the_next_sees_nothing_new(tmp_path: Path) -> None:
    looking, journal, lines = watch(tmp_path)
    await audit_once(looking, journal)
    await audit_once(looking, journal)
    assert [line["outcome"] for line in lines] == ["first", "same"]
    assert json.loads(looking.baseline.read_text())["helpdesk"]["name"] == "support"
    assert looking.baseline.stat().st_mode & 0o077 == 0


async def test_a_setting_that_reopens_the_helpdesk_is_drift_in_journal_and_metrics(tmp_path: Path) -> None:
    looking, journal, lines = watch(tmp_path)
    await audit_once(looking, journal)
    (tmp_path / "tracker/config.ini").write_text(SAFE.replace("dispatcher", "user"))
    await audit_once(looking, journal)
    assert lines[-1]["event"] == "audited"
    assert lines[-1]["outcome"] == "drift"
    assert lines[-1]["worst"] == "high"
    assert any(ident.startswith("RU-1:") for ident in lines[-1]["new"])
    metrics = journal.exposition().decode()
    assert 'stillpost_audits_total{outcome="drift",portal="support"} 1.0' in metrics
    assert f'stillpost_audit_drift{{portal="support"}} {float(lines[-1]["drift"])}' in metrics
    assert lines[-1]["drift"] >= 2
    (tmp_path / "tracker/config.ini").write_text(SAFE)
    await audit_once(looking, journal)
    assert lines[-1]["outcome"] == "same"
    assert 'stillpost_audit_drift{portal="support"} 0.0' in journal.exposition().decode()


async def test_an_audit_that_cannot_run_is_told_and_stops_nothing(tmp_path: Path) -> None:
    looking, journal, lines = watch(tmp_path, baseline=str(tmp_path / "kept.json"))
    (tmp_path / "kept.json").write_text("{}")
    await audit_once(looking, journal)
    (tmp_path / "kept.json").unlink()
    (tmp_path / "tracker/config.ini").unlink()
    await audit_once(looking, journal)
    assert [line["event"] for line in lines] == ["failed", "audited", "failed", "audited"]
    assert [line["text"] for line in lines if line["event"] == "failed"] == [
        "the baseline is no report of this program; write one with --format json",
        f"{tmp_path / 'tracker'} is no tracker home (no config.ini in it); see docs/audit/roundup.md",
    ]
    assert not (tmp_path / "kept.json").exists()


REFUSED = [
    pytest.param({"from": "x"}, "'maildir' cannot be audited", id="no product that can be audited"),
    pytest.param({"product": "roundup"}, "say where the settings are", id="nowhere to read"),
    pytest.param({"product": "roundup", "url": "https://a", "token_file": "t"}, "only Zendesk", id="an API elsewhere"),
    pytest.param({"product": "zendesk", "url": "https://a.example"}, "needs token_file", id="no token"),
    pytest.param({"product": "roundup", "from": "x", "every": "60d"}, "between 1s and 31d", id="too seldom"),
    pytest.param({"product": "roundup", "from": "x", "evry": "1d"}, 'did you mean "every"', id="a slip"),
]


@pytest.mark.parametrize(("audit", "told"), REFUSED)
async def test_a_table_that_cannot_work_is_refused_with_what_to_write(audit: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        configured(audit)
