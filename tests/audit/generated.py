"""Random Zendesk settings out of everything that is modelled, and every concrete request that could matter to them."""

import json
from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Any

from stillpost.audit.witness import Words
from stillpost.helpdesks.zendesk.tickets import Request
from tests.audit.zendesks import act, field, item, lines, mail

VICTIM = "victim@example.com"
COPIED = "copied-one@example.org"
TAGS = ("red", "blue", "hot", "cold")
WORDS = ("refund", "login")

SUBJECTS = ("Got it", "Got it: {{ticket.title}}", "[{{ticket.account}}] {{ticket.id}}", "{{dc.greeting}}")
TEXTS = (
    "Number {{ticket.id}}.",
    "{{ticket.description}}",
    "{{ticket.comments_formatted}}",
    "Hello {{ticket.requester.first_name}}",
    "{{ticket.verbatim_description}}",
    "{% assign t = ticket.title | upcase %}{{ t }}",
    "{% capture c %}{{current_user.name}}{% endcapture %}{{- c -}}",
    "{{dc.greeting}} {{dc.deep}}",
    "{% if ticket.status == 'New' %}{{ticket.title}}{% endif %}",
)
CONTENTS = ("Hello", "Hello {{ticket.requester.name}}", "{{ticket.description}}")


def condition(random: Random) -> tuple[str, str, Any]:
    return random.choice(
        [
            ("update_type", "is", random.choice(["Create", "Create", "Create", "Change"])),
            ("role", random.choice(["is", "is_not"]), random.choice(["end_user", "agent"])),
            ("via_id", random.choice(["is", "is_not"]), random.choice(["0", "4", "5", "29", "48"])),
            ("status", random.choice(["is", "is_not"]), random.choice(["new", "open", "solved"])),
            ("status", random.choice(["less_than", "greater_than"]), random.choice(["open", "solved"])),
            ("status", random.choice(["changed", "not_changed", "value", "not_value"]), "open"),
            ("current_tags", random.choice(["includes", "not_includes"]), " ".join(random.sample(TAGS, 2))),
            ("current_tags", random.choice(["includes", "not_includes"]), random.choice(TAGS)),
            ("subject_includes_word", random.choice(["includes", "not_includes"]), random.choice(WORDS)),
            ("subject_includes_word", "includes", " ".join(WORDS)),
            ("priority", random.choice(["is", "is_not", "less_than"]), random.choice(["low", "urgent"])),
            ("brand_id", random.choice(["is", "is_not"]), random.choice(["1", "2", "3"])),
            ("group_id", random.choice(["is", "is_not", "changed"]), random.choice(["", "7"])),
            ("custom_fields_9", random.choice(["is", "is_not", "present"]), random.choice(["hot", "cold"])),
            ("ticket_is_public", "is", random.choice(["public", "private"])),
            ("comment_is_public", "is", random.choice([True, "false", "not_relevant", "requester_can_see_comment"])),
            ("requester_id", random.choice(["is", "is_not"]), "current_user"),
        ]
    )


def action(random: Random) -> dict[str, Any]:
    return random.choice(
        [
            act("current_tags", random.choice(TAGS)),
            act("remove_tags", random.choice(TAGS)),
            act("set_tags", " ".join(random.sample(TAGS, 1))),
            act("status", random.choice(["open", "solved"])),
            act("priority", random.choice(["low", "urgent"])),
            act("group_id", "7"),
            act("custom_fields_9", random.choice(["hot", "cold"])),
            act("subject", "Your request"),
            act("reply_public", "We are on it."),
        ]
    )


def notice(random: Random) -> dict[str, Any]:
    to = random.choice(["requester_id", "requester_id", "requester_and_ccs", "current_user", "all_agents"])
    return mail(random.choice(SUBJECTS), random.choice(TEXTS), to)


def settings(random: Random, copies: bool | None = None) -> dict[str, Any]:
    """Resources of a whole helpdesk: up to six triggers, an automation, dynamic content, a drop-down."""
    triggers = []
    for ident in range(1, random.randint(1, 6) + 1):
        every = [condition(random) for _ in range(random.randint(0, 3))]
        some = [condition(random) for _ in range(random.choice([0, 0, 0, 1, 2]))]
        acts = [random.choice([notice, notice, action])(random) for _ in range(random.randint(1, 2))]
        rule = {"id": ident, "title": f"Trigger {ident}", "active": True, "position": random.randint(0, 9)}
        triggers.append({**rule, "conditions": {"all": lines(*every), "any": lines(*some)}, "actions": acts})
    triggers.sort(key=lambda rule: rule["position"])
    for place, rule in enumerate(triggers):
        rule["position"] = place
    late = [("NEW", "greater_than", "4"), *(condition(random) for _ in range(random.randint(0, 2)))]
    late = [line for line in late if line[0] not in ("update_type", "role", "comment_is_public", "requester_id")]
    automation = {"id": 90, "title": "Later", "active": True, "position": 1, "actions": [notice(random)]}
    allowed = random.random() < 0.5 if copies is None else copies
    return {
        "triggers": triggers,
        "automations": [{**automation, "conditions": {"all": lines(*late), "any": []}}],
        "dynamic_content": [
            item(5, "greeting", *random.sample(CONTENTS, 2)),
            item(6, "deep", "Hi", random.choice(["{{dc.greeting}}", "Hi"])),
        ],
        "settings": {"tickets": {"collaboration": allowed, "comment_email_ccs_allowed": True}, "email": {}},
        "ticket_fields": [field(9, "tagger", "hot", "cold")],
        "brands": [{"id": 1, "active": True, "default": True}, {"id": 2, "active": True}],
        "targets": [],
        "webhooks": [],
    }


def requests(resources: dict[str, Any], words: Words) -> Iterator[Request]:
    """One request of every kind that these settings can tell apart."""
    said = json.dumps([resources["triggers"], resources["automations"]])
    subjects = [words.subject]
    for word in WORDS if "subject_includes_word" in said else ():
        subjects += [f"{subject} {word}" for subject in subjects]
    fields = [{}, {"9": "hot"}, {"9": "cold"}] if "custom_fields_9" in said or "_tags" in said else [{}]
    priorities = ["", "low", "normal", "urgent"] if '"priority"' in said else [""]
    brands = ["1", "2"] if "brand_id" in said else ["1"]
    locales = ["", "1", "2"] if "dc." in said else [""]
    for channel, subject, given, priority, brand, locale in product(
        ("api", "mail", "form", "widget"), subjects, fields, priorities, brands, locales
    ):
        if channel == "mail" and (given or priority or locale):
            continue
        yield Request(
            channel=channel,
            name=words.name,
            email=VICTIM,
            subject=subject,
            body=words.text,
            cc=(COPIED,) if channel in ("api", "mail") else (),
            fields=given,
            priority=priority,
            brand=brand,
            locale=locale,
        )
