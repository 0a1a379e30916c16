"""The ways into a Zendesk, the occasions on which its triggers run, and what a stranger can set on each.

Most of what decides who may come in is shown only in Admin Center; what no API shows is attested or assumed, and says
so. Sources: facts, sections 1.2 to 1.7 and 2.1.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import final

from stillpost.audit.desk import Channel, Fact, Occasion, Provenance, Reach, Sentence, Trigger
from stillpost.audit.logic import Domain, Tri, fixed
from stillpost.audit.witness import Words
from stillpost.language import N_

VERIFICATION_ROLLED_OUT = datetime(2026, 4, 14, tzinfo=UTC)
"""Since then Zendesk holds anonymous help-center requests until the address is verified (its announcement)."""

ATTESTABLE: Mapping[str, bool | None] = {
    "anybody_can_submit": True,
    "ask_to_register": False,
    "api_authentication_required": False,
    "anonymous_requests_verified": True,
    "sign_up_shown": True,
    "copies_may_comment": None,
}
"""Settings that only Admin Center shows, with Zendesk's default, which is assumed until somebody attests.

None: nobody can tell, so what rests on it is perhaps.
"""

QUESTIONS: Mapping[str, str] = {
    "anybody_can_submit": N_("People > Configuration > End users: is 'Anybody can submit tickets' on?"),
    "ask_to_register": N_("Same page: is 'Ask users to register' on?"),
    "api_authentication_required": N_("Same page: is 'Require authentication for request and uploads APIs' on?"),
    "anonymous_requests_verified": N_("Do anonymous help center requests wait until the address is verified?"),
    "sign_up_shown": N_("Can anybody reach your sign-up or 'forgot password' page?"),
    "copies_may_comment": N_("Do answers by people in copy become public comments?"),
}
"""What ``--attest`` asks, in the order of Admin Center."""

CREATED, ECHO, PARTICIPANT, ANSWER, LATER = "created", "echo", "participant", "answer", "later"
SIGNED_UP, HELD = "signed-up", "held"
TICKET_OCCASIONS = frozenset({CREATED, ECHO, PARTICIPANT, ANSWER, LATER})
TRIGGER_OCCASIONS = frozenset({CREATED, ECHO, PARTICIPANT, ANSWER})
AUTOMATION_OCCASIONS = frozenset({LATER})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a stranger can choose among, as the settings list it; None where the list was not given.

    ``tags`` are those that come with a choice in a field.
    """

    brands: tuple[str, ...] | None
    forms: tuple[str, ...] | None
    addresses: tuple[str, ...] | None
    fields: Mapping[str, Domain]
    profiles: Mapping[str, Domain]
    tags: frozenset[str]
    copies: Fact
    sender_checked: Fact


def facts(attested: Mapping[str, bool], taken_at: datetime) -> dict[str, Fact]:
    """The attestable facts: attested where somebody did, else assumed at Zendesk's default, else unknown."""
    result: dict[str, Fact] = {}
    for name, default in ATTESTABLE.items():
        if name in attested:
            result[name] = Fact(attested[name], Provenance.ATTESTED, f"attestation {name}")
        elif default is None:
            result[name] = Fact(None, Provenance.UNKNOWN, name)
        else:
            early = name == "anonymous_requests_verified" and taken_at < VERIFICATION_ROLLED_OUT
            result[name] = Fact(default and not early, Provenance.ASSUMED, f"Zendesk's default for {name}")
    return result


def channels(known: Mapping[str, Fact], choices: Choices, words: Words) -> tuple[Channel, ...]:
    """The ways in, the likeliest for an attacker first."""
    anybody, register = known["anybody_can_submit"], known["ask_to_register"]
    api, verified = known["api_authentication_required"], known["anonymous_requests_verified"]
    ticket = _ticket(choices, words)
    return (
        _channel("api", "Web service (Requests API)", "5", (anybody, register, api), ticket, _copies(choices.copies)),
        _mail(anybody, register, choices, ticket),
        _channel("form", "Help center form", "0", (anybody, register, verified), ticket),
        _channel("widget", "Web Widget", "48", (anybody, register, api), ticket),
        _account("sign-up", "Sign-up and “forgot password” pages", SIGNED_UP, (known["sign_up_shown"],)),
        _account("verification", "Help center form, held until verified", HELD, (anybody, verified)),
    )


