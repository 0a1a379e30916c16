"""Which notices a stranger can make go out, and which of his words travel: Zendesk triggers, one at a time."""

from typing import Any

import pytest

from stillpost.audit.exposure import Severity
from stillpost.audit.logic import Tri
from tests.audit.zendesks import CHANGE, CREATE, act, field, found, item, mail, trigger

LOUD = mail("Re: {{ticket.title}}", "We got it.")
CALM = mail("We got it", "Number {{ticket.id}}.")

FIRING = [
    pytest.param((CREATE,), Tri.YES, id="on creation"),
    pytest.param((), Tri.YES, id="no condition at all"),
    pytest.param((("status", "is_not", "solved"), CREATE), Tri.YES, id="new is not solved"),
    pytest.param((("status", "less_than", "solved"), CREATE), Tri.YES, id="new is before solved"),
    pytest.param((("status", "is", "solved"), CREATE), Tri.NO, id="a stranger cannot solve"),
    pytest.param((("status", "greater_than", "new"), CREATE), Tri.NO, id="nothing is before new"),
    pytest.param((CREATE, ("role", "is", "end_user")), Tri.YES, id="end users are strangers"),
    pytest.param((CREATE, ("role", "is", "agent")), Tri.NO, id="agents are not"),
    pytest.param((CREATE, ("role", "is_not", "end_user")), Tri.NO, id="anybody but end users"),
    pytest.param((CREATE, ("via_id", "is", "4")), Tri.YES, id="by mail"),
    pytest.param((CREATE, ("via_id", "is", 5)), Tri.YES, id="by web service, given as a number"),
    pytest.param((CREATE, ("via_id", "is", "29")), Tri.NO, id="by chat, which is no way in here"),
    pytest.param((CREATE, ("comment_is_public", "is", True)), Tri.YES, id="public comment as a boolean"),
    pytest.param((CREATE, ("comment_is_public", "is", "false")), Tri.NO, id="private comment"),
    pytest.param((CREATE, ("ticket_is_public", "is", "private")), Tri.NO, id="private ticket"),
    pytest.param((CREATE, ("subject_includes_word", "includes", "refund invoice")), Tri.YES, id="a word he can write"),
    pytest.param((CREATE, ("subject_includes_word", "not_includes", "refund")), Tri.YES, id="a word he can leave out"),
    pytest.param((CREATE, ("current_tags", "includes", "vip")), Tri.NO, id="a tag nothing gives"),
    pytest.param((CREATE, ("current_tags", "not_includes", "spam")), Tri.YES, id="a tag nothing gives, absent"),
    pytest.param((CREATE, ("assignee_id", "is", "")), Tri.YES, id="nobody is assigned"),
    pytest.param((CREATE, ("assignee_id", "changed", None)), Tri.NO, id="nobody gets assigned"),
    pytest.param((CREATE, ("requester_id", "is", "current_user")), Tri.YES, id="the requester himself"),
    pytest.param((CREATE, ("requester_id", "is_not", "current_user")), Tri.NO, id="somebody else for him"),
    pytest.param((CREATE, ("reopens", "greater_than", "0")), Tri.NO, id="reopened"),
    pytest.param((CREATE, ("replies", "less_than", "1")), Tri.YES, id="unanswered"),
    pytest.param((CREATE, ("organization_id", "is", "77")), Tri.PERHAPS, id="an organization by domain"),
    pytest.param((CREATE, ("organization_id", "is_not", "77")), Tri.YES, id="no organization"),
    pytest.param((CREATE, ("in_business_hours", "is", "false")), Tri.YES, id="at night"),
    pytest.param((CREATE, ("moon_phase", "is", "full")), Tri.PERHAPS, id="a field nobody taught us"),
    pytest.param((CREATE, ("status", "resembles", "new")), Tri.PERHAPS, id="an operator nobody taught us"),
    pytest.param((CREATE, ("moon_phase", "is", "full"), ("role", "is", "agent")), Tri.NO, id="unknown, but excluded"),
]


@pytest.mark.parametrize(("every", "expected"), FIRING)
def test_a_notice_goes_out_only_where_a_strangers_request_meets_its_conditions(
    every: tuple[tuple[str, str, Any], ...], expected: Tri
) -> None:
    judged = found(trigger(1, CALM, every=every), settings={"tickets": {"collaboration": False}})
    exposure = judged.get("1:volume")
    assert (exposure.tri if exposure else Tri.NO) is expected
    if expected is Tri.PERHAPS:
        assert exposure is not None
        assert exposure.why


def test_any_conditions_widen_but_never_below_all() -> None:
    some = (("role", "is", "agent"), ("priority", "is", "urgent"))
    judged = found(
        trigger(1, CALM, every=(CREATE,), some=some),
        trigger(2, CALM, every=(CREATE, ("priority", "is", "low")), some=some),
    )
    assert judged["1:volume"].witness.request.fields == {"priority": "urgent"}
    assert "2:volume" not in judged


