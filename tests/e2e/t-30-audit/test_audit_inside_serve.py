"""The scheduled audit inside a running service: a setting that reopens the helpdesk is told within seconds."""

import json
from pathlib import Path

import httpx2
import pytest
from tests.e2e import products, stillposts
from tests.e2e.stillposts import eventually

pytestmark = pytest.mark.e2e


def test_a_trackers_reopened_setting_is_drift_in_the_journal_and_in_the_metrics(roundup: products.Roundup) -> None:
    roundup.configure("main", "error_messages_to", "dispatcher")
    audit = {"every": "1s", "product": "roundup", "from": str(roundup.place)}
    service = stillposts.install(roundup.place.parent / "service", more={"portals.support.audit": audit})
    with stillposts.running(service):
        eventually(lambda: outcome(service, "same"), service.log.read_text)
        roundup.configure("main", "error_messages_to", "user")
        (line, *_) = eventually(lambda: outcome(service, "drift"), service.log.read_text)
        assert any(ident.startswith("RU-1:") for ident in line["new"])
        metrics = httpx2.get(f"{service.url}/metrics", trust_env=False).text
        assert 'stillpost_audits_total{outcome="first",portal="support"} 1.0' in metrics
        assert 'stillpost_audits_total{outcome="drift",portal="support"}' in metrics
    assert Path(service.state / "support-audit.json").is_file()


def outcome(service: stillposts.Stillpost, wanted: str) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in service.journal("audited")]
    return [line for line in lines if line["outcome"] == wanted]