def _account(ident: str, title: str, occasion: str, opening: tuple[Fact, ...]) -> Channel:
    """A page that makes no ticket but mails an account or verification mail to the address typed in."""
    return Channel(
        id=ident,
        title=title,
        open=Tri.YES if all(fact.value for fact in opening) else Tri.NO,
        provenance=min(fact.provenance for fact in opening),
        why=Sentence("whether the page is shown stands only in Admin Center; attest it with --attest"),
        values={"subject": fixed(""), "text": fixed("")},
        occasions=frozenset({occasion}),
    )


def _channel(
    ident: str,
    title: str,
    via: str,
    closing: tuple[Fact, Fact, Fact],
    ticket: Mapping[str, Domain],
    copies: Tri = Tri.NO,
) -> Channel:
    """A channel that is open while anybody may submit and none of the other two settings closes it."""
    anybody, *shut = closing
    value = Tri.YES if anybody.value else Tri.NO
    for fact in shut:
        value = min(value, Tri.NO if fact.value else Tri.YES)
    provenance = min(fact.provenance for fact in closing)
    return Channel(
        id=ident,
        title=title,
        open=value,
        provenance=provenance,
        why=Sentence("who may use it is shown only in Admin Center; attest it with --attest"),
        values={**ticket, "via_id": fixed(via), "current_via_id": fixed(via)},
        copies=copies,
        copies_why="whether people in copy are mailed stands in the account settings, which were not given",
        occasions=TICKET_OCCASIONS,
    )


def _mail(anybody: Fact, register: Fact, choices: Choices, ticket: Mapping[str, Domain]) -> Channel:
    """Mail with a forged From: open to all while anybody may submit, else to addresses Zendesk knows."""
    unknown_senders = bool(anybody.value) and not register.value
    checked = choices.sender_checked.value
    reach = Reach.ANYONE if checked is False else Reach.UNPROTECTED
    addresses = choices.addresses
    recipient = Domain(addresses[0], frozenset(addresses)) if addresses else Domain("", open=True)
    return Channel(
        id="mail",
        title="Mail with a forged From",
        open=Tri.YES,
        provenance=min(anybody.provenance, register.provenance),
        why=Sentence("forged mail makes a ticket unless the sender's domain is protected and checked"),
        values={
            **ticket,
            "via_id": fixed("4"),
            "current_via_id": fixed("4"),
            "recipient": recipient,
            "ticket_form_id": fixed(choices.forms[0] if choices.forms else ""),
            "tags": Domain(frozenset(), chosen=False),
            **dict.fromkeys(("priority", "type", "locale_id"), fixed("")),
            **{name: fixed("") for name in choices.fields},
        },
        copies=_copies(choices.copies),
        copies_why="whether people in copy are mailed stands in the account settings, which were not given",
        reach=reach if unknown_senders else Reach.CUSTOMERS,
        occasions=TICKET_OCCASIONS,
    )


def _copies(fact: Fact) -> Tri:
    return fact.tri