def test_the_title_in_a_subject_is_critical_and_shown_word_for_word() -> None:
    exposure = found(trigger(1, LOUD))["1:content"]
    witness = exposure.witness
    assert (exposure.tri, exposure.severity, exposure.sources) == (Tri.YES, Severity.CRITICAL, ("subject",))
    assert witness.exact
    assert witness.mail.subject == f"Re: {witness.request.subject}"
    assert witness.mail.to == (witness.request.email,)


def test_a_constant_text_carries_nothing() -> None:
    judged = found(trigger(1, CALM))
    assert set(judged) == {"1:volume"}
    assert judged["1:volume"].severity is Severity.MEDIUM


CARRIED = [
    pytest.param("{{ticket.title}}", "subject", id="title"),
    pytest.param("{{ ticket['title'] | upcase }}", "subject", id="title by index, in capitals"),
    pytest.param("{{ticket.requester.first_name}}", "name", id="first name"),
    pytest.param("{{current_user.name}}", "name", id="current user"),
    pytest.param("{{ticket.verbatim_description}}", "text", id="verbatim description"),
    pytest.param("{% assign t = ticket.title %}{{- t -}}", "subject", id="assigned, with whitespace control"),
    pytest.param("{% capture c %}x{{ticket.title}}{% endcapture %}{{c}}", "subject", id="captured"),
    pytest.param("{{ 'Hello ' | append: ticket.requester.name }}", "name", id="a filter's argument"),
    pytest.param("{% if ticket.id %}{{ticket.title}}{% endif %}", "subject", id="in a branch that is taken"),
    pytest.param("{% for p in ticket.ccs %}{{p.email}}{% endfor %}", "cc", id="addresses in copy"),
    pytest.param("{{ticket.ticket_field_77}}", "field:77", id="a free text field"),
]


@pytest.mark.parametrize(("text", "source"), CARRIED)
def test_words_that_zendesk_never_blanks_travel(text: str, source: str) -> None:
    exposure = found(trigger(1, mail("Got it", text, "requester_and_ccs")), ticket_fields=[field(77)])["1:content"]
    assert (exposure.sources, exposure.severity) == ((source,), Severity.HIGH)
    if not source.startswith("field"):
        assert exposure.tri is Tri.YES


SILENT = [
    pytest.param("{{ticket.comments_formatted}}", id="comments"),
    pytest.param("{{ticket.description}}", id="description"),
    pytest.param("{{ticket.latest_comment_rich}}", id="latest comment, rich"),
    pytest.param("{% for c in ticket.comments %}{{c.value_rich}}{% endfor %}", id="rich members of a comment loop"),
    pytest.param("{{ticket.ticket_field_option_title_77}}", id="a drop-down"),
    pytest.param("{{ticket.id}} {{ticket.url}} {{ticket.status}}", id="the helpdesk's own"),
    pytest.param("{% comment %}{{ticket.title}}{% endcomment %}", id="commented out"),
]


@pytest.mark.parametrize("text", SILENT)
def test_blanked_words_and_the_helpdesks_own_do_not_travel(text: str) -> None:
    judged = found(trigger(1, mail("Got it", text)), ticket_fields=[field(77, "tagger", "a")])
    assert "1:content" not in judged
    assert "1:volume" in judged


def test_a_loop_over_comments_and_files_is_perhaps_and_not_exact() -> None:
    text = (
        "{% for comment in ticket.comments %}{{ comment.value_rich }}"
        "{% for attachment in comment.attachments %}{{ attachment.url }} {{ attachment.filename }}{% endfor %}"
        "{% endfor %}{{dc.footer}}"
    )
    exposure = found(trigger(1, mail("Got it", text)), dynamic_content=[item(5, "footer", "Kind regards")])["1:content"]
    assert exposure.tri is Tri.PERHAPS
    assert not exposure.witness.exact
    assert any("loop" in why for why in exposure.why)
    assert "Kind regards" in exposure.witness.mail.text


def test_dynamic_content_is_followed_into_every_variant_and_nothing_in_it_is_blanked() -> None:
    contents = [
        item(5, "outer", "Hello", "Hallo {{dc.inner}}"),
        item(6, "inner", "x", "y {{ticket.description}}"),
    ]
    exposure = found(trigger(1, mail("Got it", "{{dc.outer}}")), dynamic_content=contents)["1:content"]
    assert exposure.tri is Tri.YES
    assert exposure.leaks[0].path == "dynamic_content/6/variants/61/content"
    assert exposure.witness.request.text in exposure.witness.mail.text


def test_dynamic_content_that_refers_to_itself_is_perhaps() -> None:
    exposure = found(trigger(1, mail("x", "{{dc.a}}")), dynamic_content=[item(5, "a", "{{dc.a}}")])["1:content"]
    assert exposure.tri is Tri.PERHAPS
    assert "refers to itself" in exposure.why[0]


