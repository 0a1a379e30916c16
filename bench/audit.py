"""How long an audit takes, as a ratio to parsing its templates: 1,000 triggers, then 50,000.

The ceiling is python-liquid parsing every template of the settings once, in the same process, with the same limits. An
audit parses each text once too, follows what it prints, searches a request for every notice, renders the mails and runs
every rule. Run it: ``python -m bench.audit [--large]``.
"""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

from stillpost.audit.snapshot import Snapshot
from stillpost.helpdesks.auditing import report_of
from stillpost.helpdesks.template_flow import environment

ATTESTED = {"anybody_can_submit": True, "ask_to_register": False, "api_authentication_required": False}
BODIES = (
    """Hello {{ticket.requester.first_name}},

thank you for writing to {{ticket.account}}. Your request (#{{ticket.id}}) is number {{ticket.id}}; team %d looks at it.

To add something, answer this mail or follow {{ticket.url}}.

{{ticket.comments_formatted}}

{{dc.footer_%d}}""",
    """Your request (#{{ticket.id}}) is with team %d.

{%% if ticket.priority == 'Urgent' %%}We hurry.{%% else %%}We answer within two days.{%% endif %%}

You can add to it at any time by answering this mail. Please leave the number in the subject, so that we find it again.

{{dc.footer_%d}}""",
    """Dear customer,

we have your message and will answer during business hours (team %d). There is no need to write again; every new mail
makes a new request, and the line gets longer for everybody.

Your number: {{ticket.id}}

{{dc.footer_%d}}""",
)
SUBJECTS = (
    "[{{ticket.account}}] Request received: {{ticket.title}} (team %d)",
    "We have your message (#{{ticket.id}}), team %d",
    "[Request received] {{ticket.title}} %d",
)
STAFF_SUBJECT = "[{{ticket.account}}] {{ticket.title}}, team %d"
STAFF_TEXT = "A ticket (#{{ticket.id}}) by {{ticket.requester.name}} is yours, team %d.\n\n{{ticket.latest_comment}}"


def settings(count: int) -> dict[str, Any]:
    """A quarter of the triggers routes by words, tags, brands and forms; of the notices two in five go to staff.

    (Zendesk's own defaults: seven of eight triggers are notices, five of those seven go to staff.)
    """
    random = Random(7)
    triggers = [_routing(random, n) if n % 4 == 0 else _notice(random, n, n % 10 < 4) for n in range(count)]
    contents = [_content(n) for n in range(20)]
    fields = [
        {
            "id": 9,
            "type": "tagger",
            "active": True,
            "custom_field_options": [{"value": f"topic_{n}"} for n in range(40)],
        }
    ]
    return {
        "triggers": triggers,
        "automations": [],
        "dynamic_content": contents,
        "ticket_fields": fields,
        "settings": {"tickets": {"collaboration": True, "comment_email_ccs_allowed": True}, "email": {}},
        "targets": [],
        "webhooks": [],
    }


def _line(field: str, operator: str, value: str) -> dict[str, str]:
    return {"field": field, "operator": operator, "value": value}


def _trigger(n: int, lines: list[dict[str, str]], actions: list[dict[str, Any]]) -> dict[str, Any]:
    conditions = {"all": [_line("update_type", "is", "Create"), *lines], "any": []}
    return {
        "id": n + 1,
        "title": f"Trigger {n}",
        "active": True,
        "position": n,
        "conditions": conditions,
        "actions": actions,
    }


def _routing(random: Random, n: int) -> dict[str, Any]:
    tag = f"queue_{random.randrange(200)}"
    lines = random.choice(
        [
            [_line("subject_includes_word", "includes", f"word{random.randrange(300)} word{random.randrange(300)}")],
            [_line("current_tags", "includes", f"topic_{random.randrange(40)}")],
            [
                _line("brand_id", "is", str(random.randrange(5))),
                _line("ticket_form_id", "is", str(random.randrange(20))),
            ],
        ]
    )
    return _trigger(n, lines, [{"field": "current_tags", "value": tag}, {"field": "group_id", "value": str(n % 30)}])


def _notice(random: Random, n: int, staff: bool) -> dict[str, Any]:
    lines = random.choice(
        [
            [_line("role", "is", "end_user"), _line("status", "is_not", "solved")],
            [_line("current_tags", "includes", f"queue_{random.randrange(200)}")],
            [_line("brand_id", "is", str(random.randrange(5))), _line("status", "is_not", "solved")],
            [_line("role", "is", "agent")],
        ]
    )
    if staff:
        value = ["all_agents", STAFF_SUBJECT % n, STAFF_TEXT % n]
        return _trigger(n, lines, [{"field": "notification_user", "value": value}])
    subject, body = random.choice(SUBJECTS) % n, random.choice(BODIES) % (n, random.randrange(20))
    return _trigger(n, lines, [{"field": "notification_user", "value": ["requester_id", subject, body]}])


def _content(n: int) -> dict[str, Any]:
    texts = (
        f"Kind regards, team {n}, {{{{ticket.account}}}}",
        f"Mit freundlichem Gruß, {{{{ticket.requester.name}}}}, {n}",
    )
    variants = [
        {"id": n * 10 + k, "content": t, "locale_id": k + 1, "active": True, "default": k == 0}
        for k, t in enumerate(texts)
    ]
    return {"id": 1000 + n, "name": f"footer_{n}", "placeholder": f"{{{{dc.footer_{n}}}}}", "variants": variants}


def parse(resources: dict[str, Any]) -> None:
    """The ceiling: every template parsed once, nothing else."""
    language = environment()
    for trigger in resources["triggers"]:
        for action in trigger["actions"]:
            if action["field"] == "notification_user":
                language.from_string(action["value"][1])
                language.from_string(action["value"][2])
    for item in resources["dynamic_content"]:
        for variant in item["variants"]:
            language.from_string(variant["content"])


def audit(resources: dict[str, Any]) -> tuple[int, int]:
    """A whole audit, witnesses and rules included; mails and findings."""
    snapshot = Snapshot(product="zendesk", name="acme", taken_at=datetime(2026, 11, 2, tzinfo=UTC), resources=resources)
    outcomes = report_of(snapshot, ATTESTED).outcomes
    findings = [finding for outcome in outcomes for finding in outcome.findings]
    return len({id(finding.witness) for finding in findings if finding.witness}), len(findings)


def seconds(work: Callable[[], object], times: int) -> float:
    """The fastest of some runs, in seconds of CPU."""
    best = float("inf")
    for _ in range(times):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def main() -> None:
    """Print the ratios."""
    small = settings(1_000)
    parsing, auditing = seconds(lambda: parse(small), 5), seconds(lambda: audit(small), 5)
    found = audit(small)
    ratio = auditing / parsing
    print(f"1,000 triggers: parsing {parsing * 1e3:.0f} ms, audit {auditing * 1e3:.0f} ms: {ratio:.2f} parses")
    print(f"  {found[0]} mails, {found[1]} findings")
    if "--large" in sys.argv:
        large = settings(50_000)
        took = seconds(lambda: audit(large), 1)
        print(f"50,000 triggers: {took:.1f} s: {took / auditing:.0f} times 1,000")


if __name__ == "__main__":
    main()