def _ticket(choices: Choices, words: Words) -> dict[str, Domain]:
    """A ticket a stranger makes: what he writes and chooses, and what it is by itself."""
    hours = frozenset({"true", "false"})
    return {
        "update_type": fixed("Create"),
        "role": fixed("end_user"),
        "requester_role": fixed("0"),
        "ticket_is_public": fixed("public"),
        "comment": fixed("public"),
        "actor_is_requester": fixed("true"),
        "requester_id": fixed("the stranger's choice"),
        "status": fixed("new"),
        "priority": Domain("", frozenset({"low", "normal", "high", "urgent"})),
        "type": Domain("", frozenset({"question", "incident", "problem", "task"})),
        "group_id": fixed(""),
        "assignee_id": fixed(""),
        "organization_id": Domain("", open=True, doubt="only for an address that Zendesk maps to that organization"),
        "brand_id": _one_of(choices.brands),
        "ticket_form_id": _one_of(choices.forms),
        "recipient": fixed(""),
        "locale_id": Domain("", open=True),
        "subject": Domain(words.subject, open=True),
        "text": Domain(words.text, open=True),
        "title_kept": fixed("true"),
        "tags": Domain(frozenset(), choices.tags, chosen=False),
        "in_business_hours": Domain("true", hours),
        "on_holiday": Domain("false", hours),
        "attachment": Domain("not_present", frozenset({"present", "not_present"})),
        "satisfaction_score": fixed("unoffered"),
        **dict.fromkeys(("reopens", "replies", "agent_stations"), fixed("0")),
        "group_stations": fixed("0"),
        "requester_twitter_followers_count": fixed("0"),
        "schedule_id": Domain(unknown="which schedule applies is not among what was read"),
        "custom_status_id": Domain(unknown="which custom status a new ticket has is not among what was read"),
        **choices.fields,
        **choices.profiles,
    }


def _one_of(values: tuple[str, ...] | None) -> Domain:
    """A choice among what the settings list (the first is the default); anything where the list was not given."""
    if values is None:
        return Domain("", open=True)
    return Domain(values[0] if values else "", frozenset(values))


def occasions(copies_may_comment: Fact) -> tuple[Occasion, ...]:
    """When Zendesk runs triggers (and, hours later, automations) on what a stranger began."""
    change = {"update_type": fixed("Change"), "comment": fixed("public")}
    hours = Domain("0", open=True, chosen=False)
    return (
        Occasion(id=CREATED, trigger=Trigger.REQUEST),
        Occasion(id=SIGNED_UP, trigger=Trigger.REQUEST),
        Occasion(id=HELD, trigger=Trigger.REQUEST),
        Occasion(
            id=ECHO,
            trigger=Trigger.ECHO,
            values={
                **change,
                "actor_is_requester": fixed("false"),
                "role": Domain(unknown="as whom a trigger's or webhook's own comment is written is not documented"),
                "current_via_id": Domain(unknown="by which channel a trigger's own comment comes is not documented"),
            },
            inferred="that a comment written by a trigger or webhook runs the triggers again is inferred",
        ),
        Occasion(
            id=LATER,
            trigger=Trigger.TIME,
            values={
                "comment": fixed("none"),
                **{f"hours:{field}": hours for field in ("NEW", "OPEN", "PENDING", "HOLD", "SOLVED", "CLOSED")},
                **{f"hours:{f}": hours for f in ("created_at", "updated_at", "requester_updated_at")},
            },
        ),
        *_participant(copies_may_comment, change),
        Occasion(
            id=ANSWER,
            trigger=Trigger.ANSWER,
            values={**change, "role": fixed("end_user"), "current_via_id": fixed("4")},
            doubt="Zendesk suspends most automatic mail, but not an autoresponder that does not mark its answers",
        ),
    )


def _participant(may_comment: Fact, change: Mapping[str, Domain]) -> Iterator[Occasion]:
    """A second mail, by an address the stranger put in copy: an update by an end user, if it becomes a comment."""
    if may_comment.value is not False:
        yield Occasion(
            id=PARTICIPANT,
            trigger=Trigger.PARTICIPANT,
            values={
                **change,
                "role": fixed("end_user"),
                "actor_is_requester": fixed("false"),
                "current_via_id": fixed("4"),
            },
            doubt="" if may_comment.value else _IN_COPY,
        )


_IN_COPY = (
    "whether Zendesk takes a second mail, by an address the stranger put in copy, as a public comment depends on settings"
    " no API shows (attest copies_may_comment)"
)