def test_dynamic_content_that_was_not_read_is_perhaps() -> None:
    exposure = found(trigger(1, mail("x", "{{dc.a}}")), dynamic_content=None)["1:content"]
    assert exposure.tri is Tri.PERHAPS


def test_a_template_that_does_not_parse_is_perhaps() -> None:
    exposure = found(trigger(1, mail("x", "{% if %}{{ticket.title")))["1:content"]
    assert exposure.tri is Tri.PERHAPS
    assert not exposure.witness.exact


def test_tags_from_another_trigger_let_a_later_one_fire_whatever_their_order() -> None:
    judged = found(
        trigger(1, CALM, every=(CREATE, ("current_tags", "includes", "urgent_word"))),
        trigger(2, act("current_tags", "urgent_word"), every=(CREATE, ("subject_includes_word", "includes", "urgent"))),
    )
    assert judged["1:volume"].tri is Tri.YES
    assert "urgent" in judged["1:volume"].witness.request.subject


def test_a_trigger_that_always_takes_the_tag_away_first_keeps_the_notice_in() -> None:
    judged = found(
        trigger(1, act("remove_tags", "hot")),
        trigger(2, CALM, every=(CREATE, ("current_tags", "includes", "hot"))),
        ticket_fields=[field(9, "tagger", "hot")],
    )
    assert "2:volume" not in judged


def test_a_tag_that_comes_with_a_choice_in_the_form_is_the_strangers() -> None:
    judged = found(
        trigger(2, CALM, every=(CREATE, ("current_tags", "includes", "hot"))),
        ticket_fields=[field(9, "tagger", "hot", "cold")],
    )
    assert judged["2:volume"].witness.request.fields == {"custom_fields_9": "hot"}


def test_a_public_reply_by_a_trigger_sets_off_the_update_notice_with_everything() -> None:
    update = trigger(
        2,
        mail("Re: {{ticket.title}}", "{{ticket.latest_comment}}"),
        every=(CHANGE, ("requester_id", "is_not", "current_user")),
    )
    judged = found(trigger(1, act("reply_public", "We are on it.")), update)
    exposure = judged["2:content"]
    assert exposure.tri is Tri.YES
    assert exposure.witness.steps == ("created", "echo")
    assert exposure.confidence.value == "medium"


def test_an_answer_by_somebody_the_stranger_put_in_copy_is_perhaps_and_says_why() -> None:
    update = trigger(
        2,
        mail("Re: {{ticket.title}}", "{{ticket.comments_formatted}}"),
        every=(CHANGE, ("comment_is_public", "is", "requester_can_see_comment")),
    )
    exposure = found(update)["2:content"]
    assert exposure.tri is Tri.PERHAPS
    assert "in copy" in exposure.why[0]
    assert "2:content" not in found(update, settings={"tickets": {"collaboration": False}})


def test_people_in_copy_are_mailed_where_the_account_allows_it() -> None:
    notice = trigger(1, mail("Got it", "x", "requester_and_ccs"))
    exposure = found(notice)["1:copies"]
    assert exposure.tri is Tri.YES
    assert exposure.witness.mail.cc
    assert "1:copies" not in found(notice, settings={"tickets": {"collaboration": False}})
    assert found(notice, settings=None)["1:copies"].tri is Tri.PERHAPS


def test_automations_are_never_blanked() -> None:
    hours = (("NEW", "greater_than", "4"), ("status", "is", "new"))
    automation = trigger(7, mail("Still open", "{{ticket.description}}"), every=hours)
    exposure = found(automations=[automation])["7:content"]
    assert exposure.tri is Tri.YES
    assert exposure.witness.request.text in exposure.witness.mail.text


def test_a_reminder_that_needs_an_agents_status_is_out_of_a_strangers_reach() -> None:
    reminder = trigger(7, mail("Pending: {{ticket.title}}", "x"), every=(("PENDING", "is", "24"),))
    assert found(automations=[reminder]) == {}


def test_email_targets_are_exempt_from_blanking() -> None:
    target = {"id": 3, "type": "email_target", "email": "{{ticket.requester.email}}", "subject": "Got it"}
    notice = trigger(1, act("notification_target", ["3", "You wrote: {{ticket.description}}"]))
    exposure = found(notice, targets=[target])["1:content"]
    assert exposure.tri is Tri.YES
    assert exposure.witness.request.text in exposure.witness.mail.text


def test_in_a_closed_instance_nothing_is_blanked_but_only_customers_can_be_reached() -> None:
    closed = {"anybody_can_submit": False}
    exposure = found(trigger(1, mail("Got it", "{{ticket.description}}")), attested=closed)["1:content"]
    assert exposure.reach.value == "customers"
    assert exposure.channels == ("mail",)
    assert exposure.severity is Severity.MEDIUM


def test_notices_to_staff_are_no_exposure() -> None:
    assert found(trigger(1, mail("{{ticket.title}}", "x", "all_agents"))) == {}


def test_a_switched_off_trigger_is_none() -> None:
    assert found(trigger(1, LOUD, active=False)) == {}
