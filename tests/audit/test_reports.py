"""The report in its formats: escaped whatever the settings hold, accepted by what reads it, the same every time."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from sarif_pydantic import Sarif

from stillpost.audit.drift import BaselineError, baseline, drift
from stillpost.audit.exposure import Severity
from stillpost.audit.page import as_html
from stillpost.audit.report import Report, as_json, as_text, drift_as_text, escaped, worst
from stillpost.audit.sarif import as_sarif
from stillpost.audit.snapshot import Snapshot
from stillpost.helpdesks.auditing import for_saving, report_of
from tests.audit.zendesks import CREATE, OPEN, act, item, mail, snapshot, trigger

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\x1b[2J\x07",
    "gnp.\u202eexe",
    "</style><svg/onload=alert(1)>",
    "{message}{0}{}",
    "&lt;b&gt;",
    "\u2028\ufeff\x00",
)


def reported(taken: Snapshot, attested: dict[str, bool] | None = None) -> Report:
    return report_of(taken, OPEN if attested is None else attested, changes=True)


def hostile() -> Report:
    triggers = [
        trigger(n + 1, mail(f"{text} {{{{ticket.title}}}}", f"{text} {{{{dc.a}}}}"), title=text)
        for n, text in enumerate(HOSTILE)
    ]
    odd = trigger(
        99, act(HOSTILE[0], HOSTILE[1]), every=(CREATE, (HOSTILE[0], HOSTILE[2], HOSTILE[3])), title=HOSTILE[1]
    )
    return reported(snapshot(*triggers, odd, dynamic_content=[item(5, "a", *HOSTILE[:3])]))


class Elements(HTMLParser):
    """What a browser would find: elements, attributes, text."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_the_page_holds_no_element_and_no_attribute_but_its_own() -> None:
    page = as_html(hostile(), str, "en")
    elements = Elements()
    elements.feed(page)
    assert not elements.names & {"script", "img", "svg", "iframe", "link", "object", "form", "b"}
    assert elements.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class", "aria-label"}
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_the_page_allows_its_own_style_sheet_and_nothing_else() -> None:
    page = as_html(hostile(), str, "en")
    style = page.partition("<style>")[2].partition("</style>")[0]
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy[1].startswith(f"default-src 'none'; style-src 'sha256-{allowed}'")
    assert "http://" not in page.replace("http-equiv", "")
    assert " style=" not in page


@given(st.text())
def test_no_text_leaves_control_or_direction_characters(text: str) -> None:
    assert all(char in "\n\t" or (char.isprintable() or char.isspace()) for char in escaped(text))
    assert "\u202e" not in escaped(text + "\u202e")


def test_the_text_report_survives_hostile_settings() -> None:
    told = as_text(hostile(), str)
    assert "\x1b" not in told
    assert "\\u001b" in told


def test_sarif_is_sarif_down_to_the_last_key() -> None:
    document = Sarif.model_validate_json(as_sarif(hostile(), "0.1.0"))
    assert _strangers(document) == []
    (run,) = document.runs
    assert run.results
    rules = [rule.id for rule in run.tool.driver.rules or []]
    assert all(rules[result.rule_index or 0] == result.rule_id for result in run.results)
    assert all(result.level == "none" or result.kind in (None, "fail") for result in run.results)


def _strangers(model: Any, path: str = "") -> list[str]:
    """Keys that SARIF does not know (property bags may hold anything)."""
    if isinstance(model, list):
        return [found for member in model for found in _strangers(member, path)]
    if not isinstance(model, BaseModel):
        return []
    own = [f"{path}.{name}" for name in model.model_extra or {} if "properties" not in path]
    return own + [
        found for name in type(model).model_fields for found in _strangers(getattr(model, name), f"{path}.{name}")
    ]


def test_json_says_the_same_twice_and_holds_no_helpdesk_secret() -> None:
    webhook = {
        "id": 7,
        "name": "x",
        "status": "active",
        "signing_secret": "s3cr3t-signing",
        "authentication": {"data": 1},
    }
    target = {"id": 8, "type": "email_target", "email": "a@example.com", "subject": "x", "password": "s3cr3t-pass"}
    from stillpost.audit.snapshot import dumped
    from stillpost.helpdesks.zendesk.shapes import redacted

    taken = snapshot(
        trigger(1, act("notification_webhook", ["7", '{"token": "s3cr3t-token"}']), mail("Re: {{ticket.title}}", "x")),
        webhooks=redacted("webhooks", [webhook]),
        targets=redacted("targets", [target]),
    )
    saved, told = dumped(for_saving(taken)), as_json(reported(taken))
    assert "s3cr3t" not in saved
    assert "s3cr3t" not in told
    assert as_json(reported(taken)) == told


def test_drift_shows_what_is_new_worse_and_gone_and_nothing_else() -> None:
    calm, loud = mail("Got it", "x"), mail("Re: {{ticket.title}}", "x")
    before = reported(snapshot(trigger(1, calm), trigger(2, loud)))
    after = reported(snapshot(trigger(1, loud), trigger(2, calm)))
    changed = drift(baseline(as_json(before)), after.outcomes)
    assert {finding.id for finding in changed.new} == {"Z-TITLE:triggers/1/actions/0:content"}
    assert set(changed.gone) == {"Z-TITLE:triggers/2/actions/0:content"}
    assert changed.weight is Severity.CRITICAL
    assert "Re: " in drift_as_text(after, changed, str)


def test_nothing_changed_is_nothing_to_fail_on_though_findings_are_left() -> None:
    report = reported(snapshot(trigger(1, mail("Re: {{ticket.title}}", "x"))))
    changed = drift(baseline(as_json(report)), report.outcomes)
    assert changed.nothing
    assert changed.weight is None
    assert worst(report.outcomes) is Severity.CRITICAL


def test_an_unknown_counts_until_the_baseline_holds_the_same() -> None:
    known, unread = snapshot(trigger(1, mail("x", "y"))), snapshot(trigger(1, mail("x", "y")), automations=None)
    changed = drift(baseline(as_json(reported(known))), reported(unread).outcomes)
    assert {outcome.rule.id for outcome in changed.unknown} == {"Z-AUTO", "UNREAD"}
    assert changed.weight is Severity.CRITICAL
    assert drift(baseline(as_json(reported(unread))), reported(unread).outcomes).nothing


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 2}', '{"version": 1, "outcomes": [1]}'])
def test_a_baseline_that_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(BaselineError, match="--format json"):
        baseline(text)


def test_the_json_report_has_the_keys_of_its_contract() -> None:
    document = json.loads(as_json(reported(snapshot(trigger(1, mail("Re: {{ticket.title}}", "x"))))))
    assert document.keys() == {"version", "helpdesk", "taken_at", "outcomes", "summary"}
    finding = next(f for o in document["outcomes"] for f in o["findings"])
    assert finding.keys() >= {
        "id",
        "exposure",
        "severity",
        "confidence",
        "reach",
        "provenance",
        "path",
        "message",
        "remedy",
        "witness",
    }
    assert finding["witness"].keys() >= {"channel", "request", "mail", "exact", "why"}
    assert finding["witness"]["request"].keys() == {"channel", "name", "email", "subject", "text", "cc", "fields"}
    assert finding["witness"]["mail"].keys() == {"to", "cc", "subject", "text"}
